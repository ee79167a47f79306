/** Random values for properties: what users send, and what they should not. */
import fc from 'fast-check';
import type { Value } from '../../src/codec/value.ts';

/** Whether the text survives UTF-8: it has no lone surrogate. */
export const isWellFormed = (text: string): boolean => Buffer.from(text).toString() === text;

/** Whether the text may be sent: it also begins with no byte order mark. */
const isSendable = (text: string): boolean => isWellFormed(text) && !text.startsWith('\uFEFF');

const key = fc
  .oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      'constructor',
      'toString',
      'valueOf',
      'hasOwnProperty',
      'length',
      '0',
      '01',
      '__proto_',
      'é',
      'a\uFEFF',
    ),
  )
  .filter((name) => name !== '__proto__' && isSendable(name));

const text = fc
  .oneof(
    fc.string(),
    fc.string({ unit: 'grapheme', maxLength: 100 }),
    fc.string({ minLength: 60, maxLength: 300 }),
    fc.constantFrom('a\uFEFF', `é\uFEFF${'x'.repeat(100)}`, '\u0000', 'x'.repeat(65_536)),
  )
  .filter(isSendable);

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -0,
    0,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    -(2 ** 32),
    -(2 ** 32) - 1,
    2 ** 53 - 1,
    2 ** 53,
    -(2 ** 53) + 1,
    -(2 ** 53),
    2 ** 60,
    NaN,
    Infinity,
    -Infinity,
    0.1,
    5e-324,
  ),
);

const bigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(
    0n,
    -1n,
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n) + 1n,
    -(2n ** 53n),
    -(2n ** 63n),
    2n ** 64n - 1n,
  ),
);

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array)),
);

/** Anything a user may send, before normalization: Buffers, safe bigints, undefined, null prototypes. */
export const sendable: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.constantFrom(null, undefined, true, false), number, bigint, text, bytes),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  ),
})).value;

/** Equal as a user sees it: -0 is not 0, NaN is NaN, bytes by content, key order free. */
export function same(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return left instanceof Uint8Array && right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (name) =>
      Object.hasOwn(right, name) &&
      same((left as Record<string, unknown>)[name], (right as Record<string, unknown>)[name]),
  );
}

/** Whether everything in it that can be frozen is, and is plain. */
export function isFrozenPlain(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined;
  if (value instanceof Uint8Array) return Object.getPrototypeOf(value) === Uint8Array.prototype;
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return plain && Object.isFrozen(value) && Object.values(value).every(isFrozenPlain);
}
