import { Decoder } from 'cbor-x/decode';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCbor, encodeCbor, normalizeValue } from '../../src/codec/cbor.ts';
import { CANONICAL_LIMITS, DEFAULT_LIMITS } from '../../src/codec/limits.ts';
import { prescan } from '../../src/codec/prescan.ts';
import type { Value } from '../../src/codec/value.ts';
import { hostile } from '../fuzz/corpus.ts';
import { fromHex, realValue, toHex, vectors } from './vectors.ts';
import { isFrozenPlain, same, sendable } from './values.ts';

function encoded(value: unknown): Uint8Array {
  const result = encodeCbor(value);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.path}`);
  return result.bytes;
}

function decoded(bytes: Uint8Array): Value {
  const result = decodeCbor(bytes);
  if (!result.ok) throw new Error(result.rule);
  return result.value;
}

function normalized(value: unknown): Value {
  const result = normalizeValue(value);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.path}`);
  return result.value;
}

describe('encodeCbor and decodeCbor', () => {
  test('what a local handler sees is what a remote one sees: normalize(x) = decode(encode(x))', () => {
    fc.assert(
      fc.property(sendable, (value) => {
        expect(same(decoded(encoded(value)), normalized(value))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('whatever is written passes the scan in its canonical form', () => {
    fc.assert(
      fc.property(sendable, (value) => {
        expect(prescan(encoded(value), CANONICAL_LIMITS)).toBeNull();
      }),
    );
  });

  test('cbor-x reads what is written to the same value', () => {
    const oracle = new Decoder({ useRecords: false, mapsAsObjects: true, copyBuffers: true });
    const plain = (value: unknown): unknown => {
      if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
      if (Array.isArray(value)) return value.map(plain);
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
    };
    // cbor-x drops a byte order mark at the start of a text of more than 64 bytes.
    const withoutMark = sendable.filter(
      (value) =>
        !/\uFEFF/.test(
          JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? 0 : inner)) ?? '',
        ),
    );
    fc.assert(
      fc.property(withoutMark, (value) => {
        const bytes = encoded(value);
        expect(same(plain(oracle.decode(bytes)), decoded(bytes))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a decoded value and a normalized one are plain and frozen through and through', () => {
    fc.assert(
      fc.property(sendable, (value) => {
        expect(isFrozenPlain(decoded(encoded(value)))).toBe(true);
        expect(isFrozenPlain(normalized(value))).toBe(true);
      }),
    );
  });

  test('a value decoded open can be changed', () => {
    const result = decodeCbor(encoded({ list: [1] }), DEFAULT_LIMITS, 'open');
    expect(result.ok && !Object.isFrozen(result.value)).toBe(true);
  });

  test('nothing decoded refers to the bytes it came from', () => {
    const bytes = encoded({
      short: new Uint8Array([1, 2]),
      long: new Uint8Array(100).fill(7),
      text: 'x'.repeat(50),
    });
    const copy = Uint8Array.from(bytes);
    const value = decoded(copy);
    copy.fill(0xff);
    expect(same(value, decoded(bytes))).toBe(true);
  });

  test('bytes kept from one encoding survive the next thousand', () => {
    const kept = Array.from({ length: 1_000 }, (_, i) => encoded({ i, pad: 'p'.repeat(i % 97) }));
    kept.forEach((bytes, i) => expect(decoded(bytes)).toEqual({ i, pad: 'p'.repeat(i % 97) }));
  });

  test('a message comes out the same wherever in its slab it begins', () => {
    const kinds = [
      'é',
      'naïve',
      'ascii',
      'x'.repeat(31),
      'é'.repeat(40),
      2 ** 40,
      0.5,
      2n ** 60n,
      Uint8Array.of(1, 2),
      { é: [] },
    ];
    const values = [kinds, kinds, kinds, kinds];
    const expected = toHex(encoded(values));
    // 251 is a prime: the message meets the end of a slab with each of its items.
    for (let i = 0; i < 5_000; i++) {
      encoded(new Uint8Array(i % 251));
      if (toHex(encoded(values)) !== expected) expect.fail(`round ${i}`);
    }
  });

  test('messages of any size are written, whatever the size of the ones before', () => {
    for (const size of [0, 10, 16_370, 3, 100_000, 5, 16_384, 1_000_000, 1]) {
      const value = {
        body: new Uint8Array(size).fill(size & 0xff),
        list: Array.from({ length: size % 5_000 }, (_, i) => i),
      };
      expect(same(decoded(encoded(value)), value)).toBe(true);
    }
  });

  test('an integer is a number when that is safe and a bigint when not, whatever its width on the wire', () => {
    const cases: readonly (readonly [string, Value])[] = [
      ['1b0000000000000001', 1],
      ['1b001fffffffffffff', 2 ** 53 - 1],
      ['1b0020000000000000', 2n ** 53n],
      ['1bffffffffffffffff', 2n ** 64n - 1n],
      ['3b0000000000000000', -1],
      ['3b001ffffffffffffe', -(2 ** 53) + 1],
      ['3b001fffffffffffff', -(2n ** 53n)],
      ['3b7fffffffffffffff', -(2n ** 63n)],
      ['3bffffffffffffffff', -(2n ** 64n)],
      ['3affffffff', -(2 ** 32)],
      ['1affffffff', 2 ** 32 - 1],
    ];
    for (const [hex, value] of cases) expect(decoded(fromHex(hex))).toBe(value);
  });

  test('floats of all widths are read, and -0, NaN and the infinities are written as floats', () => {
    // RFC 8949 appendix A.
    const cases: readonly (readonly [string, number])[] = [
      ['f90000', 0],
      ['f98000', -0],
      ['f93c00', 1],
      ['f93e00', 1.5],
      ['f97bff', 65_504],
      ['f90001', 5.960464477539063e-8],
      ['f90400', 0.00006103515625],
      ['f9c400', -4],
      ['f97c00', Infinity],
      ['f97e00', NaN],
      ['f9fc00', -Infinity],
      ['fa47c35000', 100_000],
      ['fa7f7fffff', 3.4028234663852886e38],
      ['fb3ff199999999999a', 1.1],
      ['fbc010666666666666', -4.1],
    ];
    for (const [hex, value] of cases) expect(decoded(fromHex(hex))).toBe(value);
    for (const value of [-0, NaN, Infinity, -Infinity, 0.1]) {
      expect(encoded(value)[0]).toBe(0xfb);
      expect(decoded(encoded(value))).toBe(value);
    }
  });

  test('undefined becomes null', () => {
    expect(toHex(encoded(undefined))).toBe('f6');
    expect(decoded(fromHex('f7'))).toBeNull();
    expect(decoded(encoded({ a: undefined, b: [undefined] }))).toEqual({ a: null, b: [null] });
  });

  test('a byte order mark is a character like any other', () => {
    for (const text of ['\uFEFF', `\uFEFF${'x'.repeat(200)}`]) expect(decoded(encoded(text))).toBe(text);
  });

  test('names that Object.prototype holds are ordinary keys, even where a setter waits for them', () => {
    const value = { toString: 1, constructor: { valueOf: 2 }, trap: 3 };
    const bytes = encoded(value);
    Object.defineProperty(Object.prototype, 'trap', {
      configurable: true,
      set() {
        expect.fail('setter ran');
      },
    });
    try {
      const result = decoded(bytes) as Record<string, Value>;
      expect(Object.keys(result)).toEqual(['toString', 'constructor', 'trap']);
      expect(Object.getOwnPropertyDescriptor(result, 'trap')?.value).toBe(3);
      expect(Object.keys(normalized(value) as object)).toEqual(['toString', 'constructor', 'trap']);
    } finally {
      delete (Object.prototype as { trap?: unknown }).trap;
    }
  });

  test.each(hostile)('answers $name with a typed result', ({ payload, rule }) => {
    const result = decodeCbor(payload);
    if (rule === null) expect(result.ok).toBe(true);
    else expect(result).toEqual({ ok: false, rule });
  });

  test('neither the codec nor the entry of cbor-x used here loads a native addon', () => {
    const report = process.report.getReport() as unknown as { sharedObjects: readonly string[] };
    expect(report.sharedObjects.filter((path) => path.includes('cbor'))).toEqual([]);
  });

  const roundTrips = vectors<{ op: string; payloads?: readonly unknown[] }, unknown>('frames').filter(
    ({ input }) => input.op === 'roundTrip',
  );
  test.each(roundTrips)('vector: $name', ({ input }) => {
    for (const payload of input.payloads!) {
      const value = realValue(payload);
      expect(same(decoded(encoded(value)), value)).toBe(true);
    }
  });
});
