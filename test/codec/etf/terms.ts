/** Any term, for property tests and for a real Erlang to echo. */
import fc from 'fast-check';
import { atom } from '../../../src/codec/etf/atom.ts';
import { PidTerm, PortTerm, ReferenceTerm } from '../../../src/codec/etf/identities.ts';
import { Bitstring, ExternalFun, Float, ImproperList, Tuple } from '../../../src/codec/etf/terms.ts';

const word = fc.nat({ max: 0xffff_ffff });
const name = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => Array.from(text).length <= 255);
const node = fc.constantFrom('a@127.0.0.1', '4433@localhost', 'naïve@höst');
const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => new Uint8Array(each));

/** Whole numbers that JavaScript counts exactly are `Float`s when they are floats. */
const float = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? new Float(value) : value));

const bigint = fc
  .bigInt({ min: -(1n << 300n), max: 1n << 300n })
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));

const bitstring = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 7 }))
  .map(([each, bits]) => {
    const own = new Uint8Array(each);
    own[own.length - 1]! &= (0xff << (8 - bits)) & 0xff;
    return new Bitstring(own, bits);
  });

/** What has a text that is read as the same term. */
const written: readonly fc.Arbitrary<unknown>[] = [
  fc.integer(),
  fc.maxSafeInteger(),
  bigint,
  float,
  fc.constantFrom(true, false, null, undefined),
  name.filter((text) => !['true', 'false', 'null', 'undefined'].includes(text)).map(atom),
  bytes,
  bitstring,
  fc
    .tuple(fc.constantFrom('lists', 'erlang'), fc.constantFrom('map', 'node'), fc.nat({ max: 255 }))
    .map((parts) => new ExternalFun(...parts)),
];

const identity: readonly fc.Arbitrary<unknown>[] = [
  fc
    .tuple(node, fc.nat({ max: 0xfff_ffff }), fc.nat({ max: 0x1fff }), word)
    .map((parts) => new PidTerm(...parts)),
  fc
    .tuple(node, word, fc.tuple(fc.nat({ max: 0x3ffff }), word, word))
    .map(([at, creation, words]) => new ReferenceTerm(at, creation, words)),
  fc
    .tuple(node, fc.nat({ max: 0xfff_ffff }), word)
    .map(([at, id, creation]) => new PortTerm(at, BigInt(id), creation)),
];

/** Terms that are made of these. @param javascript with plain objects, which Erlang has no terms for. */
const termsOf = (scalars: readonly fc.Arbitrary<unknown>[], javascript: boolean): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    scalar: fc.oneof(...scalars),
    tail: fc.oneof(...scalars).filter((term) => !Array.isArray(term)),
    term: fc.oneof(
      { depthSize: 'small', withCrossShrink: true, maxDepth: 5 },
      tie('scalar'),
      fc.array(tie('term'), { maxLength: 6 }),
      fc.array(fc.nat({ max: 255 }), { maxLength: 30 }),
      fc.array(tie('term'), { maxLength: 6 }).map((elements) => new Tuple(elements)),
      fc
        .tuple(fc.array(tie('term'), { minLength: 1, maxLength: 3 }), tie('tail'))
        .map(([elements, tail]) => new ImproperList(elements, tail)),
      fc
        .uniqueArray(fc.tuple(fc.oneof(fc.integer(), name.map(atom)), tie('term')), {
          maxLength: 5,
          selector: ([key]) => key,
        })
        .map((pairs) => new Map(pairs)),
      ...(javascript
        ? [fc.dictionary(fc.string({ unit: 'grapheme' }), tie('term'), { maxKeys: 5, noNullPrototype: true })]
        : []),
    ),
  })).term;

/** @param javascript with strings and plain objects, which Erlang has no terms for. */
export const anyTerm = (javascript: boolean): fc.Arbitrary<unknown> =>
  termsOf([...written, ...identity, ...(javascript ? [fc.string({ unit: 'grapheme' })] : [])], javascript);

/** Texts in binaries and lists are rare by chance. */
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });

export const literal: fc.Arbitrary<unknown> = termsOf(
  [
    ...written,
    text.map((each) => new Uint8Array(new TextEncoder().encode(each))),
    text.map((each) => Array.from(each, (character) => character.codePointAt(0))),
  ],
  false,
);
