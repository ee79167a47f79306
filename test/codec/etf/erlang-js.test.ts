/**
 * Another implementation reads what we write, and we read what it writes, but for the differences that are listed: they are its
 * own, as each of them loses something (DIST §5).
 */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { atom } from '../../../src/codec/etf/atom.ts';
import { decodeTerm } from '../../../src/codec/etf/decode.ts';
import { encodeTerm } from '../../../src/codec/etf/encode.ts';
import { PidTerm, PortTerm, ReferenceTerm } from '../../../src/codec/etf/identities.ts';
import {
  Bitstring,
  ExternalFun,
  Float,
  ImproperList,
  OpaqueFun,
  tuple,
} from '../../../src/codec/etf/terms.ts';
import { fromTheirs, theirBytes, theirTerm, withoutKinds } from './erlang-js.ts';
import { anyTerm } from './terms.ts';

const NODE = 'a@127.0.0.1';
const bytes = (...each: readonly number[]): Uint8Array => new Uint8Array(each);
const pid = new PidTerm(NODE, 1_234, 5, 0x9f3a_9c11);
const reference = new ReferenceTerm(NODE, 7, [0x2_1f3a, 0xfd40_0001, 0xfa17_5bd2]);
/** Size 33, arity 0, no free variables: the least there is. */
const fun = new OpaqueFun(bytes(0, 0, 0, 33, ...Array.from({ length: 29 }, (_, index) => index)));

const CORPUS: Readonly<Record<string, unknown>> = {
  'a byte': 255,
  'an integer of 32 bits': -2_147_483_648,
  'an integer above 31 bits': 4_294_967_295,
  'an integer above 32 bits': 1_099_511_627_776,
  'an integer above 53 bits': 1n << 100n,
  'a float': -1.5,
  'a float without a fraction': new Float(3),
  'an atom': atom('ok'),
  'an atom of two-byte characters': atom('höst'),
  'an atom of 255 characters': atom('é'.repeat(255)),
  true: true,
  false: false,
  undefined: undefined,
  null: null,
  'a tuple': tuple(atom('ok'), 1),
  'a tuple of 300': tuple(...Array.from({ length: 300 }, (_, index) => index)),
  'an empty list': [],
  'a list of bytes': [104, 228, 0, 255],
  'a list': [1_000, atom('a'), [], [1, 1_000]],
  'an improper list': new ImproperList([1, 2], atom('tail')),
  'a map': new Map<unknown, unknown>([
    [atom('key'), 1],
    [bytes(1), tuple()],
  ]),
  'a binary': bytes(0, 131, 255),
  'a bit string': new Bitstring(bytes(1, 0b1110_0000), 3),
  'a pid': pid,
  'a reference': reference,
  'a port': new PortTerm(NODE, (1n << 40n) + 5n, 9),
  'a function': fun,
  'an exported function': new ExternalFun('lists', 'map', 2),
  'a call': tuple(
    atom('$gen_call'),
    tuple(pid, new ImproperList([atom('alias')], reference)),
    tuple(atom('add'), 7),
  ),
};

/** What it makes of the term when it reads it and writes it again. */
const DIFFERENCES: Readonly<Record<string, unknown>> = {
  // its numbers are all of one kind
  'a float without a fraction': 3,
  // it takes 32 bits of an integer, and of none that is above 53
  'an integer above 32 bits': 0,
  'an integer above 53 bits': 0,
};

const encoded = (term: unknown): Uint8Array => {
  const result = encodeTerm(term);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.path}`);
  return result.bytes;
};

// it makes a global variable when it writes a large integer
afterAll(() => {
  delete (globalThis as { sign?: unknown }).sign;
});

describe('of every kind of term', () => {
  test.each(Object.entries(CORPUS))('%s: it reads what we write', async (_name, term) => {
    expect(fromTheirs(await theirTerm(encoded(term)))).toStrictEqual(withoutKinds(term));
  });

  test.each(Object.entries(CORPUS))('%s: we read what it writes', async (name, term) => {
    const theirs = await theirBytes(await theirTerm(encoded(term)));
    const expected = name in DIFFERENCES ? DIFFERENCES[name] : term;
    expect(decodeTerm(theirs)).toMatchObject({ ok: true, next: theirs.length });
    expect((decodeTerm(theirs) as { readonly value: unknown }).value).toStrictEqual(expected);
  });

  test.each(Object.entries(CORPUS))('%s: it writes the same bytes', async (name, term) => {
    const ours = encoded(term);
    const theirs = await theirBytes(await theirTerm(ours));
    if (name in DIFFERENCES) expect(theirs).not.toEqual(Buffer.from(ours));
    else expect(theirs).toEqual(Buffer.from(ours));
  });
});

test('what it has compressed we read where compressed terms are taken', async () => {
  const term = tuple(atom('long'), new Uint8Array(1_000).fill(7));
  const theirs = await theirBytes(await theirTerm(encoded(term)), true);
  expect(theirs.length).toBeLessThan(200);
  expect(decodeTerm(theirs, { compressed: true })).toMatchObject({ ok: true, value: term });
  expect(decodeTerm(theirs)).toEqual({ ok: false, rule: 'compressed' });
});

test('any term: it reads what we write', async () => {
  await fc.assert(
    fc.asyncProperty(anyTerm(false), async (term) => {
      expect(fromTheirs(await theirTerm(encoded(term)))).toStrictEqual(withoutKinds(term));
    }),
    { numRuns: 500 },
  );
});
