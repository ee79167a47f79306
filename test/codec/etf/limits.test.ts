import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type * as atoms from '../../../src/codec/etf/atom.ts';
import { Atom, atom, INTERNED_LIMIT, internedAtoms, isAtom } from '../../../src/codec/etf/atom.ts';
import { decodeTerm, readTerm, type DecodeOptions } from '../../../src/codec/etf/decode.ts';
import { encodeTerm, writeTerm } from '../../../src/codec/etf/encode.ts';
import { PidTerm, PortTerm, ReferenceTerm } from '../../../src/codec/etf/identities.ts';
import { ETF_LIMITS } from '../../../src/codec/etf/limits.ts';
import {
  Bitstring,
  ExternalFun,
  Float,
  ImproperList,
  OpaqueFun,
  Tuple,
} from '../../../src/codec/etf/terms.ts';
import { Writer } from '../../../src/codec/etf/writer.ts';

const bytesOf = (...parts: readonly (number | string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part as string, 'latin1'))),
  );
const u32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
/** Of a term's bytes without the version. */
const read = (...parts: readonly (number | string | Uint8Array)[]): unknown => {
  const decoded = decodeTerm(bytesOf(131, ...parts));
  return decoded.ok ? decoded.value : decoded.rule;
};
const refusal = (term: unknown): unknown => {
  const encoded = encodeTerm(term);
  return encoded.ok ? 'written' : `${encoded.error.reason} ${encoded.error.path}`;
};

