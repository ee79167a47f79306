/**
 * What the probes of one member's life saw: messages, questions, monitors, links, starts and stops.
 *
 * Pure, written by the probes (`probes.ts`), read by the invariants. Processes are named by their serial, which no two
 * of one runtime share.
 */

/** Between one sender and one receiver. */
export interface Pair {
  readonly sender: number;
  readonly receiver: number;
  /** Messages the mailbox took. */
  accepted: number;
  /** Messages that were refused. */
  refused: number;
  /** Most that waited at once. */
  deepest: number;
  /** How many came, and the first that was not the next one. */
  received: number;
  wrong: string | undefined;
}

/** One monitor, or one end of a link. */
export interface Watch {
  readonly by: 'monitor' | 'link';
  readonly watcher: number;
  readonly target: number;
  /** Given up: nothing comes any more. */
  released: boolean;
  /** DOWNs, or EXITs. */
  notices: number;
}

/** One question of one probe to another. */
export interface Asked {
  readonly asker: number;
  /** Milliseconds of virtual time by which it is settled. */
  readonly deadline: number;
  settled: number;
}

/** The stop of a child by its supervisor, with what it is in start order. */
export interface Stopped {
  readonly supervisor: number;
  readonly order: number;
  /** Starts of the same supervisor's children before it: stops are compared between two starts. */
  readonly starts: number;
}

export class Diary {
  readonly pairs: Map<string, Pair> = new Map();
  readonly watches: Watch[] = [];
  readonly questions: Asked[] = [];
  readonly stops: Stopped[] = [];
  readonly #starts = new Map<number, number>();

  pair(sender: number, receiver: number): Pair {
    const key = `${sender} ${receiver}`;
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = { sender, receiver, accepted: 0, refused: 0, deepest: 0, received: 0, wrong: undefined };
      this.pairs.set(key, pair);
    }
    return pair;
  }

  /** Message `sequence` of this pair came; the first is 0. */
  received(sender: number, receiver: number, sequence: number): void {
    const pair = this.pair(sender, receiver);
    if (sequence !== pair.received) pair.wrong ??= `${sequence} instead of ${pair.received}`;
    pair.received++;
  }

  watch(watcher: number, target: number, by: Watch['by'] = 'monitor'): Watch {
    const watch: Watch = { by, watcher, target, released: false, notices: 0 };
    this.watches.push(watch);
    return watch;
  }

  /** An EXIT came over a link. */
  exited(watcher: number, target: number): void {
    for (const watch of this.watches)
      if (watch.by === 'link' && watch.watcher === watcher && watch.target === target) watch.notices++;
  }

  asked(asker: number, deadline: number): Asked {
    const question: Asked = { asker, deadline, settled: 0 };
    this.questions.push(question);
    return question;
  }

  started(supervisor: number): void {
    this.#starts.set(supervisor, (this.#starts.get(supervisor) ?? 0) + 1);
  }

  stopped(supervisor: number, order: number): void {
    this.stops.push({ supervisor, order, starts: this.#starts.get(supervisor) ?? 0 });
  }
}
