/**
 * Whoever names addresses to a node makes it send a handful of small keyed questions there, and no more, however often and by
 * which frame it does (SECURITY §14).
 */
import { expect, onTestFinished, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import type { Endpoint } from '../../../src/transport/transport.ts';
import { contextOf, type MeshWorld } from '../../mesh-world.ts';
import { serve } from './conversation.ts';
import { natWorld, pathTo } from './nat-world.ts';

const HOST = '198.51.100.77';
const PORTS = Array.from({ length: 40 }, (_, index) => 5_000 + index);
/** A keyed question. */
const PROBE = 46;
/** Questions to one address that was offered. */
const QUESTIONS = 24;
/** Of one link to all addresses that were offered, at once and then per second (TRANSPORT §12). */
const AT_ONCE = 6 * QUESTIONS;
const PER_SECOND = 4;
/** Places named at a time. */
const NAMED = 5;

const idOf = (node: Node): Uint8Array => new Uint8Array(Buffer.from(node.id, 'hex'));

/** A machine that takes no part; gives what has come to it. */
async function bystander(
  world: MeshWorld,
): Promise<() => { readonly datagrams: number; readonly bytes: number }> {
  const transport = world.network.transport(HOST);
  const identity = world.identity('bystander');
  const endpoints: Endpoint[] = [];
  for (const port of PORTS) {
    const random = world.random.fork(`port ${port}`);
    endpoints.push(
      await transport.open({ clock: world.clock, random, identity, bind: { host: HOST, port } }),
    );
  }
  onTestFinished(async () => {
    for (const endpoint of endpoints) await endpoint.close();
  });
  return () => {
    const all = endpoints.map((endpoint) => endpoint.stats());
    return {
      datagrams: all.reduce((sum, { datagramsIn }) => sum + datagramsIn, 0),
      bytes: all.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
    };
  };
}

test.each([
  ['punch_coordinate, as its target', 10, AT_ONCE + 15 * PER_SECOND],
  ['punch_coordinate, of its own punch', 10, AT_ONCE + 15 * PER_SECOND],
  // one in thirty seconds is looked at
  ['path_offer', 40, NAMED * QUESTIONS],
] as const)(
  'a thousand times %s, each with other places: a bystander gets few small questions, and the calls go on',
  async (what, pause, most) => {
    const { world, station, behind } = await natWorld(`bystander-${what}`);
    const [alice, bob] = [await behind('alice', 'port'), await behind('bob', 'port')];
    await serve(world, bob, 'bob.echo');
    world.network.faults.partition(['203.0.113.11', '10.1.0.2'], ['203.0.113.12', '10.2.0.2']);
    expect(await world.settle(alice.call('bob.echo', { n: 1 }))).toBe(1);
    const came = await bystander(world);
    const toAlice = (by: Node) => contextOf(by).standings.ready(alice.id, false);
    const { punches } = contextOf(alice).relays;
    const coordinate = (ports: readonly number[]): void => {
      const [ours] = punches.keys();
      const own = what.endsWith('punch') && ours !== undefined;
      toAlice(station)?.say('punch_coordinate', {
        session_id: own ? new Uint8Array(Buffer.from(ours, 'latin1')) : world.random.bytes(16),
        peer_id: idOf(bob),
        peer_host: HOST,
        peer_ports: ports,
        punch_time: 0,
        role: own ? 'initiator' : 'target',
        delay: 0,
      });
    };
    for (let i = 0; i < 1_000; i++) {
      const ports = Array.from({ length: NAMED }, (_, at) => PORTS[(NAMED * i + at) % PORTS.length]!);
      if (what === 'path_offer')
        toAlice(bob)?.say('path_offer', { addresses: ports.map((port) => `${HOST}:${port}`) });
      else coordinate(ports);
      await world.clock.advance(pause);
    }
    await world.clock.advance(5_000);
    const { datagrams, bytes } = came();
    expect(datagrams).toBeGreaterThan(0);
    expect(datagrams).toBeLessThanOrEqual(most);
    expect(bytes).toBe(PROBE * datagrams);
    expect(pathTo(alice, bob)?.kind).toBe('relayed');
    expect(await world.settle(alice.call('bob.echo', { n: 2 }, { timeout: 500 }))).toBe(2);
  },
);
