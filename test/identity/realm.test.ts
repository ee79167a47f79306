import { createPrivateKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity, createKey, spkiOf } from '../../src/identity/identity.ts';
import {
  CLOCK_TOLERANCE,
  issueMembership,
  judgeMembership,
  readMembership,
  type Membership,
  type MembershipQuestion,
} from '../../src/identity/realm.ts';
import { signBytes } from '../../src/identity/signed-bytes.ts';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const random = seededRandom('realm');
const key = createKey(random);
const alice = createIdentity(random.fork('alice'), NOW);
const bob = createIdentity(random.fork('bob'), NOW);

const membership: Membership = {
  realm: 'io.macula',
  nodeId: alice.nodeId,
  validFrom: NOW,
  validTo: NOW + DAY,
};
const certificate = issueMembership(membership, key);

const ask = (proof: unknown, over: Partial<MembershipQuestion> = {}): string => {
  const question = { realm: 'io.macula', nodeId: alice.nodeId, realmKey: spkiOf(key), now: NOW, ...over };
  const verdict = judgeMembership(proof, question);
  return verdict.tag === 'member' ? 'member' : verdict.reason;
};

describe('a membership', () => {
  test('says what it was issued for, to whoever asks in that realm about that node at that time', () => {
    expect(readMembership(certificate)).toEqual(membership);
    expect(ask(certificate)).toBe('member');
    expect(certificate.length).toBe(50 + 'io.macula'.length + 64);
  });

  test('of another node is refused: a stolen certificate is worth nothing without its key', () => {
    expect(ask(certificate, { nodeId: bob.nodeId })).toBe('another_node');
  });

  test('of another realm is refused, also when one key serves both', () => {
    expect(ask(certificate, { realm: 'io.macula.other' })).toBe('another_realm');
    expect(ask(issueMembership({ ...membership, realm: 'IO.macula' }, key))).toBe('another_realm');
  });

  test('signed by any other key is forged, the own key of the node and of the realm of the same name included', () => {
    expect(ask(issueMembership(membership, alice.privateKey))).toBe('forged');
    expect(ask(issueMembership(membership, createKey(random.fork('other'))))).toBe('forged');
    expect(ask(certificate, { realmKey: new Uint8Array(44) })).toBe('forged');
  });

  test('signed for another purpose is forged', () => {
    const body = certificate.subarray(0, -64);
    expect(ask(Buffer.concat([body, signBytes(key, 'dht record', body)]))).toBe('forged');
  });

  test('counts from its first millisecond to before its last, and clocks may differ by 60 s', () => {
    expect(CLOCK_TOLERANCE).toBe(60_000);
    expect(ask(certificate, { now: NOW - 60_001 })).toBe('not_yet_valid');
    expect(ask(certificate, { now: NOW - 60_000 })).toBe('member');
    expect(ask(certificate, { now: NOW + DAY + 59_999 })).toBe('member');
    expect(ask(certificate, { now: NOW + DAY + 60_000 })).toBe('expired');
  });

  test('that is not there is missing; anything that is no certificate is malformed', () => {
    expect([ask(undefined), ask(null)]).toEqual(['missing', 'missing']);
    const whole = Buffer.from(certificate);
    const wrong: unknown[] = [
      {},
      'x',
      7,
      new Uint8Array(),
      new Uint8Array(65_536),
      Buffer.concat([whole, Buffer.alloc(1)]),
      Buffer.concat([Buffer.from([2]), whole.subarray(1)]),
    ];
    for (let length = 0; length < whole.length; length++) wrong.push(whole.subarray(0, length));
    for (const proof of wrong) expect(ask(proof)).toBe('malformed');
  });

  test('with a realm that is no UTF-8, no time or no name at all is malformed, whoever signed it', () => {
    const signed = (change: (body: Buffer) => Buffer): Uint8Array => {
      const body = change(Buffer.from(certificate.subarray(0, -64)));
      return Buffer.concat([body, signBytes(key, 'realm membership', body)]);
    };
    expect(ask(signed((body) => (body.fill(0xff, 50), body)))).toBe('malformed');
    expect(ask(signed((body) => (body.writeBigUInt64BE(0n, 41), body)))).toBe('malformed');
    expect(ask(signed((body) => (body.writeBigUInt64BE(2n ** 60n, 41), body)))).toBe('malformed');
    expect(ask(signed((body) => ((body[49] = 0), body.subarray(0, 50))))).toBe('malformed');
  });

  test('with any bit flipped is refused', () => {
    for (let bit = 0; bit < certificate.length * 8; bit++) {
      const flipped = Buffer.from(certificate);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(ask(flipped)).not.toBe('member');
    }
  });

  test('reads back as issued, for every realm and time', () => {
    fc.assert(
      fc.property(
        fc
          .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
          .filter((name) => Buffer.byteLength(name) < 256),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.maxSafeNat(),
        fc.maxSafeNat(),
        (realm, nodeId, a, b) => {
          fc.pre(a !== b);
          const issued = { realm, nodeId, validFrom: Math.min(a, b), validTo: Math.max(a, b) };
          expect(readMembership(issueMembership(issued, key))).toEqual(issued);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('bytes from anywhere never throw and never pass', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(['malformed', 'forged']).toContain(ask(bytes));
      }),
    );
  });
});

test('a realm key is an Ed25519 key like any other', () => {
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  expect(ask(issueMembership(membership, createPrivateKey(pem)))).toBe('member');
});
