/**
 * What a control frame is made of, in either encoding: one item after the other, each with its head. Pure.
 *
 * Nothing is built from them and nothing is copied: texts and byte strings refer to the frame.
 */
export type Item =
  | { readonly tag: 'text' | 'bytes'; readonly bytes: Uint8Array }
  /** Above 2^53 not exact. */
  | { readonly tag: 'uint'; readonly value: number }
  /** So many items follow that belong to it. */
  | { readonly tag: 'list'; readonly count: number }
  /** So many pairs of items follow. */
  | { readonly tag: 'map'; readonly count: number }
  /** Whatever no field of ours may be: negative, a fraction, true. */
  | { readonly tag: 'other' };

/** Reads the item that begins here, without those that belong to it; undefined: there is none. */
export type ReadItem = (cursor: Cursor) => Item | undefined;

export const OTHER: Item = { tag: 'other' };

/** A place in a frame. What it is asked for and is not there is undefined; then it is not to be used any more. */
export class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** So many bytes as a number, big-endian. */
  uint(size: number): number | undefined {
    if (size > this.left) return undefined;
    let value = 0;
    for (let count = 0; count < size; count++) value = value * 256 + (this.#bytes[this.#at++] as number);
    return value;
  }

  /** So many bytes as they are. */
  string(tag: 'text' | 'bytes', length: number | undefined): Item | undefined {
    if (length === undefined || length > this.left) return undefined;
    this.#at += length;
    return { tag, bytes: this.#bytes.subarray(this.#at - length, this.#at) };
  }

  /** So many bytes that nobody looks at. */
  other(length: number | undefined): Item | undefined {
    return this.string('bytes', length) && OTHER;
  }
}
