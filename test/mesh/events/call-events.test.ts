/** Who tells of a refused call: whoever refused it, and nobody else. */
import { expect, test } from 'vitest';
import { gate, meshWorld, pair } from '../../mesh-world.ts';
import type { NodeEvents } from '../../../src/mesh/events/node-events.ts';

function refusals(events: NodeEvents): unknown[] {
  const told: unknown[] = [];
  events.addEventListener('overload.refused', ({ detail }) => told.push({ ...detail }));
  return told;
}

test('a call that a peer refused as overloaded is told of there, not here; one refused here is told of here', async () => {
  const world = meshWorld();
  const { node, client } = await pair(world);
  const held = gate();
  const limits = { maxConcurrent: 1, maxQueue: 0 };
  await node.advertise('node.one', () => held.promise, { limits });
  await world.settle(client.advertise('client.one', () => held.promise, { limits }));
  const running = [client.tryCall('node.one'), client.tryCall('client.one')];
  await world.clock.advance(10);
  const [there, here] = [refusals(node.events), refusals(client.events)];
  for (const procedure of ['node.one', 'client.one'])
    expect(await world.failure(client.call(procedure))).toEqual({ tag: 'overloaded', bound: 'procedure' });
  expect([there, here]).toEqual([
    [{ procedure: 'node.one', bound: 'procedure' }],
    [{ procedure: 'client.one', bound: 'procedure' }],
  ]);
  held.open();
  expect((await world.settle(Promise.all(running))).every(({ ok }) => ok)).toBe(true);
});
