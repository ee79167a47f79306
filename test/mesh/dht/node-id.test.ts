/** The rules are the vectors' (`test/vectors/node-id.json`). */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketIndex,
  closerTo,
  compareDistance,
  fromHex,
  headOf,
  ID_BYTES,
  normalize,
  sameId,
} from '../../../src/mesh/dht/node-id.ts';
import { fromHex as bytesOf, toHex, vectors } from '../../codec/vectors.ts';
import { near } from './contacts.ts';

interface Input {
  readonly op: string;
  readonly [argument: string]: string;
}
interface Expectation {
  readonly ok?: unknown;
  readonly error?: { readonly tag: string };
}

const order = (sign: number): string => (sign < 0 ? 'less' : sign > 0 ? 'greater' : 'equal');

/** What the rules are, in their plainest words: by these ours are judged. */
const distance = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, index) => byte ^ b[index]!);
function leadingZeros(bytes: Uint8Array): number {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.includes('1') ? bits.indexOf('1') : bits.length;
}

/** Whatever is no id by its size stands where its hash does. */
const place = (text: string | undefined): Uint8Array => normalize(bytesOf(text!));

const operations: Readonly<Record<string, (input: Input) => unknown>> = {
  distance: ({ a, b }) => toHex(distance(place(a), place(b))),
  bucket_index: ({ local, id }) => bucketIndex(place(local), place(id)),
  compare: ({ a, b, target }) => order(compareDistance(place(a), place(b), place(target))),
  closer_to: ({ a, b, target }) => closerTo(place(target), place(a), place(b)),
  normalize: ({ bytes }) => toHex(place(bytes)),
  leading_zeros: ({ bytes }) => leadingZeros(bytesOf(bytes!)),
  sha256: ({ text }) => toHex(normalize(new TextEncoder().encode(text))),
};

const id = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES });
/** Also ids that share many bits in front. */
const pair = fc.tuple(id, id, fc.nat(256)).map(([a, b, bits]) => [a, near(a, bits, b)] as const);

const properties: Readonly<Record<string, () => void>> = {
  'd(x,x) = 0': () => {
    fc.assert(fc.property(id, (x) => leadingZeros(distance(x, x)) === 256));
  },
  'd(a,b) = d(b,a)': () => {
    fc.assert(fc.property(pair, ([a, b]) => sameId(distance(a, b), distance(b, a))));
  },
  'd(a,c) = d(a,b) xor d(b,c)': () => {
    fc.assert(
      fc.property(id, pair, (a, [b, c]) => sameId(distance(a, c), distance(distance(a, b), distance(b, c)))),
    );
  },
  'compare is antisymmetric': () => {
    fc.assert(
      fc.property(id, pair, (target, [a, b]) => {
        const ours = Math.sign(compareDistance(a, b, target));
        expect(Math.sign(compareDistance(b, a, target))).toBe(0 - ours);
        expect(ours).toBe(Math.sign(Buffer.compare(distance(a, target), distance(b, target))));
      }),
    );
  },
  'from_hex accepts either case, output is lower case': () => {
    fc.assert(
      fc.property(id, (x) => {
        const text = toHex(x);
        expect(text).toBe(text.toLowerCase());
        expect(fromHex(text)).toEqual(x);
        expect(fromHex(text.toUpperCase())).toEqual(x);
      }),
    );
  },
};

describe('vectors', () => {
  for (const { name, input, expect: expected } of vectors<Input, Expectation>('node-id')) {
    test(name, () => {
      const { op } = input;
      if (op === 'property') {
        const property = properties[input['text']!];
        if (property === undefined) throw new Error(`unknown property ${input['text']}`);
        property();
      } else if (op === 'from_binary') {
        // what is no id is told by its size, as the codec does
        const bytes = bytesOf(input['bytes']!);
        if (expected.error !== undefined) expect(bytes.byteLength).not.toBe(ID_BYTES);
        else expect(toHex(normalize(bytes))).toBe(expected.ok);
      } else if (op === 'from_hex') {
        const parsed = fromHex(input['hex']!);
        expect(parsed === undefined ? undefined : toHex(parsed)).toBe(expected.ok);
      } else {
        const operation = operations[op];
        if (operation === undefined) throw new Error(`unknown op ${op}`);
        expect(operation(input)).toEqual(expected.ok);
      }
    });
  }
});

test('the bucket of an id is the number of bits it shares with us', () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      expect(bucketIndex(a, b)).toBe(leadingZeros(distance(a, b)));
    }),
  );
});

test('an id of another size is its SHA-256', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const hashed = new Uint8Array(createHash('sha256').update(bytes).digest());
      expect(new Uint8Array(normalize(bytes))).toEqual(bytes.byteLength === ID_BYTES ? bytes : hashed);
    }),
  );
});

test('the head orders ids as far as it goes', () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const heads = (headOf(a) >>> 0) - (headOf(b) >>> 0);
      if (heads !== 0) expect(Math.sign(heads)).toBe(Buffer.compare(a, b));
    }),
  );
});

test('only 64 hex digits are an id', () => {
  for (const text of ['', '0'.repeat(63), '0'.repeat(65), `${'0'.repeat(63)}g`, `${'0'.repeat(64)}\n`]) {
    expect(fromHex(text)).toBeUndefined();
  }
});
