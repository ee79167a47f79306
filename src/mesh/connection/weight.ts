/**
 * What a decoded value costs in memory, roughly: a small message may become something large. Pure.
 *
 * The figures are measured on V8 and rounded up; unit: bytes. A string counts one byte per character, though
 * one that holds more than Latin-1 takes two.
 */
import type { Value } from '../../codec/value.ts';

/** An element of an array, with the number it may hold. */
const SLOT = 24;
/** A string, without its characters. */
const STRING = 24;
/** A byte string, without its content. */
const BYTES = 200;
/** An array or map, without what is in it. */
const CONTAINER = 64;
/** A pair of a map whose shape is like no other. */
const PAIR = 160;

/** Bytes of heap that `value` holds, about. Recurses as deep as the decoder allows. */
export function weightOf(value: Value): number {
  if (typeof value === 'string') return STRING + value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (value instanceof Uint8Array) return BYTES + value.byteLength;
  let weight = CONTAINER;
  if (Array.isArray(value)) {
    for (const item of value as readonly Value[]) weight += SLOT + weightOf(item);
    return weight;
  }
  const map = value as { readonly [key: string]: Value };
  for (const key of Object.keys(map)) weight += PAIR + key.length + weightOf(map[key]!);
  return weight;
}
