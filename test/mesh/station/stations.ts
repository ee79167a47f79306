/** Stations that are peered with each other, for the tests of calls that are passed on. */
import { expect } from 'vitest';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, type MeshWorld } from '../../mesh-world.ts';

const host = (at: number): string => `198.18.90.${at + 1}`;
export const urlOf = (at: number): string => `https://${host(at)}:9443`;

/** Which stations are peered with which, by number, in the order in which they are asked. */
export type Peers = readonly (readonly number[])[];

/** Each with its neighbors only: the one before it first. */
export const chain = (count: number): Peers =>
  Array.from({ length: count }, (_, at) => [at - 1, at + 1].filter((peer) => peer >= 0 && peer < count));

export const ring = (count: number): Peers =>
  Array.from({ length: count }, (_, at) => [(at + 1) % count, (at + count - 1) % count]);

/** Each with all, itself in the list as well: one list serves all of them. */
export const clique = (count: number): Peers =>
  Array.from({ length: count }, () => Array.from({ length: count }, (_, at) => at));

/** Virtual ms until all are connected. */
const CALM = 1_000;

/** Starts them and waits until they are connected. Without a DHT unless `options` say otherwise. */
export async function stations(world: MeshWorld, peers: Peers, options: NodeOptions = {}): Promise<Node[]> {
  const all: Node[] = [];
  for (const [at, own] of peers.entries()) {
    const station = { peers: own.map(urlOf) };
    all.push(await world.node({ host: host(at), dht: false, ...options, station }));
  }
  closeAtEnd(world, ...all);
  await world.clock.advance(CALM);
  for (const [at, own] of peers.entries()) {
    const others = new Set(own.filter((peer) => peer !== at));
    expect(peeredOf(all[at]!).length).toBe(others.size);
  }
  return all;
}

/** Ids of the stations that this one is connected to as their peer. */
export const peeredOf = (station: Node): readonly string[] => {
  const { routing, standings } = contextOf(station);
  return routing.stations.all.flatMap(({ nodeId, isSelf }) =>
    !isSelf && standings.ready(nodeId, false) !== undefined ? [nodeId] : [],
  );
};

export const hostOf = ({ url }: Node): string => new URL(url).hostname;

/** How many calls each has got from peers and clients since. */
export function countCalls(all: readonly Node[]): () => readonly number[] {
  const before = all.map((node) => contextOf(node).counters.callsIn);
  return () => all.map((node, at) => contextOf(node).counters.callsIn - (before[at] ?? 0));
}

/** How many calls each has sent since. */
export function countSent(all: readonly Node[]): () => readonly number[] {
  const before = all.map((node) => contextOf(node).counters.callsOut);
  return () => all.map((node, at) => contextOf(node).counters.callsOut - (before[at] ?? 0));
}
