/** Whether small pieces wait for more: only while so much comes that they wait for next to nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace, PARCEL, PATIENCE } from '../../../src/dist/bridge/pace.ts';

interface Piece {
  readonly bytes: number;
  /** Milliseconds after the one before. */
  readonly after: number;
}

const pieces = (most: number): fc.Arbitrary<readonly Piece[]> =>
  fc.array(
    fc.record({
      bytes: fc.integer({ min: 1, max: most }),
      after: fc.double({ min: 0, max: 3 * PATIENCE, noNaN: true }),
    }),
    { maxLength: 200 },
  );

/** Of each piece: when it came, and whether it was fast then. */
function judged(all: readonly Piece[]): readonly (Piece & { readonly at: number; readonly fast: boolean })[] {
  const pace = new Pace();
  let at = 0;
  return all.map((piece) => {
    at += piece.after;
    pace.came(piece.bytes, at);
    return { ...piece, at, fast: pace.fast };
  });
}

test('nothing is fast unless a parcel has come within a millisecond, in the last two', () => {
  fc.assert(
    fc.property(pieces(PARCEL), (all) => {
      const seen = judged(all);
      for (const [index, { at, fast }] of seen.entries()) {
        if (!fast) continue;
        const recent = seen.slice(0, index + 1).filter((piece) => at - piece.at <= 2 * PATIENCE);
        const bytes = recent.reduce((sum, piece) => sum + piece.bytes, 0);
        expect(bytes).toBeGreaterThanOrEqual(PARCEL);
      }
    }),
  );
});

test('a steady stream of a parcel a millisecond and more is fast from its second millisecond on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 50 }),
      fc.integer({ min: PARCEL, max: 64 * PARCEL }),
      (each, rate) => {
        const step = PATIENCE / each;
        const all = Array.from({ length: 10 * each }, () => ({
          bytes: Math.ceil(rate / (each - 1)),
          after: step,
        }));
        const late = judged(all).slice(2 * each);
        expect(late.every(({ fast }) => fast)).toBe(true);
      },
    ),
  );
});

test('what comes after a pause is not fast, however much came before it', () => {
  const pace = new Pace();
  pace.came(100 * PARCEL, 0);
  expect(pace.fast).toBe(true);
  pace.came(300, 2 * PATIENCE);
  expect(pace.fast).toBe(false);
});
