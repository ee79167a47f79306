/**
 * Keeps the program alive while applications run in it: processes alone do not, and Node ends a program that has
 * nothing left to wait for.
 */
import { MAX_DELAY, type Clock, type TimerId } from '../../actor/clock.ts';

export class KeepAlive {
  readonly #clock: Clock;
  #timer: TimerId | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Twice is once. */
  hold(held: boolean): void {
    if (held === (this.#timer !== null)) return;
    if (held) this.#wait();
    else this.#letGo();
  }

  /** The timer does nothing but be there. */
  #wait(): void {
    this.#timer = this.#clock.setTimer(MAX_DELAY, () => this.#wait());
  }

  #letGo(): void {
    if (this.#timer !== null) this.#clock.clear(this.#timer);
    this.#timer = null;
  }
}
