import { expect, test } from 'vitest';
import { overtaken, type Older } from '../../../src/mesh/peer/takeover.ts';

const epoch = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
const later = (given: Partial<Older>): Older => ({ dialed: false, epoch: epoch(1), readySince: 5, ...given });
const newcomer = { epoch: epoch(1), have: false };

test('a hello comes too late when the same process dialed again since and was accepted', () => {
  expect(overtaken([later({})], newcomer)).toBe(true);
  expect(overtaken([], newcomer)).toBe(false);
  expect(overtaken([later({ readySince: undefined })], newcomer)).toBe(false);
});

test('another process of the peer, and what we dialed ourselves, do not overtake it', () => {
  expect(overtaken([later({ epoch: epoch(2) })], newcomer)).toBe(false);
  expect(overtaken([later({ epoch: undefined })], newcomer)).toBe(false);
  expect(overtaken([later({ dialed: true })], newcomer)).toBe(false);
});
