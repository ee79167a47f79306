/**
 * The records kept at this node: by key, one per publishing node.
 *
 * A higher `seq` replaces, a tombstone with a higher one removes. The highest `seq` seen outlives its record until
 * nothing older can be valid any more, so that what was replaced or removed never comes back. Those marks are
 * bounded too: the one that has waited longest goes first. A node's record of where it is has a place of its own under
 * its key, and is shown first: others may fill the rest.
 *
 * Pure; time comes in, on both clocks. A record is kept by the monotonic clock, at most its ttl from when it came,
 * and shown only while the wall clock too is before its expiry: a wall clock that jumps back makes none immortal, one
 * that jumps ahead hides them until it is put right. Throws nothing. Source: SECURITY §5 and §13, SPEC §5, §6.
 */
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import type { ValueMap } from '../../codec/value.ts';
import { weightOf } from '../connection/weight.ts';
import { hex } from '../context.ts';
import { presenceKey } from '../registry/presence.ts';
import { MAX_DRIFT, MAX_TTL, sameRecord, type ServiceRecord } from './record.ts';

export interface StoreLimits {
  /** Providers of one key; newcomers are refused then (SECURITY §13). */
  readonly perKey: number;
  /** Records of one publishing node: a quarter of all, and more procedures than a node is likely to serve. */
  readonly perNode: number;
  /** Records in all; hyperdht's figure. */
  readonly records: number;
  /** Bytes of all records, as long as they are or as they hold in memory. */
  readonly bytes: number;
  /** Marks of records that are gone, about 200 bytes each. */
  readonly marks: number;
}

export const STORE_LIMITS: StoreLimits = {
  perKey: 256,
  perNode: 16_384,
  records: 65_536,
  bytes: 64 * 1_048_576,
  marks: 65_536,
};

/** Of all bytes, what one publishing node may fill: nobody keeps everybody else out. */
const LARGEST_SHARE = 0.25;

/** Bytes of records in one answer: it has to fit into a frame of 64 KiB, with the contacts beside it. */
const ANSWER_BYTES = 56 * 1_024;
/** Bytes a record takes in an answer beside its own: signature, keys, heads. */
const AROUND_RECORD = 96;
/** Milliseconds after which nothing older than a record that came now can be valid. */
const MARK_TTL = MAX_TTL + MAX_DRIFT;

/** Now, on both clocks. */
export interface Instant {
  readonly now: number;
  readonly wall: number;
}

export type PutVerdict =
  | 'added'
  | 'replaced'
  | 'removed'
  /** These very bytes are kept already. */
  | 'same'
  /** An older `seq`, or one that is known with other bytes or was removed. */
  | 'stale'
  /** One of the limits. */
  | 'full';

interface Share {
  records: number;
  bytes: number;
}

const NO_SHARE: Readonly<Share> = { records: 0, bytes: 0 };

/** A record that is kept. */
interface Slot {
  readonly record: ServiceRecord;
  /** Monotonic: kept before it. */
  readonly until: number;
  /** Monotonic: its mark is kept before it. */
  readonly markUntil: number;
}

/** What is left of a record that has expired or made room. */
interface Mark {
  readonly seq: number;
  readonly until: number;
}

/** The records of one key, by node. */
interface Shelf {
  readonly slots: Map<string, Slot>;
  /** The record of the very node that the key is the place of; one of the slots. */
  own: Slot | undefined;
  /** Where an answer that had no room for all went on from. */
  turn: number;
}

export class RecordStore {
  readonly #limits: StoreLimits;
  readonly #shelves = new Map<string, Shelf>();
  /** By key and node, oldest first. */
  readonly #marks = new Map<string, Mark>();
  /** What each publishing node has here. */
  readonly #perNode = new Map<string, Share>();
  #records = 0;
  #bytes = 0;

  constructor(limits: StoreLimits = STORE_LIMITS) {
    this.#limits = limits;
  }

