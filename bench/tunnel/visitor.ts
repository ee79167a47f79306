/**
 * Does something again and again, and knows the longest time in which it did not go well.
 */
import type { Visits } from './messages.ts';

/** Milliseconds between two: a relay reads 500 messages a second, and each tunnel takes it two. */
const PAUSE = 10;

export class Visitor {
  readonly #visit: () => Promise<unknown>;
  readonly #now: () => number;
  readonly #pause: () => Promise<unknown>;
  readonly #run: Promise<void>;
  #over = false;
  #done = 0;
  #failed = 0;
  #failure: string | undefined;
  #gap = 0;
  #last: number;

  constructor(
    visit: () => Promise<unknown>,
    { now, pause }: { readonly now: () => number; readonly pause: () => Promise<unknown> } = {
      now: () => performance.now(),
      pause: () => new Promise((resolve) => setTimeout(resolve, PAUSE)),
    },
  ) {
    this.#visit = visit;
    this.#now = now;
    this.#pause = pause;
    this.#last = now();
    this.#run = this.#go();
  }

  /** A gap that has not ended counts as far as it has come. */
  get told(): Visits {
    return {
      done: this.#done,
      failed: this.#failed,
      failure: this.#failure,
      gap: Math.max(this.#gap, this.#now() - this.#last),
    };
  }

  /** Forgets all gaps that have ended, and failures. */
  mark(): void {
    this.#gap = 0;
    this.#done = 0;
    this.#failed = 0;
    this.#failure = undefined;
  }

  /** Resolves when the last has ended. */
  async end(): Promise<Visits> {
    const { told } = this;
    this.#over = true;
    await this.#run;
    return told;
  }

  async #go(): Promise<void> {
    while (!this.#over) {
      try {
        await this.#visit();
        const now = this.#now();
        this.#gap = Math.max(this.#gap, now - this.#last);
        this.#last = now;
        this.#done++;
      } catch (error) {
        this.#failed++;
        this.#failure ??= error instanceof Error ? error.message : String(error);
      }
      await this.#pause();
    }
  }
}
