/** Calls that are made while the old connection is asked once more: they go where somebody answers. */
import { expect, test } from 'vitest';
import type { Result } from '../../src/mesh/errors/rpc-error.ts';
import type { RemoteClient } from '../../src/node.ts';
import type { Link } from '../../src/transport/transport.ts';
import { closeAtEnd, processOf, runtimeOf, told, type MeshWorld } from '../mesh-world.ts';
import { forget } from './forget.ts';
import { connectionsOf, die, endpointOf, HOST, started } from './lost-node.ts';

/** Calls every 10 ms for so long; half of them too large for a frame. */
async function calls(world: MeshWorld, client: RemoteClient, ms: number): Promise<Promise<Result>[]> {
  const made: Promise<Result>[] = [];
  for (let at = 0; at < ms; at += 10) {
    const pad = 'x'.repeat(made.length % 2 === 0 ? 1 : 40_000);
    made.push(client.tryCall('node.one', { pad }, { timeout: 20_000 }));
    await world.clock.advance(10);
  }
  return made;
}

const outcomes = async (world: MeshWorld, made: Promise<Result>[]): Promise<unknown[]> => [
  ...new Set((await world.settle(Promise.all(made))).map(told)),
];

test('when the old node is gone, they wait for the new one and succeed: nothing is given to who is doubted', async () => {
  const { world, node, client } = await started(50);
  const lost = client.tryCall('node.slow', {}, { timeout: 20_000 });
  await world.clock.advance(200);
  await die(world, node);
  // each that is given up in the meantime makes room
  for (let timeout = 50; timeout < 2_000; timeout += 50) forget(client.tryCall('node.slow', {}, { timeout }));
  const again = await world.node({ host: HOST });
  closeAtEnd(world, again);
  await again.advertise('node.one', () => 2);
  // the rival is proven, and the old one is asked; it takes 500 ms, and the hello a round trip more
  for (let ms = 0; ms < 10_000 && connectionsOf(again) === 0; ms++) await world.clock.advance(1);
  await world.clock.advance(60);
  const made = await calls(world, client, 700);
  expect(await outcomes(world, made)).toEqual([2]);
  expect(told(await world.settle(lost))).toBe('connection_error');
  expect(client.nodeId).toBe(again.id);
});

test.each([false, true])(
  'when the old node answers, they are sent to it; also when the uplink is killed meanwhile: %s',
  async (kill) => {
    const { world, node, client } = await started(50);
    const slow = client.call('node.slow', {}, { timeout: 20_000 });
    await world.clock.advance(200);
    const [link] = endpointOf(client).links as Iterable<Link>;
    world.network.faults.cutLink(link as Link);
    for (let ms = 0; ms < 10_000 && connectionsOf(node) < 2; ms++) await world.clock.advance(1);
    const making = calls(world, client, 700);
    await world.clock.advance(20);
    if (kill) runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    await world.clock.advance(20);
    world.network.faults.healLink(link as Link);
    let made: Promise<Result>[] | undefined;
    forget(making.then((all) => (made = all)));
    await world.clock.until(() => made !== undefined, 5_000);
    expect(made).toHaveLength(70);
    const results = await outcomes(world, made ?? []);
    expect(kill ? results.filter((result) => result !== 'connection_error') : results).toEqual([1]);
    expect(await world.settle(slow)).toBe('done');
  },
);
