/**
 * Hands ArrayBuffers over instead of copying them.
 */

/** Recognized across copies of this module: a worker thread loads one of its own. */
const TRANSFER: unique symbol = Symbol.for('espalier.transfer');

class Transferred {
  readonly value: unknown;
  readonly [TRANSFER]: readonly ArrayBuffer[];
  constructor(value: unknown, buffers: readonly ArrayBuffer[]) {
    this.value = value;
    this[TRANSFER] = buffers;
  }
}

/** For the result of a function in a worker: `buffers` in `value` move to the caller and are empty afterwards. */
export const transferred = <T>(value: T, buffers: readonly ArrayBuffer[]): T =>
  new Transferred(value, buffers) as T;
