/**
 * A hundred nodes that serve and call over the simulated network: whatever is advertised is called from each node,
 * also after a quarter and after half of them have died without a word.
 */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../src/node.ts';
import { meshWorld, told, type MeshWorld } from '../mesh-world.ts';
import { expectNoCrash, hostOf, joinedNodes } from '../mesh/dht/dht-mesh.ts';

const NODES = 100;
/** As many are advertised, each by a node of its own that lives. */
const SERVICES = 20;
const service = (number: number): string => `service.number_${number}`;

interface Mesh {
  readonly world: MeshWorld;
  readonly nodes: readonly Node[];
}

async function serving(seed: string): Promise<Mesh> {
  const world = meshWorld({ seed, poison: false });
  const nodes = await joinedNodes(world, NODES);
  for (let number = 0; number < SERVICES; number++)
    await nodes[number]!.advertise(service(number), () => number);
  await world.clock.advance(2_000);
  return { world, nodes };
}

/** Each of these calls every service; which calls failed, and the hops of the longest lookup. */
async function callAll(
  { world }: Mesh,
  callers: readonly Node[],
): Promise<{ readonly failed: readonly string[]; readonly hops: number }> {
  const failed: string[] = [];
  let hops = 0;
  for (const [at, caller] of callers.entries()) {
    const calls = Array.from({ length: SERVICES }, (_, number) =>
      caller.tryCall(service(number), {}, { explain: true }),
    );
    for (const [number, result] of (await world.settle(Promise.all(calls))).entries()) {
      hops = Math.max(hops, result.explanation?.hops ?? 0);
      if (told(result) !== number) failed.push(`${at} calls ${number}: ${String(told(result))}`);
    }
  }
  return { failed, hops };
}

test('every service is called from every node, log2 N + 2 hops away at most', async () => {
  const mesh = await serving('hundred');
  const { failed, hops } = await callAll(mesh, mesh.nodes);
  expect(failed).toEqual([]);
  expect(hops).toBeLessThanOrEqual(Math.log2(NODES) + 2);
  expectNoCrash(mesh.world);
});

describe.each([{ percent: 25 }, { percent: 50 }])('$percent % die without a word', ({ percent }) => {
  test('99 % of the calls to what lives succeed at once', async () => {
    const mesh = await serving(`dead ${percent}`);
    const living = mesh.nodes.slice(0, NODES - percent);
    for (const node of mesh.nodes.slice(NODES - percent)) mesh.world.network.faults.kill(hostOf(node));
    const { failed } = await callAll(mesh, living);
    console.info(`${percent} % dead: ${failed.length} of ${living.length * SERVICES} calls failed`);
    expect(failed.length).toBeLessThanOrEqual(living.length * SERVICES * 0.01);
  });
});
