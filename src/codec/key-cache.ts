/**
 * Remembers short ASCII map keys, so that `call_id` is the same string every time and is not built anew.
 *
 * A direct-mapped table: a key displaces whatever had its slot. It can therefore be flushed by a peer but not
 * grown, and a hit is always compared byte for byte.
 *
 * Pure but for the table, which changes speed only.
 */

/** Slots; a power of two. The mesh's own field names are about sixty. */
const SLOTS = 512;
/** Longest key remembered, in bytes. */
const LONGEST = 32;

const table = new Array<string | undefined>(SLOTS).fill(undefined);

/** The key at `bytes[start] … bytes[start + length - 1]`, or undefined when it is not short ASCII. */
export function keyAt(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length > LONGEST) return undefined;
  let hash = length;
  for (let i = start; i < start + length; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  const slot = (hash ^ (hash >>> 9)) & (SLOTS - 1);
  const known = table[slot];
  if (known !== undefined && known.length === length && equals(known, bytes, start)) return known;
  let key = '';
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!;
    if (byte > 0x7f) return undefined;
    key += String.fromCharCode(byte);
  }
  table[slot] = key;
  return key;
}

function equals(known: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < known.length; i++) if (known.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
