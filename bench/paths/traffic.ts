/**
 * Calls all the time, so many at once, and the longest time in which none of them was answered.
 */
import type { Traffic as Told } from './messages.ts';

/** Why a call failed; undefined when it was answered. */
export type Call = () => Promise<string | undefined>;

export interface TrafficOptions {
  readonly lanes: number;
  /** Waits between two calls of a lane. */
  readonly pause: () => Promise<void> | undefined;
  /** Monotonic ms. */
  readonly now: () => number;
}

export class Traffic {
  #calls = 0;
  #failed = 0;
  #failure: string | undefined;
  #gap = 0;
  #open = 0;
  #over = 0;
  /** Undefined until the first answer: what is before it is no gap. */
  #last: number | undefined;
  readonly #began: number;
  #running = true;
  readonly #call: Call;
  readonly #options: TrafficOptions;
  readonly #lanes: readonly Promise<void>[];

  constructor(call: Call, options: TrafficOptions) {
    this.#call = call;
    this.#options = options;
    this.#began = options.now();
    this.#lanes = Array.from({ length: options.lanes }, () => this.#lane());
  }

  /** A gap counts as far as it reaches to now: one that has not ended is seen, too. */
  get told(): Told {
    const gap = Math.max(this.#gap, this.#options.now() - (this.#last ?? this.#began));
    return {
      calls: this.#calls,
      failed: this.#failed,
      failure: this.#failure,
      gap: this.#running ? gap : this.#gap,
      over: this.#over,
    };
  }

  /** Forgets what was before. A gap that lasts began when it began. */
  mark(): void {
    this.#calls = 0;
    this.#failed = 0;
    this.#failure = undefined;
    this.#gap = 0;
  }

  /** Packets go another way now. */
  changed(): void {
    this.#over ||= this.#open;
  }

  /** No more calls; resolves when the last has ended. */
  async end(): Promise<Told> {
    this.#running = false;
    await Promise.all(this.#lanes);
    return this.told;
  }

  async #lane(): Promise<void> {
    const { now, pause } = this.#options;
    while (this.#running) {
      this.#open++;
      const failure = await this.#call();
      this.#open--;
      this.#calls++;
      if (failure === undefined) {
        const at = now();
        this.#gap = Math.max(this.#gap, at - (this.#last ?? at));
        this.#last = at;
      } else {
        this.#failed++;
        this.#failure ??= failure;
        // an error that comes at once must not keep everything else from happening
        await new Promise(setImmediate);
      }
      await pause();
    }
  }
}
