/** Rules of the peer pool and the connector that show only when something dies in between. */
import { describe, expect, test } from 'vitest';
import { closeAtEnd, contextOf, meshWorld, processesOf, processOf, runtimeOf } from '../../mesh-world.ts';
import { addressOf, ask, endOf, nodesOf, targetOf } from './peer-world.ts';

test('a message whose connection dies before it was sent goes once more by itself', async () => {
  const world = meshWorld();
  const [a, b] = await nodesOf(world, 2);
  await world.settle(ask(a!, targetOf(b!)));
  const [standing] = contextOf(a!).standings.of(b!.id);
  standing!.process.suspended = true;
  const sent = a!.peers.sendMessageAndWait(addressOf(b!), 'ping');
  await world.clock.settle();
  runtimeOf(a!).exit(standing!.process, 'kill');
  expect(await world.settle(sent)).toMatchObject({ type: 'pong' });
});

describe('the lookup of where a node is', () => {
  test('when it dies, those who wait for the node are told at once and not at their deadline', async () => {
    const world = meshWorld();
    const a = await world.node();
    closeAtEnd(world, a);
    const others = await Promise.all([1, 2].map(() => world.node({ bootstrap: [a.url] })));
    closeAtEnd(world, ...others);
    await world.clock.advance(1_000);
    const begun = world.clock.now();
    const asked = ask(a, { nodeId: 'ab'.repeat(32), addresses: [] });
    await world.clock.until(() => processesOf(a).some(({ label }) => label === 'lookup'));
    runtimeOf(a).exit(processOf(a, 'lookup'), 'kill');
    expect(endOf(await world.settle(asked))).toBe('noconnection');
    expect(world.clock.now() - begun).toBeLessThan(1_000);
  });
});

test('whoever takes part in no DHT is connected and is no contact', async () => {
  const world = meshWorld();
  const first = await world.node();
  const [without] = await nodesOf(world, 1);
  const client = await world.client(first);
  closeAtEnd(world, client, first);
  expect(endOf(await world.settle(ask(without!, targetOf(first))))).toBe('pong');
  await world.clock.settle();
  expect(contextOf(first).standings.size).toBe(2);
  expect(contextOf(first).dht.table?.size).toBe(0);
});
