/**
 * Closed realms: who is a member, proven by a certificate that the realm's key signed over the node's id.
 *
 * The certificate says nothing without the node's own key: TLS has proven the id before it is looked at
 * (SECURITY §4). Its bytes, which are what is signed, with the signature behind them:
 *
 * | bytes | content |
 * |---|---|
 * | 1 | version, 1 |
 * | 32 | node id |
 * | 8 + 8 | valid from, valid to: Unix milliseconds, big endian; the end is outside |
 * | 1 + n | bytes of the realm's name (1 … 255), and its name in UTF-8 |
 * | 64 | Ed25519 signature |
 *
 * Pure. Throws nothing for any bytes. There is no revocation but the end of the validity.
 */
import type { KeyObject } from 'node:crypto';

import { signBytes, verifyBytes } from './signed-bytes.ts';

/** Milliseconds by which clocks may differ, as for certificates of nodes. */
export const CLOCK_TOLERANCE = 60_000;

const VERSION = 1;
/** Bytes of a node id, and of an Ed25519 signature. */
const ID_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Bytes before the realm's name. */
const HEAD = 1 + ID_BYTES + 8 + 8 + 1;

/** What a certificate says. */
export interface Membership {
  readonly realm: string;
  /** 32 bytes. */
  readonly nodeId: Uint8Array;
  /** Unix milliseconds, inclusive. */
  readonly validFrom: number;
  /** Unix milliseconds, exclusive. */
  readonly validTo: number;
}

/** Who asks, and for whom. */
export interface MembershipQuestion {
  readonly realm: string;
  /** The proven id of the node that shows the certificate. */
  readonly nodeId: Uint8Array;
  /** SubjectPublicKeyInfo of the realm's key, DER. */
  readonly realmKey: Uint8Array;
  /** Unix milliseconds. */
  readonly now: number;
}

export type MembershipRefusal =
  'missing' | 'malformed' | 'forged' | 'another_realm' | 'another_node' | 'not_yet_valid' | 'expired';

export type MembershipVerdict =
  | { readonly tag: 'member'; readonly membership: Membership }
  | { readonly tag: 'refused'; readonly reason: MembershipRefusal };

/** Certifies a member. `membership` must make sense: a realm of 1 to 255 bytes, an id of 32, whole milliseconds. */
export function issueMembership(membership: Membership, realmKey: KeyObject): Uint8Array {
  const { realm, nodeId, validFrom, validTo } = membership;
  const name = Buffer.from(realm);
  const body = Buffer.alloc(HEAD + name.length);
  body[0] = VERSION;
  body.set(nodeId, 1);
  body.writeBigUInt64BE(BigInt(validFrom), 1 + ID_BYTES);
  body.writeBigUInt64BE(BigInt(validTo), 9 + ID_BYTES);
  body[HEAD - 1] = name.length;
  body.set(name, HEAD);
  const signature = signBytes(realmKey, 'realm membership', body);
  return new Uint8Array(Buffer.concat([body, signature]));
}

/** What a certificate claims, unproven; undefined when it is none. One claim has one form. */
export function readMembership(bytes: Uint8Array): Membership | undefined {
  const body = bytes.length - SIGNATURE_BYTES;
  const length = bytes[HEAD - 1];
  if (body <= HEAD || bytes[0] !== VERSION || length === undefined || body !== HEAD + length)
    return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const realm = view.toString('utf8', HEAD, body);
  const validFrom = Number(view.readBigUInt64BE(1 + ID_BYTES));
  const validTo = Number(view.readBigUInt64BE(9 + ID_BYTES));
  if (!Number.isSafeInteger(validTo) || validFrom >= validTo) return undefined;
  if (!Buffer.from(realm).equals(view.subarray(HEAD, body))) return undefined;
  return { realm, nodeId: new Uint8Array(bytes.subarray(1, 1 + ID_BYTES)), validFrom, validTo };
}

/** Judges what a peer showed: anything, for it comes from the wire. */
export function judgeMembership(proof: unknown, question: MembershipQuestion): MembershipVerdict {
  if (proof === undefined || proof === null) return refused('missing');
  const membership = proof instanceof Uint8Array ? readMembership(proof) : undefined;
  if (membership === undefined) return refused('malformed');
  const bytes = proof as Uint8Array;
  const body = bytes.subarray(0, -SIGNATURE_BYTES);
  const signature = bytes.subarray(-SIGNATURE_BYTES);
  if (!verifyBytes(question.realmKey, 'realm membership', body, signature)) return refused('forged');
  if (membership.realm !== question.realm) return refused('another_realm');
  if (!Buffer.from(membership.nodeId).equals(question.nodeId)) return refused('another_node');
  if (question.now < membership.validFrom - CLOCK_TOLERANCE) return refused('not_yet_valid');
  if (question.now >= membership.validTo + CLOCK_TOLERANCE) return refused('expired');
  return { tag: 'member', membership };
}

const refused = (reason: MembershipRefusal): MembershipVerdict => ({ tag: 'refused', reason });

/** For people, behind `the realm proof `. */
export const refusalWords: Readonly<Record<MembershipRefusal, string>> = {
  missing: 'is missing: this realm is closed',
  malformed: 'is no membership certificate',
  forged: 'is not signed by the key of this realm',
  another_realm: 'is for another realm',
  another_node: 'is for another node',
  not_yet_valid: 'is not valid yet',
  expired: 'has expired',
};
