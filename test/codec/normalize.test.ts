import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { encodeCbor, normalizeValue } from '../../src/codec/cbor.ts';
import { DEFAULT_LIMITS } from '../../src/codec/limits.ts';
import type { UnencodableReason } from '../../src/codec/normalize.ts';

const cycle: Record<string, unknown> = { a: { b: [] } };
(cycle['a'] as { b: unknown[] }).b.push(cycle);
const boom = new Error('boom');
const throwing = {
  get x(): never {
    throw boom;
  },
};
const trap = (handler: ProxyHandler<object>, target: object = {}): object => new Proxy(target, handler);
const fail = (): never => {
  throw boom;
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const nest = (levels: number): unknown => {
  let value: unknown = 0;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
};
const shared64k = new Uint8Array(65_536);
// oxlint-disable-next-line no-sparse-arrays
const sparse = [1, , 3];

const refused: readonly (readonly [string, unknown, UnencodableReason, string])[] = [
  ['a cycle', cycle, 'cycle', '$.a.b[0]'],
  ['a Map', { m: new Map() }, 'instance', '$.m'],
  ['a Set', [0, new Set()], 'instance', '$[1]'],
  ['a Date', { d: new Date(0) }, 'instance', '$.d'],
  ['a RegExp', /x/, 'instance', '$'],
  ['an Error', new Error('x'), 'instance', '$'],
  ['a Promise', Promise.resolve(), 'instance', '$'],
  ['a class instance', new (class Point {})(), 'instance', '$'],
  ['an object over a plain prototype', Object.create({ a: 1 }), 'instance', '$'],
  ['a boxed number', Object(1), 'instance', '$'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'instance', '$'],
  ['a DataView', new DataView(new ArrayBuffer(1)), 'instance', '$'],
  ...[Int8Array, Uint8ClampedArray, Uint16Array, Float64Array, BigInt64Array].map(
    (Kind) => [`a ${Kind.name}`, { a: new Kind(1) }, 'instance', '$.a'] as const,
  ),
  ['a function', { f: () => 1 }, 'function', '$.f'],
  ['a class', class {}, 'function', '$'],
  ['a symbol', [Symbol('s')], 'symbol', '$[0]'],
  ['a throwing getter', { a: throwing }, 'threw', '$.a.x'],
  ['a Proxy whose traps throw', trap({ getPrototypeOf: fail }), 'threw', '$'],
  ['a Proxy that hides its keys', trap({ ownKeys: fail }), 'threw', '$'],
  ['a Proxy that throws on reading', { p: trap({ get: fail }, { a: 1 }) }, 'threw', '$.p.a'],
  ['a revoked Proxy', [revoked.proxy], 'threw', '$[0]'],
  ['a Proxy of bytes', trap({}, new Uint8Array(1)), 'instance', '$'],
  ['a sparse array', sparse, 'sparse', '$[1]'],
  ['a huge sparse array', new Array(2 ** 32 - 1), 'items', '$'],
  ['a short sparse array', new Array(3), 'sparse', '$[0]'],
  ['a bigint of 65 bits', { n: 2n ** 64n }, 'bigint', '$.n'],
  ['a negative bigint of 65 bits', -(2n ** 63n) - 1n, 'bigint', '$'],
  ['a lone surrogate', { s: '\uD800' }, 'utf8', '$.s'],
  ['a lone surrogate in a key', { 'x\uDC00': 1 }, 'utf8', '$["x\\udc00"]'],
  ['a text that begins with a byte order mark', { s: '\uFEFFx' }, 'utf8', '$.s'],
  ['a long one that does', [`\uFEFF${'x'.repeat(200)}`], 'utf8', '$[0]'],
  ['a key that begins with one', { a: { '\uFEFFk': 1 } }, 'utf8', '$.a["\uFEFFk"]'],
  ['a __proto__ key', JSON.parse('{"a":{"__proto__":1}}'), 'proto-key', '$.a.__proto__'],
  ['33 levels', nest(33), 'depth', `$${'[0]'.repeat(32)}`],
  ['4,097 keys', Object.fromEntries(Array.from({ length: 4_097 }, (_, i) => [`k${i}`, i])), 'keys', '$'],
  ['65,537 items', { a: Array.from({ length: 65_532 }, () => 0), b: 1 }, 'items', '$.b'],
  ['a text over the size', { s: 'x'.repeat(1_048_577) }, 'size', '$.s'],
  ['a text that is over the size in bytes only', 'é'.repeat(600_000), 'size', '$'],
  ['bytes over the size', new Uint8Array(1_048_577), 'size', '$'],
  ['one buffer a thousand times', Array.from({ length: 1_000 }, () => shared64k), 'size', '$[16]'],
];
describe('what cannot be sent is refused with the reason and the place, and never throws', () => {
  test.each(refused)('%s', (_name, value, reason, path) => {
    for (const result of [normalizeValue(value), encodeCbor(value)]) {
      expect(result.ok).toBe(false);
      if (result.ok) return;
      expect(result.error).toMatchObject({ tag: 'unencodable', reason, path });
      if (reason === 'threw' && path !== '$[0]') expect(result.error.cause).toBe(boom);
    }
  });

  test('a path is one short line, however long the keys are', () => {
    const long = { [`${'k'.repeat(1_000)}\n`]: { 'a b': [{ f: () => 1 }] } };
    const result = normalizeValue(long);
    expect(!result.ok && result.error.path).toBe(`$["${'k'.repeat(48)}…"]["a b"][0].f`);
    const deep = normalizeValue(
      Array.from({ length: 20 }).reduce<unknown>((inner) => ({ ['x'.repeat(40)]: inner }), Symbol()),
    );
    expect(!deep.ok && deep.error.path.length).toBe(256);
  });

  test('the heads count against the size when the encoding is measured', () => {
    const limits = { ...DEFAULT_LIMITS, bytes: 100 };
    expect(encodeCbor('x'.repeat(98), limits).ok).toBe(true);
    expect(encodeCbor('x'.repeat(99), limits)).toMatchObject({ ok: false, error: { reason: 'size' } });
  });
});

describe('what can be sent', () => {
  const value = (input: unknown): unknown => {
    const result = normalizeValue(input);
    if (!result.ok) throw new Error(result.error.reason);
    return result.value;
  };

  test('32 levels, 4,096 keys and 65,536 items are within the limits', () => {
    const keys = Object.fromEntries(Array.from({ length: 4_096 }, (_, i) => [`k${i}`, i]));
    for (const input of [nest(32), keys, Array.from({ length: 65_535 }, () => 0)]) {
      const result = encodeCbor(input);
      expect(result.ok).toBe(true);
    }
  });

  test('the same object twice is no cycle', () => {
    const shared = { a: 1 };
    expect(value([shared, { shared }])).toEqual([{ a: 1 }, { shared: { a: 1 } }]);
  });

  test('objects without prototype and of another realm are plain', () => {
    const foreign: unknown = runInContext('({ a: [1, { b: new Uint8Array([1]) }] })', createContext());
    expect(value(foreign)).toEqual({ a: [1, { b: Uint8Array.of(1) }] });
    expect(value(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
  });

  test('a Proxy of plain data is read through', () => {
    expect(value(new Proxy({ a: new Proxy([1, 2], {}) }, {}))).toEqual({ a: [1, 2] });
  });

  test('a getter is read once, by either path', () => {
    let reads = 0;
    const input = {
      get x(): number {
        return ++reads;
      },
    };
    expect(value(input)).toEqual({ x: 1 });
    encodeCbor(input);
    expect(reads).toBe(2);
  });

  test('a getter that encodes something itself does not disturb the outer encoding', () => {
    const input = {
      before: 'b'.repeat(40),
      get inner(): number {
        const inner = encodeCbor({ deep: 'x'.repeat(100) });
        return inner.ok ? inner.bytes.length : 0;
      },
      after: [1, 2, 3],
    };
    const outer = encodeCbor(input);
    const plain = encodeCbor({ before: 'b'.repeat(40), inner: 108, after: [1, 2, 3] });
    expect(outer).toEqual(plain);
  });

  test('symbol keys, inherited and hidden properties are not seen', () => {
    const input = Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'hidden', {
      value: 3,
      enumerable: false,
    });
    expect(value(input)).toEqual({ a: 1 });
  });

  test('bytes become a plain Uint8Array of their own, whatever the array says of its length', () => {
    const buffer = Buffer.from([1, 2, 3]);
    const copy = value(buffer) as Uint8Array;
    expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype);
    buffer[0] = 9;
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
    const lie = { value: 9 };
    const liar = Object.defineProperties(Uint8Array.of(1, 2), {
      length: lie,
      byteLength: lie,
      byteOffset: lie,
      buffer: { value: new ArrayBuffer(99) },
      constructor: { value: Map },
      [Symbol.iterator]: lie,
    });
    class Kind extends Uint8Array {
      override get byteLength(): number {
        return 1_000_000;
      }
    }
    for (const bytes of [liar, Kind.of(1, 2)]) {
      expect(encodeCbor(bytes)).toEqual({ ok: true, bytes: Uint8Array.of(0x42, 1, 2) });
      expect(value(bytes)).toEqual(Uint8Array.of(1, 2));
    }
  });

  test('a local handler cannot change what the caller holds', () => {
    const args = { list: [{ a: 1 }] };
    const copy = value(args) as typeof args;
    expect(() => copy.list.push({ a: 2 })).toThrow(TypeError);
    args.list[0]!.a = 5;
    expect(copy.list[0]!.a).toBe(1);
  });
});
