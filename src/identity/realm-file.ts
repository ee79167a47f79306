/**
 * The files of a closed realm: its private key, its public key, and the certificates of its members.
 *
 * Shell: synchronous file work. Each has one exact text, so that a damaged one is found; none is ever replaced.
 * Throws `IdentityError`, which names the file.
 *
 * - `realm.key`: PKCS #8 PEM and a line `realm NAME`; for its owner only (0600). Who has it decides who is a member.
 * - `realm.pub`: SubjectPublicKeyInfo PEM and the same line; every member has it, and nobody else may change it.
 * - a membership: PEM around the bytes of `realm.ts`. Whoever steals one lacks the node's key.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

import { sha256 } from '@noble/hashes/sha2.js';

import type { Random } from '../actor/random.ts';
import { createKey, spkiOf } from './identity.ts';
import {
  createOwned,
  damagedFile,
  missingFile,
  publicFile,
  readOwned,
  secretFile,
  type FileKind,
} from './owned-file.ts';
import { readMembership, type Membership } from './realm.ts';

const KEY = secretFile('Realm key file');
const PUBLIC_KEY = publicFile('Realm file');
const MEMBERSHIP: FileKind = { ...publicFile('Membership file'), forbidden: 0 };

const LABEL = 'ESPALIER MEMBERSHIP';
/** Base64 characters of a line, as PEM has them (RFC 7468). */
const LINE = /.{1,64}/g;

export interface RealmKey {
  readonly realm: string;
  readonly privateKey: KeyObject;
}

export interface RealmPublicKey {
  readonly realm: string;
  /** SubjectPublicKeyInfo, DER, 44 bytes. */
  readonly publicKey: Uint8Array;
}

/** Makes a realm: its key in a new file. Undefined when the file is there already: it stays. */
export function createRealmKey(file: string, realm: string, random: Random): RealmKey | undefined {
  const key: RealmKey = { realm, privateKey: createKey(random) };
  return createOwned(file, KEY, keyText(key), random) ? key : undefined;
}

export function readRealmKey(file: string): RealmKey {
  return read(file, KEY, (text) => {
    const key = { realm: realmIn(text), privateKey: createPrivateKey({ key: text, format: 'pem' }) };
    return { value: key, text: keyText(key), type: key.privateKey.asymmetricKeyType };
  });
}

/** Writes the public half. False when the file is there already: it stays. */
export const createRealmFile = (file: string, key: RealmKey, random: Random): boolean =>
  createOwned(file, PUBLIC_KEY, publicText(key.realm, createPublicKey(key.privateKey)), random);

export function readRealmFile(file: string): RealmPublicKey {
  return read(file, PUBLIC_KEY, (text) => {
    const key = createPublicKey({ key: text, format: 'pem' });
    const realm = realmIn(text);
    const publicKey = new Uint8Array(key.export({ type: 'spki', format: 'der' }));
    return { value: { realm, publicKey }, text: publicText(realm, key), type: key.asymmetricKeyType };
  });
}

/** Writes a certificate. False when the file is there already: it stays. */
export const createMembershipFile = (file: string, certificate: Uint8Array, random: Random): boolean =>
  createOwned(file, MEMBERSHIP, membershipText(certificate), random);

/** The certificate in the file; whether it is worth anything is `judgeMembership`'s business. */
export function readMembershipFile(file: string): { readonly bytes: Uint8Array; readonly claim: Membership } {
  return read(file, MEMBERSHIP, (text) => {
    const lines = text.trim().split('\n').slice(1, -1).join('');
    const bytes = new Uint8Array(Buffer.from(lines, 'base64'));
    const claim = readMembership(bytes);
    if (claim === undefined) throw new TypeError('no certificate');
    return { value: { bytes, claim }, text: membershipText(bytes), type: 'ed25519' };
  });
}

/** The public key of a realm, for those who check memberships. */
export const realmPublicKey = ({ privateKey }: RealmKey): Uint8Array => spkiOf(privateKey);

interface Parsed<T> {
  readonly value: T;
  /** What the file would hold if we had written it. */
  readonly text: string;
  readonly type: string | undefined;
}

/** Reads a file that must be there, whole and as we write it. */
function read<T>(file: string, kind: FileKind, parse: (text: string) => Parsed<T>): T {
  const found = readOwned(file, kind);
  if (found === undefined) throw missingFile(file, kind);
  const text = found.replaceAll('\r\n', '\n');
  let parsed: Parsed<T>;
  try {
    parsed = parse(text);
  } catch (cause) {
    throw damagedFile(file, kind, 'it does not hold what it should', cause);
  }
  if (parsed.type !== 'ed25519') throw damagedFile(file, kind, 'its key is not Ed25519');
  if (parsed.text.trim() !== text.trim()) throw damagedFile(file, kind, 'it was changed');
  return parsed.value;
}

/** The name is a JSON string: it may hold any text. */
function realmIn(text: string): string {
  const line = /^realm (".*")$/m.exec(text)?.[1] ?? '';
  return JSON.parse(line) as string;
}

const keyText = ({ realm, privateKey }: RealmKey): string =>
  checked(`${privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()}${nameLine(realm)}`);

const publicText = (realm: string, key: KeyObject): string =>
  checked(`${key.export({ type: 'spki', format: 'pem' }).toString()}${nameLine(realm)}`);

const nameLine = (realm: string): string => `realm ${JSON.stringify(realm)}\n`;

/** A flipped bit in a key or a name may be a key or a name. */
const checked = (text: string): string =>
  `${text}check ${Buffer.from(sha256(Buffer.from(text))).toString('hex')}\n`;

const membershipText = (certificate: Uint8Array): string => {
  const lines = Buffer.from(certificate).toString('base64').match(LINE) ?? [];
  return `-----BEGIN ${LABEL}-----\n${lines.join('\n')}\n-----END ${LABEL}-----\n`;
};
