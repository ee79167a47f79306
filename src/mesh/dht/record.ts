/**
 * The service record: what a node says, under its own key, about one procedure that it serves.
 *
 * On the wire it is `{ record, sig }`; `record` is one canonical CBOR map with the keys `procedure_key`, `realm`,
 * `node_id`, `public_key`, `endpoints`, `metadata`, `seq`, `issued_at`, `expires_at` and, in a tombstone,
 * `removed: true`. Times are milliseconds since 1970. What is verified are the received bytes, never a
 * re-encoding. A tombstone has no endpoints and no metadata, and lives as long as the record it removes would.
 * Metadata of one provider stands there as it is; of several, `joinMetadata` lists it.
 *
 * Pure; time comes in. Throws nothing. Source: SECURITY §5, SPEC §5 "Service record in the DHT".
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { decodeCbor, encodeCbor } from '../../codec/cbor.ts';
import {
  isBytes,
  isIntegerIn,
  isName,
  KEY_BYTES,
  RECORD_BYTES,
  RECORD_ITEMS,
  SIGNATURE_BYTES,
} from '../../codec/field.ts';
import { CANONICAL_LIMITS, type CborLimits } from '../../codec/limits.ts';
import type { Unencodable } from '../../codec/normalize.ts';
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import { isValueMap, type Value, type ValueMap } from '../../codec/value.ts';
import type { Identity } from '../../identity/identity.ts';
import { isEd25519, signBytes, verifyBytes } from '../../identity/signed-bytes.ts';
import { hex } from '../context.ts';
import { isEndpointText } from '../peer/relay-hint.ts';
import type { RemoteProvider } from '../registry/remote-provider.ts';

/** Addresses in one record. */
export const MAX_ENDPOINTS = 20;
/** Milliseconds from its issue to its expiry, inclusive (SPEC §5). */
export const MIN_TTL = 10_000;
export const MAX_TTL = 86_400_000;
/** Milliseconds by which the publisher's clock may be ahead of ours; hyperdht's figure too. */
export const MAX_DRIFT = 60_000;

const RECORD_LIMITS: CborLimits = { ...CANONICAL_LIMITS, bytes: RECORD_BYTES, items: RECORD_ITEMS };

/** A verified record. */
export interface ServiceRecord extends RemoteProvider {
  /** SHA-256 of the procedure, hex. */
  readonly key: string;
  /** A tombstone: the node serves the procedure no more. */
  readonly removed: boolean;
  /** As received: what is passed on. */
  readonly payload: SignedRecordPayload;
}

/** What a node publishes. */
export interface RecordFields {
  /** SHA-256 of the procedure, 32 bytes. */
  readonly key: Uint8Array;
  readonly realm: string;
  /** `host:port`, numeric, best first; more than `MAX_ENDPOINTS` are left out. */
  readonly endpoints: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly seq: number;
  /** Wall clock. */
  readonly issuedAt: number;
  /** `MIN_TTL` … `MAX_TTL`. */
  readonly ttl: number;
  readonly removed: boolean;
}

export type MadeRecord =
  | { readonly tag: 'made'; readonly payload: SignedRecordPayload }
  /** Over 4 KiB or 512 data items with this metadata: `invalid_args` for whoever advertises. */
  | { readonly tag: 'too_large' }
  /** The metadata holds what CBOR cannot. */
  | { readonly tag: 'unencodable'; readonly error: Unencodable };

/** Why a record is not believed, in the order in which it is looked at: the signature last, it costs most. */
export type RecordFault =
  /** Over 4 KiB. */
  | 'oversized'
  /** Not one canonical map with these fields. */
  | 'malformed'
  | 'wrong_key'
  | 'wrong_realm'
  /** The node id is not that of the public key. */
  | 'bad_id'
  | 'too_many_endpoints'
  | 'bad_endpoint'
  /** Lives shorter or longer than a record may. */
  | 'bad_ttl'
  /** Issued more than `MAX_DRIFT` from now. */
  | 'future'
  | 'expired'
  | 'forged';

/** Where and when a record has to be valid. */
export interface Expected {
  /** SHA-256 of the procedure, hex: a record of another one is refused. */
  readonly key: string;
  readonly realm: string;
  /** Wall clock now. */
  readonly wall: number;
}

/** Read, and right but for the signature, which nobody has looked at. */
export interface ReadRecord {
  readonly tag: 'read';
  readonly record: ServiceRecord;
  readonly publicKey: Uint8Array;
}

export type RecordRefusal = { readonly tag: 'refused'; readonly fault: RecordFault };

/** The DHT key of a procedure, 32 bytes. */
export const procedureKey = (procedure: string): Uint8Array => sha256(Buffer.from(procedure));

