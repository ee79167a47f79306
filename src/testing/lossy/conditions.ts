/**
 * What a bad link does to datagrams, one direction. Pure data and its check.
 *
 * Units: ms, bytes, probabilities 0 … 1. What is left out does not happen.
 */
import {
  between,
  bytes,
  bytesPerSecond,
  delay,
  fields,
  ms,
  refuse,
  reordering,
  share,
  yesOrNo,
  type Check,
} from '../../transport/memory/judge.ts';
import type { Delay } from '../../transport/memory/route.ts';

/** A row as long as any test: with longer ones the chance that a loss begins is lost in rounding. */
const MAX_BURST = 1_000_000;
/** The largest UDP payload there can be, bytes; a higher bound would bound nothing. */
const MAX_DATAGRAM = 65_535;

/** Loss in bursts: the share of datagrams lost in the long run, and how many are lost in a row on average. */
export interface BurstLoss {
  readonly share: number;
  /** 1 to 1,000,000; 1 is independent loss. */
  readonly burst: number;
  /** ms after which an unused link counts as one datagram further. Default: only datagrams count. */
  readonly slot?: number;
}

/** Bytes per second, 1 at least, and the bytes that may wait. */
export interface Throughput {
  readonly bytesPerSecond: number;
  readonly queue: number;
}

export interface Conditions {
  /** A number is the share lost, each datagram by itself. */
  readonly loss?: number | BurstLoss;
  /** Share that arrives twice. */
  readonly duplicate?: number;
  /** Share that arrives with one bit turned over. */
  readonly corrupt?: number;
  /** One-way delay. A drawn one is jitter; by itself it never changes the order. */
  readonly delay?: Delay;
  /** Share that is late by up to `window` ms more, so that others overtake it. */
  readonly reorder?: { readonly share: number; readonly window: number };
  /** Throughput, and the bytes that may wait for it (a datagram that finds no room is lost). */
  readonly rate?: Throughput;
  /** Larger datagrams disappear, as on a path that does not carry them. */
  readonly maxDatagram?: number;
  /** Everything disappears, also what is on its way. */
  readonly blackHole?: boolean;
}

/** Bits per second as `rate` counts: `kilobits(256)`. */
export function kilobits(count: number): number {
  between(0, Number.MAX_SAFE_INTEGER)('kilobits', count);
  return (count * 1_000) / 8;
}

const slot: Check = (name, value) => {
  if (value === 0) refuse(name, 'above 0 ms', value);
  ms(name, value);
};

const burstLoss = fields<BurstLoss>({ share, burst: between(1, MAX_BURST), slot }, ['share', 'burst']);

/** What `GilbertElliott` takes. */
export const checkLoss: Check = (name, value) => {
  if (typeof value === 'object' && value !== null) burstLoss(name, value);
  else share(name, value);
};

/** What `RateLimit` takes. */
export const checkRate: Check = fields<Throughput>({ bytesPerSecond, queue: bytes }, [
  'bytesPerSecond',
  'queue',
]);

/** Throws `RangeError` naming the field that makes no sense, after the name of what it is a part of. */
export const checkConditions: Check = fields<Conditions>({
  loss: checkLoss,
  duplicate: share,
  corrupt: share,
  delay,
  reorder: reordering,
  rate: checkRate,
  maxDatagram: between(0, MAX_DATAGRAM, ' bytes'),
  blackHole: yesOrNo,
});
