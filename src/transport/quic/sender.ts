/**
 * From quiche's packets to the socket, along the active path.
 */
import type { NativeConnection } from './binding.ts';
import { DatagramSize, SAFE_SIZE } from './datagram-size.ts';
import type { PathTable } from './path-table.ts';
import type { UdpSocket } from './socket.ts';

/** Packets sent per link and turn; pacing is ours to do (TRANSPORT §2.2). */
const BURST = 64;

/** Smallest packet worth building for a path with a limited allowance, bytes. */
const LEAST_PACKET = 64;

/** `emptied`: quiche had nothing more. `burst`: more may be there. `held`: the path allows no more. */
export type Sent = 'emptied' | 'burst' | 'held';

export class Sender {
  /** Clock time of the last packet. */
  lastSent: number;
  readonly #native: NativeConnection;
  readonly #socket: UdpSocket;
  readonly #paths: PathTable;
  readonly #size: DatagramSize;
  /** The handshake is under way: quiche fills a datagram that begins with an Initial and ends with data to its end. */
  #greeting = true;

  /** `largest` datagram the path is expected to carry, bytes. */
  constructor(native: NativeConnection, socket: UdpSocket, paths: PathTable, largest: number, now: number) {
    this.#native = native;
    this.#socket = socket;
    this.#paths = paths;
    this.#size = new DatagramSize(largest, now);
    this.lastSent = now;
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
    for (let packets = 0; packets < BURST; packets++) {
      const size = this.#packetSize();
      if (size < LEAST_PACKET) return 'held';
      // The length of the buffer limits the packet.
      const packet = this.#native.send(this.#socket.buffer(size));
      if (packet === null) {
        if (this.#greeting) this.#greeting = !this.#native.isEstablished();
        return 'emptied';
      }
      this.lastSent = now;
      this.#paths.sent(packet[0]);
      this.#size.sent(packet[0], now);
      this.#socket.send(packet[0], this.#paths.address);
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
    const rtt = this.#native.pathStats()[0]?.rtt ?? 0;
    this.#size.look(now, this.#native.stats(), rtt);
  }

  /** A power of two when the path's allowance limits it, so that few buffers are needed. */
  #packetSize(): number {
    const { allowance } = this.#paths;
    const limit = this.#greeting ? Math.min(SAFE_SIZE, this.#size.limit) : this.#size.limit;
    if (allowance >= limit) return limit;
    return allowance < LEAST_PACKET ? 0 : 2 ** Math.floor(Math.log2(allowance));
  }
}
