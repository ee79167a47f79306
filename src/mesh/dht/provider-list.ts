/**
 * What one lookup has read about a procedure: the records of all who answered, merged by node and `seq`.
 *
 * Each record is verified here again, whoever kept it. Of one node the highest `seq` counts; a tombstone wins over
 * what other holders still show. Holders show the same records: what is no
 * news is not verified again.
 *
 * Pure; time comes in. Throws nothing. Source: SECURITY §5 rules 1 and 5, SPEC §6 "find_value".
 */
import { MAX_RECORDS } from '../../codec/field.ts';
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import type { RemoteProvider } from '../registry/remote-provider.ts';
import { isAuthentic, readRecord, type Expected, type ServiceRecord } from './record.ts';

/** Forged records after which the rest of an answer is not read: its sender lies, and each costs 100 µs. */
const ENOUGH_FORGED = 3;

export class ProviderList {
  readonly #key: string;
  readonly #realm: string;
  readonly #byNode = new Map<string, ServiceRecord>();

  /** @param key SHA-256 of the procedure, hex. */
  constructor(key: string, realm: string) {
    this.#key = key;
    this.#realm = realm;
  }

  /** Takes over what one node answered. Gives how many of its records were refused. */
  take(payloads: readonly SignedRecordPayload[], wall: number): number {
    const expected: Expected = { key: this.#key, realm: this.#realm, wall };
    let refused = 0;
    let forged = 0;
    for (const payload of payloads) {
      const reading = readRecord(payload, expected);
      if (reading.tag === 'refused') refused++;
      else if (!this.#isNews(reading.record)) continue;
      else if (isAuthentic(reading)) this.add(reading.record);
      else {
        refused++;
        if (++forged >= ENOUGH_FORGED) break;
      }
    }
    return refused;
  }

  /** Takes over a record that was verified when it was stored here. */
  add(record: ServiceRecord): void {
    if (this.#isNews(record)) this.#byNode.set(record.nodeId, record);
  }

  /** Who serves it, in the order in which they were heard of first. */
  providers(wall: number): readonly RemoteProvider[] {
    const found: RemoteProvider[] = [];
    for (const { nodeId, endpoints, metadata, seq, issuedAt, expiresAt, removed } of this.#byNode.values()) {
      if (removed || wall >= expiresAt) continue;
      found.push({ nodeId, endpoints, metadata, seq, issuedAt, expiresAt });
    }
    return found;
  }

  /** A publisher that signs one `seq` twice is believed the first time. */
  #isNews(record: ServiceRecord): boolean {
    const known = this.#byNode.get(record.nodeId);
    if (known === undefined) return this.#byNode.size < MAX_RECORDS;
    return record.seq > known.seq;
  }
}
