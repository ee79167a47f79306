/**
 * What a station and its nodes do when somebody keeps no rules (SECURITY §10, §14).
 */
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.ts';
import { Runtime } from '../../../src/actor/runtime.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, type MeshWorld } from '../../mesh-world.ts';
import { rawNode, rawPeer, unchecked, type RawPeer } from '../raw-peer.ts';
import { natWorld, pathTo } from './nat-world.ts';

const idOf = (node: Node): Uint8Array => new Uint8Array(Buffer.from(node.id, 'hex'));

async function attached(world: MeshWorld, station: Node, label = 'mallory'): Promise<RawPeer> {
  return (await rawPeer(world, station, label)).greeted({ capabilities: ['rpc', 'node'] });
}

/** Two nodes that talk through the station. */
async function talking(seed: string) {
  const made = await natWorld(seed);
  const { world, behind } = made;
  const alice = await behind('alice', 'sym');
  const bob = await behind('bob', 'sym');
  await world.settle(bob.advertise('bob.echo', ({ n }: { n: number }) => n));
  await world.clock.until(() => contextOf(bob).discovery.publications.get('bob.echo')?.state === 'published');
  expect(await world.settle(alice.call('bob.echo', { n: 1 }))).toBe(1);
  const [session] = contextOf(alice).relays.own.values();
  return { ...made, alice, bob, session: session ?? expect.fail('no session') };
}

const goesOn = async (world: MeshWorld, alice: Node): Promise<void> => {
  expect(await world.settle(alice.call('bob.echo', { n: 7 }, { timeout: 500 }))).toBe(7);
};

