import { describe, expect, test } from 'vitest';
import { weightOf } from '../../../src/mesh/connection/weight.ts';

describe('weightOf', () => {
  test('a string weighs its characters, bytes their length, a bare number nothing', () => {
    expect(weightOf('x'.repeat(1_000)) - weightOf('')).toBe(1_000);
    expect(weightOf(new Uint8Array(1_000)) - weightOf(new Uint8Array(0))).toBe(1_000);
    expect([weightOf(1), weightOf(null), weightOf(true)]).toEqual([0, 0, 0]);
  });

  test('what is small on the wire and large in memory weighs what it takes in memory, as measured, or more', () => {
    const measured = [
      [Array.from({ length: 1_000 }, (_, n) => n + 0.5), 24],
      [Array.from({ length: 1_000 }, () => ({})), 64],
      [Array.from({ length: 1_000 }, () => []), 40],
      [Array.from({ length: 1_000 }, (_, n) => ({ [`k${n}`]: 1 })), 210],
      [Array.from({ length: 1_000 }, () => new Uint8Array(4)), 216],
    ] as const;
    for (const [value, each] of measured) expect(weightOf(value)).toBeGreaterThanOrEqual(1_000 * each);
  });
});
