/**
 * Ids of tunnels: 16 random bytes as 32 upper-case hexadecimal characters, which are also the first 32 bytes of each stream of the
 * tunnel. Pure. Source: SPEC §11.1.
 */
import { Buffer } from 'node:buffer';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Random } from '../../../actor/random.ts';

/** Bytes of the prefix of a stream, and characters of an id. */
export const TUNNEL_ID_BYTES = 32;

/** Random bytes in an id: nobody guesses one. */
const RANDOM_BYTES = 16;
const FORM = /^[0-9A-F]{32}$/;

/** A fresh id. */
export const tunnelId = (random: Pick<Random, 'bytes'>): string =>
  Buffer.from(random.bytes(RANDOM_BYTES)).toString('hex').toUpperCase();

/** The session of the datagrams that the ends of a tunnel send each other, 16 bytes: whoever sees it does not know the id. */
export const sessionOfTunnel = (id: string): Uint8Array =>
  sha256(Buffer.from(`espalier-tunnel session ${id}`)).subarray(0, RANDOM_BYTES);

export const isTunnelId = (text: string): boolean => FORM.test(text);

export type PrefixRead =
  /** The rest has not come. */
  | { readonly tag: 'more' }
  /** The id is whole; `rest` is what came behind it, lent as the chunk is. */
  | { readonly tag: 'id'; readonly id: string; readonly rest: Uint8Array }
  /** No tunnel begins like this. */
  | { readonly tag: 'no_id' };

const MORE: PrefixRead = { tag: 'more' };
const NO_ID: PrefixRead = { tag: 'no_id' };

/**
 * Takes the first bytes of a stream, in chunks of any size that are lent. Once it has the id every further chunk comes back whole as
 * `rest`; what is no id is told at its first wrong byte, and nothing is kept of it.
 */
export class PrefixReader {
  readonly #prefix: Buffer = Buffer.alloc(TUNNEL_ID_BYTES);
  #have = 0;
  #failed = false;

  push(chunk: Uint8Array): PrefixRead {
    const ours = Math.min(chunk.length, TUNNEL_ID_BYTES - this.#have);
    for (let at = 0; at < ours && !this.#failed; at++) {
      const byte = chunk[at] as number;
      this.#failed = !isHexDigit(byte);
      this.#prefix[this.#have++] = byte;
    }
    if (this.#failed) return NO_ID;
    if (this.#have < TUNNEL_ID_BYTES) return MORE;
    return { tag: 'id', id: this.#prefix.toString('latin1'), rest: chunk.subarray(ours) };
  }
}

/** 0-9, A-F. */
const isHexDigit = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46);
