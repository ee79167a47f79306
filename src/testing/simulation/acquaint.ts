/**
 * Fills the routing tables of nodes that are there, as if they had joined one after the other long ago.
 *
 * A thousand real joins are minutes of real time, ten thousand an hour. Each bucket gets k of those that belong there,
 * drawn by chance, and all when there are no more, which is what a table of a mesh at rest holds (Kademlia §2.2). The
 * limits by network hold here too.
 */
import type { Random } from '../../actor/random.ts';
import { shared, type MeshContext } from '../../mesh/context.ts';
import { K, type Contact } from '../../mesh/dht/contact.ts';

/** A node, and where it is. */
export interface Acquaintance {
  readonly context: MeshContext;
  readonly contact: Contact;
}

export function acquaint(all: readonly Acquaintance[], random: Random, now: number): void {
  const sorted = all.toSorted((a, b) => (a.contact.nodeId < b.contact.nodeId ? -1 : 1));
  const contacts = sorted.map(({ contact }) => contact);
  for (const [at, { context }] of sorted.entries()) {
    const table = shared(context, 'routingTable');
    if (table === undefined) continue;
    for (const contact of known(contacts, at, random)) table.add(contact, now);
    context.dht.alone = table.size === 0;
  }
}

/** Whom one of them knows; `contacts` in order of their ids. */
export function* known(contacts: readonly Contact[], self: number, random: Random): Generator<Contact> {
  let [from, to] = [0, contacts.length];
  for (let bit = 0; to - from > 1; bit++) {
    const middle = firstWithBit(contacts, from, to, bit);
    // those that share the bits before this one, and not this one
    const [first, last] = self < middle ? [middle, to] : [from, middle];
    yield* some(contacts, first, last, random);
    [from, to] = self < middle ? [from, middle] : [middle, to];
  }
}

/** Of those from `from` to `to`, which share the bits before it, the first in which it is set. */
function firstWithBit(contacts: readonly Contact[], from: number, to: number, bit: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    const byte = contacts[middle]?.id[bit >> 3] ?? 0;
    if ((byte & (0x80 >> (bit & 7))) === 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** At most k of them. */
function some(contacts: readonly Contact[], from: number, to: number, random: Random): readonly Contact[] {
  if (to - from <= K) return contacts.slice(from, to);
  const drawn = new Set<Contact>();
  while (drawn.size < K) drawn.add(contacts[from + (random.u32() % (to - from))] as Contact);
  return [...drawn];
}
