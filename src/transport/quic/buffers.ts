/**
 * The buffers that every endpoint of this thread works in, one of each.
 *
 * Each is filled and emptied within one synchronous step, or lent for one. A node that has hundreds of endpoints, as in
 * tests and benches, pays for them once.
 */
import { RELAY_OVERHEAD } from '../way.ts';
import { MAX_RECEIVED_DATAGRAM } from './config.ts';

/** Bytes read from a stream at once. */
const INPUT = 65_536;

/** Stream data is read into it and lent to receivers. */
export const input: Buffer = Buffer.allocUnsafeSlow(INPUT);

/** Small writes are merged in it. Not `input`, whose bytes may be lent meanwhile. */
export const scratch: Buffer = Buffer.allocUnsafeSlow(INPUT);

/** Bytes that stay free before a datagram, for what a relay wants there. */
export const HEADROOM: number = RELAY_OVERHEAD;

const WHOLE = HEADROOM + MAX_RECEIVED_DATAGRAM;

/** Where datagrams are built before they are sent. */
export class DatagramBuffer {
  #whole: Buffer = Buffer.allocUnsafeSlow(WHOLE);
  /** By length: a native `send` fills at most what it is given. */
  readonly #prefixes = new Map<number, Buffer>();

  /** `HEADROOM` bytes, then the datagram. */
  get whole(): Buffer {
    return this.#whole;
  }

  /** The first `length` bytes of the datagram. */
  prefix(length: number): Buffer {
    let prefix = this.#prefixes.get(length);
    if (prefix === undefined) {
      prefix = this.#whole.subarray(HEADROOM, HEADROOM + length);
      this.#prefixes.set(length, prefix);
    }
    return prefix;
  }

  /** The system still needs its bytes where they are: the next datagram is built elsewhere. */
  leave(): void {
    this.#whole = Buffer.allocUnsafeSlow(WHOLE);
    this.#prefixes.clear();
  }
}

export const outgoing: DatagramBuffer = new DatagramBuffer();
