import { describe, expect, test } from 'vitest';
import { closeAtEnd, contextOf } from '../../mesh-world.ts';
import { natWorld, pathTo } from './nat-world.ts';

describe('where UDP is blocked', () => {
  test('a node attaches over TLS, is called through the station, and stays relayed', async () => {
    const { world, behind } = await natWorld('blocked');
    const caller = await behind('caller', 'port');
    const provider = await behind('provider', 'blocked');
    await world.settle(provider.advertise('math.add', ({ a, b }: { a: number; b: number }) => a + b));
    await world.clock.until(
      () => contextOf(provider).discovery.publications.get('math.add')?.state === 'published',
    );
    const failures: unknown[] = [];
    caller.events.addEventListener('punch.failed', ({ detail }) => failures.push(detail));
    expect(await world.settle(caller.call('math.add', { a: 2, b: 3 }))).toBe(5);
    await world.clock.advance(20_000);
    expect(failures).toEqual([expect.objectContaining({ peer: provider.id, reason: 'udp_blocked' })]);
    expect(await world.settle(caller.call('math.add', { a: 2, b: 4 }))).toBe(6);
    expect(pathTo(caller, provider)?.kind).toBe('relayed');
  });

  test('a client connects over TLS, serves and calls', async () => {
    const { world, station } = await natWorld('blocked-client');
    const nat = world.network.nat({ host: '203.0.113.50', type: 'blocked' });
    const client = await world.client(station, { transport: world.network.transport('10.50.0.2', { nat }) });
    const other = await world.client(station);
    closeAtEnd(world, client, other);
    await world.settle(client.advertise('math.twice', ({ n }: { n: number }) => 2 * n));
    expect(await world.settle(other.call('math.twice', { n: 4 }))).toBe(8);
    await world.settle(other.advertise('math.thrice', ({ n }: { n: number }) => 3 * n));
    expect(await world.settle(client.call('math.thrice', { n: 4 }))).toBe(12);
  });
});
