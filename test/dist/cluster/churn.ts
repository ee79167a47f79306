/** Twenty nodes form a cluster, half of them die without a word, others take their places. */
import { expect } from 'vitest';
import type { ClusterOptions } from '../../../src/dist/cluster/options.ts';
import { closeAtEnd, meshWorld } from '../../mesh-world.ts';
import {
  connectionsOf,
  die,
  downs,
  haveMet,
  isFull,
  member,
  nameAt,
  untilSo,
  ups,
  type Member,
} from './world.ts';

export const NODES = 20;

const hosts = (count: number, net: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `198.18.${net}.${at + 1}`);
const HOSTS = hosts(NODES, 60);

const CLUSTERS: Readonly<Record<ClusterOptions['strategy'], ClusterOptions>> = {
  static: { strategy: 'static', nodes: HOSTS.map(nameAt) },
  dht: { strategy: 'dht', name: 'prod' },
};

/** Virtual ms. */
export interface Churned {
  /** Until each was connected to all others. */
  readonly formed: number;
  /** Until all that live were, newcomers too. */
  readonly joined: number;
}

/** Each pair has one connection all the time, and hears of each node that dies once. */
export async function churn(seed: string, strategy: ClusterOptions['strategy']): Promise<Churned> {
  const cluster = CLUSTERS[strategy];
  const world = meshWorld({ seed, delay: { min: 5, max: 30 }, poison: false });
  const lasting = await world.node({ host: '198.18.61.1' });
  const bootstrap = [lasting.url];
  const start = (all: readonly string[]): Promise<readonly Member[]> =>
    Promise.all(all.map((host) => member(world, { host, bootstrap, cluster })));
  const first = await start(HOSTS);
  const formed = await untilSo(world, () => isFull(first), 5_000);
  const [dying, surviving] = [first.slice(0, NODES / 2), first.slice(NODES / 2)];
  for (const one of dying) await die(world, one);
  // those of a list come back by their names, others are new
  const newcomers = await start((strategy === 'static' ? HOSTS : hosts(NODES, 62)).slice(0, NODES / 2));
  const members = [...surviving, ...newcomers];
  closeAtEnd(world, lasting, ...members.map(({ node }) => node));
  const joined = await untilSo(world, () => haveMet(members), 10_000);
  // a peer that says nothing any more is noticed after 30 s; after 60 s the records of the dead are over, and nobody dials them
  await world.clock.until(() => isFull(members), 30_000);
  const isQuiet = (): boolean => members.every((each) => connectionsOf(each) === NODES - 1);
  await world.clock.until(isQuiet, 60_000);
  const dead = dying.map(({ name }) => name).toSorted();
  for (const one of surviving) {
    expect(downs(one).toSorted()).toEqual(dead);
    expect(ups(one)).toHaveLength(NODES - 1 + NODES / 2);
  }
  for (const one of newcomers) expect(downs(one)).toEqual([]);
  return { formed, joined };
}
