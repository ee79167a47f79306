/** In which order peered stations are asked, and whom a station believes. */
import { describe, expect, test } from 'vitest';
import { PeeredStations, type PeeredStation } from '../../../src/mesh/station/peered-stations.ts';

const station = (nodeId: string, isSelf = false): PeeredStation => ({
  name: `${nodeId}:9443`,
  nodeId,
  addresses: [],
  isSelf,
});

function peered(...all: readonly PeeredStation[]): PeeredStations {
  const stations = new PeeredStations();
  stations.all = all;
  return stations;
}

const order = (stations: PeeredStations, now: number, procedure = 'a.b'): readonly string[] =>
  stations.order(procedure, now).map(({ nodeId }) => nodeId);

describe('the order', () => {
  test('is that of the list; the station itself is left out', () => {
    expect(order(peered(station('c'), station('self', true), station('a')), 0)).toEqual(['c', 'a']);
  });

  test('whoever answered for a name comes first for 60 s, for that name only', () => {
    const stations = peered(station('a'), station('b'), station('c'));
    stations.answered('a.b', 'c', 0);
    expect(order(stations, 59_999)).toEqual(['c', 'a', 'b']);
    expect(order(stations, 59_999, 'other.name')).toEqual(['a', 'b', 'c']);
    expect(order(stations, 60_000)).toEqual(['a', 'b', 'c']);
    expect(stations.all.map(({ nodeId }) => nodeId)).toEqual(['a', 'b', 'c']);
  });

  test('until it fails, or another one answers', () => {
    const stations = peered(station('a'), station('b'), station('c'));
    stations.answered('a.b', 'c', 0);
    stations.failed('a.b', 'b');
    expect(order(stations, 1)[0]).toBe('c');
    stations.answered('a.b', 'b', 0);
    expect(order(stations, 1)).toEqual(['b', 'a', 'c']);
    stations.failed('a.b', 'b');
    expect(order(stations, 1)).toEqual(['a', 'b', 'c']);
  });

  test('one that is no longer a peer is nobody', () => {
    const stations = peered(station('a'), station('b'));
    stations.answered('a.b', 'gone', 0);
    expect(order(stations, 1)).toEqual(['a', 'b']);
  });

  test('10,000 names are remembered, the oldest is forgotten first', () => {
    const stations = peered(station('a'), station('b'));
    for (let n = 0; n <= 10_000; n++) stations.answered(`n${n}.x`, 'b', 0);
    expect([order(stations, 1, 'n0.x')[0], order(stations, 1, 'n1.x')[0]]).toEqual(['a', 'b']);
  });
});

test('only a peer that has proven its id is believed, and not the station itself', () => {
  const stations = peered(station(''), station('a'), station('self', true));
  expect(['', 'a', 'self', 'x'].map((id) => stations.has(id))).toEqual([false, true, false, false]);
});
