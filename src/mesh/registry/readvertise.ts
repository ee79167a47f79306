/**
 * When a record is published again, so that it does not run out while its service lives. Pure.
 *
 * Every ttl/3 with 10 % jitter either way, and never sooner than 10 s: two tries may fail before the record is over,
 * and a crowd that started together spreads out. Source: DESIGN §8, Records.
 */
import { seconds } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';

/** Milliseconds between two publications at least. */
const FLOOR = seconds(10);
const JITTER = 0.1;

/** Milliseconds until a record that lives `ttl` seconds is published again. */
export function readvertiseAfter(ttl: number, random: Random): number {
  const base = seconds(ttl) / 3;
  return Math.max(FLOOR, base * (1 - JITTER + 2 * JITTER * random.float()));
}
