/** Sockets that take dialers only through the sessions of relays, on the simulated network. */
import { beforeEach, describe, expect, test } from 'vitest';

import type { EndpointOptions, PhysicalAddress } from '../../../src/transport/transport.ts';
import type { LinkRecorder } from '../recorder.ts';
import { natWorld, type Node, type World } from './nat-world.ts';
import { forward, seeds } from './relay-world.ts';

let world: World;

interface Stage {
  /** The one that is dialed. */
  readonly node: Node;
  readonly session: Uint8Array;
  /** Its address behind the session, for A. */
  readonly relayed: PhysicalAddress;
  /** Opens the session there. */
  readonly opens: () => PhysicalAddress;
}

beforeEach(async () => {
  world = await natWorld('dialers', ['none', 'none']);
});

/** A node that the station reaches, and A through it. */
async function staged(dialers: EndpointOptions['dialers']): Promise<Stage> {
  const { clock, station, a } = world;
  const node = await world.node('203.0.113.9', undefined, dialers === undefined ? {} : { dialers });
  const attach = async (from: Node): Promise<readonly [LinkRecorder, LinkRecorder]> => {
    const count = station.inbound.length;
    const here = from.dial(station.endpoint.local);
    await clock.until(() => here.isOpen && station.inbound[count]?.isOpen === true);
    return [here, station.inbound[count] as LinkRecorder];
  };
  const [hereA, thereA] = await attach(a);
  const [hereNode, thereNode] = await attach(node);
  station.endpoint.forwarder = forward([thereA.link, thereNode.link]);
  const session = world.random.bytes(16);
  const relayed = a.endpoint.openRelayed(session, hereA.link);
  return { node, session, relayed, opens: () => node.endpoint.openRelayed(session, hereNode.link) };
}

const notAccepted = ({ endpoint }: Node): number => endpoint.stats().dropped['not_accepting'] ?? 0;

/** Waits for what becomes of a dialer. */
async function dialed(address: PhysicalAddress): Promise<LinkRecorder> {
  const here = world.a.dial(address);
  await world.clock.until(() => here.isOpen || here.closed.length > 0);
  return here;
}

describe('a socket whose dialers come through relays only', () => {
  test('refuses one that comes directly, with not a word to it', async () => {
    const { node, opens } = await staged('relays');
    opens();
    const out = node.endpoint.stats().datagramsOut;
    const here = await dialed(node.endpoint.local);
    expect(here.closed).toEqual([{ tag: 'handshake_timeout' }]);
    expect(notAccepted(node)).toBeGreaterThan(0);
    expect([node.inbound, node.endpoint.stats().datagramsOut]).toEqual([[], out]);
  });

  test('takes one that comes through a session that is open there, and it carries streams', async () => {
    const { node, relayed, opens } = await staged('relays');
    const back = opens();
    const here = await dialed(relayed);
    expect(here.isOpen).toBe(true);
    await world.clock.until(() => node.inbound[0]?.isOpen === true);
    expect(node.inbound[0]?.link.observed).toEqual(back);
    const out = here.open();
    out.stream.write(Buffer.from('hello'), true);
    await world.clock.until(() => node.inbound[0]?.streams[0]?.ended === 1);
    expect([String(node.inbound[0]?.streams[0]?.bytes), notAccepted(node)]).toEqual(['hello', 0]);
  });

  test('takes none through a session that is not open there, or not any more', async () => {
    const { node, session, relayed, opens } = await staged('relays');
    for (const before of [() => {}, opens]) {
      before();
      node.endpoint.closeRelayed(session);
      const here = await dialed(relayed);
      expect(here.closed).toEqual([{ tag: 'handshake_timeout' }]);
    }
    expect(node.inbound).toEqual([]);
  });

  test('keeps a link that came through a relay when that finds a direct path', async () => {
    const { node, relayed, opens } = await staged('relays');
    opens();
    const here = await dialed(relayed);
    await world.clock.until(() => node.inbound[0]?.isOpen === true);
    const there = node.inbound[0] as LinkRecorder;
    seeds([here, there]);
    here.link.offerPath('direct', node.endpoint.local);
    there.link.offerPath('direct', world.a.endpoint.local);
    const direct = ({ link }: LinkRecorder): boolean =>
      link.paths.some(({ active, kind }) => active && kind === 'direct');
    await world.clock.until(() => direct(here) && direct(there));
    const out = here.open();
    out.stream.write(Buffer.from('hello'), true);
    await world.clock.until(() => there.streams[0]?.ended === 1);
    expect(notAccepted(node)).toBe(0);
  });
});

test.each([undefined, 'anywhere'] as const)(
  'a socket whose dialers come from %s takes those that come directly, and through a relay',
  async (dialers) => {
    const { node, relayed, opens } = await staged(dialers);
    opens();
    for (const address of [node.endpoint.local, relayed]) expect((await dialed(address)).isOpen).toBe(true);
    await world.clock.until(() => node.inbound.length === 2);
    expect(notAccepted(node)).toBe(0);
  },
);

test.each([
  ['relays', false],
  ['anywhere', true],
] as const)(
  'a socket whose dialers come from %s tells one whose link it has lost: %s',
  async (dialers, tells) => {
    const host = '203.0.113.9';
    const before = await world.node(host);
    const here = await dialed(before.endpoint.local);
    world.network.faults.kill(host);
    const { endpoint } = await world.node(host, undefined, { dialers });
    here.open().stream.write(Buffer.from('hello'));
    await world.clock.until(() => (endpoint.stats().dropped['unknown_connection'] ?? 0) > 0);
    expect(endpoint.stats().datagramsOut > 0).toBe(tells);
  },
);
