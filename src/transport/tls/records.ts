/**
 * Datagrams on a byte stream: two bytes of length, big-endian, then the datagram (DESIGN §8, `macula-relay`). Pure.
 */
import { Buffer } from 'node:buffer';

const HEADER = 2;

/** Largest datagram in a record: as large as the length can say. */
export const MAX_RECORD = 65_535;

/** The record of a datagram; undefined when it is empty or too large. */
export function record(datagram: Uint8Array): Buffer | undefined {
  const { length } = datagram;
  if (length === 0 || length > MAX_RECORD) return undefined;
  const bytes = Buffer.allocUnsafe(HEADER + length);
  bytes.writeUInt16BE(length, 0);
  bytes.set(datagram, HEADER);
  return bytes;
}

/** Cuts a stream into datagrams, whatever the pieces in which it comes. Keeps less than one record. */
export class RecordReader {
  #rest: Buffer = Buffer.alloc(0);
  #broken = false;

  /** Bytes of an unfinished record. */
  get pending(): number {
    return this.#rest.length;
  }

  /**
   * Gives each whole datagram to `take`, as a view that nobody else writes to. False when the stream makes no sense:
   * nothing is empty. What was before that was given.
   */
  read(chunk: Buffer, take: (datagram: Buffer) => void): boolean {
    if (this.#broken) return false;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const length = bytes.readUInt16BE(at);
      if (length === 0) {
        this.#broken = true;
        this.#rest = Buffer.alloc(0);
        return false;
      }
      if (bytes.length - at - HEADER < length) break;
      take(bytes.subarray(at + HEADER, at + HEADER + length));
      at += HEADER + length;
    }
    this.#rest = bytes.subarray(at);
    return true;
  }
}
