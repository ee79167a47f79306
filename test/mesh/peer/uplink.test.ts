/** A client's way to its node. */
import { expect, test } from 'vitest';
import { closeAtEnd, contextOf, meshWorld, processOf, runtimeOf } from '../../mesh-world.ts';

const HOST = '198.18.77.1';
const CLIENT = '198.18.78.1';

test('a connection that was healthy is a success: when it is lost the node is dialed again soon', async () => {
  const world = meshWorld();
  const node = await world.node({ host: HOST });
  const client = await world.client(node, { host: CLIENT });
  closeAtEnd(world, client, node);
  await world.settle(node.advertise('a.b', () => 1));
  const delays: number[] = [];
  client.events.addEventListener('uplink.retry', ({ detail }) => delays.push(detail.delay));
  const lose = async (ms: number): Promise<void> => {
    world.network.faults.cut(HOST, CLIENT);
    world.network.faults.reset(HOST, CLIENT);
    await world.clock.advance(ms);
    world.network.faults.heal(HOST, CLIENT);
  };
  await lose(300_000);
  expect(Math.max(...delays)).toBeGreaterThan(4_000);
  await world.clock.advance(90_000);
  expect(await world.settle(client.call('a.b'))).toBe(1);
  for (let time = 0; time < 5; time++) {
    delays.length = 0;
    await lose(1);
    await world.clock.advance(60_000);
    expect(delays[0]).toBeLessThanOrEqual(250);
  }
});

test('an uplink that was restarted notices when the connection that it has taken over is lost', async () => {
  const world = meshWorld();
  const node = await world.node({ host: HOST });
  const client = await world.client(node, { host: CLIENT });
  closeAtEnd(world, client, node);
  await world.settle(node.advertise('a.b', () => 1));
  runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
  await world.clock.advance(100);
  expect(await world.settle(client.call('a.b'))).toBe(1);
  world.network.faults.reset(HOST, CLIENT);
  await world.clock.advance(1_000);
  expect(await world.settle(client.call('a.b'))).toBe(1);
  expect(contextOf(node).counters.connectionsOpened).toBe(2);
});