describe('bounds, at the limit and one beyond', () => {
  const nested = (levels: number): Uint8Array =>
    bytesOf(131, ...Array.from({ length: levels }, () => bytesOf(104, 1)), 106);

  test('depth', () => {
    expect(decodeTerm(nested(ETF_LIMITS.depth)).ok).toBe(true);
    expect(decodeTerm(nested(ETF_LIMITS.depth + 1))).toEqual({ ok: false, rule: 'depth' });
    let term: unknown = [];
    for (let level = 0; level < ETF_LIMITS.depth; level++) term = new Tuple([term]);
    expect(encodeTerm(term).ok).toBe(true);
    expect(refusal(new Tuple([term]))).toMatch(/^depth \$/);
  });

  test.each([
    ['tuples', (deep: Uint8Array) => bytesOf(104, 1, deep)],
    ['lists', (deep: Uint8Array) => bytesOf(108, u32(1), deep, 106)],
    ['tails of lists', (deep: Uint8Array) => bytesOf(108, u32(1), 97, 1, deep)],
    ['maps', (deep: Uint8Array) => bytesOf(116, u32(1), 97, 1, deep)],
    ['keys', (deep: Uint8Array) => bytesOf(116, u32(1), deep, 97, 1)],
  ])('a hundred thousand %s within each other', (_what, around) => {
    const unit = Buffer.from(around(Buffer.alloc(0)));
    expect(decodeTerm(bytesOf(131, ...Array.from({ length: 100_000 }, () => unit))).ok).toBe(false);
  });

  test('elements', () => {
    const list = (count: number): Uint8Array => {
      const items = Buffer.alloc(2 * count, 97);
      return bytesOf(131, 108, u32(count), items, 106);
    };
    expect(decodeTerm(list(ETF_LIMITS.elements - 1)).ok).toBe(true);
    expect(decodeTerm(list(ETF_LIMITS.elements))).toEqual({ ok: false, rule: 'elements' });
    const many = Array.from({ length: ETF_LIMITS.elements - 1 }, () => null);
    expect(encodeTerm(many).ok).toBe(true);
    expect(refusal([...many, null])).toMatch(/^elements /);
  });

  test('bytes of an integer', () => {
    const big = (length: number): Uint8Array => bytesOf(131, 111, u32(length), 0, Buffer.alloc(length, 1));
    expect(decodeTerm(big(ETF_LIMITS.integer)).ok).toBe(true);
    expect(decodeTerm(big(ETF_LIMITS.integer + 1))).toEqual({ ok: false, rule: 'integer' });
    expect(refusal(1n << BigInt(8 * ETF_LIMITS.integer - 1))).toBe('written');
    expect(refusal(1n << BigInt(8 * ETF_LIMITS.integer))).toBe('integer $');
  });

  test('characters of an atom', () => {
    const long = (count: number): Uint8Array => Buffer.from('ü'.repeat(count), 'utf8');
    const named = (count: number): Uint8Array =>
      bytesOf(118, (2 * count) >> 8, (2 * count) & 0xff, long(count));
    expect(isAtom(read(named(255)))).toBe(true);
    expect(read(named(256))).toBe('atom');
    expect(() => atom('x'.repeat(256))).toThrow(RangeError);
    for (const name of ['x'.repeat(256), 'ü'.repeat(256), '\ud800', `${'x'.repeat(70)}\ud800`]) {
      expect(refusal(new Atom(name))).toBe('atom $');
      expect(refusal(new PidTerm(name, 1, 0, 1))).toBe('atom $');
    }
    expect(refusal(new Atom('ü'.repeat(255)))).toBe('written');
  });

  test('what a compressed term may grow to, and what it says it does', () => {
    const term = Buffer.concat([bytesOf(109, u32(100_000)), Buffer.alloc(100_000)]);
    const packed = (size: number): Uint8Array => bytesOf(131, 80, u32(size), deflateSync(term));
    const options: DecodeOptions = { compressed: true };
    expect(decodeTerm(packed(term.length), options)).toMatchObject({ ok: true });
    expect(decodeTerm(packed(term.length))).toEqual({ ok: false, rule: 'compressed' });
    for (const size of [0, 1, term.length - 1, term.length + 1, 0xffff_ffff])
      expect(decodeTerm(packed(size), options)).toEqual({ ok: false, rule: 'compressed' });
    const limits = { ...ETF_LIMITS, inflated: term.length - 1 };
    expect(decodeTerm(packed(term.length), { ...options, limits })).toEqual({
      ok: false,
      rule: 'compressed',
    });
    expect(decodeTerm(bytesOf(131, 80, u32(3), 'junk'), options)).toEqual({ ok: false, rule: 'compressed' });
    expect(decodeTerm(bytesOf(131, 80, 0), options)).toEqual({ ok: false, rule: 'truncated' });
    // inside of another term it is none at all
    expect(decodeTerm(bytesOf(131, 104, 1, 80, u32(1), 'x'), options)).toEqual({
      ok: false,
      rule: 'compressed',
    });
  });
});

describe('counts', () => {
  test.each([
    ['a binary', 109],
    ['a list', 108],
    ['a tuple', 105],
    ['a map', 116],
    ['a bit string', 77],
    ['an integer', 111],
    ['a fun', 112],
  ])('of %s are held against the bytes that are there', (_what, tag) => {
    for (const count of [0xffff_ffff, 0x7fff_ffff, 1_000_000])
      expect(decodeTerm(bytesOf(131, tag, u32(count), 97, 1)).ok).toBe(false);
  });

  test('every beginning of a term is refused', () => {
    const whole = encodeTerm([
      new Tuple([atom('a'), 1, -1, 300, 1n << 80n, 1.5, new Float(1)]),
      new Map([['k', new Bitstring(Uint8Array.of(8), 5)]]),
      new ImproperList([1], 2),
      new PidTerm('n@h', 1, 2, 3),
      new ReferenceTerm('n@h', 1, [1, 2, 3]),
      new ExternalFun('m', 'f', 2),
      new Uint8Array(9),
      [1, 2, 3],
    ]);
    if (!whole.ok) throw new Error('no term');
    for (let length = 0; length < whole.bytes.length; length++)
      expect(decodeTerm(whole.bytes.subarray(0, length))).toEqual({ ok: false, rule: 'truncated' });
    expect(decodeTerm(Buffer.concat([whole.bytes, Buffer.of(0)]))).toEqual({ ok: false, rule: 'trailing' });
    expect(readTerm(Buffer.concat([whole.bytes, Buffer.of(0)]))).toMatchObject({
      ok: true,
      next: whole.bytes.length,
    });
  });
});

