/**
 * The kill table of a mesh: an actor of one of five nodes is killed while each calls what the others serve. Nobody's
 * call fails, and within 2 s everybody finds every service again by asking the DHT.
 */
import { expect, test } from 'vitest';
import type { Node } from '../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, processesOf, processOf, runtimeOf, told } from '../mesh-world.ts';
import { joinedNodes, tableOf } from '../mesh/dht/dht-mesh.ts';

const NODES = 5;
/** Milliseconds until all works again. */
const WITHIN = 2_000;
const service = (number: number): string => `service.number_${number}`;

/** A lookup lives for moments: the one that a question of ours has just begun is killed. */
function victimOf(node: Node, label: string): ReturnType<typeof processOf> {
  if (label !== 'lookup') return processOf(node, label);
  const lookup = processesOf(node).find((process) => process.label === label);
  return lookup ?? expect.fail('no lookup is under way');
}

test.each([
  'routingTable',
  'recordStore',
  'lookups',
  'lookup',
  'discovery',
  'serviceRegistry',
  'advertiser',
  'router',
  'services',
  'peerPool',
])('%s is killed: no call fails, all is found again within 2 s, the table is refilled', async (label) => {
  const world = meshWorld({ poison: false });
  const nodes = await joinedNodes(world, NODES);
  closeAtEnd(world, ...nodes);
  for (const [number, node] of nodes.entries()) await node.advertise(service(number), () => number);
  await world.clock.advance(1_000);
  const [victim] = nodes as [Node];
  const known = tableOf(victim).size;
  expect(known).toBe(NODES - 1);

  const calls: Promise<string>[] = [];
  let turn = 0;
  const load = (): void => {
    turn++;
    for (const [at, node] of nodes.entries()) {
      const other = (at + turn) % NODES;
      for (const [number, forceRefresh] of [
        [at, false],
        [other, false],
        [other, true],
      ] as const) {
        calls.push(
          node.tryCall(service(number), {}, { forceRefresh }).then((result) => {
            const answer = told(result);
            return answer === number ? 'ok' : `${at} calls ${number} in turn ${turn}: ${String(answer)}`;
          }),
        );
      }
    }
  };
  for (let n = 0; n < 20; n++) {
    load();
    await world.clock.advance(5);
  }
  const asking = victim.discover(service(1), { forceRefresh: true }).catch(() => 'lost');
  // the registry begins the lookup in its own turn
  if (label === 'lookup')
    await world.clock.until(() => processesOf(victim).some((one) => one.label === 'lookup'), 10);
  const killed = victimOf(victim, label);
  runtimeOf(victim).exit(killed, 'kill');
  const at = world.clock.now();
  while (world.clock.now() - at < WITHIN - 200) {
    load();
    await world.clock.advance(100);
  }
  // by then it is found again, by all
  for (const node of nodes) {
    for (let number = 0; number < NODES; number++) {
      const found = await world.settle(node.discover(service(number), { forceRefresh: true }));
      expect(found.map(({ nodeId }) => nodeId)).toEqual([nodes[number]!.id]);
    }
  }
  expect(world.clock.now() - at).toBeLessThanOrEqual(WITHIN);
  expect([...new Set(await world.settle(Promise.all(calls)))]).toEqual(['ok']);
  await world.settle(asking);
  expect(killed.alive).toBe(false);
  expect(tableOf(victim).size).toBe(known);
  expect(contextOf(victim).phase.closing).toBe(false);
  // nobody crashed by himself
  const crashes = world.reports.filter((report) => report.tag === 'crash');
  expect(crashes.filter(({ reason }) => reason !== 'killed').map(({ label }) => label)).toEqual([]);
});
