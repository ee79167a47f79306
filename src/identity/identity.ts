/**
 * Who a node is: one Ed25519 key pair, its self-signed certificate, and the id derived from the key.
 */
import type { KeyObject } from 'node:crypto';

export interface Identity {
  /** SHA-256 of `publicKey` (DESIGN D7), 32 bytes. */
  readonly nodeId: Uint8Array;
  /** Ed25519 SubjectPublicKeyInfo, DER (44 bytes). */
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
  /** Self-signed X.509 certificate over the key, DER. */
  readonly certificate: Uint8Array;
}