/** Writes and signs a record of our own. */
export function makeRecord(identity: Identity, fields: RecordFields): MadeRecord {
  const { removed } = fields;
  const issuedAt = Math.floor(fields.issuedAt);
  const encoded = encodeCbor(
    {
      procedure_key: fields.key,
      realm: fields.realm,
      node_id: identity.nodeId,
      public_key: identity.publicKey,
      endpoints: removed ? [] : fields.endpoints.slice(0, MAX_ENDPOINTS),
      metadata: removed ? {} : fields.metadata,
      seq: fields.seq,
      issued_at: issuedAt,
      expires_at: issuedAt + fields.ttl,
      ...(removed ? { removed } : {}),
    },
    RECORD_LIMITS,
  );
  if (!encoded.ok) {
    const { error } = encoded;
    const large = error.reason === 'size' || error.reason === 'items';
    return large ? { tag: 'too_large' } : { tag: 'unencodable', error };
  }
  const record = encoded.bytes;
  return { tag: 'made', payload: { record, sig: signBytes(identity.privateKey, 'dht record', record) } };
}

/** The next `seq` of a record of ours: the wall clock, and above the last one even when that clock went back. */
export const nextSeq = (wall: number, last: number | undefined): number =>
  Math.max(Math.floor(wall), last === undefined ? 0 : last + 1);

/** The metadata of a node's record: its provider's own, or of several that of the first and a list of all. */
export const joinMetadata = (
  all: readonly Readonly<Record<string, unknown>>[],
): Readonly<Record<string, unknown>> => (all.length > 1 ? { ...all[0], providers: all } : (all[0] ?? {}));

/** All of a judgment but the signature: about 10 µs instead of 100. */
export function readRecord(payload: SignedRecordPayload, expected: Expected): ReadRecord | RecordRefusal {
  const { record: bytes, sig } = payload;
  if (bytes.length > RECORD_BYTES) return refused('oversized');
  if (sig.length !== SIGNATURE_BYTES) return refused('malformed');
  const decoded = decodeCbor(bytes, RECORD_LIMITS);
  if (!decoded.ok || !isValueMap(decoded.value)) return refused('malformed');
  const map = decoded.value;
  const times = timesOf(map);
  const { procedure_key: key, realm, node_id: id, public_key: publicKey, endpoints, metadata } = map;
  const removed = map['removed'] === true;
  if (!isBytes(key, KEY_BYTES) || !isBytes(id, KEY_BYTES)) return refused('malformed');
  if (!(publicKey instanceof Uint8Array) || !isName(realm) || !Array.isArray(endpoints))
    return refused('malformed');
  if (times === undefined || !isValueMap(metadata)) return refused('malformed');
  // one way to say it: what a tombstone cannot mean is not read past
  if (Object.hasOwn(map, 'removed') && (!removed || endpoints.length > 0)) return refused('malformed');
  if (hex(key) !== expected.key) return refused('wrong_key');
  if (realm !== expected.realm) return refused('wrong_realm');
  const nodeId = hex(id);
  if (!isEd25519(publicKey) || hex(sha256(publicKey)) !== nodeId) return refused('bad_id');
  if (endpoints.length > MAX_ENDPOINTS) return refused('too_many_endpoints');
  if (!endpoints.every(isEndpoint)) return refused('bad_endpoint');
  const fault = untimely(times, expected.wall);
  if (fault !== undefined) return refused(fault);
  const record: ServiceRecord = {
    key: expected.key,
    nodeId,
    endpoints: endpoints as readonly string[],
    metadata,
    ...times,
    removed,
    payload,
  };
  return { tag: 'read', record, publicKey };
}

/** Whether the node that a record is of has signed its bytes. */
export const isAuthentic = ({ record, publicKey }: ReadRecord): boolean =>
  verifyBytes(publicKey, 'dht record', record.payload.record, record.payload.sig);

/** Whether two signed records say the same with the same bytes. */
export const sameRecord = (a: SignedRecordPayload, b: SignedRecordPayload): boolean =>
  Buffer.compare(a.record, b.record) === 0;

interface Times {
  readonly seq: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

function timesOf({ seq, issued_at: issuedAt, expires_at: expiresAt }: ValueMap): Times | undefined {
  return isCount(seq) && isCount(issuedAt) && isCount(expiresAt) ? { seq, issuedAt, expiresAt } : undefined;
}

const isCount = (value: unknown): value is number => isIntegerIn(value, 0, Number.MAX_SAFE_INTEGER);

function untimely({ issuedAt, expiresAt }: Times, wall: number): RecordFault | undefined {
  const ttl = expiresAt - issuedAt;
  if (ttl < MIN_TTL || ttl > MAX_TTL) return 'bad_ttl';
  if (issuedAt > wall + MAX_DRIFT) return 'future';
  return wall >= expiresAt ? 'expired' : undefined;
}

/** Anything else is nothing to dial. */
const isEndpoint = (value: Value): boolean => isName(value) && isEndpointText(value);

const refused = (fault: RecordFault): RecordRefusal => ({ tag: 'refused', fault });
