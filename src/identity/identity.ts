/**
 * Who a node is: one Ed25519 key pair, its self-signed certificate, and the id derived from the key.
 *
 * Pure: the key comes from `Random`, so a simulated node has the same id in every run. The id is
 * SHA-256 of the DER SubjectPublicKeyInfo (DESIGN D7): nobody chooses an id freely.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

import { sha256 } from '@noble/hashes/sha2.js';

import type { Random } from '../actor/random.ts';
import { selfSigned } from './certificate.ts';

/** Bytes of an Ed25519 seed (RFC 8032). */
const SEED_LENGTH = 32;

/** PKCS #8 header of an Ed25519 private key (RFC 8410); the seed follows. */
const PKCS8_PREFIX: Buffer = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface Identity {
  /** SHA-256 of `publicKey` (DESIGN D7), 32 bytes. */
  readonly nodeId: Uint8Array;
  /** Ed25519 SubjectPublicKeyInfo, DER (44 bytes). */
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
  /** Self-signed X.509 certificate over the key, DER. */
  readonly certificate: Uint8Array;
}

/** The node id of a public key given as DER SubjectPublicKeyInfo. */
export const nodeIdOf = (publicKey: Uint8Array): Uint8Array => sha256(publicKey);

/** A fresh Ed25519 key. */
export const createKey = (random: Random): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, random.bytes(SEED_LENGTH)]),
    format: 'der',
    type: 'pkcs8',
  });

/** A fresh identity. `wallMs` (Unix milliseconds) dates the certificate. */
export const createIdentity = (random: Random, wallMs: number): Identity =>
  identityOf(createKey(random), random, wallMs);

/** The identity of an existing Ed25519 key, with a new certificate: the id depends on the key alone. */
export function identityOf(privateKey: KeyObject, random: Random, wallMs: number): Identity {
  const publicKey = spkiOf(privateKey);
  return {
    nodeId: nodeIdOf(publicKey),
    publicKey,
    privateKey,
    certificate: selfSigned({ privateKey, publicKey, random, wallMs }),
  };
}

/** The DER SubjectPublicKeyInfo belonging to a private key. */
export const spkiOf = (privateKey: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
