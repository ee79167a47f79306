/**
 * Where members are is the seed's alone: stations that are peered, NATs of all kinds, and everybody's station.
 */
import { expect, test } from 'vitest';

import { urlOf } from '../../../src/testing/simulation/addresses.ts';
import { configurationOf } from '../../../src/testing/simulation/plan.ts';
import { terrainOf, type Terrain } from '../../../src/testing/simulation/terrain.ts';

const NODES = 20;
const terrain = (seed: number, options: object = {}): Terrain =>
  terrainOf(configurationOf({ seed, nodes: NODES, clients: 4, nat: true, ...options }));
const all = Array.from({ length: 100 }, (_, seed) => terrain(seed));

const stationsOf = ({ places }: Terrain): number => places.filter(({ peers }) => peers !== undefined).length;

test('without NATs everybody is on the internet, and nobody is a station', () => {
  const { nats, places } = terrain(1, { nat: false });
  expect(nats).toEqual([]);
  expect(places).toHaveLength(24);
  for (const place of places) expect(place).toMatchObject({ nat: undefined, peers: undefined, stations: [] });
});

test('one seed gives one terrain; with fewer nodes the others are where they were', () => {
  expect(terrain(7)).toEqual(terrain(7));
  expect(terrain(7)).not.toEqual(terrain(8));
  const kind = ({ places, nats }: Terrain): unknown =>
    places.slice(0, 10).map(({ host, nat }) => [host, nat === undefined ? nat : nats[nat]?.type]);
  expect(kind(terrain(7, { nodes: 10, clients: 0 }))).toEqual(kind(terrain(7)));
});

test('there are one to three stations, each reaches each by those it is peered with, in a line or a ring', () => {
  const seen = new Set<string>();
  for (const each of all) {
    const count = stationsOf(each);
    const peers = each.places.slice(0, count).map((place) => place.peers ?? []);
    seen.add(`${count} ${peers.map(({ length }) => length).join('')}`);
    const reached = new Set([urlOf(0)]);
    for (const url of reached) {
      const at = peers.findIndex((_, station) => urlOf(station) === url);
      for (const peer of peers[at] ?? []) reached.add(peer);
    }
    expect(reached.size).toBe(count);
  }
  expect([...seen].toSorted()).toEqual(['1 0', '2 11', '3 121', '3 222']);
});

test('every kind of NAT is there, some are shared, and whoever is behind one has a station', () => {
  expect(new Set(all.flatMap(({ nats }) => nats.map(({ type }) => type))).size).toBe(6);
  const shared = all.filter(({ places }) => {
    const behind = places.flatMap(({ nat }) => nat ?? []);
    return new Set(behind).size < behind.length;
  });
  expect(shared.length).toBeGreaterThan(10);
  for (const each of all) {
    for (const [index, { nat, stations }] of each.places.entries()) {
      if (nat !== undefined || index >= NODES) expect(stations.length).toBeGreaterThan(0);
      for (const station of stations) expect(station).toBeLessThan(stationsOf(each));
      expect(new Set(stations).size).toBe(stations.length);
    }
  }
});

test('who gets no UDP out is reached by everybody: beside one nobody is without a station', () => {
  const blocked = all.filter(({ nats }) => nats.some(({ type }) => type === 'blocked'));
  expect(blocked.length).toBeGreaterThan(10);
  for (const { places } of blocked)
    for (const { peers, stations } of places)
      expect(peers ?? stations).not.toEqual(peers === undefined ? [] : 0);
});

test('clients may have several stations to connect to', () => {
  const clients = all.flatMap(({ places }) => places.slice(NODES));
  expect(new Set(clients.map(({ stations }) => stations.length))).toEqual(new Set([1, 2, 3]));
});

test('faults of NATs strike only where there are some, and nobody is split there', () => {
  const kinds = (nat: boolean): ReadonlySet<string> =>
    new Set(configurationOf({ seed: 1, faults: 500, nat }).faults.map(({ kind }) => kind));
  const more = ['rebind', 'block', 'station', 'between', 'kill way'];
  for (const kind of more) expect([kinds(true).has(kind), kinds(false).has(kind)]).toEqual([true, false]);
  expect(() => configurationOf({ seed: 1, nat: true, split: 1 })).toThrow('split');
  for (let seed = 0; seed < 40; seed++) expect(configurationOf({ seed, nat: true }).split).toBe(0);
});
