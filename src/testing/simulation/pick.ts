/** One of several, by chance. */
import type { Random } from '../../actor/random.ts';

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.u32() % items.length] as T;
}
