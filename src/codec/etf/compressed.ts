/** Compressed terms: inflated to the size they announce, and no further. */
import { inflateSync } from 'node:zlib';
import { Broken } from './broken.ts';
import { ETF_LIMITS, type EtfLimits } from './limits.ts';

/** @param at of the size field, 4 bytes, behind which the zlib stream begins. */
export function inflate(bytes: Uint8Array, at: number, limits: EtfLimits = ETF_LIMITS): Uint8Array {
  if (at + 4 > bytes.length) throw new Broken('truncated');
  const size = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  if (size === 0 || size > limits.inflated) throw new Broken('compressed');
  let inflated: Uint8Array;
  try {
    inflated = inflateSync(bytes.subarray(at + 4), { maxOutputLength: size });
  } catch {
    throw new Broken('compressed');
  }
  if (inflated.length !== size) throw new Broken('compressed');
  return inflated;
}
