import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import {
  ID_LENGTH,
  TOKEN_LIFETIME,
  checkToken,
  issueToken,
  type TokenResult,
} from '../../../src/transport/quic/retry-token.ts';

const random = seededRandom('tokens');
const key = random.bytes(32);
const source = { host: '192.0.2.7', port: 4_433 };
const originalId = random.bytes(16);
const newId = random.bytes(ID_LENGTH);
const NOW = 123_456.75;
const token = issueToken(key, NOW, source, { originalId, newId });

const check = (bytes: Uint8Array, now = NOW, from = source, usedId = newId): TokenResult =>
  checkToken(key, now, from, usedId, bytes);

describe('checkToken', () => {
  test('a token is valid at its own address, under the id it names, and gives the original id back', () => {
    expect(check(token)).toEqual({ tag: 'valid', originalId });
  });

  test('original ids of every length a peer may choose come back', () => {
    for (let length = 0; length <= 20; length++) {
      const id = random.bytes(length);
      const fresh = issueToken(key, NOW, source, { originalId: id, newId });
      expect(check(fresh)).toEqual({ tag: 'valid', originalId: id });
    }
  });

  test('a token lives ten seconds, the edge included', () => {
    expect(check(token, NOW + TOKEN_LIFETIME).tag).toBe('valid');
    expect(check(token, NOW + TOKEN_LIFETIME + 0.01).tag).toBe('expired');
    expect(check(token, NOW - 1).tag).toBe('expired');
    expect(check(token, Number.NaN).tag).toBe('expired');
    expect(TOKEN_LIFETIME).toBe(10_000);
  });

  test('a token is worth nothing from another address, from another port, or in another process', () => {
    expect(check(token, NOW, { host: '192.0.2.8', port: 4_433 }).tag).toBe('invalid');
    expect(check(token, NOW, { host: '192.0.2.7', port: 4_434 }).tag).toBe('invalid');
    // The same text when put together: "192.0.2.74" + "433".
    expect(check(token, NOW, { host: '192.0.2.74', port: 433 }).tag).toBe('invalid');
    expect(checkToken(random.bytes(32), NOW, source, newId, token).tag).toBe('invalid');
  });

  test('a token is worth nothing under another connection id than the one it names', () => {
    expect(check(token, NOW, source, random.bytes(ID_LENGTH)).tag).toBe('invalid');
    expect(check(token, NOW, source, originalId).tag).toBe('invalid');
    expect(check(token, NOW, source, new Uint8Array(0)).tag).toBe('invalid');
  });

  test('a token with any one bit flipped is invalid', () => {
    for (let bit = 0; bit < token.length * 8; bit++) {
      const changed = Uint8Array.from(token);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(check(changed).tag).toBe('invalid');
    }
  });

  test('a token cut or extended anywhere is invalid', () => {
    for (let length = 0; length < token.length; length++)
      expect(check(token.subarray(0, length)).tag).toBe('invalid');
    expect(check(Buffer.concat([token, Buffer.of(0)])).tag).toBe('invalid');
  });

  test('any bytes get an answer, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(check(bytes).tag).toBe('invalid');
      }),
    );
  });

  test('the Retry that carries it is shorter than the Initial it answers', () => {
    expect(issueToken(key, NOW, source, { originalId: random.bytes(20), newId }).length).toBeLessThan(200);
  });
});
