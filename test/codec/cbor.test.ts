import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Encoder } from 'cbor-x/encode';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCbor, encodeCbor, normalizeValue } from '../../src/codec/cbor.ts';
import { CANONICAL_LIMITS, DEFAULT_LIMITS } from '../../src/codec/limits.ts';
import { prescan } from '../../src/codec/prescan.ts';
import type { Value } from '../../src/codec/value.ts';
import { bytesOf, head, hostile } from '../fuzz/corpus.ts';
import { readWithOracle } from '../fuzz/oracle-reader.ts';
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

  test('whatever is written passes the scan, heads and integers in their shortest form', () => {
    fc.assert(
      fc.property(sendable, (value) => {
        expect(prescan(encoded(value), CANONICAL_LIMITS)).toBeNull();
      }),
    );
  });

  test('a reader written from the standard finds the same value in what is written', () => {
    fc.assert(
      fc.property(sendable, (value) => {
        const bytes = encoded(value);
        expect(same(readWithOracle(bytes), decoded(bytes))).toBe(true);
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

  test('bytes are untouched by whoever else encodes with cbor-x in this process, and he by us', () => {
    const other = new Encoder();
    const ours = encoded({ list: [1, 'two', 3.5] });
    const theirs = other.encode({ a: 'b'.repeat(50) });
    const before = [toHex(ours), toHex(theirs)];
    for (let i = 0; i < 200; i++) {
      other.encode({ i, pad: 'o'.repeat(i * 40) });
      encoded({ i, pad: 'p'.repeat(i * 400) });
    }
    expect([toHex(ours), toHex(theirs)]).toEqual(before);
  });

  test('bytes given to decode are left as they were', () => {
    const bytes = encoded({ a: [1] });
    decoded(bytes);
    expect(Object.getOwnPropertyNames(bytes)).toEqual(Object.keys(bytes));
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
    for (const size of [0, 10, 8_170, 8_192, 16_370, 3, 100_000, 5, 16_384, 1_000_000, 1]) {
      const value = {
        body: new Uint8Array(size).fill(size & 0xff),
        list: Array.from({ length: size % 5_000 }, (_, i) => i),
      };
      expect(same(decoded(encoded(value)), value)).toBe(true);
    }
  });

  test('an integer is a number when that is safe and a bigint when not, whatever its width on the wire', () => {
    const cases: readonly (readonly [string, Value])[] = [
      ['1b0000000000000000', 0],
      ['1b0000000000000001', 1],
      ['1b00000000ffffffff', 2 ** 32 - 1],
      ['1b0000000100000000', 2 ** 32],
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
    for (const [hex, value] of cases) {
      expect(decoded(fromHex(hex))).toBe(value);
      expect(decoded(bytesOf('82', hex, 'a16161', hex))).toEqual([value, { a: value }]);
    }
  });

  test('integers are written as integers of up to 32 bits, larger safe ones as floats, others in 64 bits', () => {
    const cases: readonly (readonly [number | bigint, string])[] = [
      [0, '00'],
      [23, '17'],
      [24, '1818'],
      [2 ** 32 - 1, '1affffffff'],
      [2 ** 32, 'fb41f0000000000000'],
      [1n, '01'],
      [-1, '20'],
      [-(2 ** 31) - 1, '3a80000000'],
      [-(2 ** 32), '3affffffff'],
      [-(2 ** 32) - 1, 'fbc1f0000000100000'],
      [2 ** 53 - 1, 'fb433fffffffffffff'],
      [2n ** 53n - 1n, 'fb433fffffffffffff'],
      [2n ** 53n, '1b0020000000000000'],
      [2n ** 64n - 1n, '1bffffffffffffffff'],
      [-(2n ** 63n), '3b7fffffffffffffff'],
    ];
    for (const [value, hex] of cases) expect(toHex(encoded(value))).toBe(hex);
  });

  test('floats of all widths are read, NaN and the infinities are written as floats, and -0 is 0', () => {
    // RFC 8949 appendix A.
    const cases: readonly (readonly [string, number])[] = [
      ['f90000', 0],
      ['f98000', 0],
      ['fa80000000', 0],
      ['fb8000000000000000', 0],
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
    for (const value of [[-0], { a: -0 }, -0]) {
      expect(same(decoded(encoded(value)), normalized(value))).toBe(true);
      expect(same(normalized([-0]), [0])).toBe(true);
    }
    expect(toHex(encoded(-0))).toBe('00');
    for (const value of [NaN, Infinity, -Infinity, 0.1]) {
      expect(encoded(value)[0]).toBe(0xfb);
      expect(decoded(encoded(value))).toBe(value);
    }
  });

  test('undefined becomes null', () => {
    expect(toHex(encoded(undefined))).toBe('f6');
    expect(decoded(fromHex('f7'))).toBeNull();
    expect(decoded(encoded({ a: undefined, b: [undefined] }))).toEqual({ a: null, b: [null] });
  });

  test('a byte order mark is a character like any other, but not the first of a text', () => {
    for (const text of ['a\uFEFF', `é\uFEFF${'x'.repeat(200)}`, 'x\uFEFF'.repeat(40)]) {
      expect(decoded(encoded(text))).toBe(text);
      expect(decoded(encoded({ [text]: 1 }))).toEqual({ [text]: 1 });
    }
    for (const text of ['\uFEFF', `\uFEFF${'x'.repeat(200)}`]) {
      const bytes = bytesOf(head(3, Buffer.byteLength(text)), Buffer.from(text));
      expect(decodeCbor(bytes)).toEqual({ ok: false, rule: 'utf8' });
      expect(decodeCbor(bytesOf(0xa1, bytes, 0x00))).toEqual({ ok: false, rule: 'utf8' });
      expect(encodeCbor(text)).toMatchObject({ ok: false, error: { reason: 'utf8' } });
    }
  });

  test('names that Object.prototype holds are ordinary keys', () => {
    const value = { toString: 1, constructor: { valueOf: 2 }, hasOwnProperty: 3, length: 4, toJSON: 5 };
    for (const result of [decoded(encoded(value)), normalized(value)]) {
      expect(Object.entries(result as object)).toEqual(Object.entries(value));
    }
  });

  test('a setter on Object.prototype is not run by a copy', () => {
    Object.defineProperty(Object.prototype, 'trap', {
      configurable: true,
      set() {
        expect.fail('setter ran');
      },
    });
    try {
      const result = normalized({ trap: 3 }) as Record<string, Value>;
      expect(Object.getOwnPropertyDescriptor(result, 'trap')?.value).toBe(3);
      expect(toHex(encoded({ trap: 3 }))).toBe('a1647472617003');
    } finally {
      delete (Object.prototype as { trap?: unknown }).trap;
    }
  });

  test.each(hostile)('answers $name with a typed result', ({ payload, rule }) => {
    const result = decodeCbor(payload);
    if (rule === null) expect(result.ok).toBe(true);
    else expect(result).toEqual({ ok: false, rule });
  });

  test('one file of the sources imports cbor-x, whichever entry of it', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const files = ['src', 'supervisors'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    );
    const importers = files.filter(
      (name) => name.endsWith('.ts') && /['"]cbor-x[/'"]/.test(readFileSync(join(root, name), 'utf8')),
    );
    expect(importers).toEqual([join('src', 'codec', 'cbor.ts')]);
  });

  test('the codec loads no native addon', () => {
    // A process of its own: what other tests of this one load does not count, and nothing is missed.
    const codec = new URL('../../src/codec/cbor.ts', import.meta.url);
    const names = /import \{ (?:Decoder|Encoder) \} from '([^']+)';/g;
    const entries = [...readFileSync(codec, 'utf8').matchAll(names)].map((match) => match[1]!);
    expect(entries).toEqual(['cbor-x/decode', 'cbor-x/encode']);
    const loaded = (modules: readonly string[]): unknown => {
      const script = `
        for (const name of ${JSON.stringify(modules)}) await import(name);
        const { isNativeAccelerationEnabled } = await import('cbor-x/decode');
        const addons = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
        console.log(JSON.stringify({ isNativeAccelerationEnabled, addons: addons.length }));`;
      const node = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        encoding: 'utf8',
      });
      return JSON.parse(node.stdout || node.stderr);
    };
    expect(loaded(entries)).toEqual({ isNativeAccelerationEnabled: false, addons: 0 });
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
