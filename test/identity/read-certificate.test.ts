import { X509Certificate } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { readCertificate } from '../../src/identity/read-certificate.ts';
import { isEd25519 } from '../../src/identity/signed-bytes.ts';
import { oversized, p256 } from './certificates.ts';

/** 2026-03-01T00:00:00Z */
const NOW = 1_772_323_200_000;
const SECOND = 1_000;

const { certificate } = createIdentity(seededRandom('peer'), NOW);

const seen = (bytes: Uint8Array): unknown => {
  const parts = readCertificate(bytes);
  return (
    parts && {
      publicKey: Buffer.from(parts.publicKey).toString('hex'),
      validFrom: parts.validFrom,
      validTo: parts.validTo,
    }
  );
};

/** What Node's parser says. */
const expected = (bytes: Uint8Array): unknown => {
  const parsed = new X509Certificate(bytes);
  return {
    publicKey: parsed.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
    validFrom: Date.parse(parsed.validFrom),
    validTo: Date.parse(parsed.validTo),
  };
};

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe('readCertificate', () => {
  test('finds key and dates where the parser of Node does, whatever the kind of key and the length', () => {
    const all = [certificate, p256(1, NOW).certificate, oversized(createIdentity(seededRandom(2), NOW))];
    for (const bytes of all) expect(seen(bytes)).toEqual(expected(bytes));
  });

  test('reads dates on both sides of 2050, where their form changes', () => {
    const turn = Date.UTC(2_050, 0);
    for (const wall of [NOW, turn - SECOND, turn, turn + 7_200_000, Date.UTC(1_999, 11, 31)]) {
      const { certificate: bytes } = createIdentity(seededRandom(3), wall);
      expect(seen(bytes)).toEqual(expected(bytes));
    }
  });

  test('never finds another key or date than the parser of Node, whichever bit is flipped', () => {
    for (let bit = 0; bit < 8 * certificate.length; bit++) {
      const bytes = flipped(certificate, bit);
      const mine = readCertificate(bytes);
      if (mine?.validFrom === undefined || mine.validTo === undefined) continue;
      // not taken for a key
      if (!isEd25519(mine.publicKey)) continue;
      let theirs;
      try {
        theirs = expected(bytes);
      } catch {
        // stricter than we are about what is inside of names, ids and keys: TLS has looked at those
        continue;
      }
      expect(seen(bytes)).toEqual(theirs);
    }
  });

  test('reads nothing that is cut, and nothing with something behind it', () => {
    for (let length = 0; length < certificate.length; length++)
      expect(readCertificate(certificate.subarray(0, length))).toBeUndefined();
    expect(readCertificate(Buffer.concat([certificate, Buffer.of(0)]))).toBeUndefined();
  });

  test('reads no length but the shortest: there is one way to write a certificate', () => {
    const length = certificate.length - 3;
    expect([...certificate.subarray(0, 3)]).toEqual([0x30, 0x81, length]);
    const rest = certificate.subarray(3);
    for (const head of [
      [0x30, 0x82, 0, length],
      [0x30, 0x83, 0, 0, length],
      [0x30, 0x80],
    ])
      expect(readCertificate(Buffer.concat([Buffer.from(head), rest]))).toBeUndefined();
  });

  test('never throws', () => {
    const begun = fc.uint8Array({ maxLength: 300 }).map((tail) => Uint8Array.of(0x30, 0x81, ...tail));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), begun), (bytes) => {
        readCertificate(bytes);
      }),
    );
  });
});