describe('sessions', () => {
  test('a session of others is not answered, not ended and not used by anybody else', async () => {
    const { world, station, alice, bob, session } = await talking('foreign-session');
    const mallory = await attached(world, station);
    const { control } = mallory.channels;
    const session_id = session.id;
    control.send('relay_close', { session_id, reason: 'mine now' });
    control.send('relay_ready', { session_id, error: { code: 'overloaded', message: '' } });
    control.send('punch_execute', { session_id });
    control.send('punch_result', { session_id, success: true });
    // the same id again, for a session of its own
    control.send('relay_request', { session_id, target_id: idOf(bob) });
    await world.clock.advance(200);
    expect(control.of('relay_ready')).toEqual([
      { session_id, error: expect.objectContaining({ code: 'invalid_args' }) as object },
    ]);
    expect(contextOf(station).relays.passed?.stats.sessions).toBe(1);
    await goesOn(world, alice);
  });

  test('with a node that is not attached, with oneself, or too often in a moment: a typed refusal each', async () => {
    const { world, station } = await natWorld('refusals');
    const mallory = await attached(world, station);
    const { control } = mallory.channels;
    control.send('relay_request', { session_id: mallory.id(), target_id: new Uint8Array(32).fill(9) });
    control.send('relay_request', { session_id: mallory.id(), target_id: mallory.identity.nodeId });
    await world.clock.advance(100);
    expect(control.of('relay_ready').map(({ error }) => error?.code)).toEqual([
      'cross_relay_error',
      'invalid_args',
    ]);
    for (let i = 0; i < 200; i++)
      control.send('relay_request', { session_id: mallory.id(), target_id: new Uint8Array(32).fill(9) });
    await world.clock.advance(100);
    const codes = control.of('relay_ready').map(({ error }) => error?.code);
    expect(codes).toHaveLength(202);
    expect(codes.filter((code) => code === 'overloaded').length).toBeGreaterThan(100);
    expect(contextOf(station).relays.passed?.stats.sessions).toBe(0);
  });

  test('with one node again and again: the newest two are there, others still reach it, and none is left in the end', async () => {
    const { world, station, behind, alice, bob } = await talking('again-and-again');
    const mallory = await attached(world, station);
    const { control } = mallory.channels;
    for (let i = 0; i < 64; i++)
      control.send('relay_request', { session_id: mallory.id(), target_id: idOf(bob) });
    await world.clock.advance(1_000);
    expect(contextOf(station).relays.passed?.stats.sessions).toBe(3);
    expect(contextOf(bob).relays.own.size).toBe(3);
    const carol = await behind('carol', 'sym');
    expect(await world.settle(carol.call('bob.echo', { n: 2 }))).toBe(2);
    await goesOn(world, alice);
    mallory.link.close(0);
    await world.clock.advance(40_000);
    const mine = Buffer.from(mallory.identity.nodeId).toString('hex');
    expect(contextOf(bob).relays.with(mine)).toEqual([]);
    expect(contextOf(station).relays.passed?.stats.sessions).toBe(2);
  });

  test('to a client there are none: it is reached by its calls', async () => {
    const { world, station } = await natWorld('client-target');
    const client = await world.client(station);
    closeAtEnd(world, client);
    const mallory = await attached(world, station);
    const target_id = new Uint8Array(Buffer.from(client.id, 'hex'));
    mallory.channels.control.send('relay_request', { session_id: mallory.id(), target_id });
    await world.clock.advance(100);
    expect(mallory.channels.control.of('relay_ready')[0]?.error?.code).toBe('cross_relay_error');
  });

  test('fields that are null are absent: nobody dies of them', async () => {
    const { world, station, alice, bob } = await talking('nulls');
    const mallory = await attached(world, station);
    const { control } = mallory.channels;
    const session_id = mallory.id();
    control.stream.write(
      unchecked('relay_request', { session_id, target_id: idOf(bob), reason: null, source_id: null }),
    );
    await world.clock.advance(100);
    control.stream.write(
      unchecked('punch_request', {
        session_id: mallory.id(),
        requester_id: mallory.identity.nodeId,
        target_id: idOf(bob),
        ports: null,
      }),
    );
    await world.clock.advance(16_000);
    expect(world.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
    await goesOn(world, alice);
  });

  test('a node accepts sessions from the stations it has attached to, and from nobody else', async () => {
    const { world, behind } = await natWorld('not-my-station');
    const bob = await behind('bob', 'none');
    const mallory = await (
      await rawPeer(world, bob, 'mallory')
    ).greeted({ capabilities: ['node', 'station'] });
    const { control } = mallory.channels;
    control.send('relay_request', {
      session_id: mallory.id(),
      target_id: idOf(bob),
      source_id: new Uint8Array(32).fill(3),
    });
    await world.clock.advance(100);
    expect(control.of('relay_ready')[0]?.error?.code).toBe('unauthorized');
    expect(contextOf(bob).relays.own.size).toBe(0);
  });

  test('a node that is no station relays for nobody, and a client neither', async () => {
    const { world, station } = await natWorld('no-station');
    const plain = await world.node();
    closeAtEnd(world, plain);
    const mallory = await attached(world, plain);
    mallory.channels.control.send('relay_request', { session_id: mallory.id(), target_id: idOf(station) });
    await world.clock.advance(100);
    expect(mallory.channels.control.of('relay_ready')[0]?.error?.code).toBe('unauthorized');
  });
});

describe('punches', () => {
  test('a station sends nobody to an address: without a session of both it coordinates nothing', async () => {
    const { world, station, behind } = await natWorld('no-consent');
    const bob = await behind('bob', 'port');
    const mallory = await attached(world, station);
    const { control } = mallory.channels;
    for (let i = 0; i < 50; i++) {
      control.send('punch_request', {
        session_id: mallory.id(),
        requester_id: mallory.identity.nodeId,
        target_id: idOf(bob),
      });
    }
    await world.clock.advance(1_000);
    expect(control.of('punch_coordinate')).toEqual([]);
    expect(new Set(control.of('punch_result').map(({ reason }) => reason))).toEqual(new Set(['refused']));
    expect(contextOf(station).relays.coordinator.size).toBe(0);
  });

  test('a coordinate of whoever is not the station of the session has no effect', async () => {
    const { world, alice, bob } = await talking('forged-coordinate');
    // somebody who is connected to alice, and claims to be a station
    const mallory = await rawNode(world, 'mallory');
    const asking = alice.peers.sendMessage(new URL(mallory.url).host, 'ping').catch(() => undefined);
    await world.clock.until(() => mallory.peers[0]?.channels.control.of('connect').length === 1);
    const peer = mallory.peers[0] ?? expect.fail('nobody');
    peer.channels.control.send('connected', {
      node_id: peer.identity.nodeId,
      realm: 'test',
      version: '1.0',
      seed: new Uint8Array(32),
      capabilities: ['node', 'station'],
    });
    await world.settle(asking);
    const place = {
      peer_id: idOf(bob),
      peer_host: '198.51.100.77',
      peer_ports: [5_000],
      punch_time: 0,
      delay: 0,
    } as const;
    peer.channels.control.send('punch_coordinate', { ...place, session_id: peer.id(), role: 'target' });
    peer.channels.control.send('punch_coordinate', { ...place, session_id: peer.id(), role: 'initiator' });
    await world.clock.advance(1_000);
    expect(peer.channels.control.of('punch_execute')).toEqual([]);
    const link = contextOf(alice).standings.ready(bob.id, false)?.link();
    expect(link?.paths.some(({ address }) => address.host === '198.51.100.77')).toBe(false);
    expect(pathTo(alice, bob)?.kind).toBe('relayed');
    await goesOn(world, alice);
  });
});

test('clocks an hour apart: both begin a punch together all the same', async () => {
  const { world, behind, station } = await natWorld('clocks');
  const shifted = (ms: number): Runtime =>
    new Runtime({
      clock: { ...world.clock, wall: () => world.clock.wall() + ms },
      random: world.random.fork(`shifted ${ms}`),
      logger: silentLogger,
      budget: { milliseconds: Infinity },
    });
  const alice = await behind('alice', 'port', { runtime: shifted(-1_800_000) });
  const bob = await behind('bob', 'port', { runtime: shifted(1_800_000) });
  const relayEndpoint = new URL(station.url).host;
  await world.settle(alice.peers.sendNatAware(bob.id, 'ping', {}, { relayEndpoint }));
  await world.clock.until(() => pathTo(alice, bob)?.kind === 'punched', 1_000);
});
