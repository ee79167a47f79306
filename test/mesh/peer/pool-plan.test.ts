import { describe, expect, test } from 'vitest';
import { planRoutes, type Reach } from '../../../src/mesh/peer/pool-plan.ts';

const NOTHING: Reach = { ways: [], addresses: [], dead: () => false, nat: false, relayed: undefined };

const plan = (reach: Partial<Reach>): readonly string[] =>
  planRoutes({ ...NOTHING, ...reach }).map((route) =>
    route.tag === 'nat' ? (route.lastResort ? 'last resort' : 'nat') : route.address,
  );

describe('the ways to a peer', () => {
  test('its addresses in order, without those that answered nobody', () => {
    expect(plan({ addresses: ['a', 'b', 'c'], dead: (one) => one === 'b' })).toEqual(['a', 'c']);
  });

  test('IPv4 and IPv6 by turns, beginning with that of the first', () => {
    expect(plan({ addresses: ['a', 'b', 'c', '[x]', '[y]'] })).toEqual(['a', '[x]', 'b', '[y]', 'c']);
    expect(plan({ addresses: ['[x]', '[y]', '[z]', 'a'] })).toEqual(['[x]', 'a', '[y]', '[z]']);
    expect(plan({ addresses: ['[x]', '[y]'] })).toEqual(['[x]', '[y]']);
  });

  test('through its NAT only when all else has failed, if anybody knows how', () => {
    expect(plan({ addresses: ['a'], nat: true })).toEqual(['a', 'last resort']);
  });

  test('through the station first that the node itself names, so that the call starts at once', () => {
    expect(plan({ addresses: ['a'], nat: true, relayed: 'node' })).toEqual(['nat', 'a']);
    expect(plan({ addresses: ['a'], nat: false, relayed: 'node' })).toEqual(['a']);
  });

  test('through the station that the caller names after the addresses, but without waiting for their end', () => {
    expect(plan({ addresses: ['a', 'b'], nat: true, relayed: 'caller' })).toEqual(['a', 'b', 'nat']);
  });

  test('a way that was found comes before all others', () => {
    expect(plan({ ways: ['relay:1', 'relay:2'], addresses: ['a'] })).toEqual(['relay:1', 'relay:2', 'a']);
  });
});
