import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { certificateCache, judge, type Question, type Verdict } from '../../src/identity/verdict.ts';
import { misnamed, oversized, p256, signedByAnother } from './certificates.ts';

/** 2026-03-01T00:00:00Z */
const NOW = 1_772_323_200_000;
const HOUR = 3_600_000;
const TEN_YEARS = 3_652.5 * 86_400_000;

const own = createIdentity(seededRandom('own'), NOW);
const peer = createIdentity(seededRandom('peer'), NOW);
const third = createIdentity(seededRandom('third'), NOW);

const verdict = (
  chain: readonly Uint8Array[] | null | undefined,
  question: Partial<Question> = {},
): Verdict => judge(chain, { now: NOW, ownId: own.nodeId, ...question }, certificateCache());

const refused = (code: number): unknown => expect.objectContaining({ tag: 'refused', code });

describe('judge', () => {
  test('accepts one sound certificate and tells id and key', () => {
    expect(verdict([peer.certificate])).toEqual({
      tag: 'accepted',
      nodeId: peer.nodeId,
      publicKey: peer.publicKey,
    });
    expect(verdict([peer.certificate], { expectedId: peer.nodeId }).tag).toBe('accepted');
  });

  test('refuses anything but exactly one certificate with 298', () => {
    for (const chain of [
      null,
      undefined,
      [],
      [peer.certificate, peer.certificate],
      [peer.certificate, own.certificate],
    ])
      expect(verdict(chain)).toEqual(refused(298));
  });

  test('refuses a certificate longer than 2 KiB, however sound, with 298', () => {
    const long = oversized(peer);
    expect(long.length).toBeGreaterThan(2_048);
    expect(verdict([long])).toEqual(refused(298));
  });

  test('refuses empty, cut, extended and PEM-coded certificates with 298', () => {
    const { certificate } = peer;
    const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64')}\n-----END CERTIFICATE-----\n`;
    const wrong = [
      new Uint8Array(0),
      certificate.subarray(0, -1),
      certificate.subarray(0, 40),
      certificate.subarray(1),
      Buffer.concat([certificate, Buffer.of(0)]),
      Buffer.from(pem),
    ];
    for (const leaf of wrong) expect(verdict([leaf])).toEqual(refused(298));
  });

  test('refuses another kind of key with 299', () => {
    expect(verdict([p256(1, NOW).certificate])).toEqual(refused(299));
  });

  test('refuses a certificate that its own key has not signed with 298', () => {
    expect(verdict([signedByAnother(peer, third)])).toEqual(refused(298));
    expect(verdict([misnamed(peer)])).toEqual(refused(298));
    const flipped = Uint8Array.from(peer.certificate);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    expect(verdict([flipped])).toEqual(refused(298));
  });

  test('keeps the validity window with a minute of tolerance, and refuses past it with 301', () => {
    const from = NOW - HOUR;
    const to = from + TEN_YEARS;
    for (const now of [from - 60_000, from, to, to + 60_000])
      expect(verdict([peer.certificate], { now }).tag).toBe('accepted');
    for (const now of [from - 60_001, to + 60_001, 0])
      expect(verdict([peer.certificate], { now })).toEqual(refused(301));
  });

  test('refuses another node than the expected one with 298', () => {
    expect(verdict([peer.certificate], { expectedId: third.nodeId })).toEqual(refused(298));
    expect(verdict([peer.certificate], { expectedId: peer.nodeId.subarray(0, 31) })).toEqual(refused(298));
    expect(verdict([peer.certificate], { expectedId: new Uint8Array(0) })).toEqual(refused(298));
  });

  test('refuses our own identity with 298, also when it was dialed', () => {
    expect(verdict([own.certificate])).toEqual(refused(298));
    expect(verdict([own.certificate], { expectedId: own.nodeId })).toEqual(refused(298));
  });

  test('checks in order: key before signature, signature before time, time before id', () => {
    const old = { now: NOW + 2 * TEN_YEARS, expectedId: third.nodeId };
    expect(verdict([p256(2, NOW).certificate], old)).toEqual(refused(299));
    expect(verdict([signedByAnother(peer, third)], old)).toEqual(refused(298));
    expect(verdict([peer.certificate], old)).toEqual(refused(301));
  });

  test('answers for any bytes and never throws', () => {
    const cache = certificateCache();
    const question = { now: NOW, ownId: own.nodeId };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (leaf) => {
        expect(judge([leaf], question, cache).tag).toBe('refused');
      }),
    );
    const nothing = [undefined, null, 7, 'text', {}, new Array<Uint8Array>(1)] as never[];
    for (const chain of nothing) expect(judge(chain, question, cache).tag).toBe('refused');
  });

  test('refuses every certificate in which one bit is flipped', () => {
    const cache = certificateCache();
    const bit = fc.integer({ min: 0, max: peer.certificate.length * 8 - 1 });
    fc.assert(
      fc.property(bit, (at) => {
        const leaf = Uint8Array.from(peer.certificate);
        leaf[at >> 3] = (leaf[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(judge([leaf], { now: NOW, ownId: own.nodeId }, cache).tag).toBe('refused');
      }),
    );
  });
});

describe('certificateCache', () => {
  test('a remembered certificate is still judged by the time and the id of now', () => {
    const cache = certificateCache();
    const ask = (question: Partial<Question>): Verdict =>
      judge([peer.certificate], { now: NOW, ownId: own.nodeId, ...question }, cache);
    expect(ask({}).tag).toBe('accepted');
    expect(ask({ now: 0 })).toEqual(refused(301));
    expect(ask({ expectedId: third.nodeId })).toEqual(refused(298));
    expect(ask({}).tag).toBe('accepted');
    expect(cache.size).toBe(1);
  });

  test('holds at most 1,024 certificates, the latest ones', () => {
    const cache = certificateCache();
    const question = { now: NOW, ownId: own.nodeId };
    judge([peer.certificate], question, cache);
    const [first] = cache.keys();
    for (let at = 0; at < 1_100; at++) judge([Uint8Array.of(1, at >> 8, at & 255)], question, cache);
    expect(cache.size).toBe(1_024);
    expect(cache.has(first ?? '')).toBe(false);
  });
});
