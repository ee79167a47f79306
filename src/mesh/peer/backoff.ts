/**
 * How long to wait before the next try. Pure; the one module for client, station and dist relay.
 *
 * Attempt n (from 0) waits uniform(0, min(16 s, 250 ms · 2^n)): full jitter, so that a crowd that lost its node
 * spreads out. The count starts again after 30 s of health. Source: DESIGN §8, Backoff.
 */
import type { Random } from '../../actor/random.ts';

const BASE = 250;
const CAP = 16_000;
/** A connection that lived this long was a success. */
export const HEALTHY_AFTER = 30_000;

/** The longest wait before attempt `attempt`, in ms. */
export const maxDelay = (attempt: number): number => (attempt >= 6 ? CAP : BASE * 2 ** attempt);

export const delay = (attempt: number, random: Random): number => random.float() * maxDelay(attempt);

/** The number of the next attempt after a connection that was healthy for `healthyMs`. */
export const nextAttempt = (attempt: number, healthyMs: number): number =>
  healthyMs >= HEALTHY_AFTER ? 0 : attempt;
