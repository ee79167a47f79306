/** What a node does for the NAT checks of others, and what it refuses to do. */
import { beforeEach, describe, expect, test } from 'vitest';
import { readEcho, type Echo } from '../../../src/mesh/nat/detection/echo.ts';
import type { Node } from '../../../src/node.ts';
import type { Endpoint, PhysicalAddress } from '../../../src/transport/transport.ts';
import { contextOf, meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { addressOf, nodesOf } from '../peer/peer-world.ts';
import { RawPeer } from '../raw-peer.ts';

interface Received {
  readonly from: PhysicalAddress;
  readonly echo: Echo | undefined;
  readonly bytes: number;
}

/** A machine that keeps what it is sent. */
async function machine(
  world: MeshWorld,
  label: string,
  host?: string,
): Promise<{ readonly endpoint: Endpoint; readonly received: Received[] }> {
  const endpoint = await world.network
    .transport(host)
    .open({ clock: world.clock, random: world.random.fork(label), identity: world.identity(label) });
  const received: Received[] = [];
  endpoint.onRaw = (from, bytes) => {
    received.push({ from, echo: readEcho(bytes), bytes: bytes.length });
  };
  return { endpoint, received };
}

const nonce = new Uint8Array(16).fill(9);
const NONCE = '09'.repeat(16);

describe('Observer', () => {
  let world: MeshWorld;
  let station: Node;
  let peer: RawPeer;
  let endpoint: Endpoint;
  let received: Received[];

  /** A peer that says that it is a station; the node is one too. */
  beforeEach(async () => {
    world = meshWorld();
    [station] = (await nodesOf(world, 1, { station: true })) as [Node];
    ({ endpoint, received } = await machine(world, 'peer'));
    peer = new RawPeer(world, world.identity('peer'));
    const [host, port] = addressOf(station).split(':');
    peer.link = endpoint.dial({ address: { host: host!, port: Number(port) }, protocol: 'macula' }, peer);
    await peer.greeted({ capabilities: ['rpc', 'node', 'station'] });
  });

  const probe = (over: object = {}): void => {
    peer.channels.control.send('nat_probe', {
      request_id: peer.id(),
      node_id: peer.identity.nodeId,
      local_port: endpoint.local.port,
      ...over,
    });
  };
  const replies = () => peer.channels.control.of('nat_probe_reply');
  const peered = (): void => {
    const nodeId = Buffer.from(peer.identity.nodeId).toString('hex');
    contextOf(station).routing.stations.all = [{ name: 'peer', nodeId, addresses: [], isSelf: false }];
  };
  const dialBack = (host: string, port: number): void => {
    peer.channels.control.send('dial_back', { request_id: peer.id(), nonce, host, port });
  };

  test('says where it sees the peer, and what time it is', async () => {
    probe();
    await world.clock.until(() => replies().length === 1);
    expect(replies()[0]).toMatchObject({
      reflexive_ip: endpoint.local.host,
      reflexive_port: endpoint.local.port,
      server_time: expect.any(Number) as number,
    });
    expect(Buffer.from(replies()[0]!.node_id).toString('hex')).toBe(station.id);
    expect(received).toEqual([]);
  });

  test('sends echoes to where it sees the peer: three from its own port, three from another, 18 bytes each', async () => {
    probe({ nonce });
    await world.clock.advance(2_000);
    expect(replies()[0]).toMatchObject({ sent: [0, 1] });
    const { port } = new URL(station.url);
    expect(received.filter(({ from }) => from.port === Number(port))).toHaveLength(3);
    expect(received.filter(({ from }) => from.port !== Number(port))).toHaveLength(3);
    expect(received.every(({ echo, bytes }) => echo?.nonce === NONCE && bytes === 18)).toBe(true);
  });

  test('of many probes few are answered, of those with echoes fewer', async () => {
    for (let index = 0; index < 40; index++) probe({ nonce: new Uint8Array(16).fill(index) });
    await world.clock.advance(1_000);
    expect(replies().length).toBeLessThanOrEqual(17);
    expect(received.length).toBeLessThanOrEqual(4 * 6);
    expect(contextOf(station).counters.droppedQuestions).toBeGreaterThan(20);
    expect(peer.isOpen).toBe(true);
  });

  test('for a station that it is peered with it sends to whom that one observes', async () => {
    peered();
    const asker = await machine(world, 'asker');
    dialBack(asker.endpoint.local.host, asker.endpoint.local.port);
    await world.clock.until(() => asker.received.length === 3);
    expect(asker.received[0]).toMatchObject({ echo: { kind: 2, nonce: NONCE }, bytes: 18 });
    expect(replies()).toHaveLength(1);
  });

  test('for a station that it is not peered with it sends nothing to anybody', async () => {
    const asker = await machine(world, 'asker');
    dialBack(asker.endpoint.local.host, asker.endpoint.local.port);
    await world.clock.advance(1_000);
    expect(asker.received).toEqual([]);
    expect(replies()).toEqual([]);
    expect(peer.isOpen).toBe(true);
  });

  test.each(['10.0.0.5', '127.0.0.1', '192.168.1.1', '100.64.0.1', 'fe80::1', 'localhost', 'relay:00'])(
    'a station of the internet has nothing sent to %s',
    async (host) => {
      peered();
      dialBack(host, 9_443);
      await world.clock.advance(1_000);
      expect(replies()).toEqual([]);
      expect(contextOf(station).counters.droppedQuestions).toBe(1);
    },
  );

  test('a station that has a third party flooded gets 64 echoes at once and eight in a second', async () => {
    peered();
    const victim = await machine(world, 'victim');
    for (let index = 0; index < 500; index++)
      dialBack(victim.endpoint.local.host, victim.endpoint.local.port);
    await world.clock.advance(1_000);
    expect(victim.received.length).toBeGreaterThan(0);
    expect(victim.received.length).toBeLessThanOrEqual(3 * (64 + 8 + 1));
  });

  test('an answer nobody asked for is dropped', async () => {
    peer.channels.control.send('nat_probe_reply', {
      request_id: peer.id(),
      node_id: peer.identity.nodeId,
      reflexive_ip: '203.0.113.7',
      reflexive_port: 1,
      server_time: 1,
      sent: [0, 1, 2, 200],
    });
    probe();
    await world.clock.until(() => replies().length === 1);
    expect(peer.isOpen).toBe(true);
  });
});

describe('a node that is no station', () => {
  test('sends no echoes and says so', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    const { endpoint, received } = await machine(world, 'peer');
    const peer = new RawPeer(world, world.identity('peer'));
    const [host, port] = addressOf(node!).split(':');
    peer.link = endpoint.dial({ address: { host: host!, port: Number(port) }, protocol: 'macula' }, peer);
    await peer.greeted();
    peer.channels.control.send('nat_probe', {
      request_id: peer.id(),
      node_id: peer.identity.nodeId,
      local_port: 0,
      nonce,
    });
    await world.clock.advance(1_000);
    expect(peer.channels.control.of('nat_probe_reply')).toMatchObject([{ sent: [] }]);
    expect(received).toEqual([]);
  });
});
