/** Signed records of nodes that are made by name, for tests. */
import { expect } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import type { SignedRecordPayload } from '../../../src/codec/payloads.ts';
import { encodeCbor } from '../../../src/codec/cbor.ts';
import { createIdentity, type Identity } from '../../../src/identity/identity.ts';
import { signBytes } from '../../../src/identity/signed-bytes.ts';
import { hex } from '../../../src/mesh/context.ts';
import {
  makeRecord,
  procedureKey,
  type Expected,
  type RecordFields,
  type ServiceRecord,
} from '../../../src/mesh/dht/record.ts';
import { judgeRecord } from './judge.ts';

/** 2026-03-01T00:00:00Z */
export const WALL: number = Date.UTC(2026, 2, 1);
export const TTL = 300_000;
export const REALM = 'test';
export const KEY: Uint8Array = procedureKey('weather.now');

const identities = new Map<string, Identity>();

export function node(name: string): Identity {
  const known = identities.get(name) ?? createIdentity(seededRandom(name), WALL);
  identities.set(name, known);
  return known;
}

export const idOf = (name: string): string => hex(node(name).nodeId);

export const fields = (given: Partial<RecordFields> = {}): RecordFields => ({
  key: KEY,
  realm: REALM,
  endpoints: ['192.0.2.1:9443', '[2001:db8::1]:9443'],
  metadata: { version: 1 },
  seq: given.issuedAt ?? WALL,
  issuedAt: WALL,
  ttl: TTL,
  removed: false,
  ...given,
});

export function signedBy(identity: Identity, given: Partial<RecordFields> = {}): SignedRecordPayload {
  const made = makeRecord(identity, fields(given));
  return made.tag === 'made' ? made.payload : expect.fail(made.tag);
}

export const payload = (name: string, given: Partial<RecordFields> = {}): SignedRecordPayload =>
  signedBy(node(name), given);

export const expected = (given: Partial<Expected> = {}): Expected => ({
  key: hex(KEY),
  realm: REALM,
  wall: WALL,
  ...given,
});

/** A verified record, whenever it was issued. */
export function record(name: string, given: Partial<RecordFields> = {}): ServiceRecord {
  const { key, issuedAt } = fields(given);
  const verdict = judgeRecord(payload(name, given), expected({ key: hex(key), wall: issuedAt }));
  return verdict.tag === 'verified' ? verdict.record : expect.fail(verdict.fault);
}

/** Any map as a record signed by a node: what nobody makes by accident. */
export function odd(name: string, given: Readonly<Record<string, unknown>>): SignedRecordPayload {
  const { nodeId, publicKey, privateKey } = node(name);
  const encoded = encodeCbor({
    procedure_key: KEY,
    realm: REALM,
    node_id: nodeId,
    public_key: publicKey,
    endpoints: ['192.0.2.1:9443'],
    metadata: {},
    seq: WALL,
    issued_at: WALL,
    expires_at: WALL + TTL,
    ...given,
  });
  if (!encoded.ok) return expect.fail(encoded.error.reason);
  return { record: encoded.bytes, sig: signBytes(privateKey, 'dht record', encoded.bytes) };
}
