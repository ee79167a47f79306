/**
 * From quiche's packets to the socket, along the active path, and along a second one while that is in doubt.
 */
import type { Paths } from '../paths/paths.ts';
import type { PhysicalAddress } from '../transport.ts';
import type { NativeConnection } from './binding.ts';
import { DatagramSize, SAFE_SIZE } from './datagram-size.ts';
import type { LinkSeed } from './link-host.ts';
import type { Outlet } from './outlet.ts';

/** Packets sent per link and turn; pacing is ours to do (TRANSPORT §2.2). */
const BURST = 64;

/** Smallest packet worth building for a path with a limited allowance, bytes. */
const LEAST_PACKET = 64;

/** `emptied`: quiche had nothing more. `burst`: more may be there. `held`: the path allows no more. */
export type Sent = 'emptied' | 'burst' | 'held';

export class Sender {
  /** Clock time of the last packet. */
  lastSent: number;
  /** Of all packets. */
  bytesSent = 0;
  readonly #native: NativeConnection;
  readonly #outlet: Outlet;
  readonly #paths: Paths;
  /** The path whose size is known, and that. */
  #sized: PhysicalAddress;
  #size: DatagramSize;
  /** The handshake is under way: quiche fills a datagram that begins with an Initial and ends with data to its end. */
  #greeting = true;
  /** The first datagram, while it may have to be sent along another carrier. Empty before it is known. */
  #first: Buffer | undefined;

  constructor({ native, fallback }: LinkSeed, outlet: Outlet, paths: Paths, now: number) {
    this.#native = native;
    if (fallback === true) this.#first = Buffer.alloc(0);
    this.#outlet = outlet;
    this.#paths = paths;
    this.#sized = paths.address;
    this.#size = new DatagramSize(outlet.largest(this.#sized), now);
    this.lastSent = now;
  }

  /** The handshake is under way. */
  get greeting(): boolean {
    return this.#greeting;
  }

  /** What is due goes before a close, if it can: what is wrong with it the close says. */
  sendBeforeClose(now: number): void {
    try {
      this.send(now);
    } catch {
      // nothing more can be sent
    }
  }

  /** Sends one burst at most. Throws what quiche throws. */
  send(now: number): Sent {
    const paths = this.#paths;
    if (now < paths.heldUntil) return 'held';
    const { address, copy } = paths;
    if (address !== this.#sized) this.#moved(address, now);
    for (let packets = 0; packets < BURST; packets++) {
      const size = this.#packetSize(copy !== undefined);
      if (size < LEAST_PACKET) return 'held';
      // The length of the buffer limits the packet.
      const packet = this.#native.send(this.#outlet.buffer(size));
      if (packet === null) {
        if (this.#greeting) this.#greets();
        return 'emptied';
      }
      this.lastSent = now;
      this.bytesSent += packet[0];
      if (this.#first?.length === 0) this.#first = Buffer.from(this.#outlet.buffer(packet[0]));
      paths.sent(packet[0]);
      this.#size.sent(packet[0], now);
      this.#outlet.send(packet[0], address, copy);
    }
    return 'burst';
  }

  /** quiche's timer is due: it gives up what is lost, or asks again. `late`: our own event loop was. */
  expired(now: number, late: boolean): void {
    const telling = !late && this.#size.doubtable(now) && this.#native.timeout() === 0;
    const lost = telling ? this.#native.stats().lost : 0;
    this.#native.onTimeout();
    // Nothing was given up: it is a probe timeout.
    const counts = telling ? this.#native.stats() : undefined;
    if (counts?.lost === lost) this.#size.unanswered(now, counts);
  }

  /** Whether datagrams of this size still arrive. */
  review(now: number): void {
    if (!this.#size.curious(now)) return;
    this.#size.look(now, this.#native.stats(), () => this.#native.pathStats()[0]?.rtt ?? 0);
  }

  /** What one path carries says nothing of another. */
  #moved(address: PhysicalAddress, now: number): void {
    this.#sized = address;
    this.#size = new DatagramSize(this.#outlet.largest(address), now);
    // quiche repeats it too, but not now
    if (this.#first !== undefined) this.#outlet.sendCopy(this.#first, address);
  }

  #greets(): void {
    this.#greeting = !this.#native.isEstablished();
    if (!this.#greeting) this.#first = undefined;
  }

  /** A power of two when the path's allowance limits it, so that few buffers are needed. */
  #packetSize(twice: boolean): number {
    const { allowance } = this.#paths;
    const limit = this.#greeting || twice ? Math.min(SAFE_SIZE, this.#size.limit) : this.#size.limit;
    if (allowance >= limit) return limit;
    return allowance < LEAST_PACKET ? 0 : 2 ** Math.floor(Math.log2(allowance));
  }
}
