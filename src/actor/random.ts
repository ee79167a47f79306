/**
 * Chance as the runtime sees it, and the only file that touches the operating system's.
 *
 * Ids, keys, jitter and choices all come from a `Random`, so that a run can be replayed by its seed.
 * `fork` gives a component its own stream: an extra draw there does not shift anybody else's.
 */
import { createHash, randomFillSync } from 'node:crypto';

/** Where chance comes from: the system's source, or in tests a stream that a seed repeats. */
export interface Random {
  /** Uniform integer in 0 … 2^32 - 1. */
  u32(): number;
  /** Uniform number in [0, 1). */
  float(): number;
  /** `length` fresh random bytes; the caller owns them. */
  bytes(length: number): Uint8Array;
  /** An independent stream, named so that it is the same in every run. */
  fork(label: string): Random;
}

/** Bytes drawn from the operating system at once; a call id takes 16. */
const POOL = 8_192;

const pool = Buffer.allocUnsafeSlow(POOL);
let used = POOL;

function draw(length: number): Buffer {
  if (used + length > POOL) {
    randomFillSync(pool);
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}

/** Cryptographic randomness of the operating system. */
export const systemRandom: Random = {
  u32: () => draw(4).readUInt32LE(0),
  float: () => draw(4).readUInt32LE(0) / 4_294_967_296,
  bytes: (length) => (length > 1_024 ? randomFillSync(new Uint8Array(length)) : new Uint8Array(draw(length))),
  fork: () => systemRandom,
};

/** A repeatable stream (sfc32 over a hashed seed). For simulation and tests, never for real keys. */
export function seededRandom(seed: string | number): Random {
  const name = String(seed);
  const start = createHash('sha256').update(name).digest();
  let a = start.readUInt32LE(0) | 0;
  let b = start.readUInt32LE(4) | 0;
  let c = start.readUInt32LE(8) | 0;
  let counter = 1;
  const u32 = (): number => {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out >>> 0;
  };
  for (let i = 0; i < 12; i++) u32();
  return {
    u32,
    float: () => u32() / 4_294_967_296,
    bytes: (length) => Uint8Array.from({ length }, () => u32() & 0xff),
    fork: (label) => seededRandom(`${name}/${label}`),
  };
}
