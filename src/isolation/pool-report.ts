/**
 * A pool reports like any supervisor.
 */
import type { Process } from '../actor/process.ts';

export function report(
  pool: Process,
  child: string,
  context: 'child_terminated' | 'shutdown',
  reason: unknown,
  decision: string,
): void {
  const at = pool.clock.wall();
  pool.runtime.report({
    tag: 'supervisor',
    at,
    pid: pool,
    label: pool.label,
    context,
    child,
    reason,
    decision,
  });
}
