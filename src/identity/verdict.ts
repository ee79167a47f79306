/**
 * The decision about a peer's certificate: who is it, or why not.
 *
 * The QUIC library checks only that a certificate is there (TRANSPORT §4), so this is the one check.
 * Total and synchronous: it never throws, never waits, and answers for any bytes. Possession of the key is
 * proven by TLS itself. Codes are 0x100 + the TLS alert.
 */
import { verify } from 'node:crypto';

import { sha256 } from '@noble/hashes/sha2.js';

import { nodeIdOf } from './identity.ts';
import { readCertificate } from './read-certificate.ts';
import { isEd25519, publicKeyOf } from './signed-bytes.ts';

/** TLS alerts with which a certificate is refused, as QUIC carries them (RFC 9001 §4.8). */
export const RefusalCode = {
  badCertificate: 298,
  unsupportedCertificate: 299,
  certificateExpired: 301,
} as const;
export type RefusalCode = (typeof RefusalCode)[keyof typeof RefusalCode];

/** Longest certificate looked at, in bytes; ours has about 230. */
const MAX_CERTIFICATE = 2_048;

/** Milliseconds by which clocks may differ. */
const CLOCK_TOLERANCE = 60_000;

/** Parsed certificates remembered; a peer that reconnects costs one hash. */
const CACHE_SIZE = 1_024;

/** DER of the AlgorithmIdentifier of an Ed25519 signature (RFC 8410): it has no parameters. */
const ED25519_SIGNATURE: Buffer = Buffer.from('300506032b6570', 'hex');

export interface Question {
  /** Unix milliseconds. */
  readonly now: number;
  readonly ownId: Uint8Array;
  /** The node id that was dialed, if one was. */
  readonly expectedId?: Uint8Array | undefined;
}

export type Verdict =
  { readonly tag: 'accepted'; readonly nodeId: Uint8Array; readonly publicKey: Uint8Array } | Refusal;

export interface Refusal {
  readonly tag: 'refused';
  readonly code: RefusalCode;
  readonly detail: string;
}

/** What a certificate says regardless of time and of who asks. */
type Parsed =
  | {
      readonly tag: 'parsed';
      readonly nodeId: Uint8Array;
      readonly publicKey: Uint8Array;
      readonly validFrom: number;
      readonly validTo: number;
    }
  | Refusal;

/** Parse results by certificate hash: the last `CACHE_SIZE` certificates, for any number of endpoints. */
export type CertificateCache = Map<string, Parsed>;
export const certificateCache = (): CertificateCache => new Map();

/** Judges the certificates a peer presented (DER, leaf first). */
export function judge(
  chain: readonly Uint8Array[] | null | undefined,
  question: Question,
  cache: CertificateCache,
): Verdict {
  try {
    const leaf = chain?.[0];
    if (chain?.length !== 1 || leaf === undefined) return bad('not exactly one certificate');
    if (leaf.length > MAX_CERTIFICATE) return bad(`certificate longer than ${MAX_CERTIFICATE} bytes`);
    const parsed = remembered(leaf, cache);
    return parsed.tag === 'refused' ? parsed : compare(parsed, question);
  } catch {
    return bad('certificate cannot be judged');
  }
}

function remembered(leaf: Uint8Array, cache: CertificateCache): Parsed {
  const hash = Buffer.from(sha256(leaf)).toString('latin1');
  const known = cache.get(hash);
  if (known !== undefined) return known;
  const parsed = parse(leaf);
  const oldest = cache.size >= CACHE_SIZE ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
  cache.set(hash, parsed);
  return parsed;
}

function parse(leaf: Uint8Array): Parsed {
  const certificate = readCertificate(leaf);
  if (certificate === undefined) return bad('certificate does not parse');
  const { body, algorithm, signedWith, signature, validFrom, validTo } = certificate;
  // TLS gives every caller bytes of his own, but this one is kept
  const publicKey = new Uint8Array(certificate.publicKey);
  if (!isEd25519(publicKey)) return unsupported();
  if (!equal(algorithm, ED25519_SIGNATURE) || !equal(signedWith, ED25519_SIGNATURE))
    return bad('certificate is not signed with Ed25519');
  if (!verify(null, body, publicKeyOf(publicKey), signature))
    return bad('certificate is not signed by its own key');
  if (validFrom === undefined || validTo === undefined) return bad('certificate dates do not parse');
  return { tag: 'parsed', nodeId: nodeIdOf(publicKey), publicKey, validFrom, validTo };
}

function compare(parsed: Exclude<Parsed, Refusal>, question: Question): Verdict {
  const { nodeId, publicKey } = parsed;
  if (question.now < parsed.validFrom - CLOCK_TOLERANCE || question.now > parsed.validTo + CLOCK_TOLERANCE)
    return { tag: 'refused', code: RefusalCode.certificateExpired, detail: 'certificate not valid now' };
  if (question.expectedId !== undefined && !equal(nodeId, question.expectedId))
    return bad('peer is not the node that was dialed');
  if (equal(nodeId, question.ownId)) return bad('peer has our own identity');
  // what is remembered is everybody's
  return { tag: 'accepted', nodeId: nodeId.slice(), publicKey: publicKey.slice() };
}

/** Ids are public: a plain comparison leaks nothing. */
const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

const bad = (detail: string): Refusal => ({ tag: 'refused', code: RefusalCode.badCertificate, detail });

const unsupported = (): Refusal => ({
  tag: 'refused',
  code: RefusalCode.unsupportedCertificate,
  detail: 'key is not Ed25519',
});