describe('what contradicts itself is refused', () => {
  test.each<readonly [string, string, readonly (number | string | Uint8Array)[]]>([
    ['an unknown tag', 'tag', [255]],
    ['a text between Erlang nodes', 'tag', [200, u32(1), 'x']],
    ['an atom that is no UTF-8', 'utf8', [119, 2, 0xc0, 0x80]],
    ['a float that is no number', 'float', [70, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]],
    ['an infinite float', 'float', [70, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]],
    ['a sign of 2', 'malformed', [110, 1, 2, 1]],
    ['nine bits in a byte', 'malformed', [77, u32(1), 9, 1]],
    ['no bits in a byte', 'malformed', [77, u32(1), 0, 1]],
    ['bits in no byte', 'malformed', [77, u32(0), 3]],
    ['a reference without words', 'malformed', [90, 0, 0, 119, 1, 'n', u32(1)]],
    ['a reference of six words', 'malformed', [90, 0, 6, 119, 1, 'n', u32(1), Buffer.alloc(24)]],
    ['a pid whose node is no atom', 'malformed', [88, 97, 1, u32(1), u32(1), u32(1)]],
    ['a fun that is too short', 'malformed', [112, u32(32), Buffer.alloc(28)]],
    ['an export whose arity is no byte', 'malformed', [113, 119, 1, 'm', 119, 1, 'f', 98, u32(1)]],
    ['a list of nothing before a tail', 'malformed', [108, u32(0), 97, 1]],
    ['a map with a key twice', 'malformed', [116, u32(2), 97, 1, 106, 110, 1, 0, 1, 106]],
    ['a map with an atom twice', 'malformed', [116, u32(2), 119, 1, 'a', 106, 100, 0, 1, 'a', 106]],
  ])('%s', (_what, rule, parts) => {
    expect(read(...parts)).toBe(rule);
  });

  test('another version', () => {
    expect(decodeTerm(Uint8Array.of(130, 106))).toEqual({ ok: false, rule: 'version' });
    expect(decodeTerm(new Uint8Array())).toEqual({ ok: false, rule: 'truncated' });
  });
});

describe('what has no term is refused, with its place, and nothing of it is written', () => {
  test.each<readonly [string, unknown, string]>([
    ['a function', { list: [1, () => {}] }, 'type $.list[1]'],
    ['a symbol', [Symbol('x')], 'type $[0]'],
    ['a date', { at: new Date(0) }, 'type $.at'],
    ['an object of a class', new (class Thing {})(), 'type $'],
    ['a set', new Set([1]), 'type $'],
    ['a lone surrogate', ['\udc00'], 'text $[0]'],
    ['a key with a lone surrogate', { '\udc00': 1 }, 'text $.\udc00'],
    ['no number', { a: Number.NaN }, 'number $.a'],
    ['an infinite number', new Float(Infinity), 'number $'],
    ['an arity beyond a byte', new ExternalFun('m', 'f', 256), 'number $'],
    ['a fun that is none', new OpaqueFun(new Uint8Array(40)), 'type $'],
    ['a reference of no words', new ReferenceTerm('n', 1, []), 'size $'],
    [
      '1 and 1n as keys',
      new Map<unknown, number>([
        [1, 1],
        [1n, 2],
      ]),
      'keys $.keys()',
    ],
    [
      'a text and its bytes as keys',
      new Map<unknown, number>([
        ['a', 1],
        [Uint8Array.of(97), 2],
      ]),
      'keys $.keys()',
    ],
    [
      'the same bytes twice as keys',
      new Map([
        [Uint8Array.of(1), 1],
        [Uint8Array.of(1), 2],
      ]),
      'keys $.keys()',
    ],
    [
      'the same atom twice as keys',
      new Map([
        [new Atom('a'), 1],
        [atom('a'), 2],
      ]),
      'keys $.keys()',
    ],
    [
      'a key that throws when it is named',
      new Map([
        [
          {
            toString: () => {
              throw new Error('no');
            },
          },
          1,
        ],
      ]),
      'type $.keys().toString',
    ],
  ])('%s', (_what, term, expected) => {
    const writer = new Writer();
    writer.u8(7);
    expect(refusal(term)).toBe(expected);
    expect(writeTerm(writer, term).ok).toBe(false);
    expect([...writer.written]).toEqual([7]);
  });

  test('a value that changes while it is written', () => {
    const list: unknown[] = [];
    list.push({
      get more() {
        list.push(1);
        return 1;
      },
    });
    expect(refusal(list)).toBe('thrown $[1]');
    const map = new Map<string, unknown>();
    map.set('a', {
      get more() {
        map.set('b', 1);
        return 1;
      },
    });
    expect(refusal(map)).toMatch(/^thrown /);
  });

  test('a getter that throws', () => {
    const term = {
      get inner(): never {
        throw new Error('mine');
      },
    };
    expect(encodeTerm(term)).toMatchObject({ error: { reason: 'thrown', cause: { message: 'mine' } } });
  });
});

