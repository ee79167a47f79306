import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../../src/codec/frame.ts';
import type { Value } from '../../../src/codec/value.ts';
import type { Provider } from '../../../src/mesh/registry/provider.ts';
import type { PeerInfo } from '../../../src/mesh/peer/pool-view.ts';
import { decodeLookup, encodeLookup, type LookupAnswer } from '../../../src/mesh/system/lookup-answer.ts';
import { decodePeers, encodePeers, MAX_PEERS } from '../../../src/mesh/system/peer-list.ts';
import { decodeProviders, encodeProviders } from '../../../src/mesh/system/provider-list.ts';

/** Bytes of a reply by default. */
const REPLY = 1_048_576;

const PEER: PeerInfo = {
  nodeId: 'ab'.repeat(32),
  address: '198.18.0.1:9443',
  direction: 'in',
  kind: 'client',
  dht: false,
  path: 'direct',
  via: '',
  tls: false,
  rtt: 1.25,
  inFlight: 2,
  age: 3_000,
  unused: 10,
  suspect: false,
};

const LOOKUP: LookupAnswer = {
  providers: [
    {
      nodeId: 'cd'.repeat(32),
      endpoints: ['198.18.0.2:9443'],
      metadata: { a: 1 },
      advertisedAt: 1_000,
      ttl: 300,
      route: 'dht',
    },
  ],
  asked: 3,
  answered: 2,
  failed: 1,
  hops: 2,
  ms: 12.5,
};

const without = (value: Value, key: string): Value =>
  Object.fromEntries(Object.entries(value as object).filter(([name]) => name !== key)) as Value;

describe('the list of peers', () => {
  test('says what it was told, times to a hundredth of a millisecond', () => {
    expect(decodePeers(encodePeers([PEER]))).toEqual({ total: 1, peers: [PEER] });
    const odd = { ...PEER, rtt: 1.23456, age: 3_000.001, unused: 9.999 };
    expect(decodePeers(encodePeers([odd]))?.peers).toEqual([{ ...PEER, rtt: 1.23, age: 3_000, unused: 10 }]);
  });

  test(`names ${MAX_PEERS} at most, and how many there are`, () => {
    const list = decodePeers(encodePeers(Array.from({ length: MAX_PEERS + 1 }, () => PEER)));
    expect([list?.peers.length, list?.total]).toEqual([MAX_PEERS, MAX_PEERS + 1]);
  });

  test('is refused when anything is missing or of another kind', () => {
    const encoded = encodePeers([PEER]) as { readonly peers: readonly Value[] };
    const [peer = null] = encoded.peers;
    for (const key of Object.keys(peer as object))
      expect([key, decodePeers({ total: 1, peers: [without(peer, key)] })]).toEqual([key, undefined]);
    for (const strange of [undefined, null, [], 'x', {}, { total: 1 }, { total: -1, peers: [] }])
      expect(decodePeers(strange)).toBeUndefined();
    expect(decodePeers({ total: 1, peers: [null] })).toBeUndefined();
    expect(decodePeers({ total: 1, peers: [{ ...(peer as object), rtt: NaN }] })).toBeUndefined();
  });
});

describe('the answer of a lookup', () => {
  test('says what it was told', () => {
    expect(decodeLookup(encodeLookup(LOOKUP, REPLY))).toEqual(LOOKUP);
  });

  test('names 256 providers at most', () => {
    const providers = Array.from({ length: 300 }, () => LOOKUP.providers[0]!);
    expect(decodeLookup(encodeLookup({ ...LOOKUP, providers }, REPLY))?.providers.length).toBe(256);
  });

  test('is refused when anything is missing or of another kind', () => {
    const encoded = encodeLookup(LOOKUP, REPLY);
    for (const key of Object.keys(encoded as object))
      expect([key, decodeLookup(without(encoded, key))]).toEqual([key, undefined]);
    for (const strange of [undefined, null, [], 7, {}]) expect(decodeLookup(strange)).toBeUndefined();
  });
});

const provider = (metadata: Provider['metadata'], endpoints: readonly string[] = []): Provider => ({
  ...LOOKUP.providers[0]!,
  metadata,
  endpoints,
});

/** Bytes of the reply that says this. */
function replied(providers: readonly Provider[], maxBody: number): number {
  const result = encodeProviders(providers, maxBody);
  const encoded = encodeFrame('reply', { call_id: new Uint8Array(16), result }, maxBody);
  return encoded.ok ? encoded.bytes.length : expect.fail(encoded.error.tag);
}

describe('a list of providers', () => {
  test('leaves out metadata that has no room; its provider keeps its place, and lighter ones keep theirs', () => {
    const heavy = provider({ list: Array.from({ length: 11_000 }, () => null) });
    const light = provider({ version: 1 });
    const told = decodeProviders(encodeProviders([light, heavy, light], REPLY));
    expect(told).toEqual([light, { ...heavy, metadata: {} }, light]);
    // about 100 KB each, of 256 KiB in all
    const large = provider({ list: Array.from({ length: 4_200 }, () => null) });
    const many = decodeProviders(encodeProviders([large, large, large, light], REPLY));
    expect(many).toEqual([large, large, { ...large, metadata: {} }, light]);
  });

  test('leaves out metadata too deep for a reply: one provider does not hide the others', () => {
    const deep = (depth: number): Value => (depth === 0 ? 1 : [deep(depth - 1)]);
    // a map itself, within a record of depth 32
    const deepest = provider({ deep: deep(30) });
    const told = decodeProviders(encodeProviders([deepest, provider({ deep: deep(20) })], REPLY));
    expect(told?.map(({ metadata }) => Object.keys(metadata).length)).toEqual([0, 1]);
    expect(replied([deepest], REPLY)).toBeGreaterThan(0);
  });

  test('of whoever says as much as a record holds, at as many addresses: fits the reply', () => {
    const addresses = Array.from(
      { length: 20 },
      (_, at) => `[2001:db8:1111:2222:3333:4444:5555:66${10 + at}]:65535`,
    );
    // three bytes each on the wire, one in the reckoning
    const text = '\u20ac'.repeat(1_000);
    expect(
      replied(
        Array.from({ length: 300 }, () => provider({ text }, addresses)),
        REPLY,
      ),
    ).toBeLessThan(REPLY);
  });

  test('fits a reply of any length that is allowed, whatever is said', () => {
    const one = fc.record({
      metadata: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.integer()))),
      endpoints: fc.array(fc.constant('198.18.0.2:9443'), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 20 }),
        fc.integer({ min: 1_024, max: 20_000 }),
        (all, maxBody) => {
          const said = all.flatMap(({ metadata, endpoints }) =>
            Array.from({ length: 5 }, () => provider(metadata, endpoints)),
          );
          expect(replied(said, maxBody)).toBeLessThanOrEqual(maxBody);
        },
      ),
      { numRuns: 25 },
    );
  });
});
