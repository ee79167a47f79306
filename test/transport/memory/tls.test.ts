/**
 * Links of who cannot use UDP: over TLS to a station, from there over a relay to others, and back to UDP when that works.
 */
import { describe, expect, test } from 'vitest';

import { createIdentity } from '../../../src/identity/identity.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import type { NatType } from '../../../src/transport/memory/nat-types.ts';
import type { EndpointOptions } from '../../../src/transport/transport.ts';
import { LinkRecorder } from '../recorder.ts';
import { natWorld, type Node, type World } from './nat-world.ts';
import { forward, kinds, leave, seeds } from './relay-world.ts';

const HALL = '203.0.113.10';

/** A world with a station that takes TLS connections. */
async function hall(
  seed: string,
  types: readonly [NatType, NatType],
  more: Partial<EndpointOptions> = {},
): Promise<World & { readonly tls: Node }> {
  const world = await natWorld(seed, types);
  return { ...world, tls: await world.node(HALL, undefined, { tls: true, ...more }) };
}

function dial(from: Node, to: Node, expectedId?: Uint8Array): LinkRecorder {
  const here = new LinkRecorder();
  const request = { address: to.endpoint.local, protocol: 'macula', fallback: 'tls' } as const;
  here.link = from.endpoint.dial(expectedId === undefined ? request : { ...request, expectedId }, here);
  return here;
}

const host = ({ link }: LinkRecorder): string => link.observed.host;

/** Both ends of a link that was just dialed. */
async function opened({ clock, tls }: Awaited<ReturnType<typeof hall>>, here: LinkRecorder, limit?: number) {
  const count = tls.inbound.length;
  await clock.until(() => here.isOpen && tls.inbound[count]?.isOpen === true, limit);
  const ends = [here, tls.inbound[count] as LinkRecorder] as const;
  seeds(ends);
  return ends;
}

