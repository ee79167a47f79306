import { describe, expect, test } from 'vitest';
import { closeAtEnd, contextOf } from '../../mesh-world.ts';
import { natWorld, pathTo } from './nat-world.ts';

const NATS = ['203.0.113.11', '10.1.0.2', '203.0.113.12', '10.2.0.2'];

describe('a station that falls silent', () => {
  test('is given up by a node that only waits within 5 s, and is there again when it answers', async () => {
    const { world, station, behind } = await natWorld('silent-station');
    const node = await behind('node', 'port');
    const attached = (): boolean => contextOf(node).standings.ready(station.id, false) !== undefined;
    await world.clock.advance(30_000);
    expect(attached()).toBe(true);
    world.network.faults.partition(['203.0.113.1'], NATS);
    await world.clock.until(() => !attached(), 5_000);
    world.network.faults.healAll();
    await world.clock.until(attached, 20_000);
  });

  test('costs a relayed conversation no call where there is another one, and at most 2 s', async () => {
    const { world, station, behind } = await natWorld('silent-relay');
    const other = await world.node({ host: '203.0.113.4', station: true });
    closeAtEnd(world, other);
    const stations = [station.url, other.url];
    const [alice, bob] = [
      await behind('alice', 'sym', { stations, bootstrap: stations }),
      await behind('bob', 'sym', { stations, bootstrap: stations }),
    ];
    await world.clock.until(() =>
      [alice, bob].every((node) => contextOf(node).relays.attached.length === stations.length),
    );
    await world.settle(bob.advertise('bob.echo', ({ n }: { n: number }) => n));
    await world.clock.until(
      () => contextOf(bob).discovery.publications.get('bob.echo')?.state === 'published',
    );
    await world.settle(alice.call('bob.echo', { n: 0 }));
    const [used] = contextOf(alice).relays.with(bob.id);
    expect(pathTo(alice, bob)?.kind).toBe('relayed');
    world.network.faults.partition([used?.stationId === other.id ? '203.0.113.4' : '203.0.113.1'], NATS);
    const since = world.clock.now();
    expect(await world.settle(alice.call('bob.echo', { n: 1 }, { timeout: 20_000 }))).toBe(1);
    expect(world.clock.now() - since).toBeLessThanOrEqual(2_000);
  });
});
