/**
 * Keyed probes: the proof that the peer of a link receives at an address (TRANSPORT §12). Pure.
 *
 * One raw datagram each way, of equal size: 0x02, question or answer, the connection id by which the receiver knows
 * the link, a nonce, and an HMAC over kind, sender's role and nonce. The key comes from the seeds of both hellos, so
 * that only the peer can answer; the role keeps a question from being its own answer. Somebody on the way who
 * carries both on becomes a path like any NAT.
 */
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** First byte. Bit 0x40 is clear: not QUIC. */
const PROBE = 0x02;
/** Bytes of the id by which the receiver knows the link. */
const ID_LENGTH = 20;
export const NONCE_LENGTH = 8;
const NONCE_AT = 2 + ID_LENGTH;
const TAG_AT = NONCE_AT + NONCE_LENGTH;
/** Bytes of a probe. */
export const PROBE_SIZE: number = TAG_AT + 16;

const KINDS = ['question', 'answer'] as const;
type Kind = (typeof KINDS)[number];
type Role = 'dialer' | 'acceptor';

export interface Probe {
  readonly kind: Kind;
  readonly nonce: Uint8Array;
}

/** The connection id (latin1) a probe names; undefined when it is no probe. */
export function probedId(datagram: Buffer): string | undefined {
  return datagram.length === PROBE_SIZE && datagram[0] === PROBE
    ? datagram.toString('latin1', 2, NONCE_AT)
    : undefined;
}

export class PathProof {
  readonly #key: Uint8Array;
  readonly #role: Role;

  /** The seeds of both hellos, and which side we are. */
  constructor(role: Role, ours: Uint8Array, theirs: Uint8Array) {
    const [first, second] = role === 'dialer' ? [ours, theirs] : [theirs, ours];
    this.#key = sha256(Buffer.concat([Buffer.from('espalier path probe'), first, second]));
    this.#role = role;
  }

  /** `id`: the connection id by which the peer knows the link. */
  write(kind: Kind, id: Uint8Array, nonce: Uint8Array): Uint8Array {
    const datagram = Buffer.alloc(PROBE_SIZE);
    datagram[0] = PROBE;
    datagram[1] = KINDS.indexOf(kind);
    datagram.set(id, 2);
    datagram.set(nonce, NONCE_AT);
    datagram.set(this.#tag(kind, this.#role, nonce), TAG_AT);
    return datagram;
  }

  /** What the peer sent; undefined when it was not the peer. The nonce is a view of the datagram. */
  read(datagram: Uint8Array): Probe | undefined {
    const kind = KINDS[datagram[1] ?? KINDS.length];
    if (kind === undefined || datagram.length !== PROBE_SIZE) return undefined;
    const nonce = datagram.subarray(NONCE_AT, TAG_AT);
    const tag = this.#tag(kind, this.#role === 'dialer' ? 'acceptor' : 'dialer', nonce);
    return timingSafeEqual(tag, datagram.subarray(TAG_AT)) ? { kind, nonce } : undefined;
  }

  #tag(kind: Kind, sender: Role, nonce: Uint8Array): Uint8Array {
    const head = [KINDS.indexOf(kind), sender === 'dialer' ? 0 : 1];
    return hmac(sha256, this.#key, Uint8Array.of(...head, ...nonce)).subarray(0, PROBE_SIZE - TAG_AT);
  }
}
