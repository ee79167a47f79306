import { describe, expect, test } from 'vitest';
import { contextOf } from '../../mesh-world.ts';
import { natWorld, pathTo } from './nat-world.ts';

describe('a node behind a NAT that is attached to a station', () => {
  test('is called by a node behind another NAT, first through the station, then directly', async () => {
    const { world, behind } = await natWorld('port-port');
    const alice = await behind('alice', 'port');
    const bob = await behind('bob', 'port');
    await world.settle(bob.advertise('math.add', ({ a, b }: { a: number; b: number }) => a + b));
    await world.clock.until(
      () => contextOf(bob).discovery.publications.get('math.add')?.state === 'published',
    );
    expect(await world.settle(alice.call('math.add', { a: 2, b: 3 }))).toBe(5);
    expect(pathTo(alice, bob)?.kind).toBe('relayed');
    await world.clock.until(
      () => pathTo(alice, bob)?.kind === 'punched' && pathTo(bob, alice)?.kind === 'punched',
    );
    expect(await world.settle(alice.call('math.add', { a: 2, b: 4 }))).toBe(6);
  });

  test('stays relayed behind two symmetric NATs, and its calls go on', async () => {
    const { world, behind } = await natWorld('sym-sym');
    const alice = await behind('alice', 'sym');
    const bob = await behind('bob', 'sym');
    await world.settle(bob.advertise('math.add', ({ a, b }: { a: number; b: number }) => a + b));
    await world.clock.until(
      () => contextOf(bob).discovery.publications.get('math.add')?.state === 'published',
    );
    for (let i = 0; i < 100; i++) {
      expect(await world.settle(alice.call('math.add', { a: i, b: 1 }))).toBe(i + 1);
      await world.clock.advance(200);
    }
    expect(pathTo(alice, bob)?.kind).toBe('relayed');
  });
});
