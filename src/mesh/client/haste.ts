/**
 * How long leaving may take. Several may ask for it, each with its own patience: the least of them counts, also for
 * what is waited for already.
 */
import { offAbort, onAbort } from '../../actor/abort-listeners.ts';
import type { Runtime } from '../../actor/runtime.ts';
import type { Waiting } from './check.ts';
import { within } from './within.ts';

const AGAIN = Symbol('again');

export class Haste {
  /** When calls in flight must have ended, ms of the runtime's clock. */
  deadline: number = Infinity;
  /** Somebody does not want to wait at all any more. */
  hurried = false;
  readonly #runtime: Runtime;
  /** When the user's own children must have: the least that was said. */
  #own = Infinity;
  /** Aborted, and replaced, when there is less time than before. */
  #less = new AbortController();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get now(): number {
    return this.#runtime.clock.now();
  }

  /** Milliseconds for calls in flight. */
  get left(): number {
    return Math.max(0, this.deadline - this.now);
  }

  /** Milliseconds for the user's own children; Infinity: nobody said. */
  get own(): number {
    return Math.max(0, this.#own - this.now);
  }

  /** Somebody else waits, and no longer than that. Gives what ends the listening to its signal. */
  join({ timeout, said, signal }: Waiting): () => void {
    const due = this.now + timeout;
    // a default cuts nothing short that somebody else gave more time
    if (said || this.deadline === Infinity) this.#shorten(due, said ? due : Infinity);
    const hurry = (): void => {
      this.hurried = true;
      this.#shorten(this.now, Infinity);
    };
    if (signal?.aborted === true) hurry();
    else onAbort(signal, hurry);
    return () => offAbort(signal, hurry);
  }

  /** What `promise` gives while `left` gives more than 0 ms, else `otherwise`. `left` is asked again when it may be less. */
  async wait<T, U>(promise: Promise<T>, otherwise: U, left: () => number = () => this.left): Promise<T | U> {
    for (;;) {
      const result = await within(
        this.#runtime,
        left(),
        promise,
        (): typeof AGAIN => AGAIN,
        this.#less.signal,
      );
      if (result !== AGAIN) return result;
      if (left() <= 0) return otherwise;
    }
  }

  #shorten(deadline: number, own: number): void {
    const less = deadline < this.deadline || own < this.#own;
    this.deadline = Math.min(this.deadline, deadline);
    this.#own = Math.min(this.#own, own);
    if (!less && !this.hurried) return;
    const before = this.#less;
    this.#less = new AbortController();
    before.abort();
  }
}
