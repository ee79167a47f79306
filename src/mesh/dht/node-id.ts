/**
 * Places in the id space: XOR distance and what follows from it.
 *
 * Pure. An id has 256 bits, big endian; distances are compared as unsigned integers. Everything here but `normalize`
 * and `fromHex` expects ids of 32 bytes. Source: Kademlia §2.1.
 */
import { sha256 } from '@noble/hashes/sha2.js';

export const ID_BYTES = 32;
export const ID_BITS = 256;

const BITS_OF_BYTE = 8;
/** What `Math.clz32` counts above a byte. */
const BITS_ABOVE_BYTE = 24;

/** An id as it is, anything of another size by its SHA-256. */
export const normalize = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === ID_BYTES ? bytes : sha256(bytes);

/** Undefined unless it is 64 hex digits, of either case. */
export const fromHex = (text: string): Uint8Array | undefined =>
  /^[0-9a-f]{64}$/i.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined;

/** Bits that two ids share in front: 0 is the far half, 255 the nearest, 256 the same id. */
export function bucketIndex(self: Uint8Array, id: Uint8Array): number {
  for (let index = 0; index < ID_BYTES; index++) {
    const byte = self[index]! ^ id[index]!;
    if (byte !== 0) return index * BITS_OF_BYTE + Math.clz32(byte) - BITS_ABOVE_BYTE;
  }
  return ID_BITS;
}

/** Negative when `a` is closer to `target` than `b`, 0 when they are the same. */
export function compareDistance(a: Uint8Array, b: Uint8Array, target: Uint8Array): number {
  for (let index = 0; index < ID_BYTES; index++) {
    const place = target[index]!;
    const difference = (a[index]! ^ place) - (b[index]! ^ place);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const closerTo = (target: Uint8Array, a: Uint8Array, b: Uint8Array): boolean =>
  compareDistance(a, b, target) < 0;

/** The first 32 bits of an id, signed: enough to tell ids apart unless they were made alike. */
export const headOf = (id: Uint8Array): number => (id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!;

/** Whether two ids are the same. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < ID_BYTES; index++) if (a[index] !== b[index]) return false;
  return true;
}
