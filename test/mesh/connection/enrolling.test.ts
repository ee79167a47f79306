/** What a client serves is said anew over every connection, until the node has taken it. */
import { describe, expect, test } from 'vitest';
import { closeAtEnd, contextOf, meshWorld, processOf, runtimeOf } from '../../mesh-world.ts';

const HOST = '198.18.77.1';

describe('a registration', () => {
  test('that is refused when it is said anew is said again with backoff, until it is taken', async () => {
    const world = meshWorld();
    const node = await world.node({ host: HOST });
    const client = await world.client(node, { host: '198.18.78.1' });
    const other = await world.client(node, { host: '198.18.79.1' });
    closeAtEnd(world, client, other, node);
    await world.settle(client.advertise('one.name', () => 'client', { exclusive: true }));
    await world.settle(client.advertise('other.name', () => 'client'));
    // while it is away, somebody takes its name
    world.network.faults.cut(HOST, '198.18.78.1');
    world.network.faults.reset(HOST, '198.18.78.1');
    await world.clock.advance(10);
    const taken = await world.settle(other.advertise('one.name', () => 'other'));
    world.network.faults.heal(HOST, '198.18.78.1');
    await world.clock.advance(30_000);
    expect(await world.settle(node.call('one.name'))).toBe('other');
    expect(await world.settle(node.call('other.name'))).toBe('client');
    await world.settle(taken.unadvertise());
    // the longest pause is 16 s
    await world.clock.advance(16_500);
    expect(await world.settle(node.call('one.name'))).toBe('client');
  });

  test('that the registry had not answered when it was killed is answered by its successor', async () => {
    const world = meshWorld();
    const node = await world.node();
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    const registry = processOf(node, 'serviceRegistry');
    registry.suspended = true;
    const advertised = client.advertise('one.name', () => 1);
    await world.clock.advance(100);
    runtimeOf(node).exit(registry, 'kill');
    await world.settle(advertised, 1_000);
    expect(await world.settle(node.call('one.name'))).toBe(1);
  });

  test('made or withdrawn while the uplink is being restarted is known to the node all the same', async () => {
    const world = meshWorld();
    const node = await world.node();
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    const old = await world.settle(client.advertise('old.name', () => 'old'));
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    const both = Promise.all([client.advertise('new.name', () => 'new'), old.unadvertise()]);
    await world.settle(both);
    await world.clock.advance(100);
    expect(await world.settle(node.call('new.name'))).toBe('new');
    expect((await world.failure(node.call('old.name'))).tag).toBe('service_not_found');
    expect(contextOf(node).counters.connectionsOpened).toBe(1);
  });
});
