/**
 * What happens to a datagram that no link claims: Retry, version negotiation, a new link, or nothing.
 *
 * No state before a valid token; never more bytes out than came in (TRANSPORT §3).
 */
import type { Random } from '../../actor/random.ts';
import type { PhysicalAddress } from '../transport.ts';
import type { NativeHeader, Quiche } from './binding.ts';
import type { Outlet } from './outlet.ts';
import { ID_LENGTH, checkToken, issueToken } from './retry-token.ts';

/** Shortest datagram that may start a connection (RFC 9000 §14.1), bytes. */
export const MIN_INITIAL = 1_200;

/** First byte: long header, and the bit every QUIC packet has. */
export const LONG_HEADER = 0x80;
export const FIXED_BIT = 0x40;

/** `Header.ty` of an Initial. */
const INITIAL = 0;

/** Version field of a version negotiation packet, which is never answered. */
const NEGOTIATION = 0;

/** Where the first connection id of a long header begins, after its length (RFC 8999 §5.1). */
const FIRST_ID = 6;

/** Largest Retry and version negotiation packet, bytes; both are below 200. */
const REPLY_SIZE = MIN_INITIAL;

export interface Greeter {
  /** Answers a datagram of a version we do not speak, if it is long enough to be answered. */
  negotiate(datagram: Buffer, from: PhysicalAddress): void;
  /** Gives the answer a stranger's datagram deserves. Names the reason when it is dropped. */
  greet(datagram: Buffer, header: NativeHeader, from: PhysicalAddress): Greeting;
}

export type Greeting =
  | { readonly tag: 'answered' }
  | { readonly tag: 'dropped'; readonly reason: string }
  /** The dialer proved its address: a link may start under the id it used. */
  | { readonly tag: 'welcome'; readonly id: Uint8Array; readonly originalId: Uint8Array };

export interface GreeterOptions {
  readonly quiche: Quiche;
  readonly random: Random;
  readonly outlet: Outlet;
  readonly now: () => number;
}

export function createGreeter({ quiche, random, outlet, now }: GreeterOptions): Greeter {
  /** Known to this process only: tokens die with it. */
  const key = random.bytes(32);
  return {
    negotiate(datagram, from) {
      if (datagram.length < MIN_INITIAL || datagram.readUInt32BE(1) === NEGOTIATION) return;
      // Only what all versions have in common is read (RFC 8999). Longer ids than ours are not answered.
      const second = FIRST_ID + (datagram[FIRST_ID - 1] ?? 0) + 1;
      const end = second + (datagram[second - 1] ?? 0);
      const destination = datagram.subarray(FIRST_ID, second - 1);
      const source = datagram.subarray(second, end);
      if (end > datagram.length || destination.length > ID_LENGTH || source.length > ID_LENGTH) return;
      const out = outlet.buffer(REPLY_SIZE);
      const length = quiche.negotiateVersion(source, destination, out);
      out[0] = (out[0] ?? 0) | FIXED_BIT;
      outlet.send(length, from);
    },
    greet(datagram, header, from) {
      if (header.ty !== INITIAL) return { tag: 'dropped', reason: 'unknown_connection' };
      if (datagram.length < MIN_INITIAL) return { tag: 'dropped', reason: 'short_initial' };
      const out = outlet.buffer(REPLY_SIZE);
      const { token, dcid, scid, version } = header;
      if (token === undefined || token.length === 0) {
        const newId = random.bytes(ID_LENGTH);
        const fresh = issueToken(key, now(), from, { originalId: dcid, newId });
        outlet.send(quiche.retry(scid, dcid, newId, fresh, version, out), from);
        return { tag: 'answered' };
      }
      const result = checkToken(key, now(), from, dcid, token);
      if (result.tag !== 'valid') return { tag: 'dropped', reason: `token_${result.tag}` };
      return { tag: 'welcome', id: dcid, originalId: result.originalId };
    },
  };
}
