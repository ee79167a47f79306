/** Damage on the way: a copy with one bit turned over. Pure. */
import type { Random } from '../../actor/random.ts';

/** A copy of `bytes` that differs in exactly one bit; an empty datagram stays empty. */
export function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = new Uint8Array(bytes);
  if (copy.length === 0) return copy;
  const bit = Math.floor(random.float() * copy.length * 8);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
