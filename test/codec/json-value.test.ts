import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentText, jsonText, parseValue, toJson } from '../../src/codec/json-value.ts';

describe('toJson', () => {
  test('what JSON can say is itself', () => {
    const value = { a: [1, 'x', true, null, -0.5], b: {} };
    expect(toJson(value)).toEqual(value);
  });

  test('bytes, bigints and numbers without a JSON form become an object with one key', () => {
    expect(toJson(new Uint8Array([0, 1, 255]))).toEqual({ $bytes: 'AAH/' });
    expect(toJson(2n ** 64n - 1n)).toEqual({ $bigint: '18446744073709551615' });
    expect([NaN, Infinity, -Infinity, 2 ** 53].map(toJson)).toEqual([
      { $number: 'NaN' },
      { $number: 'Infinity' },
      { $number: '-Infinity' },
      { $number: '9007199254740992' },
    ]);
  });

  test('a map that looks like one of these gets one more dollar', () => {
    expect(toJson({ $bytes: 'x' })).toEqual({ $$bytes: 'x' });
    expect(toJson({ $$bigint: 1 })).toEqual({ $$$bigint: 1 });
    expect(toJson({ $bytes: 'x', more: 1 })).toEqual({ $bytes: 'x', more: 1 });
    expect(toJson({ $other: 'x' })).toEqual({ $other: 'x' });
  });

  test('characters that steer terminals are escaped, the value stays the same', () => {
    const text = jsonText('a\u009b\u202e\u2066b');
    expect(text).toBe('"a\\u009b\\u202e\\u2066b"');
    expect(JSON.parse(text)).toBe('a\u009b\u202e\u2066b');
    expect(documentText({ a: '\u001b[31m' })).toBe('{"a":"\\u001b[31m"}');
  });
});

describe('parseValue', () => {
  const detail = (text: string): string => {
    const parsed = parseValue(text);
    return parsed.ok ? 'ok' : parsed.detail;
  };

  test('gives back whatever toJson wrote', () => {
    const leaf = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      // -0 is 0 in every payload
      fc.double().map((number) => (Object.is(number, -0) ? 0 : number)),
      fc.maxSafeInteger().map((number) => number * 1_024),
      fc.string({ unit: 'grapheme' }),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
      fc.uint8Array({ maxLength: 16 }),
    );
    const key = fc.oneof(
      fc.constantFrom('$bytes', '$bigint', '$number', '$$bytes', '$$$number', '__proto__', 'toString'),
      fc.string({ maxLength: 5 }),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        expect(parseValue(jsonText(given))).toEqual({ ok: true, value: given });
      }),
    );
  });

  test('an integer that a number would round is refused with the form that holds it', () => {
    expect(parseValue('{"a":9007199254740991,"b":-9007199254740991}').ok).toBe(true);
    expect(detail('{"a":9007199254740992}')).toContain('{ "$bigint": "9007199254740992" }');
    expect(detail('[1e300, 0.1, 12345678901234567890.5]')).toBe('ok');
    expect(detail('["9007199254740993", "\\"9007199254740993"]')).toBe('ok');
  });

  test.each([
    ['{"a":', 'is not JSON'],
    ['', 'is not JSON'],
    ['{"$bytes":"AA"}', 'padded base64'],
    ['{"$bytes":1}', 'other than a string'],
    ['{"$bigint":"1.5"}', 'decimal digits'],
    ['{"$bigint":"0x10"}', 'decimal digits'],
    ['{"$number":"1"}', 'written without it'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'nested too deeply'],
  ])('refuses %.30s', (text, says) => {
    expect(detail(text)).toContain(says);
  });
});
