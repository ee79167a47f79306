/**
 * The connections to stations on which relayed paths stand, and the sessions on them.
 */
import { expect, test } from 'vitest';
import { closeAtEnd, contextOf, processesOf } from '../../mesh-world.ts';
import { natWorld, pathTo } from './nat-world.ts';

test('a caller that came by a hint keeps its connection to the station as long as it talks through it', async () => {
  const { world, behind, station } = await natWorld('leg');
  const bob = await behind('bob', 'sym');
  await world.settle(bob.advertise('bob.echo', ({ n }: { n: number }) => n));
  await world.clock.until(() => contextOf(bob).discovery.publications.get('bob.echo')?.state === 'published');
  // not attached to any station, behind a NAT that only a relay gets through
  const nat = world.network.nat({ host: '203.0.113.90', type: 'sym' });
  const carol = await world.node({
    transport: world.network.transport('10.90.0.2', { nat }),
    bootstrap: [station.url],
  });
  closeAtEnd(world, carol);
  await world.settle(carol.ready());
  for (let n = 0; n < 60; n++) {
    expect(await world.settle(carol.call('bob.echo', { n }, { timeout: 400 }))).toBe(n);
    await world.clock.advance(5_000);
  }
  expect(pathTo(carol, bob)?.kind).toBe('relayed');
});

test('at a station nobody who has attached leaves because others come', async () => {
  const { world, behind, station } = await natWorld('many-attached', {
    pool: { size: 3, idleTimeout: 1_000 },
  });
  const nodes = [];
  for (let i = 0; i < 8; i++) nodes.push(await behind(`n${i}`, 'port'));
  await world.clock.advance(60_000);
  expect(contextOf(station).counters.poolEvictions).toBe(0);
  for (const node of nodes) expect(contextOf(station).standings.ready(node.id)).toBeDefined();
});

test('an attempt ends with its time, and gives its session back, whatever the station does', async () => {
  const { world, behind, station } = await natWorld('mute');
  const alice = await behind('alice', 'sym');
  const bob = await behind('bob', 'sym');
  const relayEndpoint = new URL(station.url).host;
  // bob never answers: it hears nothing
  world.network.faults.cut('10.2.0.2', '203.0.113.1', 'forward');
  const failed = await world.failure(
    alice.peers.sendNatAware(bob.id, 'ping', {}, { relayEndpoint, timeout: 2_000 }),
  );
  expect(failed.tag).toMatch(/timeout|connection_error/);
  await world.clock.advance(1_000);
  expect(processesOf(alice).filter(({ label }) => label === 'nat attempt')).toEqual([]);
  expect(contextOf(alice).relays.own.size).toBe(0);
  await world.clock.advance(20_000);
  expect(contextOf(station).relays.passed?.stats.sessions).toBe(0);
});

test('sessions are gone at all three when both ends have nothing more to say to each other', async () => {
  const { world, behind, station } = await natWorld('gone', {});
  const alice = await behind('alice', 'sym', { pool: { idleTimeout: 5_000 } });
  const bob = await behind('bob', 'sym', { pool: { idleTimeout: 5_000 } });
  await world.settle(
    alice.peers.sendNatAware(bob.id, 'ping', {}, { relayEndpoint: new URL(station.url).host }),
  );
  expect(contextOf(station).relays.passed?.stats.sessions).toBe(1);
  await world.clock.advance(120_000);
  expect(pathTo(alice, bob)).toBeUndefined();
  for (const node of [alice, bob]) expect(contextOf(node).relays.own.size).toBe(0);
  expect(contextOf(station).relays.passed?.stats.sessions).toBe(0);
});
