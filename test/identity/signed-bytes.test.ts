import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { isEd25519, signBytes, verifyBytes } from '../../src/identity/signed-bytes.ts';

const WALL = Date.UTC(2026, 2, 1);
const identity = (name: string) => createIdentity(seededRandom(name), WALL);
const [alice, bob] = [identity('alice'), identity('bob')];
const text = new TextEncoder().encode('what is said');

describe('verifyBytes', () => {
  test('accepts what the owner of the key signed for the purpose', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        verifyBytes(alice.publicKey, 'dht record', bytes, signBytes(alice.privateKey, 'dht record', bytes)),
      ),
      { numRuns: 50 },
    );
  });

  test('refuses a signature of another key, of other bytes, or for another purpose', () => {
    const signature = signBytes(alice.privateKey, 'dht record', text);
    expect(verifyBytes(bob.publicKey, 'dht record', text, signature)).toBe(false);
    expect(verifyBytes(alice.publicKey, 'dht record', text.subarray(1), signature)).toBe(false);
    expect(verifyBytes(alice.publicKey, 'realm membership', text, signature)).toBe(false);
    expect(verifyBytes(alice.publicKey, 'dht record', text, signature)).toBe(true);
  });

  test('what is signed is the purpose, a zero byte, and the bytes', () => {
    const signature = signBytes(alice.privateKey, 'dht record', text);
    const signed = Buffer.concat([Buffer.from('espalier dht record\0'), text]);
    const key = createPublicKey({ key: Buffer.from(alice.publicKey), format: 'der', type: 'spki' });
    expect(verify(null, signed, key, signature)).toBe(true);
  });

  test('answers false for whatever is no key or no signature', () => {
    const signature = signBytes(alice.privateKey, 'dht record', text);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey;
    const broken = [
      new Uint8Array(),
      alice.publicKey.subarray(1),
      new Uint8Array([...alice.publicKey, 0]),
      new Uint8Array(rsa.export({ type: 'spki', format: 'der' })),
      new Uint8Array(44).fill(0xff),
    ];
    for (const key of broken) {
      expect(isEd25519(key)).toBe(false);
      expect(verifyBytes(key, 'dht record', text, signature)).toBe(false);
    }
    for (const length of [0, 63, 65]) {
      const cut = new Uint8Array(length);
      cut.set(signature.subarray(0, length));
      expect(verifyBytes(alice.publicKey, 'dht record', text, cut)).toBe(false);
    }
  });

  test('a key that was given up for newer ones is still understood', () => {
    const first = signBytes(alice.privateKey, 'dht record', text);
    const random = seededRandom('many');
    const prefix = alice.publicKey.subarray(0, 12);
    for (let count = 0; count < 1_100; count++) {
      const key = new Uint8Array([...prefix, ...random.bytes(32)]);
      expect(verifyBytes(key, 'dht record', text, first)).toBe(false);
    }
    expect(verifyBytes(alice.publicKey, 'dht record', text, first)).toBe(true);
  });
});
