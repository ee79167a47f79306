/**
 * All timers of a runtime behind one timer of its clock.
 *
 * An entry first waits for the end of the turn of the event loop it is set in. Most deadlines are cancelled before
 * that, by an answer in the same turn: they cost a list operation, no look at the clock, no timer. The rest are kept
 * in lists by the whole millisecond they fall due, the lists in a heap. A list that has emptied is dropped when its
 * time comes, or when most have: peers choose deadlines, so what they leave behind must not wait for them. Entries of
 * one millisecond fire in the order they were set. Never early, and late by less than the turn they were set in took;
 * delays are clamped to 0 … `MAX_DELAY`.
 */
import { MAX_DELAY, type Clock, type TimerId } from './clock.ts';
import { MinHeap } from './min-heap.ts';
import { Turn } from './turn.ts';
import { nameAs } from './named.ts';

/** Empty lists that are always tolerated: fewer are not worth a walk through all lists. */
const EMPTY_TOLERATED = 1_024;

/**
 * Something that fires once. Subclass it: the links below are its place in the list.
 *
 * The fields are set by the constructor, not where they are declared: the engine runs declared initializers of a class
 * with many subclasses without any inline cache, at ten times the cost.
 */
export abstract class TimerEntry {
  /** The list it waits in, null when it is not set. Only `Timers` writes these four. */
  declare bucket: Bucket | null;
  /** Whole ms from the end of the turn it was set in. */
  declare wait: number;
  declare earlier: TimerEntry | null;
  declare later: TimerEntry | null;
  constructor() {
    this.bucket = null;
    this.wait = 0;
    this.earlier = null;
    this.later = null;
  }
  abstract onTimer(): void;
  /** Cancels it wherever it is set; false when it is not. */
  unset(): boolean {
    return this.bucket !== null && this.bucket.timers.cancel(this);
  }
}

nameAs(TimerEntry, () => '[timer]');

class Bucket {
  readonly timers: Timers;
  first: TimerEntry | null = null;
  last: TimerEntry | null = null;
  constructor(timers: Timers) {
    this.timers = timers;
  }

  add(entry: TimerEntry): void {
    entry.bucket = this;
    entry.earlier = this.last;
    if (this.last === null) this.first = entry;
    else this.last.later = entry;
    this.last = entry;
  }

  remove(entry: TimerEntry): void {
    if (entry.earlier === null) this.first = entry.later;
    else entry.earlier.later = entry.later;
    if (entry.later === null) this.last = entry.earlier;
    else entry.later.earlier = entry.earlier;
    entry.bucket = entry.earlier = entry.later = null;
  }
}

class Callback extends TimerEntry {
  readonly #run: () => void;
  constructor(run: () => void) {
    super();
    this.#run = run;
  }
  override onTimer(): void {
    this.#run();
  }
}

