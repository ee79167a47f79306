/**
 * What a caller wants of the routing of one call, judged already.
 */
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Strategy } from './strategy.ts';

/** Providers one call may try at most; more is a search of its own. */
export const MOST_ATTEMPTS = 100;

/** Repeats of a call that failed and may run again (SPEC §2.6 `retry`). Milliseconds. */
export interface RetryRule {
  /** Repeats after the first try. */
  readonly times: number;
  /** Longest wait before the first repeat; doubles with each, and the real one is drawn below it. */
  readonly backoff: number;
  readonly maxBackoff: number;
}

export interface CallPlan {
  /** The cache is not asked. */
  readonly forceRefresh: boolean;
  /** Undefined: the node's. */
  readonly strategy: Strategy | undefined;
  /** Providers tried at most; undefined: the default. */
  readonly maxAttempts: number | undefined;
  readonly retry: RetryRule | undefined;
  /** Hex id of the only node that may serve it. */
  readonly target: string | undefined;
  readonly explain: boolean;
}

/** What is wanted and cannot be had here. */
export function misfit({ role, routing }: MeshContext, { strategy }: CallPlan): RpcFailure | undefined {
  if (role === 'client' && typeof strategy === 'function') {
    return wrong("must be a strategy's name: the node chooses, and a function cannot be sent to it");
  }
  return role === 'node' && strategy === 'nearest' && routing.location === undefined
    ? wrong('nearest needs the option location of the node')
    : undefined;
}

const wrong = (detail: string): RpcFailure => ({ tag: 'invalid_args', field: 'strategy', detail });
