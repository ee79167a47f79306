/**
 * Has a supervisor wait before it restarts a child that has a `restartDelay`. How long is that function's decision, which
 * attempt it is `restart-delay.ts`'s; this performs it.
 *
 * While it waits the child counts as `restarting`: stopping it, or restarting it with its group, ends the wait.
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Process } from '../actor/process.ts';
import type { Child } from './child-spec.ts';
import { attemptAfter, checkDelay } from './restart-delay.ts';
import type { MaybePromise } from './sequence.ts';
import { report, tryAgain } from './supervisor-children.ts';

/** The number in a row of a child's last restart; few have a delay, so the others need no place for it. */
const attempts = new WeakMap<Child, number>();

/** A restart to be made. */
export interface Due {
  /** The child's process that ended; null when its start failed. */
  readonly ended: Process | null;
  readonly reason: ExitReason;
  /** The supervisor's, milliseconds. */
  readonly period: number;
  readonly restart: () => MaybePromise<void>;
}

/** Runs `restart` when the child's delay is over; a child that is not to be restarted any more ends the supervisor. */
export function restartWhenDue(self: Process, child: Child, due: Due): MaybePromise<void> {
  const { ended, restart } = due;
  const delay = delayOf(self, child, due);
  if (delay === undefined) {
    report(self, child, 'shutdown', 'restart_delay_over', 'the supervisor gives up');
    self.runtime.stop(self, 'shutdown');
    return undefined;
  }
  if (delay === 0) return ended === null ? tryAgain(self, child, restart) : restart();
  const ticket = {};
  child.retry = ticket;
  self.runtime.workAfter(delay, self, () => (child.retry === ticket ? restart() : undefined));
  return undefined;
}

function delayOf(self: Process, child: Child, { ended, reason, period }: Due): number | undefined {
  const { restartDelay, id } = child.spec;
  if (restartDelay === undefined) return 0;
  const { clock, random } = self;
  const lived = ended === null ? 0 : clock.now() - self.runtime.startedAt - ended.startedAt;
  const attempt = attemptAfter(attempts.get(child) ?? 0, lived, period);
  attempts.set(child, attempt);
  return checkDelay(restartDelay({ attempt, reason, child, clock, random }), id);
}
