/**
 * Binaries that outlive the bytes they came in. Small ones share a store: one of their own each would cost several times
 * as much as the copy, and as much again when it is collected.
 */

/** Bytes up to which V8 keeps an array within its heap, and from which on a store of its own does not matter. */
const TINY = 64;
const SMALL = 512;
/** Bytes of a store: what one kept binary holds at most. */
const STORE = 4_096;

let store = new Uint8Array(STORE);
let used = 0;

/** A copy, a plain `Uint8Array`. Its `buffer` may be shared with other binaries: it must not be transferred to a thread. */
export function binaryOf(bytes: Uint8Array, from: number, length: number): Uint8Array {
  const shared = length > TINY && length <= SMALL;
  const copy = shared ? place(length) : new Uint8Array(length);
  copy.set(new Uint8Array(bytes.buffer, bytes.byteOffset + from, length));
  return copy;
}

function place(length: number): Uint8Array {
  if (used + length > STORE) {
    store = new Uint8Array(STORE);
    used = 0;
  }
  const room = new Uint8Array(store.buffer, used, length);
  // the next one begins where any typed array may
  used += (length + 7) & ~7;
  return room;
}
