/**
 * The proof that both ends of a TLS session know the same secret. Pure.
 *
 * 33 bytes each way: a mode (0: I have no secret, 1: proof, 2: refused), and an HMAC-SHA256 over a label, the sender's role and what
 * this session alone exports (RFC 8446 §7.5). The session ties it to the two ends of one TLS session, so that it cannot be
 * carried on by who ends TLS in the middle; the role keeps one end's proof from being the other's.
 */
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';

import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

export type Role = 'initiator' | 'acceptor';

/** Bytes of a proof, with its mode. */
export const PROOF_SIZE = 33;

/** Label and bytes of what a TLS session exports for it. */
export const BINDING_LABEL = 'EXPORTER-espalier-tunnel';
export const BINDING_SIZE = 32;

const NO_SECRET = 0;
const PROOF = 1;
const REFUSED = 2;

/** What the acceptor sends in place of its own to who has not proven himself. */
export const REFUSAL: Uint8Array = Uint8Array.of(REFUSED, ...new Uint8Array(PROOF_SIZE - 1));

const KEY_LABEL: Buffer = Buffer.from('espalier-tunnel secret');
const PROOF_LABEL: Buffer = Buffer.from('espalier-tunnel proof');
const KEY_SIZE = 32;

/** What the end in that role sends. `binding`: 32 bytes of the session. */
export function proofOf(secret: string | undefined, role: Role, binding: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(PROOF_SIZE, NO_SECRET);
  if (secret === undefined) return bytes;
  bytes[0] = PROOF;
  bytes.set(mac(secret, role, binding), 1);
  return bytes;
}

/**
 * Whether 33 bytes that came from the end in that role are enough for us. Without a secret only the word that it has none either is:
 * who proves one asks for one, and would refuse us.
 */
export function isProven(
  bytes: Uint8Array,
  secret: string | undefined,
  role: Role,
  binding: Uint8Array,
): boolean {
  const [mode] = bytes;
  if (bytes.length !== PROOF_SIZE) return false;
  if (secret === undefined) return mode === NO_SECRET;
  return mode === PROOF && timingSafeEqual(bytes.subarray(1), mac(secret, role, binding));
}

function mac(secret: string, role: Role, binding: Uint8Array): Uint8Array {
  const key = hkdf(sha256, Buffer.from(secret), undefined, KEY_LABEL, KEY_SIZE);
  return hmac(sha256, key, Buffer.concat([PROOF_LABEL, Buffer.of(role === 'initiator' ? 0 : 1), binding]));
}
