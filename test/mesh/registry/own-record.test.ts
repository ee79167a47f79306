import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { createIdentity } from '../../../src/identity/identity.ts';
import type { ValueMap } from '../../../src/codec/value.ts';
import { checkMetadata } from '../../../src/mesh/client/check.ts';
import { hex } from '../../../src/mesh/context.ts';
import { procedureKey, type ServiceRecord } from '../../../src/mesh/dht/record.ts';
import { contentOf, digestOf, ownRecord, ownTombstone } from '../../../src/mesh/registry/own-record.ts';
import type { Offer } from '../../../src/mesh/registry/service-table.ts';
import { judgeRecord } from '../dht/judge.ts';

const WALL = 1_767_225_600_000;
const identity = createIdentity(seededRandom('own-record'), WALL);
const key = procedureKey('a.b');

const offer = (over: Partial<Offer> = {}): Offer => ({
  exclusive: false,
  ttl: 300,
  metadata: {},
  description: undefined,
  ...over,
});

const read = (payload: ReturnType<typeof ownRecord>): ServiceRecord => {
  if (payload === undefined) throw new Error('no record');
  const verdict = judgeRecord(payload, { key: hex(key), realm: 'test', wall: WALL });
  return verdict.tag === 'verified' ? verdict.record : expect.fail(verdict.fault);
};

const recordOf = (offers: readonly Offer[], endpoints: readonly string[] = []): ServiceRecord =>
  read(ownRecord(identity, key, contentOf(offers, 'test', endpoints), 1, WALL));

describe('the record of a node', () => {
  test('says what its one provider says, a description included, unless metadata has one', () => {
    expect(recordOf([offer({ metadata: { a: 1 } })]).metadata).toEqual({ a: 1 });
    expect(recordOf([offer({ description: 'x' })]).metadata).toEqual({ description: 'x' });
    expect(recordOf([offer({ description: 'x', metadata: { description: 'y' } })]).metadata).toEqual({
      description: 'y',
    });
  });

  test('of several lists all, under what the first says', () => {
    const offers = [offer({ metadata: { n: 1 } }), offer({ description: 'two' })];
    expect(recordOf(offers).metadata).toEqual({ n: 1, providers: [{ n: 1 }, { description: 'two' }] });
  });

  test('says all that advertise accepts: as many bytes, data items and levels as that', () => {
    const endpoints = Array.from(
      { length: 20 },
      (_, n) => `[2001:db8:1234:5678:9abc:def0:1234:${n + 1}]:9443`,
    );
    const largest = (make: (size: number) => object): ValueMap => {
      let last: ValueMap = {};
      for (let size = 1; ; size++) {
        const checked = checkMetadata(make(size));
        if (!checked.ok) return last;
        last = checked.value;
      }
    };
    const all = [
      largest((size) => ({ text: 'x'.repeat(size) })),
      largest((size) => ({ list: Array.from({ length: size }, () => []) })),
      largest((size) => ({ deep: Array.from({ length: size }).reduce((inner) => [inner], 1) })),
    ];
    for (const metadata of all) expect(recordOf([offer({ metadata })], endpoints).metadata).toEqual(metadata);
  });

  test('lives as long as the most careful of them wishes', () => {
    const { issuedAt, expiresAt } = recordOf([offer({ ttl: 600 }), offer({ ttl: 60 }), offer()]);
    expect(expiresAt - issuedAt).toBe(60_000);
  });

  test('fits, whatever its providers are called and wherever it is reached; the first is never left out', () => {
    const text = fc.nat(2_800).map((length) => 'x'.repeat(length));
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 20 }),
        (texts, reach) => {
          const endpoints = Array.from(
            { length: reach },
            (_, n) => `[2001:db8:1234:5678:9abc:def0:1234:${n + 1}]:9443`,
          );
          const record = recordOf(
            texts.map((said) => offer({ metadata: { said } })),
            endpoints,
          );
          expect(record.metadata['said']).toBe(texts[0]);
          expect(endpoints.slice(0, record.endpoints.length)).toEqual(record.endpoints);
          if (reach > 0) expect(record.endpoints.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('is digested by all that it says, and by nothing else', () => {
    const digest = (offers: readonly Offer[], realm = 'test', endpoints: readonly string[] = []): string =>
      digestOf(contentOf(offers, realm, endpoints));
    const base = digest([offer()]);
    expect(digest([offer({ exclusive: true })])).toBe(base);
    const others = [
      digest([offer({ ttl: 60 })]),
      digest([offer({ metadata: { a: 1 } })]),
      digest([offer({ description: 'x' })]),
      digest([offer(), offer()]),
      digest([offer()], 'other'),
      digest([offer()], 'test', ['198.51.100.1:1']),
    ];
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
  });

  test('is digested also when all that is said together is too much: an empty digest means a tombstone', () => {
    const many = Array.from({ length: 400 }, (_, n) => offer({ metadata: { n, text: 'x'.repeat(3_000) } }));
    const digest = digestOf(contentOf(many, 'test', []));
    expect(digest).not.toBe('');
    expect(digest).not.toBe(digestOf(contentOf([offer()], 'test', [])));
  });

  test('is taken back by a tombstone that lives as long as it would have, and ten seconds at least', () => {
    const lives = (left: number): number => {
      const { issuedAt, expiresAt, removed } = read(ownTombstone(identity, key, 'test', 2, WALL, left));
      expect(removed).toBe(true);
      return expiresAt - issuedAt;
    };
    expect([lives(1), lives(10_000), lives(123_456.7)]).toEqual([10_000, 10_000, 123_457]);
  });
});
