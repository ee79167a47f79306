import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex } from '../../../src/mesh/context.ts';
import { procedureKey, type RecordFields } from '../../../src/mesh/dht/record.ts';
import { ProviderList } from '../../../src/mesh/dht/provider-list.ts';
import type { SignedRecordPayload } from '../../../src/codec/payloads.ts';
import { idOf, KEY, payload, REALM, record, TTL, WALL } from './signed.ts';

const list = (): ProviderList => new ProviderList(hex(KEY), REALM);
const of = (name: string, seq: number, given: Partial<RecordFields> = {}) =>
  payload(name, { seq: WALL + seq, metadata: { seq }, ...given });
/** Of nothing. */
const signatureOf = (number: number): Uint8Array => {
  const made = new Uint8Array(64);
  new DataView(made.buffer).setUint32(0, number);
  return made;
};
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
    // what was not read is of no use either
    expect(providers.take([...forged, of('c', 0)], WALL)).toBe(201);
    expect(providers.take([of('c', 0)], WALL)).toBe(0);
    expect(found(providers)).toEqual([[idOf('c'), 0]]);
  });

  test('a record under the signature of another that is here is judged by its own bytes', () => {
    const providers = list();
    const a = of('a', 0);
    expect(providers.take([a], WALL)).toBe(0);
    expect(providers.take([{ record: of('b', 0).record, sig: a.sig }, a], WALL)).toBe(1);
    expect(found(providers)).toEqual([[idOf('a'), 0]]);
    // and one that a newer has replaced does not come back
    expect(providers.take([of('a', 1)], WALL)).toBe(0);
    expect(providers.take([a], WALL)).toBe(0);
    expect(found(providers)).toEqual([[idOf('a'), 1]]);
  });

  test('a record that expires between its reading and the end of the lookup is left out', () => {
    const providers = list();
    providers.take([of('a', 0)], WALL);
    expect([TTL - 1, TTL].map((ms) => found(providers, WALL + ms).length)).toEqual([1, 0]);
  });

  test('takes 1,024 providers at most', () => {
    expect(full().providers(WALL)).toHaveLength(1_024);
  });

  test('an answer of more than 256 records is read as far as that', () => {
    const providers = list();
    const forged = { ...of('a', 0), sig: of('b', 0).sig };
    const long = [...Array.from({ length: 256 }, () => of('a', 0)), forged, of('c', 0)];
    expect(providers.take(long, WALL)).toBe(0);
    expect(found(providers)).toEqual([[idOf('a'), 0]]);
  });
});

/** By made up nodes that a single holder has shown. */
function full(): ProviderList {
  const providers = list();
  for (let count = 0; count < 1_030; count++) providers.add({ ...record('a'), nodeId: String(count) });
  return providers;
}

describe('a full list', () => {
  test('gives a place to whom two holders show', () => {
    const providers = full();
    const has = (): boolean => providers.providers(WALL).some(({ nodeId }) => nodeId === idOf('c'));
    providers.take([of('c', 0), of('c', 0)], WALL);
    expect(has()).toBe(false);
    providers.take([of('c', 0)], WALL);
    expect(has()).toBe(true);
    expect(providers.providers(WALL)).toHaveLength(1_024);
  });

  test('does so for nobody whose signature is forged', () => {
    const providers = full();
    const forged = { ...of('c', 0), sig: of('b', 0).sig };
    expect(providers.take([forged], WALL)).toBe(0);
    expect(providers.take([forged], WALL)).toBe(1);
    expect(providers.providers(WALL).some(({ nodeId }) => nodeId === idOf('c'))).toBe(false);
  });

  test('keeps whom two holders have shown', () => {
    const providers = list();
    providers.take([of('c', 0)], WALL);
    for (let count = 0; count < 1_023; count++) providers.add({ ...record('a'), nodeId: String(count) });
    providers.take([of('c', 0), of('d', 0)], WALL);
    providers.take([of('d', 0)], WALL);
    const ids = providers.providers(WALL).map(({ nodeId }) => nodeId);
    expect([idOf('c'), '0', '1', idOf('d')].map((id) => ids.includes(id))).toEqual([true, false, true, true]);
  });

  test('remembers what had no room, and forgets the oldest of it', () => {
    const [first, last] = ['c', 'd'].map((name) => of(name, 0)) as [SignedRecordPayload, SignedRecordPayload];
    const providers = full();
    providers.take([first], WALL);
    const more = Array.from({ length: 1_024 }, (_, i) => ({ ...first, sig: signatureOf(i) }));
    for (let from = 0; from < more.length; from += 256) providers.take(more.slice(from, from + 256), WALL);
    providers.take([last], WALL);
    providers.take([first, last], WALL);
    const ids = providers.providers(WALL).map(({ nodeId }) => nodeId);
    expect([idOf('c'), idOf('d')].map((id) => ids.includes(id))).toEqual([false, true]);
  });
});

describe('endpoints on loopback and on the link', () => {
  const near = ['127.0.0.1:9443', '[::1]:9443', '169.254.1.1:9443', '[fe80::1]:9443'];
  const far = ['192.0.2.1:9443', '10.0.0.1:9443'];
  const endpoints = [...near, ...far];
  const told = (providers: ProviderList): unknown => providers.providers(WALL)[0]?.endpoints;

  test('are left out of what a holder elsewhere shows', () => {
    for (const from of ['public', 'private'] as const) {
      const providers = list();
      providers.take([of('a', 0, { endpoints })], WALL, from);
      expect(told(providers)).toEqual(far);
    }
  });

  test('count when a holder on this machine shows them, before or after others', () => {
    for (const order of [
      ['loopback', 'public'],
      ['public', 'loopback'],
    ] as const) {
      const providers = list();
      for (const from of order) providers.take([of('a', 0, { endpoints })], WALL, from);
      expect(told(providers)).toEqual(endpoints);
    }
  });

  test('do not count because a holder on this machine shows another record of the node', () => {
    const providers = list();
    providers.take([of('a', 0, { endpoints })], WALL, 'loopback');
    providers.take([of('a', 1, { endpoints })], WALL);
    providers.take([of('a', 0, { endpoints })], WALL, 'loopback');
    expect(told(providers)).toEqual(far);
  });

  test('of what is kept here count when this node is on loopback itself', () => {
    const kept = record('a', { endpoints });
    const [here, open] = [list(), list()];
    here.add(kept, 'loopback');
    open.add(kept, 'public');
    expect([told(here), told(open)]).toEqual([endpoints, far]);
  });
});

describe('a list about one node', () => {
  test('keeps its own record alone; those of others are of no use, and take no place', () => {
    const providers = new ProviderList(hex(KEY), REALM, idOf('c'));
    for (let count = 0; count < 1_030; count++) providers.add({ ...record('a'), nodeId: String(count) });
    expect(providers.take([of('a', 0), of('b', 0)], WALL)).toBe(2);
    expect(providers.take([of('a', 0), of('c', 7), of('b', 0)], WALL)).toBe(2);
    expect(found(providers)).toEqual([[idOf('c'), 7]]);
    expect(providers.take([{ ...of('c', 8), sig: of('b', 0).sig }], WALL)).toBe(1);
    expect(found(providers)).toEqual([[idOf('c'), 7]]);
  });
});
