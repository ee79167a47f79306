import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LARGEST_CHUNK, TokenBucket, type ByteRate } from '../../../src/dist/relay/server/token-bucket.ts';

/** Bytes that went through, and when. */
type Passed = readonly { readonly at: number; readonly bytes: number }[];

/** Forwards chunks as fast as the bucket lets it, with pauses of its own before some of them. */
function forward(limits: ByteRate, chunks: readonly number[], pauses: readonly number[] = []): Passed {
  const bucket = new TokenBucket(limits);
  let now = 5_000;
  return chunks.map((bytes, index) => {
    now += pauses[index % Math.max(1, pauses.length)] ?? 0;
    now += bucket.wait(now);
    expect(bucket.wait(now)).toBe(0);
    bucket.take(bytes, now);
    return { at: now, bytes };
  });
}

/** The most that went through in any so many milliseconds. */
function most(passed: Passed, window: number): number {
  let [from, sum, largest] = [0, 0, 0];
  for (const { at, bytes } of passed) {
    sum += bytes;
    while (passed[from]!.at < at - window) sum -= passed[from++]!.bytes;
    largest = Math.max(largest, sum);
  }
  return largest;
}

const chunks = fc.array(fc.oneof(fc.integer({ min: 1, max: LARGEST_CHUNK }), fc.constant(LARGEST_CHUNK)), {
  minLength: 1,
  maxLength: 300,
});

describe('in any time', () => {
  test('no more than the burst and what the rate allows goes through, the last chunk included', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 10_000_000 }),
        fc.integer({ min: 2 * LARGEST_CHUNK, max: 4_000_000 }),
        chunks,
        fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 20_000 })), { maxLength: 5 }),
        fc.integer({ min: 1, max: 60_000 }),
        (rate, burst, sizes, pauses, window) => {
          const passed = forward({ rate, burst }, sizes, pauses);
          for (const each of [window, 10_000])
            expect(most(passed, each)).toBeLessThanOrEqual(burst + (rate * each) / 1_000);
        },
      ),
    );
  });

  test('a burst of less than two chunks is kept with small ones, and missed by less than a chunk with large ones', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 1_000_000 }),
        fc.integer({ min: 1_000, max: 2 * LARGEST_CHUNK }),
        chunks,
        (rate, burst, sizes) => {
          const small = sizes.map((bytes) => 1 + (bytes % Math.floor(burst / 2)));
          expect(most(forward({ rate, burst }, small), 10_000)).toBeLessThanOrEqual(burst + rate * 10);
          expect(most(forward({ rate, burst }, sizes), 10_000)).toBeLessThan(
            burst + rate * 10 + LARGEST_CHUNK,
          );
        },
      ),
    );
  });
});

test('who always has something to send gets the rate, and not less', () => {
  for (const rate of [10_000, 131_072, 5_000_000])
    for (const bytes of [1_000, 16_384, LARGEST_CHUNK]) {
      const passed = forward({ rate, burst: 262_144 }, new Array<number>(2_000).fill(bytes));
      const seconds = (passed.at(-1)!.at - passed[0]!.at) / 1_000;
      // what is taken within the same millisecond waits for the next one
      expect((2_000 * bytes) / seconds).toBeGreaterThanOrEqual(rate * 0.98);
    }
});