  /** Records kept, tombstones among them. */
  get records(): number {
    return this.#records;
  }

  /** Bytes of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sequence numbers remembered of records that are gone. */
  get marks(): number {
    return this.#marks.size;
  }

  /** What `put` would say: the signature of a record that is no news is not worth its price. Changes nothing. */
  judge(record: ServiceRecord, at: Instant): PutVerdict {
    const { key, nodeId, seq } = record;
    const shelf = this.#shelves.get(key);
    const old = shelf?.slots.get(nodeId)?.record;
    if (old !== undefined && seq <= old.seq) {
      return seq === old.seq && sameRecord(old.payload, record.payload) ? 'same' : 'stale';
    }
    if (old === undefined && seq <= (this.#marks.get(key + nodeId)?.seq ?? -1)) return 'stale';
    if (!this.#hasRoom(record, old, shelf, at.now)) return 'full';
    if (record.removed) return 'removed';
    return old === undefined ? 'added' : 'replaced';
  }

  /** Keeps a verified record, if it is news. */
  put(record: ServiceRecord, at: Instant): PutVerdict {
    const verdict = this.judge(record, at);
    if (verdict === 'same' || verdict === 'stale' || verdict === 'full') return verdict;
    const { key, nodeId, issuedAt, expiresAt } = record;
    this.#drop(key, nodeId);
    this.#marks.delete(key + nodeId);
    const own = isOwn(record);
    const before = this.#shelves.get(key);
    if (!own && before !== undefined && this.#isFull(before)) {
      const spare = dispensable(before, at.now);
      if (spare !== undefined) this.#retire(spare);
    }
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = { slots: new Map(), own: undefined, turn: 0 };
      this.#shelves.set(key, shelf);
    }
    const slot: Slot = {
      record,
      until: at.now + Math.min(expiresAt - issuedAt, expiresAt - at.wall),
      markUntil: at.now + MARK_TTL,
    };
    shelf.slots.set(nodeId, slot);
    if (own) shelf.own = slot;
    this.#records++;
    this.#bytes += sizeOf(record);
    const share = this.#perNode.get(nodeId);
    if (share === undefined) this.#perNode.set(nodeId, { records: 1, bytes: sizeOf(record) });
    else {
      share.records++;
      share.bytes += sizeOf(record);
    }
    return verdict;
  }

  /**
   * The records of a key that may be shown now, as many as one answer holds; the next answer begins where this one
   * ended. Tombstones come last: they tell a reader that what another node still shows is over.
   */
  get(key: string, at: Instant): readonly SignedRecordPayload[] {
    const shelf = this.#shelves.get(key);
    if (shelf === undefined) return [];
    const shown = this.#shown(shelf, at);
    let room = ANSWER_BYTES;
    const answer: SignedRecordPayload[] = [];
    if (shown[0] !== undefined && shown[0] === shelf.own?.record) {
      const [{ payload }] = shown.splice(0, 1) as [ServiceRecord];
      room -= payload.record.length + AROUND_RECORD;
      answer.push(payload);
    }
    const start = shelf.turn < shown.length ? shelf.turn : 0;
    for (let count = 0; count < shown.length; count++) {
      const next = (start + count) % shown.length;
      const { payload } = shown[next]!;
      room -= payload.record.length + AROUND_RECORD;
      if (room < 0) {
        shelf.turn = next;
        break;
      }
      answer.push(payload);
    }
    return answer;
  }

  /** All verified records of a key that may be shown now, for a reader of our own. */
  held(key: string, at: Instant): readonly ServiceRecord[] {
    const shelf = this.#shelves.get(key);
    return shelf === undefined ? [] : this.#shown(shelf, at);
  }

  /** All that is kept, what is over and not swept yet included, and until when, on the monotonic clock. */
  *all(): Generator<{ readonly record: ServiceRecord; readonly until: number }> {
    for (const { slots } of this.#shelves.values()) yield* slots.values();
  }

  /** Keys with records, in hex. Records may be put while it runs. */
  keys(): IterableIterator<string> {
    return this.#shelves.keys();
  }

  /** Forgets what is over. Gives the number of records that went. */
  sweep({ now }: Instant): number {
    const before = this.#records;
    for (const { slots } of this.#shelves.values()) {
      for (const slot of slots.values()) if (now >= slot.until) this.#retire(slot);
    }
    for (const [name, { until }] of this.#marks) if (now >= until) this.#marks.delete(name);
    return before - this.#records;
  }

  /** The node's own first, then live ones. */
  #shown({ slots, own }: Shelf, { now, wall }: Instant): ServiceRecord[] {
    const first: ServiceRecord[] = [];
    const live: ServiceRecord[] = [];
    const tombstones: ServiceRecord[] = [];
    for (const slot of slots.values()) {
      const { record, until } = slot;
      if (now >= until || wall >= record.expiresAt) continue;
      if (slot === own) first.push(record);
      else (record.removed ? tombstones : live).push(record);
    }
    return first.concat(live, tombstones);
  }

  /** Of others than the node whose place the key is. */
  #isFull({ slots, own }: Shelf): boolean {
    return slots.size - (own === undefined ? 0 : 1) >= this.#limits.perKey;
  }

  #hasRoom(
    record: ServiceRecord,
    old: ServiceRecord | undefined,
    shelf: Shelf | undefined,
    now: number,
  ): boolean {
    const { perNode, records, bytes } = this.#limits;
    const more = sizeOf(record) - (old === undefined ? 0 : sizeOf(old));
    const share = this.#perNode.get(record.nodeId) ?? NO_SHARE;
    if (this.#bytes + more > bytes || share.bytes + more > bytes * LARGEST_SHARE) return false;
    if (old !== undefined) return true;
    if (this.#records >= records || share.records >= perNode) return false;
    if (shelf === undefined || !this.#isFull(shelf)) return true;
    return dispensable(shelf, now) !== undefined || isOwn(record);
  }

  /** Leaves the mark alone. */
  #retire({ record, markUntil }: Slot): void {
    const { key, nodeId, seq } = record;
    this.#drop(key, nodeId);
    this.#marks.set(key + nodeId, { seq, until: markUntil });
    if (this.#marks.size <= this.#limits.marks) return;
    const [oldest] = this.#marks.keys();
    if (oldest !== undefined) this.#marks.delete(oldest);
  }

  #drop(key: string, nodeId: string): void {
    const shelf = this.#shelves.get(key);
    const slot = shelf?.slots.get(nodeId);
    if (shelf === undefined || slot === undefined) return;
    shelf.slots.delete(nodeId);
    if (shelf.own === slot) shelf.own = undefined;
    if (shelf.slots.size === 0) this.#shelves.delete(key);
    this.#records--;
    this.#bytes -= sizeOf(slot.record);
    const share = this.#perNode.get(nodeId);
    if (share === undefined) return;
    share.records--;
    share.bytes -= sizeOf(slot.record);
    if (share.records === 0) this.#perNode.delete(nodeId);
  }
}

/** What may go for a newcomer: a provider that lives is worth more than the word that one is gone. */
function dispensable({ slots, own }: Shelf, now: number): Slot | undefined {
  for (const slot of slots.values())
    if (slot !== own && (slot.record.removed || now >= slot.until)) return slot;
  return undefined;
}

/** Whether it says where the node is that has signed it. */
const isOwn = ({ key, nodeId }: ServiceRecord): boolean => key === hex(presenceKey(nodeId));

/** Metadata that holds more in memory than its record is long counts with what is more. */
const sizeOf = ({ payload: { record, sig }, metadata }: ServiceRecord): number =>
  sig.length + Math.max(record.length, weightOf(metadata as ValueMap));
