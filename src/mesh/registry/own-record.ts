/**
 * The record of a node about a procedure: all its providers in one. Pure.
 *
 * It lives as long as the most careful of them wishes. A record that would be too large says less: fewer ways to reach
 * the node, then only its first provider's metadata, then none. What one provider says fits by itself, for that was
 * judged when it came.
 */
import { createHash } from 'node:crypto';
import { encodeCbor } from '../../codec/cbor.ts';
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import type { Identity } from '../../identity/identity.ts';
import { seconds } from '../../actor/clock.ts';
import { joinMetadata, makeRecord, MIN_TTL } from '../dht/record.ts';
import { shownMetadata } from './offer.ts';
import type { Offer } from './service-table.ts';

/** What a record says, apart from when. */
export interface Content {
  readonly realm: string;
  readonly endpoints: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What to say instead when that does not fit. */
  readonly least: Readonly<Record<string, unknown>>;
  /** Milliseconds. */
  readonly ttl: number;
}

/** Ways to reach a node that are left when a record has no room for more. */
const FEW = 4;

/** @param offers of those who serve it, oldest first; at least one. */
export function contentOf(offers: readonly Offer[], realm: string, endpoints: readonly string[]): Content {
  const all = offers.map(shownMetadata);
  const ttl = seconds(offers.reduce((least, offer) => Math.min(least, offer.ttl), Infinity));
  return { realm, endpoints, metadata: joinMetadata(all), least: all[0] ?? {}, ttl };
}

/** The same for the same content. */
export function digestOf({ realm, endpoints, metadata, least, ttl }: Content): string {
  // what many say together may be too much to be encoded
  for (const said of [metadata, least, {}]) {
    const encoded = encodeCbor({ realm, endpoints, metadata: said, ttl });
    if (encoded.ok) return createHash('sha256').update(encoded.bytes).digest('base64');
  }
  // never empty: that is what a tombstone says
  return 'unencodable';
}

/** Undefined when not even the least of it fits. */
export function ownRecord(
  identity: Identity,
  key: Uint8Array,
  content: Content,
  seq: number,
  issuedAt: number,
): SignedRecordPayload | undefined {
  const { realm, endpoints, metadata, least, ttl } = content;
  const few = endpoints.slice(0, FEW);
  const one = endpoints.slice(0, 1);
  const ways = [
    [metadata, endpoints],
    [metadata, few],
    [least, few],
    [least, one],
    [{}, one],
  ] as const;
  for (const [said, reach] of ways) {
    const fields = { key, realm, endpoints: reach, metadata: said, seq, issuedAt, ttl, removed: false };
    const made = makeRecord(identity, fields);
    if (made.tag === 'made') return made.payload;
  }
  return undefined;
}

/** Takes a record back that may be kept for `left` ms yet. */
export function ownTombstone(
  identity: Identity,
  key: Uint8Array,
  realm: string,
  seq: number,
  issuedAt: number,
  left: number,
): SignedRecordPayload | undefined {
  const ttl = Math.max(MIN_TTL, Math.ceil(left));
  const fields = { key, realm, endpoints: [], metadata: {}, seq, issuedAt, ttl, removed: true };
  const made = makeRecord(identity, fields);
  return made.tag === 'made' ? made.payload : undefined;
}
