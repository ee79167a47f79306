/**
 * A machine's status in the shape that `sys` and the reports of all behaviors have.
 */
import type { StatusParts } from '../../actor/behavior.ts';
import type { Machine } from './machine.ts';
import { formatted } from './status.ts';

/** The state is the pair of state and data; the message is the event that was handled. */
export interface MachineParts extends StatusParts {
  readonly queue?: readonly unknown[];
  readonly postponed?: readonly unknown[];
  readonly timeouts?: readonly unknown[];
}

export function partsOf(machine: Machine, parts: StatusParts): MachineParts {
  const raw = { ...machine.status(), log: parts.log ?? [] };
  const status = Object.hasOwn(parts, 'reason') ? { ...raw, reason: parts.reason } : raw;
  const { state, data, queue, postponed, timeouts, log, ...rest } = formatted(
    status,
    machine.module.formatStatus,
  );
  return {
    ...rest,
    state: { state, data },
    ...(machine.current === undefined ? {} : { message: queue[0] }),
    log,
    queue,
    postponed,
    timeouts,
  };
}
