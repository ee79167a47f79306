import { describe, expect, test } from 'vitest';
import type { Value } from '../../../src/codec/value.ts';
import type { PeerInfo } from '../../../src/mesh/peer/pool-view.ts';
import { decodeLookup, encodeLookup, type LookupAnswer } from '../../../src/mesh/system/lookup-answer.ts';
import { decodePeers, encodePeers, MAX_PEERS } from '../../../src/mesh/system/peer-list.ts';

const PEER: PeerInfo = {
  nodeId: 'ab'.repeat(32),
  address: '198.18.0.1:9443',
  direction: 'in',
  kind: 'client',
  dht: false,
  path: 'direct',
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
    expect(decodeLookup(encodeLookup(LOOKUP))).toEqual(LOOKUP);
  });

  test('names 256 providers at most', () => {
    const providers = Array.from({ length: 300 }, () => LOOKUP.providers[0]!);
    expect(decodeLookup(encodeLookup({ ...LOOKUP, providers }))?.providers.length).toBe(256);
  });

  test('is refused when anything is missing or of another kind', () => {
    const encoded = encodeLookup(LOOKUP);
    for (const key of Object.keys(encoded as object))
      expect([key, decodeLookup(without(encoded, key))]).toEqual([key, undefined]);
    for (const strange of [undefined, null, [], 7, {}]) expect(decodeLookup(strange)).toBeUndefined();
  });
});
