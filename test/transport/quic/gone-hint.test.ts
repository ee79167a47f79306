import { describe, expect, test } from 'vitest';
import { goneHint, goneId, HintBudget } from '../../../src/transport/quic/gone-hint.ts';

const packet = (length: number): Buffer => {
  const bytes = Buffer.alloc(length, 0x5a);
  bytes[0] = 0x40;
  return bytes;
};

describe('the hint that a link is not known', () => {
  test('names the id, is shorter than what it answers and is not QUIC', () => {
    const hint = Buffer.from(goneHint(packet(41)) ?? []);
    expect(hint.length).toBeLessThan(41);
    expect((hint[0] ?? 0xff) & 0x40).toBe(0);
    expect(goneId(hint)).toBe(packet(41).toString('latin1', 1, 21));
  });

  test('is no answer to what is too short for a packet, nor to another hint', () => {
    expect(goneHint(packet(40))).toBeUndefined();
    expect(goneHint(Buffer.from(goneHint(packet(41)) ?? []))).toBeUndefined();
  });

  test.each([
    [Buffer.alloc(0)],
    [Buffer.alloc(21)],
    [packet(21)],
    [Buffer.alloc(22, 3)],
    [Buffer.alloc(20, 3)],
  ])('%j is none', (bytes) => {
    expect(goneId(bytes)).toBeUndefined();
  });

  test('is sent a thousand times per second and no more', () => {
    const budget = new HintBudget();
    const taken = (now: number): number =>
      Array.from({ length: 5_000 }, () => budget.take(now)).filter(Boolean).length;
    expect([taken(0), taken(999), taken(1_000)]).toEqual([1_000, 0, 1_000]);
  });
});
