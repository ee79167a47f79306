/**
 * The conditions on the way from one simulated host to another, one direction.
 *
 * A new fault between hosts is one more field here and one more line in `Pipe` or `Fabric.raw`. Units: ms;
 * bytes per second; probabilities in 0 … 1.
 */
import { MAX_DELAY } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';

/**
 * One-way delay in ms, 0 to 2^31 - 1: fixed; uniform in [min, max); `base` and on top of it an exponentially
 * distributed jitter with the given mean (most packets are on time, few are very late); or drawn by the caller's own
 * distribution, which is clamped and throws in the packet's way when it gives no number.
 */
export type Delay =
  | number
  | { readonly min: number; readonly max: number }
  | { readonly base: number; readonly jitter: number }
  | ((random: Random) => number);

/** Streams of one link overtake each other: each packet of a stream is late with this `share`, up to `window` ms. */
export interface Reordering {
  readonly share: number;
  readonly window: number;
}

/** What may happen to one raw datagram. Streams never lose bytes (RELIABILITY §12.2). */
export interface RawFaults {
  /** Probability that it disappears. */
  readonly loss?: number;
  /** Probability that a second copy arrives, with a delay of its own. */
  readonly duplicate?: number;
  /** Probability that it is held back long enough for later ones to overtake it. */
  readonly reorder?: number;
}

/** Something that holds packets back until the way is free again. */
export interface Waiting {
  release(): void;
}

export class Route {
  readonly from: string;
  readonly to: string;
  /** A silent black hole: nothing arrives, nobody is told. */
  cut = false;
  /** Overrides the network's delay. */
  delay: Delay | undefined;
  /** Overrides the network's raw faults. */
  raw: RawFaults | undefined;
  /** Bytes per second of each link on it. */
  rate: number | undefined;
  reordering: Reordering | undefined;
  /** Nothing arrives before this time; then everything does, in order. */
  stalledUntil: number = -Infinity;
  readonly waiting: Set<Waiting> = new Set();

  constructor(from: string, to: string) {
    this.from = from;
    this.to = to;
  }

  /** Takes every fault but a cut away. */
  calm(): void {
    this.delay = undefined;
    this.raw = undefined;
    this.rate = undefined;
    this.reordering = undefined;
    this.stalledUntil = -Infinity;
  }

  heal(): void {
    if (!this.cut) return;
    this.cut = false;
    for (const waiting of this.waiting) waiting.release();
  }
}

/** One delay drawn from `delay`. */
export function sample(delay: Delay, random: () => Random): number {
  if (typeof delay === 'number') return delay;
  if (typeof delay === 'function') return drawn(delay(random()));
  if ('base' in delay) return delay.base - Math.log(1 - random().float()) * delay.jitter;
  return delay.min + random().float() * (delay.max - delay.min);
}

/** A distribution may have a tail; what is no number would stop the network without a word. */
function drawn(ms: number): number {
  if (typeof ms !== 'number' || Number.isNaN(ms))
    throw new RangeError(`delay must return ms, not ${String(ms)}`);
  return Math.min(MAX_DELAY, Math.max(0, ms));
}
