/** A provider that died without a word costs others at most the time it takes to suspect it. */
import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/transport/transport.ts';
import { closeAtEnd, contextOf, meshWorld, processesOf, runtimeOf } from '../mesh-world.ts';

test('once a provider is suspect, calls go to another one that answers; when it answers again, to both', async () => {
  const world = meshWorld();
  const node = await world.node({ host: '198.18.77.1' });
  const dead = await world.client(node, { host: '198.18.78.1' });
  const alive = await world.client(node, { host: '198.18.79.1' });
  closeAtEnd(world, dead, alive, node);
  await world.settle(dead.advertise('work.who', () => 'dead'));
  await world.settle(alive.advertise('work.who', () => 'alive'));
  const who = async (): Promise<Set<unknown>> => {
    const results = Array.from({ length: 40 }, () => node.tryCall('work.who', {}, { timeout: 400 }));
    const answers = await world.settle(Promise.all(results));
    return new Set(answers.map((result) => (result.ok ? result.value : result.error.failure.tag)));
  };
  expect(await who()).toEqual(new Set(['dead', 'alive']));
  world.network.faults.cut('198.18.77.1', '198.18.78.1');
  expect(await who()).toEqual(new Set(['alive', 'timeout']));
  for (let n = 0; n < 5; n++) expect(await who()).toEqual(new Set(['alive']));
  // the registry of the node is restarted: its successor hears it again
  const registry = processesOf(node).find(({ label }) => label === 'serviceRegistry');
  if (registry !== undefined) runtimeOf(node).exit(registry, 'kill');
  await world.clock.advance(10);
  expect(await who()).toEqual(new Set(['alive']));
  world.network.faults.heal('198.18.77.1', '198.18.78.1');
  await world.clock.advance(2_000);
  expect(await who()).toEqual(new Set(['dead', 'alive']));
  expect(contextOf(node).scope.shared<Endpoint>('endpoint')?.stats().links).toBe(2);
});
