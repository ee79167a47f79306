/**
 * A mesh of 100 nodes over the simulated network: who keeps a record, how far a lookup has to go, and what is left
 * of both when nodes die without a word.
 */
import { describe, expect, test } from 'vitest';
import { procedureKey } from '../../src/mesh/dht/record.ts';
import type { LookupDone } from '../../src/mesh/dht/lookup-request.ts';
import type { Node } from '../../src/node.ts';
import { meshWorld, type MeshWorld } from '../mesh-world.ts';
import {
  closestNodes,
  find,
  holders,
  hostOf,
  ids,
  joinedNodes,
  named,
  providersOf,
  publish,
} from '../mesh/dht/dht-mesh.ts';

const NODES = 100;
const SERVICES = 10;
const service = (number: number): string => `service.number_${number}`;

interface Mesh {
  readonly world: MeshWorld;
  readonly nodes: readonly Node[];
}

async function mesh(seed: string): Promise<Mesh> {
  const world = meshWorld({ seed, poison: false });
  const nodes = await joinedNodes(world, NODES);
  for (let i = 0; i < SERVICES; i++) await publish(world, nodes[i]!, service(i));
  return { world, nodes };
}

/** So many lookups of any service from any of these; how each one ended. */
async function lookUps(
  { world, nodes }: Mesh,
  living: readonly Node[],
  count: number,
): Promise<{ readonly found: number; readonly took: readonly number[] }> {
  let found = 0;
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = living[world.random.u32() % living.length]!;
    const number = world.random.u32() % SERVICES;
    const done = await find(world, from, service(number));
    if (providersOf(done) === named(nodes[number]!)) found++;
    took.push(done?.stats.took ?? Infinity);
  }
  return { found, took: took.toSorted((a, b) => a - b) };
}

/** The last nodes die; the publishers live. */
function killLast({ world, nodes }: Mesh, count: number): readonly Node[] {
  for (const node of nodes.slice(NODES - count)) world.network.faults.kill(hostOf(node));
  return nodes.slice(0, NODES - count);
}

test('a record is on exactly the 20 closest of 100, and each node finds it within log2 N + 2 hops', async () => {
  const { world, nodes } = await mesh('exact');
  for (let i = 0; i < SERVICES; i++) {
    const closest = closestNodes(nodes, procedureKey(service(i)));
    expect(ids(holders(world, nodes, service(i)))).toEqual(ids(closest));
  }
  const all: (LookupDone | undefined)[] = [];
  for (const node of nodes) all.push(await find(world, node, service(3)));
  expect(all.map(providersOf)).toEqual(nodes.map(() => named(nodes[3]!)));
  expect(Math.max(...all.map((done) => done?.stats.hops ?? Infinity))).toBeLessThanOrEqual(
    Math.log2(NODES) + 2,
  );
});

test('after a tenth has died, a record that is published again is on 19 at least of the 20 closest', async () => {
  const made = await mesh('tenth');
  const living = killLast(made, NODES / 10);
  // a record is published again after a third of its life, and connections find out in half a minute
  await made.world.clock.advance(40_000);
  for (let i = 0; i < SERVICES; i++) {
    await publish(made.world, made.nodes[i]!, service(i));
    const keepers = new Set(ids(holders(made.world, living, service(i))));
    const right = closestNodes(living, procedureKey(service(i))).filter(({ id }) => keepers.has(id));
    expect(right.length).toBeGreaterThanOrEqual(19);
  }
});

describe.each([
  { percent: 25, p95: 500 },
  { percent: 50, p95: 1_500 },
])('$percent % die without a word', ({ percent, p95 }) => {
  test(`99 % of lookups find what there is, 95 % within ${p95} virtual ms`, async () => {
    const made = await mesh(`deaths ${percent}`);
    const living = killLast(made, (NODES * percent) / 100);
    const { found, took } = await lookUps(made, living, 200);
    console.info(`${percent} % dead: p50 ${took[100]} ms, p95 ${took[190]} ms, most ${took[199]} ms`);
    expect(found).toBeGreaterThanOrEqual(198);
    expect(took[190]).toBeLessThanOrEqual(p95);
  });
});
