/**
 * The physical paths under one link (DESIGN D4, TRANSPORT §7).
 *
 * quiche knows the peer by one virtual address for the link's whole life; this table says where packets
 * really go. Pure: time comes in, decisions come out.
 *
 * A packet is accepted from anywhere, because only quiche can tell whether it is genuine. But an address is
 * *proven* only when the peer answered a challenge there: by the Retry token, or by a keyed probe (not built
 * yet). A genuine packet from an unproven source makes it the active path only when the proven one
 * has been silent, as after a NAT rebinding; it then gets at most three times the bytes it sent (RFC 9000
 * §8.1), and the proven path takes over again with its first datagram. So a copied or spoofed packet
 * neither diverts a link nor turns us on a third party.
 */
import type { Path, PhysicalAddress } from '../transport.ts';
import type { VirtualAddress } from './binding.ts';

/** Milliseconds of silence after which an unproven source may replace a proven path: a probe interval. */
export const SILENCE = 100;
/** Bytes sent to an unproven address per byte received from it. */
export const AMPLIFICATION = 3;
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
  readonly proven: boolean;
  /** When the last datagram came from here. */
  heard: number;
  /** Bytes that may still be sent here; infinite when proven. */
  allowance: number;
}

export class PathTable {
  #active: Entry;
  readonly #entries: Entry[];
  #strangers = 0;
  #window = -Infinity;

  /** `address` is proven: we dialed it, or it returned our token. */
  constructor(address: PhysicalAddress, now: number) {
    this.#active = { kind: 'direct', address, proven: true, heard: now, allowance: Infinity };
    this.#entries = [this.#active];
  }

  /** Where packets are sent. */
  get address(): PhysicalAddress {
    return this.#active.address;
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
   * A datagram came from a source. True when that is the active path, or is now; false when it is a
   * stranger: call `stranger` before and `genuine` after quiche has looked at it.
   */
  arrived(host: string, port: number, bytes: number, now: number): boolean {
    let entry: Entry | undefined = this.#active;
    if (!at(entry, host, port)) entry = this.#entries.find((other) => at(other, host, port));
    if (entry === undefined) return false;
    entry.heard = now;
    entry.allowance += AMPLIFICATION * bytes;
    if (entry.proven) this.#active = entry;
    return entry === this.#active;
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

  /** quiche accepted a packet from a stranger as genuine. True when it is the active path now. */
  genuine(host: string, port: number, bytes: number, now: number): boolean {
    let entry = this.#entries.find((other) => at(other, host, port));
    if (entry === undefined) {
      if (this.#entries.length >= MAX_PATHS && !this.#forget()) return false;
      const allowance = AMPLIFICATION * bytes;
      entry = { kind: 'direct', address: { host, port }, proven: false, heard: now, allowance };
      this.#entries.push(entry);
    }
    if (now - this.#active.heard < SILENCE) return false;
    this.#active = entry;
    return true;
  }

  /** Drops the unproven, inactive path that was silent longest. */
  #forget(): boolean {
    const unused = this.#entries.filter((entry) => !entry.proven && entry !== this.#active);
    const oldest = unused.reduce<Entry | undefined>(
      (least, entry) => (least === undefined || entry.heard < least.heard ? entry : least),
      undefined,
    );
    if (oldest === undefined) return false;
    this.#entries.splice(this.#entries.indexOf(oldest), 1);
    return true;
  }
}

const at = (entry: Entry, host: string, port: number): boolean =>
  entry.address.port === port && entry.address.host === host;
