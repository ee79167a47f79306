/** Which sign an actor gets, and what its status is called. Pure. The sign says it without color. */
import type { ActorRow, ActorStatus } from './wire.ts';

const STATUS: Readonly<Record<Exclude<ActorStatus, 'running'>, string>> = {
  crashed: 'sign-crashed',
  restarting: 'sign-restarting',
  suspended: 'sign-suspended',
  starting: 'sign-starting',
  stopping: 'sign-stopping',
};

export function signOf(row: Pick<ActorRow, 'status' | 'strategy' | 'type'>): string {
  if (row.status !== 'running') return STATUS[row.status] ?? 'sign-worker';
  if (row.type === 'Procedure') return 'sign-procedure';
  if (row.type === 'Invocation' || row.type === 'Task') return 'sign-task';
  return typeof row.strategy === 'string' ? 'sign-supervisor' : 'sign-worker';
}

/** `restForOne 3/5s`: how a supervisor treats the end of its children. */
export function strategyOf(row: ActorRow): string {
  if (typeof row.strategy !== 'string') return '';
  const { intensity, period } = row.restart ?? {};
  return typeof intensity === 'number'
    ? `${row.strategy} ${intensity}/${(period ?? 0) / 1_000}s`
    : row.strategy;
}
