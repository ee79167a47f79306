import { X509Certificate, createHash, createPublicKey, sign, verify } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { seededRandom, systemRandom } from '../../src/actor/random.ts';
import { createIdentity, nodeIdOf } from '../../src/identity/identity.ts';

/** 2026-03-01T00:00:00Z */
const NOW = 1_772_323_200_000;
const HOUR = 3_600_000;
const YEAR = 365.25 * 86_400_000;

describe('createIdentity', () => {
  test('the same seed gives the same key, id and certificate; another seed another', () => {
    const one = createIdentity(seededRandom(1), NOW);
    const again = createIdentity(seededRandom(1), NOW);
    expect(Buffer.from(again.nodeId)).toEqual(Buffer.from(one.nodeId));
    expect(Buffer.from(again.certificate)).toEqual(Buffer.from(one.certificate));
    expect(createIdentity(seededRandom(2), NOW).nodeId).not.toEqual(one.nodeId);
  });

  test('the node id is SHA-256 of the 44 bytes of the DER public key', () => {
    const { nodeId, publicKey, privateKey } = createIdentity(seededRandom(3), NOW);
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    expect(Buffer.from(publicKey)).toEqual(spki);
    expect(publicKey.length).toBe(44);
    expect(Buffer.from(nodeId)).toEqual(createHash('sha256').update(spki).digest());
    expect(nodeIdOf(publicKey)).toEqual(nodeId);
  });

  test('the private key signs what the public key verifies', () => {
    const { privateKey, publicKey } = createIdentity(systemRandom, NOW);
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    const signature = sign(null, Buffer.from('statement'), privateKey);
    expect(verify(null, Buffer.from('statement'), key, signature)).toBe(true);
  });
});

describe('certificate', () => {
  test('is X.509 v3 over the key, signed by it, and no authority', () => {
    const { certificate, publicKey, privateKey } = createIdentity(seededRandom(4), NOW);
    const parsed = new X509Certificate(certificate);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(privateKey)).toBe(true);
    expect(parsed.publicKey.export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(publicKey));
    expect(parsed.ca).toBe(false);
    expect(parsed.subject).toBe(parsed.issuer);
    expect(certificate.length).toBeLessThan(512);
  });

  test('is valid from an hour back for ten years', () => {
    const parsed = new X509Certificate(createIdentity(seededRandom(5), NOW).certificate);
    expect(Date.parse(parsed.validFrom)).toBe(NOW - HOUR);
    expect(Date.parse(parsed.validTo)).toBe(NOW - HOUR + 10 * YEAR);
  });

  test('keeps its dates past 2049, where their encoding changes', () => {
    const late = Date.UTC(2045, 5, 1);
    const parsed = new X509Certificate(createIdentity(seededRandom(6), late).certificate);
    expect(Date.parse(parsed.validTo)).toBe(late - HOUR + 10 * YEAR);
  });

  test('has a positive 16-byte serial of its own', () => {
    const serials = Array.from({ length: 50 }, (_, seed) => {
      const { certificate } = createIdentity(seededRandom(seed), NOW);
      return new X509Certificate(certificate).serialNumber;
    });
    expect(new Set(serials).size).toBe(50);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});