describe('a bucket', () => {
  test('begins full: the burst goes through at once, and the chunk behind it waits', () => {
    const bucket = new TokenBucket({ rate: 1_000, burst: 4 * LARGEST_CHUNK });
    for (let count = 0; count < 4; count++) {
      expect(bucket.wait(0)).toBe(0);
      bucket.take(LARGEST_CHUNK, 0);
    }
    expect(bucket.wait(0)).toBe(LARGEST_CHUNK);
  });

  test('says how many milliseconds it is in debt, rounded up, and is out of it then', () => {
    const bucket = new TokenBucket({ rate: 3_000, burst: 1_000 });
    bucket.take(501, 100);
    expect(bucket.wait(100)).toBe(1);
    expect(bucket.wait(101)).toBe(0);
    bucket.take(3_002, 101);
    expect(bucket.wait(101)).toBe(1_000);
    expect(bucket.wait(1_100)).toBe(1);
    expect(bucket.wait(1_101)).toBe(0);
  });

  test('holds no more than its burst, however long nobody came', () => {
    const bucket = new TokenBucket({ rate: 1_000, burst: 1_000 });
    expect(bucket.wait(1e12)).toBe(0);
    bucket.take(500, 1e12);
    expect(bucket.wait(1e12)).toBe(0);
    bucket.take(1, 1e12);
    expect(bucket.wait(1e12)).toBe(1);
  });

  test('gains nothing by a clock that goes backwards', () => {
    const bucket = new TokenBucket({ rate: 1_000, burst: 1_000 });
    bucket.take(600, 1_000);
    expect(bucket.wait(500)).toBe(100);
    expect(bucket.wait(1_000)).toBe(100);
    expect(bucket.wait(1_050)).toBe(50);
  });

  test('without a limit lets everything through', () => {
    const bucket = new TokenBucket({ rate: Infinity, burst: Infinity });
    bucket.take(1e12, 0);
    expect(bucket.wait(0)).toBe(0);
    const fast = new TokenBucket({ rate: Infinity, burst: 0 });
    fast.take(1e12, 0);
    expect(fast.wait(0)).toBe(0);
  });
});

describe('two that share a rate', () => {
  const RATE = { rate: 1_000_000, burst: 1_000_000 };

  /** Those who want to pass, each as fast as it is let, for so many ms; the first one in the list first. Bytes of each. */
  function race(wanting: readonly TokenBucket[], chunk: number, time: number): readonly number[] {
    const passed = wanting.map(() => 0);
    for (let now = 0; now < time; now++)
      for (const [at, bucket] of wanting.entries())
        while (bucket.wait(now) === 0) {
          bucket.take(chunk, now);
          passed[at]! += chunk;
        }
    return passed;
  }

  test('neither keeps the other out: both at once have half each', () => {
    for (const order of [0, 1]) {
      const [one, other] = TokenBucket.pair(RATE);
      const passed = race(order === 0 ? [one, other] : [other, one], 10_000, 60_000);
      for (const bytes of passed) expect(Math.abs(bytes - 30_000_000)).toBeLessThan(1_000_000);
    }
  });

  test('one alone has all of it', () => {
    const [one] = TokenBucket.pair(RATE);
    expect(race([one], 10_000, 60_000)[0]).toBeGreaterThan(60_000_000);
  });

  test('who waits as it is told passes then, and not much before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 2_000_000 }), fc.nat({ max: 3_000 })), {
          minLength: 1,
        }),
        (steps) => {
          for (const asked of [0, 1] as const) {
            const pair = TokenBucket.pair(RATE);
            let now = 0;
            for (const [first, bytes, pause] of steps) {
              now += pause;
              pair[first ? 0 : 1].take(bytes, now);
            }
            const bucket = pair[asked];
            const wait = bucket.wait(now);
            if (wait > 1) expect(bucket.wait(now + wait - 2)).toBeGreaterThan(0);
            expect(bucket.wait(now + wait)).toBe(0);
          }
        },
      ),
    );
  });

  test('in any time no more than the burst and the rate allow goes through both', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4 * LARGEST_CHUNK, max: 4_000_000 }),
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: LARGEST_CHUNK }), fc.nat({ max: 50 })), {
          minLength: 1,
          maxLength: 400,
        }),
        fc.integer({ min: 1, max: 20_000 }),
        (burst, steps, window) => {
          const { rate } = RATE;
          const pair = TokenBucket.pair({ rate, burst });
          const passed: { at: number; bytes: number }[] = [];
          let now = 0;
          for (const [first, bytes, pause] of steps) {
            now += pause;
            const bucket = pair[first ? 0 : 1];
            if (bucket.wait(now) > 0) continue;
            bucket.take(bytes, now);
            passed.push({ at: now, bytes });
          }
          expect(most(passed, window)).toBeLessThanOrEqual(burst + (rate * window) / 1_000);
        },
      ),
    );
  });
});