export class Timers {
  readonly #clock: Clock;
  readonly #turn: Turn;
  /** Set in this turn, in order. */
  readonly #fresh: Bucket = new Bucket(this);
  readonly #buckets = new Map<number, Bucket>();
  readonly #heap = new MinHeap();
  readonly #endTurn = (): void => {
    this.#turnEnds = false;
    this.#placeFresh();
    this.#hold();
  };
  #turnEnds = false;
  #timer: TimerId | null = null;
  #held = false;
  #armed = Infinity;
  #size = 0;
  #empty = 0;

  constructor(clock: Clock, turn: Turn = new Turn(clock)) {
    this.#clock = clock;
    this.#turn = turn;
  }

  /** Entries that are set. */
  get size(): number {
    return this.#size;
  }

  /** Lists kept for them, empty ones included. */
  get buckets(): number {
    return this.#buckets.size;
  }

  /** Sets `entry` to fire in `delay` ms, instead of when it was set for before. */
  set(entry: TimerEntry, delay: number): void {
    if (entry.bucket !== null) entry.bucket.timers.cancel(entry);
    entry.wait = delay > 0 ? (delay < MAX_DELAY ? Math.ceil(delay) : MAX_DELAY) : 0;
    this.#fresh.add(entry);
    this.#size++;
    this.#awaitEnd();
  }

  /** Runs `run` once in `delay` ms. */
  after(delay: number, run: () => void): TimerEntry {
    const entry = new Callback(run);
    this.set(entry, delay);
    return entry;
  }

  /** The same for a deadline that may be none: Infinity sets nothing. */
  within(deadline: number, run: () => void): TimerEntry | undefined {
    return deadline === Infinity ? undefined : this.after(deadline, run);
  }

  /** Cancels `entry`; false when it was not set (it fired, was cancelled, or never set). */
  cancel(entry: TimerEntry): boolean {
    const bucket = entry.bucket;
    if (bucket === null) return false;
    bucket.remove(entry);
    this.#size--;
    if (bucket === this.#fresh) return true;
    // whoever sets and cancels all the time does not let go of the program and hold it again each time
    if (this.#size === 0) this.#awaitEnd();
    if (bucket.first === null && ++this.#empty > EMPTY_TOLERATED) this.#dropEmpty();
    return true;
  }

  /** Cancels everything and lets go of the clock. */
  clear(): void {
    while (this.#fresh.first !== null) this.cancel(this.#fresh.first);
    for (const bucket of this.#buckets.values()) while (bucket.first !== null) this.cancel(bucket.first);
    this.#buckets.clear();
    this.#heap.fill([]);
    this.#empty = 0;
    this.#disarm();
  }

  #awaitEnd(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    this.#turn.atEnd(this.#endTurn);
  }

  /** Says when those that are still set fall due. */
  #placeFresh(): void {
    const fresh = this.#fresh;
    if (fresh.first === null) return;
    const now = this.#clock.now();
    for (let entry: TimerEntry | null = fresh.first; entry !== null; entry = fresh.first) {
      fresh.remove(entry);
      this.#place(entry, Math.ceil(now + entry.wait));
    }
  }

  #place(entry: TimerEntry, due: number): void {
    let bucket = this.#buckets.get(due);
    if (bucket === undefined) {
      bucket = new Bucket(this);
      this.#buckets.set(due, bucket);
      this.#heap.push(due);
      if (due < this.#armed) this.#arm(due);
    } else if (bucket.first === null) this.#empty--;
    bucket.add(entry);
  }

  /** The program lives while something is set. */
  #hold(): void {
    const wanted = this.#size > 0;
    if (this.#timer === null || this.#held === wanted) return;
    this.#held = wanted;
    this.#clock.hold(this.#timer, wanted);
  }

  /** Forgets the empty lists once they are the greater part: a walk over n lists is paid for by n / 2 cancels. */
  #dropEmpty(): void {
    if (this.#empty * 2 <= this.#buckets.size) return;
    for (const [due, bucket] of this.#buckets) if (bucket.first === null) this.#buckets.delete(due);
    this.#heap.fill([...this.#buckets.keys()]);
    this.#empty = 0;
  }

  #arm(due: number): void {
    this.#disarm();
    this.#armed = due;
    this.#timer = this.#clock.setTimer(Math.max(0, due - this.#clock.now()), () => {
      this.#fire();
    });
    this.#held = true;
  }

  #disarm(): void {
    if (this.#timer !== null) this.#clock.clear(this.#timer);
    this.#timer = null;
    this.#armed = Infinity;
  }

  #fire(): void {
    this.#timer = null;
    this.#armed = Infinity;
    try {
      this.#fireDue(this.#clock.now());
    } finally {
      this.#rearm();
    }
  }

  /** Looks everything up anew for each entry: what fires may set, cancel and clear as it likes. */
  #fireDue(now: number): void {
    for (let due = this.#heap.min; due !== undefined && due <= now; due = this.#heap.min) {
      const entry = this.#buckets.get(due)?.first ?? null;
      if (entry === null) this.#dropFirst(due);
      else {
        this.cancel(entry);
        entry.onTimer();
      }
    }
  }

  /** Waits for the next list that still holds something. */
  #rearm(): void {
    for (let due = this.#heap.min; due !== undefined; due = this.#heap.min) {
      if (this.#buckets.get(due)?.first !== null) {
        if (due < this.#armed) this.#arm(due);
        return;
      }
      this.#dropFirst(due);
    }
    this.#disarm();
  }

  /** Forgets the empty list that is first in the heap. */
  #dropFirst(due: number): void {
    this.#heap.pop();
    this.#buckets.delete(due);
    this.#empty--;
  }
}
