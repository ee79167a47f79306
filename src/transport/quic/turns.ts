/**
 * When links work: each at most twice per turn of the event loop, however many datagrams and writes came.
 *
 * The first touch in a quiet turn is served right after the current synchronous work, which gives a
 * lone request its latency. Everything touched after that in the same turn waits for the turn's end and is
 * served together: ten frames per datagram is what makes multiplexing cheap (TRANSPORT §3).
 */
import type { Clock } from '../../actor/clock.ts';

/** What takes turns. Only this module writes the field. */
export interface TurnTaker {
  /** A turn is coming. */
  touched: boolean;
}

export class Turns<Item extends TurnTaker> {
  readonly #clock: Clock;
  readonly #run: (item: Item) => void;
  #soon: Item[] = [];
  #later: Item[] = [];
  #laterPending = false;

  constructor(clock: Clock, run: (item: Item) => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** Gives `item` a turn: at once when the event loop's turn was quiet so far, else at its end. */
  touch(item: Item): void {
    if (item.touched) return;
    if (this.#laterPending) {
      this.again(item);
      return;
    }
    item.touched = true;
    if (this.#soon.push(item) > 1) return;
    this.#clock.soon(() => {
      this.#await();
      const items = this.#soon;
      this.#soon = [];
      this.#serve(items);
    });
  }

  /** Gives `item` a turn after other links and sockets had theirs. */
  again(item: Item): void {
    if (item.touched) return;
    item.touched = true;
    this.#later.push(item);
    this.#await();
  }

  #await(): void {
    if (this.#laterPending) return;
    this.#laterPending = true;
    this.#clock.later(() => {
      this.#laterPending = false;
      const items = this.#later;
      this.#later = [];
      this.#serve(items);
    });
  }

  #serve(items: readonly Item[]): void {
    for (const item of items) {
      item.touched = false;
      this.#run(item);
    }
  }
}
