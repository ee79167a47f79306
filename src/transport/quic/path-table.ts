/**
 * The physical paths under one link (DESIGN D4, TRANSPORT §7).
 *
 * quiche knows the peer by one virtual address for the link's whole life; this table says where packets
 * really go. Pure: time comes in, decisions come out.
 *
 * A packet is accepted from anywhere, because only quiche can tell whether it is genuine. But an address is
 * *proven* only when the peer answered a challenge there: by the Retry token, or by a keyed probe. A genuine packet
 * from another source makes it the active path only when the active one has been silent, as after a NAT
 * rebinding. While it is not proven it is asked for the proof, gets at most three times the bytes it sent (RFC 9000
 * §8.1), and yields to the first datagram from a proven one. So a copied or spoofed packet neither diverts a
 * link nor turns us on a third party.
 */
import { Buffer } from 'node:buffer';

import type { Random } from '../../actor/random.ts';
import type { Path, PhysicalAddress } from '../transport.ts';
import type { VirtualAddress } from './binding.ts';
import { NONCE_LENGTH, PROBE_SIZE } from './path-proof.ts';

/** Milliseconds of silence after which an unproven source may replace a proven path: a probe interval. */
export const SILENCE = 100;
/** Bytes sent to an unproven address per byte received from it. */
export const AMPLIFICATION = 3;
/** Milliseconds between two questions to one address; both carry the same nonce. */
export const ASK_AGAIN = 100;
/** Paths remembered per link; further sources are not followed. */
const MAX_PATHS = 6;
/** Datagrams per window accepted from sources other than the active path: each costs a statistics call. */
export const STRANGERS = 64;
export const STRANGERS_WINDOW = 25;

/** The address under which quiche knows our own side of every link. */
export const LOCAL_VIRTUAL: VirtualAddress = { host: 'fd00::1', port: 1 };

/** The virtual peer address of a link, unique within the endpoint for 2^32 links. */
export const virtualAddress = (linkId: number): VirtualAddress => ({
  host: `fd00::1:${Math.floor((linkId / 65_536) % 65_536).toString(16)}:${(linkId % 65_536).toString(16)}`,
  port: 1,
});

interface Entry {
  readonly kind: Path['kind'];
  readonly address: PhysicalAddress;
  /** The peer answered a challenge at exactly this address. */
  proven: boolean;
  /** What the answer must carry, once it was asked. */
  nonce: Uint8Array | undefined;
  asked: number;
  /** When the last datagram came from here. */
  heard: number;
  /** Bytes that may still be sent here; infinite when proven. */
  allowance: number;
}

export class PathTable {
  #active: Entry;
  readonly #entries: Entry[];
  #strangers = 0;
  /** Genuine packets that came from elsewhere, in all. */
  #foreign = 0;
  /** Genuine packets of the active path when that was last seen to grow, and when. */
  #own = -1;
  #ownAt = 0;
  #window = -Infinity;

