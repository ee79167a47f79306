/**
 * What a node that has joined should keep, and is not likely to have.
 *
 * Kademlia's rule: of all who keep a record, the one closest to its key gives it to a newcomer that is now one of
 * the k closest. Whatever this misses (the closest holder has died, the budget is spent) comes with the publisher's
 * next record, after a third of its ttl: there is no other republishing by holders.
 *
 * Pure. Source: Maymounkov and Mazières, Kademlia, §2.5; SPEC §6 "expiry".
 */
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import { K, type Contact } from './contact.ts';
import { closerTo } from './node-id.ts';
import type { Instant, RecordStore } from './record-store.ts';

/** Keys looked at for one newcomer: some milliseconds. */
const KEYS = 4_096;
/** Records given to one newcomer: a fraction of a second of its time to verify them. */
const RECORDS = 1_024;

export interface Handover {
  readonly key: Uint8Array;
  readonly value: SignedRecordPayload;
}

/**
 * What `newcomer` should get from us.
 *
 * @param self our id.
 * @param closest the known contacts closest to a target, nearest first, `K` at most; with or without the newcomer.
 */
export function handover(
  store: RecordStore,
  newcomer: Contact,
  self: Uint8Array,
  closest: (target: Uint8Array) => readonly Contact[],
  at: Instant,
): readonly Handover[] {
  const others = (target: Uint8Array): readonly Contact[] =>
    closest(target).filter(({ nodeId }) => nodeId !== newcomer.nodeId);
  const neighbors = others(self);
  const given: Handover[] = [];
  let looked = 0;
  for (const hexKey of store.keys()) {
    if (++looked > KEYS || given.length >= RECORDS) break;
    const key = Buffer.from(hexKey, 'hex');
    // most keys are somebody else's: our neighbors show that at less cost than the whole table
    if (neighbors.some(({ id }) => closerTo(key, id, self))) continue;
    const around = others(key);
    if (around.some(({ id }) => closerTo(key, id, self))) continue;
    let nearer = closerTo(key, self, newcomer.id) ? 1 : 0;
    for (const { id } of around) if (closerTo(key, id, newcomer.id)) nearer++;
    if (nearer >= K) continue;
    for (const { payload } of store.held(hexKey, at)) {
      if (given.length >= RECORDS) break;
      given.push({ key: new Uint8Array(key), value: payload });
    }
  }
  return given;
}