describe('values', () => {
  test.each<readonly [string, readonly (number | string | Uint8Array)[], unknown]>([
    ['a small integer', [97, 255], 255],
    ['an integer', [98, u32(0xffff_fffe)], -2],
    ['a small big one', [110, 1, 1, 9], -9],
    ['a large big one', [111, u32(8), 0, Buffer.alloc(8, 255)], 2n ** 64n - 1n],
    ['a big one with zeros before it', [110, 9, 0, 5, Buffer.alloc(8)], 5],
    ['a float', [70, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    ['a whole float', [70, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], new Float(1)],
    ['an atom', [118, 0, 2, 'ok'], atom('ok')],
    ['a short atom', [119, 2, 'ok'], atom('ok')],
    ['an atom of an old node', [100, 0, 2, 'h\xf6'], atom('hö')],
    ['a short atom of an old node', [115, 2, 'h\xf6'], atom('hö')],
    ['true', [119, 4, 'true'], true],
    ['undefined', [119, 9, 'undefined'], undefined],
    ['a tuple', [104, 1, 106], new Tuple([[]])],
    ['a large tuple', [105, u32(1), 106], new Tuple([[]])],
    ['a string', [107, 0, 2, 'hi'], [104, 105]],
    ['a list whose tail is a list', [108, u32(1), 97, 1, 107, 0, 1, 2], [1, 2]],
    [
      'an improper list in two parts',
      [108, u32(1), 97, 1, 108, u32(1), 97, 2, 97, 3],
      new ImproperList([1, 2], 3),
    ],
    ['a binary', [109, u32(1), 7], Uint8Array.of(7)],
    ['a bit string', [77, u32(1), 3, 0xff], new Bitstring(Uint8Array.of(0xe0), 3)],
    ['a bit string of whole bytes', [77, u32(1), 8, 0xff], Uint8Array.of(0xff)],
    ['a pid', [88, 119, 1, 'n', u32(1), u32(2), u32(3)], new PidTerm('n', 1, 2, 3)],
    ['a reference', [90, 0, 1, 119, 1, 'n', u32(3), u32(9)], new ReferenceTerm('n', 3, [9])],
    ['a port', [89, 119, 1, 'n', u32(9), u32(3)], new PortTerm('n', 9n, 3)],
    ['a port of 64 bits', [120, 119, 1, 'n', u32(1), u32(0), u32(3)], new PortTerm('n', 2n ** 32n, 3)],
    ['an export', [113, 119, 1, 'm', 118, 0, 1, 'f', 97, 2], new ExternalFun('m', 'f', 2)],
    ['a map', [116, u32(1), 119, 1, 'k', 97, 1], new Map([[atom('k'), 1]])],
  ])('%s is read', (_what, parts, value) => {
    expect(read(...parts)).toStrictEqual(value);
  });

  test('-0 is a key of its own', () => {
    const decoded = decodeTerm(bytesOf(131, 116, u32(1), 70, 0x80, 0, 0, 0, 0, 0, 0, 0, 97, 1));
    const again = encodeTerm((decoded as { value: unknown }).value);
    expect(again).toMatchObject({
      bytes: Buffer.from(bytesOf(131, 116, u32(1), 70, 0x80, 0, 0, 0, 0, 0, 0, 0, 97, 1)),
    });
  });

  test('a fun is bytes that go back as they came', () => {
    const fun = bytesOf(131, 112, u32(40), Buffer.alloc(36, 5));
    const decoded = decodeTerm(fun);
    expect((decoded as { value: unknown }).value).toBeInstanceOf(OpaqueFun);
    expect(encodeTerm((decoded as { value: unknown }).value)).toMatchObject({ bytes: Buffer.from(fun) });
  });

  test('of a term refer to none of the bytes that it was read from', () => {
    const bytes = Buffer.from(
      bytesOf(131, 104, 3, 109, u32(2), 'ab', 112, u32(33), Buffer.alloc(29, 1), 77, u32(1), 3, 0xe0),
    );
    const decoded = decodeTerm(bytes);
    const before = structuredClone((decoded as { value: Tuple }).value.elements);
    bytes.fill(0);
    expect(structuredClone((decoded as { value: Tuple }).value.elements)).toEqual(before);
  });

  test('names of objects between nodes of this project are properties of their own, whatever they are', () => {
    const term = JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":3}') as unknown;
    const encoded = encodeTerm(term, { javascript: true });
    const decoded = decodeTerm((encoded as { bytes: Uint8Array }).bytes, { javascript: true });
    expect((decoded as { value: unknown }).value).toStrictEqual(term);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('terms made by hand', () => {
  test('are refused when they contradict themselves', () => {
    expect(() => new ImproperList([], 1)).toThrow(RangeError);
    expect(() => new ImproperList([1], [])).toThrow(RangeError);
    for (const bits of [0, 8, 1.5]) expect(() => new Bitstring(Uint8Array.of(1), bits)).toThrow(RangeError);
    expect(() => new Bitstring(new Uint8Array(), 1)).toThrow(RangeError);
    expect(() => atom(5 as never)).toThrow(TypeError);
  });

  test('tell how long they are', () => {
    expect([new Bitstring(Uint8Array.of(1, 2), 3).length, new Tuple([1, 2]).length]).toEqual([11, 2]);
    expect([...new Tuple([1, 2])]).toEqual([1, 2]);
    expect(new Float(2).valueOf() + 1).toBe(3);
  });
});

describe('a flood of atoms', () => {
  test('fills the table and no more: further ones are equal by name, and those of the program stay what they are', async () => {
    // a table of its own: the other one is everybody's
    const copy = '../../../src/codec/etf/atom.ts?flooded';
    const own = (await import(copy)) as typeof atoms;
    const mine = own.atom('of the program');
    for (let count = 0; own.internedAtoms() < INTERNED_LIMIT; count++) own.receivedAtom(`flood ${count}`);
    const [late, again] = [own.receivedAtom('late'), own.receivedAtom('late')];
    expect([late === again, own.isAtom(late, 'late'), own.isAtom(again, 'late')]).toEqual([
      false,
      true,
      true,
    ]);
    expect(own.receivedAtom('of the program')).toBe(mine);
    expect(own.receivedAtom('flood 0')).toBe(own.atom('flood 0'));
    expect(own.atom('made later')).toBe(own.atom('made later'));
    for (let count = 0; count < 100_000; count++) own.receivedAtom(`more ${count}`);
    expect(own.internedAtoms()).toBe(INTERNED_LIMIT);
    expect(internedAtoms()).toBeLessThan(INTERNED_LIMIT);
  });
});
