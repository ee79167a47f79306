import { describe, expect, test } from 'vitest';
import { binaryOf } from '../../../src/codec/etf/binaries.ts';
import { decodeTerm } from '../../../src/codec/etf/decode.ts';
import { encodeTerm } from '../../../src/codec/etf/encode.ts';

/** Around the sizes where the way changes, and more than one store full of each. */
const SIZES = [0, 1, 64, 65, 100, 256, 511, 512, 513, 4_096, 5_000];
const filled = (length: number, first: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => first + index);

describe('binaryOf', () => {
  test.each(SIZES)('%i bytes are copied, as a plain Uint8Array that no other one overlaps', (size) => {
    const input = Buffer.concat([Buffer.of(9, 9, 9), filled(size, 1), Buffer.of(9)]);
    const copies = Array.from({ length: 100 }, () => binaryOf(input, 3, size));
    input.fill(0);
    const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
    expect(copies.every((copy) => same(copy, filled(size, 1)))).toBe(true);
    expect(new Set(copies.map((copy) => copy.constructor))).toEqual(new Set([Uint8Array]));
    for (const [at, copy] of copies.entries()) copy.fill(at);
    expect(copies.every((copy, at) => same(copy, new Uint8Array(size).fill(at)))).toBe(true);
  });

  test('a kept one holds 4 KiB, or what it is as long as', () => {
    const held = SIZES.map((size) => binaryOf(new Uint8Array(size), 0, size).buffer.byteLength);
    for (const [at, size] of SIZES.entries()) expect(held[at]).toBeLessThanOrEqual(Math.max(4_096, size));
  });

  test('every array may be read as numbers of eight bytes', () => {
    for (const size of SIZES) expect(binaryOf(new Uint8Array(size), 0, size).byteOffset % 8).toBe(0);
  });
});

test('binaries of one term are their own, whatever lies beside them', () => {
  const value = SIZES.map((size) => filled(size, size));
  const encoded = encodeTerm(value);
  if (!encoded.ok) throw new Error(encoded.error.tag);
  const decoded = decodeTerm(encoded.bytes);
  expect(decoded).toMatchObject({ ok: true, value });
});
