/**
 * Repeating a whole call that failed, when its caller asked for it. Pure.
 *
 * The rule of at most once holds here too: what may have run is repeated only if it is idempotent; what a handler
 * answered, or how it crashed, never is. Source: SPEC §2.6, RELIABILITY §6 "Retry policy".
 */
import type { Random } from '../../actor/random.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { mayFailOver } from './failover.ts';
import type { RetryRule } from './plan.ts';

/** Whoever was not found may come. */
export const mayRetry = (failure: RpcFailure, idempotent: boolean): boolean =>
  failure.tag === 'service_not_found' ||
  failure.tag === 'procedure_not_found' ||
  mayFailOver(failure, idempotent);

/** Milliseconds before repeat number `repeat`, from 0: between the half and the whole of what it has grown to. */
export function retryDelay({ backoff, maxBackoff }: RetryRule, repeat: number, random: Random): number {
  const longest = Math.min(maxBackoff, backoff * 2 ** Math.min(repeat, 30));
  return (longest * (1 + random.float())) / 2;
}
