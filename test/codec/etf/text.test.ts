import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atom } from '../../../src/codec/etf/atom.ts';
import { PidTerm, PortTerm, ReferenceTerm } from '../../../src/codec/etf/identities.ts';
import { parseTerm } from '../../../src/codec/etf/parse-text.ts';
import {
  Bitstring,
  ExternalFun,
  Float,
  ImproperList,
  OpaqueFun,
  tuple,
} from '../../../src/codec/etf/terms.ts';
import { termText } from '../../../src/codec/etf/text.ts';
import { literal } from './terms.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The value of a text that is one. */
const read = (text: string): unknown => {
  const parsed = parseTerm(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.detail} at ${parsed.error.at}`);
  return parsed.value;
};

const refusal = (text: string): readonly [number, string] | undefined => {
  const parsed = parseTerm(text);
  return parsed.ok ? undefined : [parsed.error.at, parsed.error.detail];
};

describe('the text of a term', () => {
  test.each<readonly [unknown, string]>([
    [tuple(atom('add'), 1, new Float(2)), '{add,1,2.0}'],
    [atom('Not bare'), "'Not bare'"],
    [atom('end'), "'end'"],
    [atom('maybe'), "'maybe'"],
    [atom(''), "''"],
    [atom("it's"), String.raw`'it\'s'`],
    [atom('é@_1'), 'é@_1'],
    [atom('λ'), "'λ'"],
    [true, 'true'],
    [undefined, 'undefined'],
    [1n << 70n, '1180591620717411303424'],
    [-0, '-0.0'],
    [0.1, '0.1'],
    [1.5e-7, '1.5e-7'],
    [1e22, '1.0e22'],
    [new Float(100_000), '1.0e5'],
    [new Float(123_456), '123456.0'],
    [2 ** 53, '9.007199254740992e15'],
    [[], '[]'],
    [[97, 98, 10], String.raw`"ab\n"`],
    [[97, 0], '[97,0]'],
    [[97.5, 98], '[97.5,98]'],
    [[1, 2], '[1,2]'],
    [new ImproperList([1, 2], atom('c')), '[1,2|c]'],
    [bytes(), '<<>>'],
    [utf8('abc'), '<<"abc">>'],
    [utf8('naïve'), '<<"naïve"/utf8>>'],
    [bytes(0xef), '<<"ï">>'],
    [bytes(1, 2), '<<1,2>>'],
    ['text', '<<"text">>'],
    [new Bitstring(bytes(5, 0x60), 3), '<<5,3:3>>'],
    [new Map<unknown, unknown>([[atom('a'), [new Map()]]]), '#{a => [#{}]}'],
    [{ a: null }, '#{<<"a">> => null}'],
    [new ExternalFun('lists', 'Map', 2), "fun lists:'Map'/2"],
    [new PidTerm('a@host', 83, 1, 7), '<a@host.83.1>'],
    [new ReferenceTerm('a@host', 7, [1, 2, 3]), '#Ref<a@host.3.2.1>'],
    [new PortTerm('a@host', 5n, 7), '#Port<a@host.5>'],
    [new OpaqueFun(bytes(1)), '#Fun'],
    [Symbol('none'), '#Unknown'],
    [new Date(0), '#Unknown'],
    [NaN, '#Unknown'],
  ])('%o', (term, text) => {
    expect(termText(term)).toBe(text);
  });

  test('holds nothing that steers a terminal', () => {
    const steering = '\u001b[2J\u0080\u009f\u061c\u200b\u200f\u2028\u202e\u2066\u2069\ufeff';
    for (const term of [utf8(steering), atom(steering), Array.from(steering, (each) => each.codePointAt(0))])
      expect(termText([term])).toMatch(/^[ -~]*$/);
    expect(termText(new PidTerm(`${steering}@host`, 1, 2, 3))).toMatch(/^[ -~]*$/);
  });

  test('ends where its length or its depth ends', () => {
    expect(termText([1, 2, 3], { length: 4 })).toBe('[1,2...');
    expect(termText([1, 2, 3], { length: 7 })).toBe('[1,2,3]');
    expect(termText([[[]]], { depth: 1 })).toBe('[[...]]');
    expect(termText(new Uint8Array(1_000), { length: 10 })).toBe('<<0,0,0,0,...');
  });

  test('has maps in the order of the keys where that is asked for', () => {
    const one = new Map<unknown, unknown>([
      [2, atom('b')],
      [1, atom('a')],
    ]);
    expect(termText(one)).toBe('#{2 => b,1 => a}');
    expect(termText(one, { sorted: true })).toBe('#{1 => a,2 => b}');
  });

  test('is read as the term that it was, whatever that is', () => {
    fc.assert(
      fc.property(literal, (term) => {
        expect(read(termText(term))).toStrictEqual(term);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a text is read', () => {
  test.each<readonly [string, unknown]>([
    [' { add , 1 } . ', tuple(atom('add'), 1)],
    ['{}', tuple()],
    ['[1,2|[3]]', [1, 2, 3]],
    ['[1|[2|x]]', new ImproperList([1, 2], atom('x'))],
    ['[a % the first\n, b]', [atom('a'), atom('b')]],
    ['"ab" "c"', [97, 98, 99]],
    ['""', []],
    ['true', true],
    ["'undefined'", undefined],
    ['null', null],
    ['-5', -5],
    ['+5', 5],
    ['-0', 0],
    ['1_000', 1_000],
    ['16#fF', 255],
    ['-36#zz', -1_295],
    ['2#101', 5],
    ['16#ffffffffffffffffffffffff', (1n << 96n) - 1n],
    ['7#11111111111111111111111111111111', (7n ** 32n - 1n) / 6n],
    ['$a', 97],
    [String.raw`$\n`, 10],
    [String.raw`-$\x{ff}`, -255],
    ['1.5e3', new Float(1_500)],
    ['1.25', 1.25],
    [String.raw`"\x41\101\^A\s\d\e\q\x{1F600}"`, [65, 65, 1, 32, 127, 27, 113, 0x1f600]],
    ['<<"ab",99>>', utf8('abc')],
    ['<<"ï">>', bytes(0xef)],
    ['<<"ï€"/utf8>>', utf8('ï€')],
    ['<<16#20ac/utf8>>', utf8('€')],
    ['<<1000:16,1000:16/little>>', bytes(3, 0xe8, 0xe8, 3)],
    ['<<-1,256>>', bytes(255, 0)],
    ['<<1.5:32/float>>', bytes(0x3f, 0xc0, 0, 0)],
    ['<<1/float>>', bytes(0x3f, 0xf0, 0, 0, 0, 0, 0, 0)],
    ['<<5:3>>', new Bitstring(bytes(0xa0), 3)],
    ['<<5:3,1:5>>', bytes(0xa1)],
    ['<< >>', bytes()],
    ['fun lists:map/2', new ExternalFun('lists', 'map', 2)],
    ['#{}', new Map()],
  ])('%s', (text, term) => {
    expect(read(text)).toStrictEqual(term);
  });

  test('of keys of a map that are the same term the later counts, in whatever order it is written', () => {
    expect(read('#{{a,<<"k">>} => 1, {a,<<"k">>} => 2}')).toStrictEqual(
      new Map([[tuple(atom('a'), utf8('k')), 2]]),
    );
    expect(read('#{#{1 => a, 2 => b} => 1, #{2 => b, 1 => a} => 2}')).toHaveProperty('size', 1);
  });

  test.each<readonly [string, number, string]>([
    ['', 0, 'instead of the end'],
    ['{add, X}', 6, 'variables have no value'],
    ['_', 0, 'variables'],
    ['{a', 2, 'expected } instead of the end'],
    ['[1|2,3]', 4, 'expected ] instead of ,'],
    ['{a} b', 4, 'something is behind'],
    ['end', 0, "'end'"],
    ['"abc', 0, 'no " ends'],
    ["'abc", 0, "no ' ends"],
    [`'${'x'.repeat(256)}'`, 0, '255'],
    ['x'.repeat(256), 0, '255'],
    ['1.0e999', 0, 'float'],
    ['1#0', 0, 'base is 2 to 36'],
    ['37#0', 0, 'base is 2 to 36'],
    ['8#9', 0, 'no digits of base 8'],
    ['16#', 3, 'digits are missing'],
    ['-a', 1, 'expected a number'],
    [String.raw`"\x"`, 3, 'expected'],
    [String.raw`"\x{110000}"`, 1, 'no character'],
    [String.raw`"\x{d800}"`, 1, 'no character'],
    ['"\ud800"', 1, 'no character'],
    ['$', 1, 'missing'],
    ['<0.1.0>', 0, 'pids'],
    ['#Ref<0.1.2>', 0, 'references'],
    ['#rec{}', 0, 'records'],
    ['fun foo', 7, 'expected :'],
    ['fun a:b/256', 8, 'arity'],
    ['<<"€">>', 5, 'utf8'],
    ['<<1.5>>', 5, 'float'],
    ['<<1:8/utf8>>', 3, 'no size'],
    ['<<"a":8>>', 5, 'neither size'],
    ['<<1/binary>>', 4, 'a type is one of'],
    ['<<1.5:16/float>>', 5, '32 or 64'],
    ['<<a>>', 2, 'expected a number or a string'],
    ['<<0:524289>>', 4, 'number of bits'],
    ['#{a = 1}', 4, 'expected =>'],
    ['{a,}', 3, 'expected a term'],
  ])('and %s is refused where it is wrong', (text, at, detail) => {
    expect(refusal(text)).toEqual([at, expect.stringContaining(detail)]);
  });

  test('no deeper, no longer than the limits', () => {
    const limits = { depth: 2, elements: 3, integer: 2, inflated: 0 };
    const ok = (text: string): boolean => parseTerm(text, limits).ok;
    expect([ok('[[[]]]'), ok('[[[[]]]]')]).toEqual([true, false]);
    expect([ok('[1,2]'), ok('[1,2,3]')]).toEqual([true, false]);
    expect([ok('9999'), ok('99999')]).toEqual([true, false]);
    expect(parseTerm('['.repeat(100_000)).ok).toBe(false);
    expect(parseTerm('9'.repeat(200_000)).ok).toBe(false);
  });

  test('whatever the text is, there is an outcome', () => {
    const pieces = '{ } [ ] << >> #{ => , | " \' $ \\ - 1 . # : / a fun X utf8 e 16# \u{1F600} \ud800'.split(
      ' ',
    );
    const piece = fc.constantFrom(' ', ...pieces);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (some) => {
        const text = some.join('');
        const parsed = parseTerm(text);
        if (!parsed.ok) expect(parsed.error.at).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 5_000 },
    );
  });
});
