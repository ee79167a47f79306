/**
 * What one lookup has read about a procedure: the records of all who answered, merged by node and `seq`.
 *
 * Each record is verified here again, whoever kept it. Of one node the highest `seq` counts; a tombstone wins over
 * what other holders still show. Holders show the same records: what is no news is not verified again, and the very
 * bytes of what is here are not even read. Anybody can make up providers by the hundred, so when the list is full
 * whoever two holders have shown takes the place of one that a single holder has. An endpoint that means another
 * machine elsewhere counts only when a holder on this machine has shown it. Where one node's word alone counts, that of
 * others is passed over.
 *
 * Pure; time comes in. Throws nothing. Source: SECURITY §5 rules 1 and 5, SPEC §6 "find_value".
 */
import { MAX_RECORDS } from '../../codec/field.ts';
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import type { AddressClass } from '../../transport/address.ts';
import { keyOf } from '../connection/outgoing.ts';
import { hex } from '../context.ts';
import { isSameEverywhere } from '../peer/announced.ts';
import type { RemoteProvider } from '../registry/remote-provider.ts';
import { isAuthentic, readRecord, sameRecord, type Expected, type ServiceRecord } from './record.ts';

/** Forged records after which the rest of an answer is not read: its sender lies, and each costs 100 µs. */
const ENOUGH_FORGED = 3;
/** Providers, tombstones included: as many as four holders show at most. */
const MOST = 4 * MAX_RECORDS;
/** Records that found the list full, remembered by what was shown: the newest. */
const MOST_WAITING = MOST;

interface Entry {
  readonly record: ServiceRecord;
  /** The answer that has shown it first, and whether another has too. */
  readonly holder: number;
  isShared: boolean;
  /** Somebody on this machine has shown it. */
  isNear: boolean;
}

export class ProviderList {
  readonly #key: string;
  readonly #realm: string;
  readonly #signer: string | undefined;
  readonly #byNode = new Map<string, Entry>();
  /** The same, by the first 16 bytes of their signature. */
  readonly #bySignature = new Map<string, Entry>();
  /** Who has shown what has no room, oldest first. */
  readonly #waiting = new Map<string, number>();
  /** Answers taken over; what we keep ourselves is none. */
  #answers = 0;

  /**
   * @param key SHA-256 of the procedure, hex.
   * @param signer hex id of the only node whose record counts; undefined: everybody's does.
   */
  constructor(key: string, realm: string, signer?: string) {
    this.#key = key;
    this.#realm = realm;
    this.#signer = signer;
  }

  /**
   * Takes over what one node answered, which is at an address of class `from`. Gives how many of its records are of no
   * use: refused, of others than whom it is about, or not read because several before them were forged.
   */
  take(payloads: readonly SignedRecordPayload[], wall: number, from: AddressClass = 'public'): number {
    this.#answers++;
    const expected: Expected = { key: this.#key, realm: this.#realm, wall };
    let refused = 0;
    let forged = 0;
    for (const [at, payload] of payloads.slice(0, MAX_RECORDS).entries()) {
      const shown = this.#bySignature.get(keyOf(payload.sig));
      if (shown !== undefined && sameRecord(shown.record.payload, payload)) {
        this.#shareWith(shown, from);
        continue;
      }
      const reading = readRecord(payload, expected);
      if (reading.tag === 'refused' || this.#isNobodys(reading.record)) refused++;
      else if (!this.#isNews(reading.record)) this.#shownAgain(reading.record, from);
      else if (isAuthentic(reading)) this.add(reading.record, from);
      else {
        refused++;
        if (++forged >= ENOUGH_FORGED) return refused + payloads.length - at - 1;
      }
    }
    return refused;
  }

  /** Takes over a record that was verified, here or when it was stored here. */
  add(record: ServiceRecord, from: AddressClass = 'public'): void {
    const { nodeId, seq } = record;
    const known = this.#byNode.get(nodeId);
    if (this.#isNobodys(record) || (known !== undefined && seq <= known.record.seq)) return;
    const isFull = known === undefined && this.#byNode.size >= MOST;
    if (isFull) {
      const single = this.#single;
      if (single === undefined) return;
      this.#remove(single);
    }
    const holder = this.#answers;
    // in a full list it is here because somebody else has shown it before
    const isShared = isFull || known?.isShared === true || (known !== undefined && known.holder !== holder);
    const entry = { record, holder, isShared, isNear: from === 'loopback' };
    if (known !== undefined) this.#bySignature.delete(keyOf(known.record.payload.sig));
    this.#byNode.set(nodeId, entry);
    this.#bySignature.set(keyOf(record.payload.sig), entry);
  }

  /** Who serves it, in the order in which they were heard of first. */
  providers(wall: number): readonly RemoteProvider[] {
    const found: RemoteProvider[] = [];
    for (const { record, isNear } of this.#byNode.values()) {
      const { nodeId, metadata, seq, issuedAt, expiresAt, removed } = record;
      if (removed || wall >= expiresAt) continue;
      const endpoints = isNear ? record.endpoints : record.endpoints.filter(isSameEverywhere);
      found.push({ nodeId, endpoints, metadata, seq, issuedAt, expiresAt });
    }
    return found;
  }

  /** Of one that does not count; whoever keeps it need not know that. */
  #isNobodys({ nodeId }: ServiceRecord): boolean {
    return this.#signer !== undefined && nodeId !== this.#signer;
  }

  /** Whether it is worth its verification. A publisher that signs one `seq` twice is believed the first time. */
  #isNews(record: ServiceRecord): boolean {
    const known = this.#byNode.get(record.nodeId);
    if (known !== undefined) return record.seq > known.record.seq;
    if (this.#byNode.size < MOST) return true;
    const before = this.#waiting.get(shownAs(record));
    return before !== undefined && before !== this.#answers && this.#single !== undefined;
  }

  /** What is no news still says who has it. */
  #shownAgain(record: ServiceRecord, from: AddressClass): void {
    const known = this.#byNode.get(record.nodeId);
    if (known === undefined) this.#wait(shownAs(record));
    else if (sameRecord(record.payload, known.record.payload)) this.#shareWith(known, from);
  }

  #shareWith(entry: Entry, from: AddressClass): void {
    if (entry.holder !== this.#answers) entry.isShared = true;
    if (from === 'loopback') entry.isNear = true;
  }

  #remove(nodeId: string): void {
    const entry = this.#byNode.get(nodeId);
    if (entry === undefined) return;
    this.#byNode.delete(nodeId);
    this.#bySignature.delete(keyOf(entry.record.payload.sig));
  }

  #wait(shown: string): void {
    this.#waiting.set(shown, this.#answers);
    if (this.#waiting.size <= MOST_WAITING) return;
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest);
      break;
    }
  }

  /** The first that a single holder has shown. */
  get #single(): string | undefined {
    for (const [nodeId, { isShared }] of this.#byNode) if (!isShared) return nodeId;
    return undefined;
  }
}

/** Its signature was not looked at: another one under the same id is something else. */
const shownAs = ({ nodeId, payload }: ServiceRecord): string => `${nodeId} ${hex(payload.sig)}`;
