/**
 * What a bad link does to datagrams, one direction. Pure data and its check.
 *
 * Units: ms, bytes, probabilities 0 … 1. What is left out does not happen.
 */
import type { Delay } from '../../transport/memory/route.ts';

/** Loss in bursts: the share of datagrams lost in the long run, and how many are lost in a row on average. */
export interface BurstLoss {
  readonly share: number;
  /** At least 1; 1 is independent loss. */
  readonly burst: number;
  /** ms after which an unused link counts as one datagram further. Default: only datagrams count. */
  readonly slot?: number;
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
  readonly rate?: { readonly bytesPerSecond: number; readonly queue: number };
  /** Larger datagrams disappear, as on a path that does not carry them. */
  readonly maxDatagram?: number;
  /** Everything disappears, also what is on its way. */
  readonly blackHole?: boolean;
}

/** Bits per second as `rate` counts: `kilobits(256)`. */
export const kilobits = (count: number): number => (count * 1_000) / 8;

/** Gives `conditions` back. Throws `RangeError` naming the field that makes no sense. */
export function checkConditions(conditions: Conditions): Conditions {
  const { loss, duplicate, corrupt, reorder, rate, maxDatagram } = conditions;
  if (typeof loss === 'object') {
    share('loss.share', loss.share);
    atLeast('loss.burst', loss.burst, 1);
    atLeast('loss.slot', loss.slot, Number.MIN_VALUE);
  } else share('loss', loss);
  share('duplicate', duplicate);
  share('corrupt', corrupt);
  share('reorder.share', reorder?.share);
  atLeast('reorder.window', reorder?.window, 0);
  atLeast('rate.bytesPerSecond', rate?.bytesPerSecond, 1);
  atLeast('rate.queue', rate?.queue, 0);
  atLeast('maxDatagram', maxDatagram, 0);
  return conditions;
}

function share(name: string, value: number | undefined): void {
  if (value !== undefined && !(value >= 0 && value <= 1)) throw new RangeError(`${name} must be 0 to 1`);
}

function atLeast(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(value >= least)) throw new RangeError(`${name} must be at least ${least}`);
}
