/**
 * What this node offers of a scope, cut into messages that fit into any packet. Pure.
 */
import type { GroupOffer } from './pg-messages.ts';

/** Members in one message: a pid takes 280 bytes at most. */
export const PIDS = 50;
/** Bytes of the groups of one message, and of one group; a packet has 65,536 at least. */
const BYTES = 24_576;
const PID_BYTES = 280;

/** A group's term, how long it is, and its members. */
export interface Offer<Member> {
  readonly group: unknown;
  readonly bytes: number;
  readonly pids: readonly Member[];
}

export interface Cut<Member> {
  /** For the first message, which replaces all that was known. */
  readonly first: readonly GroupOffer<Member>[];
  /** A message each. */
  readonly rest: readonly GroupOffer<Member>[];
}

export function cut<Member>(offers: Iterable<Offer<Member>>): Cut<Member> {
  const first: GroupOffer<Member>[] = [];
  const rest: GroupOffer<Member>[] = [];
  let left = BYTES;
  for (const { group, bytes, pids } of offers) {
    for (const part of parts(pids)) {
      const size = bytes + PID_BYTES * part.length;
      // a group stands in the first message once
      if (rest.length === 0 && first.at(-1)?.[0] !== group && size <= left) {
        left -= size;
        first.push([group, part]);
      } else rest.push([group, part]);
    }
  }
  return { first, rest };
}

/** As many messages as need be; none for none. */
export function* parts<Member>(pids: readonly Member[]): Generator<readonly Member[]> {
  for (let from = 0; from < pids.length; from += PIDS) yield pids.slice(from, from + PIDS);
}
