/**
 * All timers of a runtime behind one timer of its clock.
 *
 * Entries are kept in lists by the whole millisecond they fall due, the lists in a heap. Setting and
 * cancelling cost a list operation; a list that has emptied is dropped when its time comes, or when most have:
 * peers choose deadlines, so what they leave behind must not wait for them. Entries of one millisecond fire in
 * the order they were set. Never early; delays are clamped to 0 … `MAX_DELAY`.
 */
import { MAX_DELAY, type Clock, type TimerId } from './clock.ts';
import { MinHeap } from './min-heap.ts';

/** Empty lists that are always tolerated: fewer are not worth a walk through all lists. */
const EMPTY_TOLERATED = 1_024;

/** Something that fires once. Subclass it: the links below are its place in the list. */
export abstract class TimerEntry {
  /** The list it waits in, null when it is not set. Only `Timers` writes these three. */
  bucket: Bucket | null = null;
  earlier: TimerEntry | null = null;
  later: TimerEntry | null = null;
  abstract onTimer(): void;
  /** Cancels it wherever it is set; false when it is not. */
  unset(): boolean {
    return this.bucket !== null && this.bucket.timers.cancel(this);
  }
}

class Bucket {
  readonly timers: Timers;
  readonly due: number;
  first: TimerEntry | null = null;
  last: TimerEntry | null = null;
  constructor(timers: Timers, due: number) {
    this.timers = timers;
    this.due = due;
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
  readonly #buckets = new Map<number, Bucket>();
  readonly #heap = new MinHeap();
  #timer: TimerId | null = null;
  #armed = Infinity;
  #size = 0;
  #empty = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
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
    const wait = delay > 0 ? (delay < MAX_DELAY ? delay : MAX_DELAY) : 0;
    const due = Math.ceil(this.#clock.now() + wait);
    let bucket = this.#buckets.get(due);
    if (bucket === undefined) {
      bucket = new Bucket(this, due);
      this.#buckets.set(due, bucket);
      this.#heap.push(due);
      if (due < this.#armed) this.#arm(due);
    } else if (bucket.first === null) this.#empty--;
    entry.bucket = bucket;
    entry.earlier = bucket.last;
    if (bucket.last === null) bucket.first = entry;
    else bucket.last.later = entry;
    bucket.last = entry;
    if (this.#size++ === 0 && this.#timer !== null) this.#clock.hold(this.#timer, true);
  }

  /** Runs `run` once in `delay` ms. */
  after(delay: number, run: () => void): TimerEntry {
    const entry = new Callback(run);
    this.set(entry, delay);
    return entry;
  }

  /** Cancels `entry`; false when it was not set (it fired, was cancelled, or never set). */
  cancel(entry: TimerEntry): boolean {
    const bucket = entry.bucket;
    if (bucket === null) return false;
    if (entry.earlier === null) bucket.first = entry.later;
    else entry.earlier.later = entry.later;
    if (entry.later === null) bucket.last = entry.earlier;
    else entry.later.earlier = entry.earlier;
    entry.bucket = entry.earlier = entry.later = null;
    if (--this.#size === 0 && this.#timer !== null) this.#clock.hold(this.#timer, false);
    if (bucket.first === null && ++this.#empty > EMPTY_TOLERATED) this.#dropEmpty();
    return true;
  }

  /** Cancels everything and lets go of the clock. */
  clear(): void {
    for (const bucket of this.#buckets.values()) while (bucket.first !== null) this.cancel(bucket.first);
    this.#buckets.clear();
    this.#heap.fill([]);
    this.#empty = 0;
    this.#disarm();
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
    if (this.#size === 0) this.#clock.hold(this.#timer, false);
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
