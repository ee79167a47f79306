/**
 * What a call went through: for `explain`, and for errors that several providers share.
 */
import type { Route } from '../errors/rpc-error.ts';
import type { RpcFailureTag } from '../errors/rpc-failure.ts';

/** One provider that was tried. */
export interface Attempt {
  /** Hex id of the node; empty when none was reached. */
  readonly node: string;
  /** How it was found. */
  readonly route: Route;
  readonly outcome: 'ok' | RpcFailureTag;
  /** Whether a handler may have run. */
  readonly sent: boolean;
  /** Milliseconds, a hundredth exact. */
  readonly ms: number;
}

export interface Explanation {
  /** Where the last provider that was tried was found; undefined when there was none. */
  readonly tier: Route | undefined;
  /** Providers known when the choice was made. */
  readonly providers: number;
  /** Longest chain of referrals of the lookup; undefined when there was none. */
  readonly hops: number | undefined;
  /** Milliseconds it took to find providers. */
  readonly discovery: number;
  /** In order, the last one included. */
  readonly attempts: readonly Attempt[];
  /** Milliseconds in all. */
  readonly ms: number;
}

export const rounded = (ms: number): number => Math.round(100 * ms) / 100;
