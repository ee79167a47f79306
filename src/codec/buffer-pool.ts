/**
 * Buffers for whole frames, used again and again: each would be garbage outside the heap after one message, and the
 * engine answers a hundred of those with a full collection.
 *
 * Who gives a buffer back must be its only user, and use it no more; one that is never given back is merely
 * collected. What was in it before is not erased.
 */

/** Sizes above the smallest are multiples of this many bytes: few sizes, so that buffers fit again. */
const STEP = 16_384;
/** Bytes kept for later, over all sizes. */
const KEPT = 4_194_304;

const free = new Map<number, Uint8Array[]>();
/** Whose memory is out now. What else comes back is not ours, such as a part of Node's pool of small buffers. */
const lent = new WeakSet<ArrayBufferLike>();
let kept = 0;

/** A buffer of at least `size` bytes, with anything in it. */
export function takeBuffer(size: number): Uint8Array {
  const rounded = size <= STEP / 4 ? STEP / 4 : Math.ceil(size / STEP) * STEP;
  const used = free.get(rounded)?.pop();
  if (used !== undefined) kept -= rounded;
  const buffer = used ?? new Uint8Array(rounded);
  lent.add(buffer.buffer);
  return buffer;
}

/** Takes back what `takeBuffer` gave, or a view of it, once; anything else is left alone. */
export function giveBuffer(bytes: Uint8Array): void {
  const size = bytes.buffer.byteLength;
  // one that was moved to another thread has no size any more
  if (!lent.delete(bytes.buffer) || size === 0 || kept + size > KEPT) return;
  kept += size;
  const buffer = new Uint8Array(bytes.buffer);
  const same = free.get(size);
  if (same === undefined) free.set(size, [buffer]);
  else same.push(buffer);
}
