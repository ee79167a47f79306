import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withoutAbsent } from '../../../src/mesh/contract/absent.ts';

const has = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).some((item) => (item === undefined && !Array.isArray(value)) || has(item));

describe('withoutAbsent', () => {
  test('leaves out fields that are undefined, however deep, and keeps everything else', () => {
    expect(
      withoutAbsent({ a: undefined, b: null, c: [{ d: undefined, e: 1 }], f: { g: undefined } }),
    ).toEqual({
      b: null,
      c: [{ e: 1 }],
      f: {},
    });
    expect(Object.keys(withoutAbsent({ a: undefined }) as object)).toEqual([]);
  });

  test('gives the value itself when nothing is absent', () => {
    for (const value of [
      { a: 1, b: [{ c: null }] },
      [undefined],
      'x',
      undefined,
      new Map([['a', undefined]]),
    ])
      expect(withoutAbsent(value)).toBe(value);
  });

  test('after it no plain object has an undefined field, and JSON sees no difference', () => {
    fc.assert(
      fc.property(
        fc.object({ values: [fc.constant(undefined), fc.integer(), fc.string(), fc.constant(null)] }),
        (value) => {
          const stripped = withoutAbsent(value);
          expect(has(stripped)).toBe(false);
          expect(JSON.stringify(stripped)).toBe(JSON.stringify(value));
        },
      ),
    );
  });

  test('what is cyclic, shared without end, or throws is left to the codec', () => {
    const cyclic: Record<string, unknown> = { a: undefined };
    cyclic['self'] = cyclic;
    expect(withoutAbsent(cyclic)).toBe(cyclic);
    let shared: object = { a: undefined };
    for (let level = 0; level < 31; level++) shared = { x: shared, y: shared };
    expect(withoutAbsent(shared)).toBe(shared);
    const trap = new Proxy({}, { ownKeys: () => expect.fail('a trap') });
    expect(withoutAbsent(trap)).toBe(trap);
    expect(withoutAbsent(JSON.parse('{"__proto__":{"a":1}}'))).toEqual(JSON.parse('{"__proto__":{"a":1}}'));
  });
});
