/**
 * What a server does while nothing comes: idle timeouts and hibernation (OTP G10, G18).
 *
 * Hibernating means here that the mailbox's memory is given back and the server is marked. Any message wakes it,
 * also the first one of several; `sys` does not. Kept beside the processes, since few servers use it.
 */
import type { Process } from '../actor/process.ts';
import type { TimerEntry } from '../actor/timers.ts';
import { checkDuration } from './durations.ts';

type Expire = (self: Process) => void | PromiseLike<void>;

export class IdleWatch {
  readonly #timeouts = new WeakMap<Process, TimerEntry>();
  readonly #asleep = new WeakSet<Process>();
  /** Those with `hibernateAfter`: its milliseconds, and the timer that runs. */
  readonly #hibernating = new WeakMap<Process, { readonly after: number; timer: TimerEntry | undefined }>();

  /** A message is about to be handled. */
  wake(self: Process): void {
    this.#timeouts.get(self)?.unset();
    this.#timeouts.delete(self);
    this.#asleep.delete(self);
    this.#restart(self);
  }

  /** A callback that took time has ended: the idle time begins now. */
  rest(self: Process): void {
    if (!this.#asleep.has(self)) this.#restart(self);
  }

  /**
   * Has `expire` run in `delay` ms; void as soon as any message is handled, also one that came before the time was up.
   * Throws a `RangeError` for an invalid time, as a callback may give it.
   */
  setTimeout(self: Process, delay: number, expire: Expire): void {
    checkDuration('timeout', delay);
    const run: Expire = (process) => {
      this.wake(process);
      return expire(process);
    };
    this.#timeouts.set(self, self.runtime.workAfter(delay, self, run));
  }

  /** From now on `self` hibernates whenever nothing came for `after` ms. */
  hibernateAfter(self: Process, after: number): void {
    this.#hibernating.set(self, { after, timer: undefined });
    this.#restart(self);
  }

  hibernate(self: Process): void {
    this.#asleep.add(self);
    this.#hibernating.get(self)?.timer?.unset();
    if (self.mailbox?.length === 0) self.mailbox = null;
  }

  hibernates(self: Process): boolean {
    return this.#asleep.has(self);
  }

  #restart(self: Process): void {
    const hibernation = this.#hibernating.get(self);
    if (hibernation === undefined) return;
    hibernation.timer?.unset();
    hibernation.timer = self.runtime.workAfter(hibernation.after, self, (process) => {
      this.hibernate(process);
    });
  }
}