describe('TLS fallback', () => {
  test('behind a blocked NAT a link opens over TLS after 1.5 s, and carries streams both ways', async () => {
    const world = await hall('blocked', ['blocked', 'port']);
    const began = world.clock.now();
    const ends = await opened(world, dial(world.a, world.tls), 3_000);
    expect(world.clock.now() - began).toBeGreaterThan(1_500);
    expect(ends.map(host)).toEqual(['tls:1', 'tls:1']);
    const outs = ends.map((end) => end.open());
    for (const { stream } of outs) stream.write(new Uint8Array(200_000).fill(7), true);
    await world.clock.until(() => ends.every(({ streams }) => streams[0]?.ended === 1));
    expect(ends.map(({ streams }) => streams[0]?.received)).toEqual([200_000, 200_000]);
    await world.tls.endpoint.close();
    expect(await leave(world)).toBe(0);
  });

  test('where UDP works no TLS is tried', async () => {
    const world = await hall('open', ['port', 'port']);
    const [here] = await opened(world, dial(world.a, world.tls));
    await world.clock.advance(10_000);
    expect([host(here), world.network.history().some((line) => line.includes(' tls '))]).toEqual([
      HALL,
      false,
    ]);
  });

  test('nobody who was not asked for, nobody who does not listen, and nobody behind a NAT is reached', async () => {
    const world = await hall('refused', ['blocked', 'fullcone']);
    const other = createIdentity(seededRandom('other'), world.clock.wall());
    const dials = [
      dial(world.a, world.tls, other.nodeId),
      dial(world.a, world.station),
      dial(world.a, {
        ...world.b,
        endpoint: { ...world.b.endpoint, local: { host: world.natB.host, port: 9_443 } },
      }),
    ];
    await world.clock.until(() => dials.every(({ closed }) => closed.length > 0));
    expect(dials.map(({ closed }) => closed[0]?.tag)).toEqual(dials.map(() => 'handshake_timeout'));
    expect(world.tls.inbound).toEqual([]);
    await world.tls.endpoint.close();
    expect(await leave(world)).toBe(0);
  });

  test('a cut way carries no TLS either', async () => {
    const world = await hall('cut', ['blocked', 'port']);
    const here = dial(world.a, world.tls);
    await world.clock.advance(1_510);
    world.network.faults.cut('10.1.0.2', HALL);
    await world.clock.until(() => here.closed.length > 0);
    expect(here.closed[0]?.tag).toBe('handshake_timeout');
    expect(world.network.history().filter((line) => line.includes(' tls '))).toEqual([]);
  });

  test('a link goes back to UDP when that is let through', async () => {
    const world = await hall('unblocked', ['port', 'port']);
    world.network.faults.block(world.natA, true);
    const ends = await opened(world, dial(world.a, world.tls), 3_000);
    const out = ends[0].open();
    out.stream.write(Uint8Array.of(1));
    world.network.faults.block(world.natA, false);
    await world.clock.until(() => host(ends[0]) === HALL && host(ends[1]) === world.natA.host, 60_000);
    out.stream.write(Uint8Array.of(2), true);
    await world.clock.until(() => ends[1].streams[0]?.ended === 1);
    expect([...(ends[1].streams[0]?.bytes ?? [])]).toEqual([1, 2]);
  });

  test('a station that dies ends the links over its TLS connections at once', async () => {
    const world = await hall('dead', ['blocked', 'port']);
    const [here] = await opened(world, dial(world.a, world.tls), 3_000);
    world.network.faults.kill(HALL);
    await world.clock.until(() => here.closed.length > 0, 100);
    expect(here.closed[0]).toEqual({ tag: 'transport_error', detail: 'its TLS connection ended' });
    expect(await leave(world)).toBe(0);
  });

  test('however many TLS connections somebody has, his links count as those of his address', async () => {
    const world = await hall('many', ['blocked', 'port'], { awaitHello: true });
    const dials = Array.from({ length: 20 }, () => dial(world.a, world.tls));
    await world.clock.until(() => dials.filter(({ isOpen }) => isOpen).length === 16);
    await world.clock.advance(1_000);
    const { halfOpen, dropped } = world.tls.endpoint.stats();
    expect([halfOpen, dials.filter(({ isOpen }) => isOpen).length]).toEqual([16, 16]);
    expect(dropped['too_many_per_address']).toBeGreaterThan(0);
    for (const { link } of dials) link.close(0);
    await world.clock.advance(100);
    expect(world.tls.endpoint.stats()).toMatchObject({ links: 0, halfOpen: 0 });
    await world.tls.endpoint.close();
    expect(await leave(world)).toBe(0);
  });

  test('a dial that is given up leaves nothing', async () => {
    for (const ms of [100, 1_510, 1_530, 1_600]) {
      const world = await hall(`given up ${ms}`, ['blocked', 'port']);
      const here = dial(world.a, world.tls);
      await world.clock.advance(ms);
      here.link.close(0);
      await world.clock.advance(100);
      await world.tls.endpoint.close();
      expect(await leave(world)).toBe(0);
    }
  });

  test('two behind blocked NATs meet through the station', async () => {
    const world = await hall('meet', ['blocked', 'blocked']);
    const toA = await opened(world, dial(world.a, world.tls), 3_000);
    const toB = await opened(world, dial(world.b, world.tls), 3_000);
    world.tls.endpoint.forwarder = forward([toA[1].link, toB[1].link]);
    const session = world.random.bytes(16);
    const address = world.a.endpoint.openRelayed(session, toA[0].link);
    world.b.endpoint.openRelayed(session, toB[0].link);
    const here = world.a.dial(address);
    await world.clock.until(() => here.isOpen && world.b.inbound[0]?.isOpen === true, 1_000);
    expect(kinds([here])).toEqual(['relayed']);
    here.open().stream.write(Uint8Array.of(3), true);
    await world.clock.until(() => world.b.inbound[0]?.streams[0]?.ended === 1);
    const got: number[] = [];
    world.b.endpoint.onRaw = (_from, bytes) => got.push(...bytes);
    world.a.endpoint.sendRaw(address, Uint8Array.of(4));
    await world.clock.advance(50);
    expect(got).toEqual([4]);
    await world.tls.endpoint.close();
    expect(await leave(world)).toBe(0);
  });
});