  /** `address` is proven: we dialed it, or it returned our token. */
  constructor(address: PhysicalAddress, now: number) {
    this.#active = {
      kind: 'direct',
      address,
      proven: true,
      nonce: undefined,
      asked: -Infinity,
      heard: now,
      allowance: Infinity,
    };
    this.#entries = [this.#active];
  }

  /** Where packets are sent. */
  get address(): PhysicalAddress {
    return this.#active.address;
  }

  /** The peer has proven to be there. */
  get proven(): boolean {
    return this.#active.proven;
  }

  /** Bytes that may be sent to the active path now. */
  get allowance(): number {
    return this.#active.allowance;
  }

  get paths(): readonly Path[] {
    return this.#entries.map((entry) => ({
      kind: entry.kind,
      address: entry.address,
      active: entry === this.#active,
    }));
  }

  sent(bytes: number): void {
    this.#active.allowance -= bytes;
  }

  /**
   * A datagram came from a source. True when that is the active path, or is again; false when it is a stranger:
   * call `stranger` before and `genuine` after quiche has looked at it.
   */
  arrived(host: string, port: number, bytes: number, now: number): boolean {
    if (!at(this.#active, host, port)) {
      if (this.#active.proven) return false;
      // the peer's own copy of a packet that a stranger was faster with is not genuine any more: any datagram counts
      const proven = this.#entries.find((other) => other.proven && at(other, host, port));
      if (proven === undefined) return false;
      this.#active = proven;
    }
    this.#active.heard = now;
    this.#active.allowance += AMPLIFICATION * bytes;
    return true;
  }

  /** Whether a datagram from another source than the active path may be looked at now. */
  stranger(now: number): boolean {
    if (now - this.#window >= STRANGERS_WINDOW) {
      this.#window = now;
      this.#strangers = 0;
    }
    this.#strangers++;
    return this.#strangers <= STRANGERS;
  }

  /**
   * quiche accepted a datagram from a stranger as genuine. True when it is the active path now. `packets` were in it,
   * `all` came so far: what is left is the active path's, which somebody may keep alive in appearance by forged datagrams.
   */
  genuine(host: string, port: number, bytes: number, now: number, packets: number, all: number): boolean {
    this.#foreign += packets;
    const own = all - this.#foreign;
    if (own !== this.#own) {
      this.#own = own;
      this.#ownAt = now;
    }
    let entry = this.#entries.find((other) => at(other, host, port));
    if (entry === undefined) {
      if (this.#entries.length >= MAX_PATHS && !this.#forget()) return false;
      entry = {
        kind: 'direct',
        address: { host, port },
        proven: false,
        nonce: undefined,
        asked: -Infinity,
        heard: now,
        allowance: 0,
      };
      this.#entries.push(entry);
    }
    entry.heard = now;
    entry.allowance += AMPLIFICATION * bytes;
    if (now - Math.min(this.#active.heard, this.#ownAt) < SILENCE) return false;
    this.#active = entry;
    return true;
  }

  /** What the active path is to be asked now; undefined when it is proven, or was asked, or allows no more bytes. */
  question(now: number, random: Random): Uint8Array | undefined {
    const active = this.#active;
    if (active.proven || now - active.asked < ASK_AGAIN || active.allowance < PROBE_SIZE) return undefined;
    active.asked = now;
    active.nonce ??= random.bytes(NONCE_LENGTH);
    return active.nonce;
  }

  /** Whether the peer was asked there and has not answered yet. */
  awaits(host: string, port: number): boolean {
    return this.#entries.some((entry) => entry.nonce !== undefined && at(entry, host, port));
  }

  /** Whether that is where packets are sent. */
  isActive(host: string, port: number): boolean {
    return at(this.#active, host, port);
  }

  /** The peer answered from there. True when this proves the active path. */
  answered(host: string, port: number, nonce: Uint8Array): boolean {
    const entry = this.#entries.find((other) => at(other, host, port));
    if (entry?.nonce === undefined || !same(entry.nonce, nonce)) return false;
    entry.nonce = undefined;
    entry.proven = true;
    entry.allowance = Infinity;
    return entry === this.#active;
  }

  /** Drops the inactive path that was silent longest, proven ones last. */
  #forget(): boolean {
    const unused = this.#entries.filter((entry) => entry !== this.#active);
    const oldest = unused.reduce<Entry | undefined>(
      (least, entry) => (least === undefined || before(entry, least) ? entry : least),
      undefined,
    );
    if (oldest === undefined) return false;
    this.#entries.splice(this.#entries.indexOf(oldest), 1);
    return true;
  }
}

const before = (one: Entry, other: Entry): boolean =>
  one.proven === other.proven ? one.heard < other.heard : other.proven;

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const at = (entry: Entry, host: string, port: number): boolean =>
  entry.address.port === port && entry.address.host === host;
