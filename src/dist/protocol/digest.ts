/**
 * The proof that both ends hold the same cookie: MD5 of the cookie and the other side's challenge in decimal. Pure.
 *
 * MD5 and no encryption: it keeps strangers out of a network that is trusted otherwise, so each carrier adds its own
 * protection (SECURITY §9, DIST §11).
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export const digestOf = (cookie: string, challenge: number): Uint8Array =>
  createHash('md5').update(cookie, 'utf8').update(String(challenge)).digest();

export const isDigest = (digest: Uint8Array, cookie: string, challenge: number): boolean =>
  timingSafeEqual(digest, digestOf(cookie, challenge));
