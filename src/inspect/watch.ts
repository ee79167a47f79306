/**
 * Looks at a tree again and again while somebody watches, and not at all otherwise (INSPECTOR §1).
 *
 * Who watches is told that there is something new and takes it when it can: what it missed comes as one delta, and after too
 * much of that as the whole tree. So a slow one costs no memory.
 */
import type { Clock, TimerId } from '../actor/clock.ts';
import type { Process } from '../actor/process.ts';
import { merge, type Delta } from './delta.ts';
import { Places } from './rates.ts';
import { Waiting } from './waiting.ts';
import { lookAt, type Before, type Found, type Rows } from './pass.ts';

/** Milliseconds between two looks: what may be asked for, and what is when nothing is. */
export const INTERVAL = { least: 100, usual: 1_000, most: 60_000 } as const;
/** Until the next look after something that cannot wait, as a crash. */
const HURRY = 50;
/** Deltas kept for those who are slow. */
const KEPT = 32;
/** And rows in them, unless one alone has more: to make one of them takes some milliseconds, in which nothing else runs. */
const KEPT_ROWS = 4_000;

const NOTHING: Rows = new Map();

export interface WatchHost {
  readonly clock: Clock;
  /** The top of the tree; undefined: there is none any more. */
  readonly root: () => Process | undefined;
  /** Who does not count as busy. */
  readonly own?: () => Process | undefined;
  /** A look failed. */
  readonly fault: (error: unknown) => void;
}

interface Watcher {
  readonly interval: number;
  readonly onNews: () => void;
}

export class Watch {
  readonly #host: WatchHost;
  readonly #watchers = new Set<Watcher>();
  #rows: Rows = NOTHING;
  readonly #waiting = new Waiting();
  readonly #places = new Places();
  /** Clock and wall time of the last look. */
  #looked = -Infinity;
  #at = 0;
  #seq = 0;
  #kept: Delta[] = [];
  #keptRows = 0;
  #timer: TimerId | undefined;
  #due = Infinity;
  #looking: Promise<void> | undefined;
  #single: Promise<Delta> | undefined;
  #over = false;
  readonly #closed = new AbortController();

  constructor(host: WatchHost) {
    this.#host = host;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#host.clock.wall();
  }

  /** Whether the last look found nothing alive: nothing more will happen. */
  get over(): boolean {
    return this.#over;
  }

  /** @param onNews called when `since` has something; not again before the next look. */
  subscribe(onNews: () => void, interval: number = INTERVAL.usual): () => void {
    const watcher: Watcher = {
      onNews,
      interval: Math.min(INTERVAL.most, Math.max(INTERVAL.least, interval)),
    };
    this.#watchers.add(watcher);
    this.#plan();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#forget();
    };
  }

  /** The whole tree as it is now, as a delta with `reset`. Rejects when the watch is closed. */
  async tree(): Promise<Delta> {
    if (this.#watchers.size === 0) return this.#once();
    if (this.#host.clock.now() - this.#looked >= INTERVAL.least) await this.#look();
    // those who watched have left meanwhile, and nothing was kept for them
    return this.#looked === -Infinity ? this.#once() : this.#whole();
  }

  /** What is new since that delta; undefined: nothing. */
  since(seq: number): Delta | undefined {
    if (seq === this.#seq) return undefined;
    const missed = this.#kept.filter((delta) => delta.seq > seq);
    return missed.length === this.#seq - seq && missed.length > 0 ? merge(missed) : this.#whole();
  }

  /** Something happened that cannot wait. */
  hurry(): void {
    if (this.#watchers.size > 0) this.#arm(HURRY);
  }

  close(): void {
    this.#closed.abort(new Error('the watch is closed'));
    this.#watchers.clear();
    this.#forget();
  }

  #whole(rows: Rows = this.#rows, at: number = this.#at): Delta {
    return { seq: this.#seq, at, reset: true, added: [...rows.values()], removed: [], changed: [] };
  }

  /** For one who does not stay: nothing is kept. */
  #once(): Promise<Delta> {
    this.#single ??= this.#find({ rows: NOTHING, elapsed: 0 })
      .then(({ rows }) => this.#whole(rows, this.#host.clock.wall()))
      .finally(() => {
        this.#single = undefined;
      });
    return this.#single;
  }

  #forget(): void {
    if (this.#timer !== undefined) this.#host.clock.clear(this.#timer);
    this.#timer = undefined;
    this.#due = Infinity;
    this.#rows = NOTHING;
    this.#waiting.clear();
    this.#places.clear();
    this.#looked = -Infinity;
    this.#kept = [];
    this.#keptRows = 0;
  }

  /** The next look, as often as the most eager wants it. */
  #plan(): void {
    let interval = Infinity;
    for (const watcher of this.#watchers) interval = Math.min(interval, watcher.interval);
    if (interval !== Infinity) this.#arm(interval);
  }

  #arm(delay: number): void {
    const { clock } = this.#host;
    const due = clock.now() + delay;
    if (due >= this.#due) return;
    if (this.#timer !== undefined) clock.clear(this.#timer);
    this.#due = due;
    this.#timer = clock.setTimer(delay, () => {
      this.#timer = undefined;
      this.#due = Infinity;
      // one look that fails is no reason to look no more
      this.#look()
        .catch((error: unknown) => {
          if (!this.#closed.signal.aborted) this.#host.fault(error);
        })
        .finally(() => this.#plan());
    });
    clock.hold(this.#timer, false);
  }

  /** One look at a time: who asks meanwhile gets the one that is under way. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const { clock } = this.#host;
    const now = clock.now();
    const before = {
      rows: this.#rows,
      elapsed: now - this.#looked,
      waiting: this.#waiting,
      places: this.#places,
    };
    const found = await this.#find(before);
    // nobody watches any more
    if (this.#watchers.size === 0) return;
    this.#looked = now;
    this.#at = clock.wall();
    this.#rows = found.rows;
    if (found.added.length + found.removed.length + found.changed.length === 0) return;
    this.#keep(found);
    for (const { onNews } of this.#watchers) this.#tell(onNews);
  }

  /** What goes wrong at one of them is not the others' trouble. */
  #tell(onNews: () => void): void {
    try {
      onNews();
    } catch (error) {
      this.#host.fault(error);
    }
  }

  /** A tree that is gone has lost all its actors. */
  async #find(before: Before): Promise<Found> {
    const { clock, root, own } = this.#host;
    const { signal } = this.#closed;
    signal.throwIfAborted();
    const top = root();
    this.#over = top?.alive !== true;
    if (top === undefined) return { rows: NOTHING, added: [], removed: [...before.rows.keys()], changed: [] };
    return lookAt(top, before, clock, { own: own?.(), signal });
  }

  #keep({ added, removed, changed }: Found): void {
    this.#kept.push({ seq: ++this.#seq, at: this.#at, added, removed, changed });
    this.#keptRows += added.length + removed.length + changed.length;
    while (this.#kept.length > KEPT || (this.#kept.length > 1 && this.#keptRows > KEPT_ROWS)) {
      const gone = this.#kept.shift() as Delta;
      this.#keptRows -= gone.added.length + gone.removed.length + gone.changed.length;
    }
  }
}
