/**
 * Datagrams on a byte stream: two bytes of length, big-endian, then the datagram (DESIGN §8, `macula-relay`). Pure.
 */
import { Buffer } from 'node:buffer';

const HEADER = 2;

/** Largest datagram in a record: no way sends a larger one than UDP takes (TRANSPORT §5.1). On this machine it may be larger. */
export const MAX_RECORD = 2_048;
export const MAX_RECORD_HERE = 16_384;

/** The record of a datagram; undefined when it is empty or too large. */
export function record(datagram: Uint8Array, largest: number = MAX_RECORD): Buffer | undefined {
  const { length } = datagram;
  if (length === 0 || length > largest) return undefined;
  const bytes = Buffer.allocUnsafe(HEADER + length);
  bytes.writeUInt16BE(length, 0);
  bytes.set(datagram, HEADER);
  return bytes;
}

/**
 * Cuts a stream into datagrams, whatever the pieces in which it comes: each byte is looked at once. Keeps less than one
 * record.
 */
export class RecordReader {
  readonly #largest: number;
  /** The first byte of a length whose second one has not come. */
  #high: number | undefined;
  /** A datagram of which a part has come, and how much. */
  #part: Buffer | undefined;
  #filled = 0;
  #broken = false;

  constructor(largest: number = MAX_RECORD) {
    this.#largest = largest;
  }

  /** Bytes of an unfinished record. */
  get pending(): number {
    if (this.#part !== undefined) return HEADER + this.#filled;
    return this.#high === undefined ? 0 : 1;
  }

  /**
   * Gives each whole datagram to `take`, as a view that nobody else writes to. False when the stream makes no sense:
   * nothing is empty, and nothing too large. What was before that was given.
   */
  read(chunk: Buffer, take: (datagram: Buffer) => void): boolean {
    let at = this.#part === undefined ? 0 : this.#fill(chunk, 0, take);
    while (at < chunk.length && !this.#broken) {
      if (this.#high === undefined && chunk.length - at < HEADER) {
        this.#high = chunk[at];
        break;
      }
      at = this.#begin(chunk, at, take);
    }
    return !this.#broken;
  }

  /** Reads a length, and what has come of its datagram. Returns how far it got. */
  #begin(chunk: Buffer, at: number, take: (datagram: Buffer) => void): number {
    const high = this.#high;
    const length = high === undefined ? chunk.readUInt16BE(at) : (high << 8) | chunk.readUInt8(at);
    const from = at + (high === undefined ? HEADER : 1);
    this.#high = undefined;
    if (length === 0 || length > this.#largest) {
      this.#broken = true;
      return from;
    }
    const end = from + length;
    if (end <= chunk.length) {
      take(chunk.subarray(from, end));
      return end;
    }
    this.#part = Buffer.allocUnsafe(length);
    this.#filled = 0;
    return this.#fill(chunk, from, take);
  }

  #fill(chunk: Buffer, at: number, take: (datagram: Buffer) => void): number {
    const part = this.#part as Buffer;
    const taken = chunk.copy(part, this.#filled, at);
    this.#filled += taken;
    if (this.#filled === part.length) {
      this.#part = undefined;
      take(part);
    }
    return at + taken;
  }
}
