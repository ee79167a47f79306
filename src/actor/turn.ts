/**
 * One turn of the event loop, as the runtime sees it: when it began, and what waits for its end.
 *
 * The clock is read once per turn by all who can do with that, and what most often comes to nothing within its turn
 * (the deadline of a call that is answered at once) is not begun before the end of it.
 */
import type { Clock } from './clock.ts';

export class Turn {
  /** Grows by one with each turn that anybody asked about. */
  number = 0;
  readonly #clock: Clock;
  #known = false;
  #began = 0;
  #waiting: (() => void)[] = [];
  readonly #end = (): void => {
    this.#known = false;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const run of waiting) run();
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Monotonic ms: when somebody first asked in this turn. At most as long ago as the turn lasts. */
  get began(): number {
    if (!this.#known) this.#begin();
    return this.#began;
  }

  /** When the present turn began, without a look at the clock; Infinity while nobody has asked in it. */
  get knownStart(): number {
    return this.#known ? this.#began : Infinity;
  }

  /** Runs `run` once, after timers and sockets had their chance. It must not throw. */
  atEnd(run: () => void): void {
    if (!this.#known) this.#begin();
    this.#waiting.push(run);
  }

  /** Says that a new turn has begun. Only for what runs by `later`: then what is known is of an older one. */
  renew(): void {
    if (this.#known) this.#end();
  }

  #begin(): void {
    this.#known = true;
    this.number++;
    this.#began = this.#clock.now();
    this.#clock.later(this.#end);
  }
}
