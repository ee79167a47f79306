/** Contacts for tests: of the vectors, random, or as close to each other as wanted. */
import { createHash } from 'node:crypto';
import type { Random } from '../../../src/actor/random.ts';
import type { Contact } from '../../../src/mesh/dht/contact.ts';
import { compareDistance } from '../../../src/mesh/dht/node-id.ts';
import { toHex } from '../../codec/vectors.ts';

let ports = 0;

/** At an address of its own on loopback, unless one is given. */
export const contactOf = (id: Uint8Array, address?: string): Contact => ({
  id,
  nodeId: toHex(id),
  address: address ?? `127.0.0.1:${1 + (ports++ % 65_535)}`,
});

/** Node i of the vectors. */
export const node = (i: number): Contact =>
  contactOf(new Uint8Array(createHash('sha256').update(`node-${i}`).digest()), `127.0.0.1:${1_000 + i}`);

export const randomContacts = (random: Random, count: number): Contact[] =>
  Array.from({ length: count }, () => contactOf(random.bytes(32)));

/** An id that begins with `bits` bits of `id`, then with another one than its next, and goes on as `rest`. */
export function near(id: Uint8Array, bits: number, rest: Uint8Array): Uint8Array {
  const made = rest.slice();
  if (bits >= 256) return id.slice();
  const byte = bits >> 3;
  made.set(id.subarray(0, byte));
  const bit = 0x80 >> (bits & 7);
  const above = 0xff & ~(bit * 2 - 1);
  made[byte] = (id[byte]! & above) | (~id[byte]! & bit) | (rest[byte]! & (bit - 1));
  return made;
}

/** The closest of all, by looking at each. */
export const bruteForce = (all: readonly Contact[], target: Uint8Array, count: number): Contact[] =>
  all.toSorted((a, b) => compareDistance(a.id, b.id, target)).slice(0, count);

export const ids = (contacts: readonly Contact[]): string[] => contacts.map(({ nodeId }) => nodeId);
