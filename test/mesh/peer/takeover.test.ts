import { describe, expect, test } from 'vitest';
import { admits, isSmaller, OVERLAP, yields, type Older } from '../../../src/mesh/peer/takeover.ts';

const epoch = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const older = (over: Partial<Older>): Older => ({ dialed: true, epoch: undefined, readySince: 0, ...over });
const NOW = 10_000;

describe('a hello beside another connection of the same peer', () => {
  test.each([true, false])(
    'by the side that dialed the older one too replaces it (smaller: %s)',
    (smaller) => {
      for (const have of [true, false]) {
        expect(admits(older({ dialed: false }), { epoch: epoch(1), have }, smaller, NOW)).toBe(true);
      }
    },
  );

  test('of opposite dials that overlap, the one by the smaller id stays', () => {
    for (const readySince of [undefined, NOW, NOW - OVERLAP + 1]) {
      const ours = older({ readySince });
      expect(admits(ours, { epoch: epoch(1), have: false }, true, NOW)).toBe(false);
      expect(admits(ours, { epoch: epoch(1), have: false }, false, NOW)).toBe(true);
    }
  });

  test('is refused when the peer has accepted ours before, whoever is smaller', () => {
    for (const readySince of [undefined, NOW, NOW - OVERLAP]) {
      for (const smaller of [true, false]) {
        expect(admits(older({ readySince }), { epoch: epoch(1), have: true }, smaller, NOW)).toBe(false);
      }
    }
  });

  test('wins at once when the peer has lost ours, or is another process', () => {
    const long = older({ readySince: NOW - OVERLAP });
    expect(admits(long, { epoch: epoch(1), have: false }, true, NOW)).toBe(true);
    const known = older({ epoch: epoch(1), readySince: NOW });
    expect(admits(known, { epoch: epoch(2), have: true }, true, NOW)).toBe(true);
    expect(admits(known, { epoch: epoch(1), have: true }, true, NOW)).toBe(false);
  });
});

test('our own dial yields while the peer cannot know of it, and is left to the peer afterwards', () => {
  const own = { ...older({ readySince: undefined }), greeted: false };
  expect(yields(own)).toBe(true);
  expect(yields({ ...own, greeted: true })).toBe(false);
  expect(yields({ ...own, readySince: 1 })).toBe(false);
  expect(yields({ ...own, dialed: false })).toBe(false);
});

test('ids are compared byte by byte', () => {
  expect(isSmaller(epoch(1), epoch(2))).toBe(true);
  expect(isSmaller(epoch(200), epoch(2))).toBe(false);
  expect(isSmaller(epoch(2), epoch(2))).toBe(false);
});
