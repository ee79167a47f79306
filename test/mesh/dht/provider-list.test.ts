import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex } from '../../../src/mesh/context.ts';
import { procedureKey, type RecordFields } from '../../../src/mesh/dht/record.ts';
import { ProviderList } from '../../../src/mesh/dht/provider-list.ts';
import { idOf, KEY, payload, REALM, record, TTL, WALL } from './signed.ts';

const list = (): ProviderList => new ProviderList(hex(KEY), REALM);
const of = (name: string, seq: number, given: Partial<RecordFields> = {}) =>
  payload(name, { seq: WALL + seq, metadata: { seq }, ...given });
const found = (providers: ProviderList, wall = WALL): readonly (readonly [string, unknown])[] =>
  providers.providers(wall).map(({ nodeId, metadata }) => [nodeId, metadata['seq']]);

describe('ProviderList', () => {
  test('says what a verified record says, without what only the DHT needs', () => {
    const providers = list();
    expect(providers.take([payload('a')], WALL)).toBe(0);
    expect(providers.providers(WALL)).toEqual([
      {
        nodeId: idOf('a'),
        endpoints: ['192.0.2.1:9443', '[2001:db8::1]:9443'],
        metadata: { version: 1 },
        seq: WALL,
        issuedAt: WALL,
        expiresAt: WALL + TTL,
      },
    ]);
  });

  test('of each node the highest seq counts, in whatever order holders answer', () => {
    const all = [of('a', 0), of('a', 1), of('a', 2), of('b', 0), of('b', 1), of('c', 0)];
    const orders = fc.shuffledSubarray(all, { minLength: all.length });
    fc.assert(
      fc.property(orders, fc.nat(5), (order, cut) => {
        const providers = list();
        providers.take(order.slice(0, cut), WALL);
        providers.take(order.slice(cut), WALL);
        expect(new Map(found(providers))).toEqual(
          new Map([
            [idOf('a'), 2],
            [idOf('b'), 1],
            [idOf('c'), 0],
          ]),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('a tombstone wins over what other holders still show, whichever comes first', () => {
    const old = of('a', 0);
    const gone = of('a', 1, { removed: true });
    for (const order of [
      [old, gone],
      [gone, old],
    ]) {
      const providers = list();
      for (const one of order) providers.take([one], WALL);
      expect(found(providers)).toEqual([]);
      providers.take([of('a', 2)], WALL);
      expect(found(providers)).toEqual([[idOf('a'), 2]]);
    }
  });

  test('what is forged, expired, or of another realm or procedure is refused and counted', () => {
    const { record: bytes, sig } = of('a', 0);
    const forged = { record: bytes, sig: sig.map((byte, index) => (index === 9 ? byte ^ 1 : byte)) };
    const wrong = [
      of('b', 0, { realm: 'other' }),
      of('b', 0, { key: procedureKey('other') }),
      of('b', 0, { issuedAt: WALL - TTL }),
      forged,
    ];
    const providers = list();
    expect(providers.take([...wrong, of('c', 0)], WALL)).toBe(4);
    expect(found(providers)).toEqual([[idOf('c'), 0]]);
  });

  test('is not read to its end when an answer is full of forgeries', () => {
    const { sig } = of('a', 0);
    const forged = Array.from({ length: 200 }, (_, seq) => ({ ...of(`f${seq % 5}`, seq), sig }));
    const providers = list();
    expect(providers.take([...forged, of('c', 0)], WALL)).toBe(3);
    expect(providers.take([of('c', 0)], WALL)).toBe(0);
    expect(found(providers)).toEqual([[idOf('c'), 0]]);
  });

  test('a record that expires between its reading and the end of the lookup is left out', () => {
    const providers = list();
    providers.take([of('a', 0)], WALL);
    expect([TTL - 1, TTL].map((ms) => found(providers, WALL + ms).length)).toEqual([1, 0]);
  });

  test('takes 256 providers at most', () => {
    const providers = list();
    for (let count = 0; count < 300; count++) {
      providers.add({ ...record('a'), nodeId: String(count) });
    }
    expect(providers.providers(WALL)).toHaveLength(256);
  });
});
