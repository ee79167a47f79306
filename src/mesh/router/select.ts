/**
 * Which of several providers gets a call. Pure.
 *
 * `power_of_two`: of two random candidates the one with fewer calls in flight; ties go to the first drawn.
 */
import type { Random } from '../../actor/random.ts';

export function powerOfTwo<T extends { readonly inFlight: number }>(
  candidates: readonly T[],
  random: Random,
): T | undefined {
  const count = candidates.length;
  if (count < 2) return candidates[0];
  const first = random.u32() % count;
  const second = (first + 1 + (random.u32() % (count - 1))) % count;
  const a = candidates[first] as T;
  const b = candidates[second] as T;
  return b.inFlight < a.inFlight ? b : a;
}
