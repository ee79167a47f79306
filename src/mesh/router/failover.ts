/**
 * When a failed call may go to another provider, how often, and for how long each may take. Pure.
 *
 * At most once by default: a call goes on only when it was certainly not executed (not sent, or refused by whoever
 * got it). Once it was sent, only what is idempotent goes on. Units: milliseconds. Source: DESIGN §8 "At most once",
 * SPEC §2.6.
 */
import type { RpcFailure } from '../errors/rpc-failure.ts';

/** Providers tried at most when a call does not say. */
export const MAX_ATTEMPTS = 3;

/** Whether as many were tried as may be. `made`: attempts so far. */
export const isTired = (made: number, maxAttempts: number = MAX_ATTEMPTS): boolean => made >= maxAttempts;

/** Milliseconds a station that a call was passed on to may take, when another one may be asked after it (SPEC §9). */
const FORWARD = 4_000;

/** What says only that whoever was asked serves it not, and knows nobody. */
export const isUnknown = ({ tag }: RpcFailure): boolean =>
  tag === 'service_not_found' || tag === 'no_handler' || tag === 'procedure_not_found';

/** Whether it is certain that no handler ran. */
export const neverRan = (failure: RpcFailure): boolean => isUnknown(failure) || mayFailOver(failure, false);

/** Whether a handler may have run. Who does not know says so. */
export function wasSent(failure: RpcFailure): boolean {
  switch (failure.tag) {
    case 'timeout':
      return failure.sent !== false;
    case 'connection_error':
      return failure.sent;
    default:
      return true;
  }
}

/** Whether another provider may be asked after this failure, as far as executing twice is concerned. */
export function mayFailOver(failure: RpcFailure, idempotent: boolean): boolean {
  switch (failure.tag) {
    case 'no_handler':
    case 'overloaded':
    case 'cross_relay_error':
      return true;
    case 'timeout':
    case 'connection_error':
    case 'protocol_error':
      return idempotent || !wasSent(failure);
    default:
      return false;
  }
}

/**
 * What one attempt may take: a share of the time left, so that the next has time too. A call that may not be
 * repeated keeps all of it.
 */
export const attemptBudget = (timeLeft: number, attemptsLeft: number, idempotent: boolean): number =>
  idempotent && attemptsLeft > 1 ? Math.floor(timeLeft / attemptsLeft) : timeLeft;

/** What a station may take that a call is passed on to: all that is left when nobody may be asked after it. */
export const forwardBudget = (timeLeft: number, mayRunTwice: boolean): number =>
  mayRunTwice ? Math.min(FORWARD, timeLeft) : timeLeft;
