import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CANONICAL_LIMITS, DEFAULT_LIMITS } from '../../src/codec/limits.ts';
import { prescan } from '../../src/codec/prescan.ts';
import { isWellFormedUtf8 } from '../../src/codec/utf8.ts';
import { same } from '../actor/world.ts';
import { bytesOf, head, hostile } from '../fuzz/corpus.ts';
import { isWellFormed } from './values.ts';

/** Generous: SECURITY asks for 50 ms on an idle machine, this runs beside others. */
const MAX_MS = 1_000;

describe('prescan', () => {
  test.each(hostile)('$name: $rule', ({ payload, rule }) => {
    const before = performance.now();
    expect(prescan(payload)).toBe(rule);
    expect(performance.now() - before).toBeLessThan(MAX_MS);
  });

  test('accepts a good payload right after each hostile one', () => {
    const good = bytesOf('a2616101616202');
    for (const { payload } of hostile) {
      prescan(payload);
      expect(prescan(good)).toBeNull();
    }
  });

  test('every proper prefix of an accepted item is truncated', () => {
    const item = bytesOf('a3616118ff6162820163c3a97a6163fb3ff0000000000000');
    expect(prescan(item)).toBeNull();
    for (let end = 0; end < item.length; end++) expect(prescan(item.subarray(0, end))).toBe('truncated');
  });

  test('reads a view in the middle of a buffer', () => {
    expect(prescan(bytesOf('ffff', 'a16161f6', 'ffff').subarray(2, 6))).toBeNull();
    expect(prescan(Buffer.from('ffa2616101616102', 'hex').subarray(1))).toBe('duplicate-key');
  });

  describe('limits are inclusive', () => {
    const limits = { ...DEFAULT_LIMITS, depth: 2, items: 5, pairs: 2, bytes: 3 };
    test.each([
      ['818100', null],
      ['81818100', 'depth'],
      ['8400000000', null],
      ['850000000000', 'items'],
      ['a2616100616200', null],
      ['a3616100616200616300', 'keys'],
      ['43000000', null],
      ['4400000000', 'len'],
      ['63616161', null],
      ['6461616161', 'len'],
    ])('%s: %s', (hex, rule) => {
      expect(prescan(bytesOf(hex), limits)).toBe(rule);
    });

    test('a depth limit above 64 means 64', () => {
      const deep = (levels: number): Uint8Array => bytesOf(new Uint8Array(levels).fill(0x81), 0);
      const unlimited = { ...DEFAULT_LIMITS, depth: 10_000 };
      expect(prescan(deep(64), unlimited)).toBeNull();
      expect(prescan(deep(65), unlimited)).toBe('depth');
    });
  });

  describe('canonical', () => {
    test.each([
      ['17', '1817'],
      ['1818', '190018'],
      ['18ff', '1900ff'],
      ['190100', '1a00000100'],
      ['19ffff', '1a0000ffff'],
      ['1a00010000', '1b0000000000010000'],
      ['1affffffff', '1b00000000ffffffff'],
      ['20', '3800'],
      ['4100', '580100'],
      ['6161', '780161'],
      ['8100', '980100'],
      ['a1616100', 'b801616100'],
      ['a1616100', 'a178016100'],
    ])('%s is the shortest form of %s', (shortest, longer) => {
      expect(prescan(bytesOf(shortest), CANONICAL_LIMITS)).toBeNull();
      expect(prescan(bytesOf(longer), CANONICAL_LIMITS)).toBe('noncanonical');
      expect(prescan(bytesOf(longer))).toBeNull();
    });

    test('an integer that needs eight bytes may have them, and floats may have any width', () => {
      for (const hex of [
        '1b0000000100000000',
        '3bffffffffffffffff',
        'f93c00',
        'fa3f800000',
        'fb3ff0000000000000',
      ])
        expect(prescan(bytesOf(hex), CANONICAL_LIMITS)).toBeNull();
    });
  });

  test('finds a repeated key wherever it stands, and none where there is none', () => {
    const key = fc
      .string({ minLength: 0, maxLength: 80 })
      .filter((text) => isWellFormed(text) && text !== '__proto__');
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { minLength: 1, maxLength: 40 }),
        fc.nat(),
        fc.nat(),
        (keys, from, to) => {
          const map = (names: readonly string[]): Uint8Array =>
            bytesOf(
              head(5, names.length),
              names.map((name) => [head(3, Buffer.byteLength(name)), Buffer.from(name), 0]),
            );
          expect(prescan(map(keys))).toBeNull();
          const repeated = keys.toSpliced(to % (keys.length + 1), 0, keys[from % keys.length]!);
          expect(prescan(map(repeated))).toBe('duplicate-key');
        },
      ),
    );
  });
});

describe('isWellFormedUtf8', () => {
  const reference = (bytes: Uint8Array): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };

  test('agrees with the platform on every sequence of one and two bytes', () => {
    for (let first = 0; first < 256; first++) {
      expect(isWellFormedUtf8(Uint8Array.of(first), 0, 1)).toBe(reference(Uint8Array.of(first)));
      for (let second = 0; second < 256; second++) {
        const bytes = Uint8Array.of(first, second);
        if (isWellFormedUtf8(bytes, 0, 2) !== reference(bytes)) expect.fail(`${first} ${second}`);
      }
    }
  });

  test('agrees with the platform on borders and random bytes, short and long', () => {
    const edge = fc.constantFrom(
      0,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xe1,
      0xed,
      0xee,
      0xef,
      0xf0,
      0xf3,
      0xf4,
      0xf5,
      0xff,
    );
    // 'binary' is the same, and first makes a table of all million
    const codePoint = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point));
    const piece = fc.oneof(
      fc.array(edge, { maxLength: 4 }).map((list) => Uint8Array.from(list)),
      fc.string({ unit: codePoint }).map((value) => new Uint8Array(Buffer.from(value))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const bytes = bytesOf(...pieces);
        same(isWellFormedUtf8(bytes, 0, bytes.length), reference(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});
