/**
 * Address validation tokens for QUIC Retry (RFC 9000 §8.1.2, TRANSPORT §3).
 *
 * Pure. A token proves that the dialer received our Retry at the address it sends from, which keeps
 * us from being used for reflection; nothing is stored until it comes back. Layout:
 * `version(1) ‖ issuedAt(8) ‖ length(1) ‖ original id ‖ new id(20) ‖ HMAC-SHA256(32)`, the HMAC also
 * covering the physical address and port. It is bound to the physical source, never to the virtual address
 * quiche knows (a token bound to that was replayed from another socket).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

import type { PhysicalAddress } from '../transport.ts';

/** Milliseconds a token is good for: one round trip on the worst path. */
export const TOKEN_LIFETIME = 10_000;

/** Length of every connection id of ours, in bytes (the most QUIC version 1 allows). */
export const ID_LENGTH = 20;

const VERSION = 1;
const HEADER = 10;
const MAC_LENGTH = 32;

export interface TokenClaims {
  /** Destination id of the dialer's first Initial. */
  readonly originalId: Uint8Array;
  /** The id we ask the dialer to use from now on, 20 bytes. */
  readonly newId: Uint8Array;
}

export type TokenResult =
  { readonly tag: 'valid'; readonly originalId: Uint8Array } | { readonly tag: 'invalid' | 'expired' };

/** Makes a token. `now` is monotonic milliseconds; `key` never leaves the process. */
export function issueToken(
  key: Uint8Array,
  now: number,
  source: PhysicalAddress,
  claims: TokenClaims,
): Uint8Array {
  const { originalId, newId } = claims;
  const body = Buffer.alloc(HEADER + originalId.length + ID_LENGTH);
  body[0] = VERSION;
  body.writeDoubleBE(now, 1);
  body[HEADER - 1] = originalId.length;
  body.set(originalId, HEADER);
  body.set(newId, HEADER + originalId.length);
  return Buffer.concat([body, mac(key, body, source)]);
}

/**
 * Checks a token that came with an Initial whose destination id is `usedId`. A token exactly
 * `TOKEN_LIFETIME` old is still valid. Never throws, whatever the bytes.
 */
export function checkToken(
  key: Uint8Array,
  now: number,
  source: PhysicalAddress,
  usedId: Uint8Array,
  token: Uint8Array,
): TokenResult {
  if (token.length < HEADER + ID_LENGTH + MAC_LENGTH) return { tag: 'invalid' };
  const bytes = Buffer.from(token.buffer, token.byteOffset, token.byteLength);
  const body = bytes.subarray(0, -MAC_LENGTH);
  if (!timingSafeEqual(mac(key, body, source), bytes.subarray(-MAC_LENGTH))) return { tag: 'invalid' };
  const length = body[HEADER - 1] ?? 0;
  if (body[0] !== VERSION || body.length !== HEADER + length + ID_LENGTH) return { tag: 'invalid' };
  if (!body.subarray(HEADER + length).equals(usedId)) return { tag: 'invalid' };
  const age = now - body.readDoubleBE(1);
  if (!(age >= 0 && age <= TOKEN_LIFETIME)) return { tag: 'expired' };
  return { tag: 'valid', originalId: new Uint8Array(body.subarray(HEADER, HEADER + length)) };
}

const mac = (key: Uint8Array, body: Uint8Array, source: PhysicalAddress): Buffer =>
  createHmac('sha256', key).update(body).update(`${source.host} ${source.port}`).digest();
