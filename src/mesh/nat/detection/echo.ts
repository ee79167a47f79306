/**
 * The datagram of a dial-back: what shows who may send to an address behind a NAT. Pure.
 *
 * `0x03 ‖ kind(1) ‖ nonce(16)`, 18 bytes, at most three copies each. The nonce is the asker's, random and used once, so
 * nobody who was not asked can make one. The kind says from where the sender meant to send it; what counts is where it
 * came from. Source: SPEC §8.2 (filtering measured), RFC 5780 for the idea.
 */
export const ECHO = 0x03;
/** From the very socket that is asked: shows that such datagrams arrive at all. */
export const SAME_SOCKET = 0;
/** From another port of the same host. */
export const OTHER_PORT = 1;
/** From a host that was not sent to. */
export const OTHER_HOST = 2;
export type EchoKind = typeof SAME_SOCKET | typeof OTHER_PORT | typeof OTHER_HOST;

export const NONCE_BYTES = 16;
const LENGTH = 2 + NONCE_BYTES;
/** When the copies leave, milliseconds: three, so that the loss of one is no answer. */
export const COPIES: readonly number[] = [0, 50, 100];

export interface Echo {
  readonly kind: EchoKind;
  /** Hex. */
  readonly nonce: string;
}

export function writeEcho(kind: EchoKind, nonce: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  bytes[0] = ECHO;
  bytes[1] = kind;
  bytes.set(nonce, 2);
  return bytes;
}

/** Undefined for anything else. Keeps nothing of `bytes`. */
export function readEcho(bytes: Uint8Array): Echo | undefined {
  const kind = bytes[1];
  if (bytes.length !== LENGTH || bytes[0] !== ECHO || kind === undefined || !isEchoKind(kind))
    return undefined;
  return { kind, nonce: Buffer.from(bytes.subarray(2)).toString('hex') };
}

export const isEchoKind = (kind: number): kind is EchoKind =>
  kind === SAME_SOCKET || kind === OTHER_PORT || kind === OTHER_HOST;
