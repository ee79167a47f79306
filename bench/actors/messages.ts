/**
 * What the bench and its processes say to each other.
 */
import type { WorkloadName } from './cases.ts';

export interface Order {
  readonly contender: string;
  readonly workload: WorkloadName;
  readonly n: number;
  readonly repeats: number;
}

/** Microseconds of each repeat, or bytes kept for each actor. */
export type Cost =
  | { readonly tag: 'times'; readonly runs: readonly { readonly cpu: number; readonly wall: number }[] }
  | { readonly tag: 'bytes'; readonly bytes: number };

export type Word = Cost | { readonly tag: 'failed'; readonly reason: string };
