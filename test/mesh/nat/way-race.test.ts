/**
 * A node that names a station and can be dialed as well: both ways race, and whichever loses leaves nothing behind.
 */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import {
  closeAtEnd,
  contextOf,
  processesOf,
  processOf,
  runtimeOf,
  type MeshWorld,
} from '../../mesh-world.ts';
import { relayHint } from '../../../src/mesh/peer/relay-hint.ts';
import { addressOf, ask, connectionsOf, endOf } from '../peer/peer-world.ts';
import { natWorld, pathTo, type NatWorld } from './nat-world.ts';

const STATION = '203.0.113.1';
const BOB = '198.51.100.7';
/** Where alice is seen. */
const ALICE = '203.0.113.11';

/** Bob serves at a public address, and has attached to the station; alice is behind a NAT. */
async function stage(seed: string): Promise<NatWorld & { readonly alice: Node; readonly bob: Node }> {
  const made = await natWorld(seed);
  const { world, station, behind } = made;
  const alice = await behind('alice', 'port');
  const bob = await world.node({ host: BOB, stations: [station.url], bootstrap: [station.url] });
  closeAtEnd(world, bob);
  await world.clock.until(() => contextOf(bob).relays.attached.length > 0);
  await world.settle(bob.advertise('bob.echo', ({ n }: { n: number }) => n));
  await world.clock.until(() => contextOf(bob).discovery.publications.get('bob.echo')?.state === 'published');
  return { ...made, alice, bob };
}

/** Calls once; how long it took, ms. */
async function first(world: MeshWorld, alice: Node): Promise<number> {
  const since = world.clock.now();
  expect(await world.settle(alice.call('bob.echo', { n: 1 }, { timeout: 10_000 }))).toBe(1);
  return world.clock.now() - since;
}

const attempts = (node: Node): number =>
  processesOf(node).filter(({ label }) => label === 'nat attempt').length;
const sessions = (...nodes: readonly Node[]): readonly number[] =>
  nodes.map((node) => contextOf(node).relays.own.size);

describe('a peer with a station and an address', () => {
  test('is called through the station at once; its address is not dialed when that is done in 250 ms', async () => {
    const { world, alice, bob } = await stage('relay-first');
    const call = first(world, alice);
    await world.clock.until(() => connectionsOf(bob).length > 1);
    // one connection to the station, and one through it
    expect(connectionsOf(bob)).toHaveLength(2);
    // the lookup, and four round trips through the station
    expect(await call).toBeLessThanOrEqual(20 + 4 * 40 + 50);
    expect(connectionsOf(bob)).toHaveLength(2);
    expect(sessions(alice, bob)).toEqual([1, 1]);
  });

  test('is dialed at its address after 250 ms when the station leads nowhere, and the session is given back', async () => {
    const { world, station, alice, bob } = await stage('silent-relay');
    world.network.faults.cut(STATION, BOB);
    // the lookup, four round trips to bob
    const took = await first(world, alice);
    expect(took).toBeGreaterThanOrEqual(250);
    expect(took).toBeLessThanOrEqual(250 + 20 + 4 * 20 + 50);
    expect(pathTo(alice, bob)?.kind).toBe('direct');
    await world.clock.advance(1_000);
    expect([attempts(alice), ...sessions(alice)]).toEqual([0, 0]);
    world.network.faults.healAll();
    await world.clock.advance(20_000);
    expect(sessions(alice, bob)).toEqual([0, 0]);
    expect(contextOf(station).relays.passed?.stats.sessions).toBe(0);
  });

  test('is dialed at its address at once when the station knows nothing of it', async () => {
    const { world, alice, bob } = await stage('refused');
    // it has left, its record is still there
    contextOf(bob).relays.stations.all = [];
    expect(await first(world, alice)).toBeLessThanOrEqual(20 + 4 * 40 + 50);
    expect(sessions(alice)).toEqual([0]);
  });

  test('is dialed at its address at once when one station knows nothing of it and another is silent', async () => {
    const { world, station, alice, bob } = await stage('refused-silent');
    contextOf(bob).relays.stations.all = [];
    const hints = [addressOf(station), '203.0.113.99:9443'].map(relayHint);
    const since = world.clock.now();
    const asked = ask(alice, { nodeId: bob.id, addresses: [...hints, addressOf(bob)] });
    expect(endOf(await world.settle(asked))).toBe('pong');
    // the refusal, and four round trips to bob
    expect(world.clock.now() - since).toBeLessThanOrEqual(40 + 4 * 20 + 50);
    await world.clock.advance(5_000);
    expect([attempts(alice), ...sessions(alice)]).toEqual([0, 0]);
  });

  test.each([true, false])(
    'is called one way or the other when whoever seeks the way through the station is killed (station silent: %s)',
    async (silent) => {
      const { world, alice, bob } = await stage('killed');
      if (silent) world.network.faults.cut(STATION, BOB);
      const call = first(world, alice);
      await world.clock.until(() => attempts(alice) > 0);
      runtimeOf(alice).exit(processOf(alice, 'nat attempt'), 'kill');
      expect(await call).toBeLessThanOrEqual(20 + (silent ? 250 + 4 * 20 : 4 * 40) + 50);
      expect(pathTo(alice, bob)?.kind).toBe(silent ? 'direct' : 'relayed');
      world.network.faults.healAll();
      await world.clock.advance(20_000);
      expect([attempts(alice), ...sessions(alice)]).toEqual([0, silent ? 0 : 1]);
    },
  );
});

test.each(Array.from({ length: 24 }, (_, n) => n))(
  'whichever way is faster: one connection, no call lost, nothing left of the other (seed %i)',
  async (seed) => {
    const { world, station, alice, bob } = await stage(`any-${seed}`);
    const random = world.random.fork('delays');
    const ms = (): number => 1 + (random.u32() % (seed % 3 === 0 ? 30 : 200));
    const { faults } = world.network;
    for (const [from, to] of [
      [ALICE, STATION],
      [STATION, BOB],
      [ALICE, BOB],
    ] as const)
      faults.delay(from, to, ms());
    if (seed % 4 === 1) faults.cut(STATION, BOB);
    if (seed % 4 === 2) faults.cut(ALICE, BOB);
    const calls = [1, 2].map((n) => alice.call('bob.echo', { n }, { timeout: 20_000 }));
    expect(await world.settle(Promise.all(calls))).toEqual([1, 2]);
    faults.healAll();
    await world.clock.advance(30_000);
    expect(contextOf(alice).standings.of(bob.id).size).toBe(1);
    expect(contextOf(bob).standings.of(alice.id).size).toBe(1);
    expect([attempts(alice), attempts(bob)]).toEqual([0, 0]);
    const reserve = sessions(alice)[0]!;
    expect(reserve).toBeLessThanOrEqual(1);
    expect(sessions(bob)).toEqual([reserve]);
    expect(contextOf(station).relays.passed?.stats.sessions).toBe(reserve);
  },
);
