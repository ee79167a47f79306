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

/** How many of `providers` may be tried; zero when there is none. */
export const attemptsOf = (providers: number, maxAttempts: number = MAX_ATTEMPTS): number =>
  Math.min(providers, maxAttempts);

/** Whether another attempt may begin: `attempt` counts from 1 and is the next one's number. */
export const canRetry = (attempt: number, maxAttempts: number, providersLeft: number): boolean =>
  attempt <= maxAttempts && providersLeft > 0;

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

/** Where a call stands when an attempt has failed. */
export interface Standing {
  readonly idempotent: boolean;
  readonly providersLeft: number;
  readonly attemptsLeft: number;
  readonly timeLeft: number;
}

export const shouldFailOver = (failure: RpcFailure, at: Standing): boolean =>
  at.providersLeft > 0 && at.attemptsLeft > 0 && at.timeLeft > 0 && mayFailOver(failure, at.idempotent);

/**
 * What one attempt may take: a share of the time left, so that the next has time too. A call that may not be
 * repeated keeps all of it.
 */
export const attemptBudget = (timeLeft: number, attemptsLeft: number, idempotent: boolean): number =>
  idempotent && attemptsLeft > 1 ? Math.floor(timeLeft / attemptsLeft) : timeLeft;
