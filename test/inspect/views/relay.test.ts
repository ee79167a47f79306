/**
 * The views of a station, of nodes behind NATs, and of nodes with tunnels.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startDistRelay } from '../../../src/dist-relay.ts';
import { RELAY_LIMITS, RelaySessions } from '../../../src/mesh/relay/relay-sessions.ts';
import { viewsOf } from '../../../src/inspect/views/views.ts';
import type { Node } from '../../../src/node.ts';
import { suspend } from '../../../src/otp/sys.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, runtimeOf } from '../../mesh-world.ts';
import { conversation } from '../../mesh/nat/conversation.ts';
import { natWorld } from '../../mesh/nat/nat-world.ts';
import { ask } from '../../mesh/peer/peer-world.ts';
import { urlOf, stations } from '../../mesh/station/stations.ts';
import { look, partsOf, sourceOf, there } from './looking.ts';

describe('the view relay', () => {
  test('of a station has the sessions that it passes on and their bytes; of their ends, whom they reach through it', async () => {
    const { world, station, alice, bob } = await conversation('view', 'sym', 'sym', 'relayed');
    const view = await look(world, sourceOf(station), 'relay');
    expect(view.station).toMatchObject({ sessions: 1, most: 4_000, overRate: 0, foreign: 0 });
    const [passed] = there(view.station!).passed.rows;
    expect(new Set([passed?.source.id, passed?.target.id])).toEqual(new Set([alice.id, bob.id]));
    expect(passed).toMatchObject({ agreed: true, connected: true });
    expect(passed?.datagrams).toBeGreaterThan(3);
    expect(passed?.bytes).toBeGreaterThan(1_000);
    expect(view.attached.rows).toEqual([]);
    const end = await look(world, sourceOf(alice), 'relay');
    expect(end.station).toBe(null);
    expect(end.attached.rows).toMatchObject([
      { node: { id: station.id }, self: false, connected: true, name: new URL(station.url).host },
    ]);
    expect(end.sessions.rows).toMatchObject([
      { session: passed?.session, station: { id: station.id }, peer: { id: bob.id }, lost: null },
    ]);
    const { connections, nat } = await look(world, sourceOf(alice), 'peers');
    expect(there(connections).rows.find(({ peer }) => peer.id === bob.id)).toMatchObject({
      path: 'relayed',
      via: { id: station.id },
      address: new URL(station.url).host,
    });
    // nothing but the station leads there, and no hole can be punched
    const tried = nat?.tried.rows.find(({ peer }) => peer.id === bob.id);
    expect(tried?.won).toBe('relay');
    const relayed = tried?.steps.filter(({ step }) => step === 'relay');
    expect(relayed?.map(({ outcome, where }) => [outcome, where])).toEqual([['won', station.id]]);
  });

  test('a hole that was punched is the way that won, with what it took', async () => {
    const { world, station, alice, bob } = await conversation('punched', 'port', 'port', 'punched');
    const [from, to] = contextOf(alice).recent.ways.some(({ step }) => step === 'punch')
      ? [alice, bob]
      : [bob, alice];
    await world.settle(from.nat());
    const { connections, nat } = await look(world, sourceOf(from), 'peers');
    const tried = nat?.tried.rows.find(({ peer }) => peer.id === to.id);
    expect(tried?.won).toBe('punch');
    expect(tried?.steps.at(-1)).toMatchObject({ step: 'punch', outcome: 'won', where: station.id });
    expect(tried?.steps.at(-1)?.ms).toBeGreaterThan(0);
    expect(there(connections).rows.find(({ peer }) => peer.id === to.id)?.path).toBe('punched');
    expect(there(nat!.connector)).toMatchObject({
      upgrading: { rows: [{ peer: { id: to.id }, punching: false }] },
    });
    expect(nat?.profile).toMatchObject({ behindNat: true, mapping: expect.any(String) as string });
  });

  test('a station that does not lead to a peer is a step that failed, with the reason', async () => {
    const { world, station, behind } = await natWorld('nowhere');
    const alice = await behind('alice', 'port');
    const nodeId = 'c'.repeat(64);
    await world.settle(ask(alice, { nodeId, addresses: ['198.18.200.1:9443'] }));
    const { nat } = await look(world, sourceOf(alice), 'peers');
    const tried = nat?.tried.rows.find(({ peer }) => peer.id === nodeId);
    expect(tried?.won).toBe(null);
    expect(
      tried?.steps.filter(({ outcome, step }) => outcome === 'failed' && step === 'relay'),
    ).toMatchObject([{ where: station.id, why: expect.stringContaining('not') as string }]);
  });

  test('of stations that are peered has the others', async () => {
    const world = meshWorld();
    const [first, second] = (await stations(world, [[1], [0]])) as [Node, Node];
    const view = await look(world, sourceOf(first), 'relay');
    expect(there(view.station!).peered.rows).toEqual([
      {
        name: new URL(urlOf(1)).host,
        node: { id: second.id, short: second.id.slice(0, 16) },
        self: false,
        connected: true,
      },
    ]);
  });

  test('shows as many sessions as it may, and counts the others', async () => {
    const world = meshWorld();
    const node = await world.node({ station: true });
    closeAtEnd(world, node);
    const passed = new RelaySessions({ ...RELAY_LIMITS, targeted: 1_000 }, 0);
    const at = { host: '198.18.0.9', port: 1 };
    const end = (nodeId: string) => ({ nodeId, at: () => at, isAt: () => true });
    for (let n = 0; n < 1_000; n++)
      passed.open(`${n}`.padStart(16, '0'), end(`${n}`.padStart(64, 'a')), end('b'.repeat(64)), 0);
    const context = contextOf(node);
    const relays = Object.assign(Object.create(context.relays) as typeof context.relays, { passed });
    const view = await look(world, { context: { ...context, relays } }, 'relay');
    const { rows, more } = there(view.station!).passed;
    expect([rows.length, more]).toEqual([200, 800]);
  });

  test('is no view of a node without relays', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    expect(viewsOf(sourceOf(node)).relay).toBe(undefined);
  });

  test('of nodes with tunnels has their dist relays, and the tunnels through them', async () => {
    const world = meshWorld();
    const relay = await startDistRelay({
      listen: '0.0.0.0:4434',
      runtime: world.runtime(),
      transport: world.network.transport('198.18.70.1'),
    });
    onTestFinished(() => relay.close());
    const url = 'quic://198.18.70.1:4434';
    const gone = 'quic://198.18.70.2:4434';
    const nodes: Node[] = [];
    for (const name of ['one', 'two'])
      nodes.push(
        await world.node({
          dht: false,
          dist: { cookie: 'canary-cookie', name: `${name}@nowhere`, relays: [gone, url] },
        }),
      );
    closeAtEnd(world, ...nodes);
    const [one, two] = nodes as [Node, Node];
    let connected = false;
    const connecting = one.dist.connect('two@nowhere').then((done) => (connected = done));
    // TLS takes turns of the program, not time of the clock
    for (let n = 0; n < 2_000 && !connected; n++) {
      await world.clock.advance(1);
      await turn();
    }
    await connecting;
    expect([one.dist.nodes(), two.dist.nodes()]).toEqual([['two@nowhere'], ['one@nowhere']]);
    const view = await look(world, sourceOf(one, { dist: partsOf(one) }), 'relay');
    const [client] = view.clients;
    expect(client).toMatchObject({
      name: 'one@nowhere',
      identified: true,
      active: url,
      pending: 0,
      relays: [
        { url: gone, bytesReceived: 0 },
        { url, state: 'identified', why: '', pending: 0 },
      ],
      tunnels: { rows: [{ peer: 'two@nowhere', relay: url }], more: 0 },
    });
    expect(client?.relays[1]?.bytesSent).toBeGreaterThan(100);
    const dist = await look(world, sourceOf(one, { dist: partsOf(one) }), 'dist');
    expect(dist.peers.rows).toMatchObject([
      { node: 'two@nowhere', ours: true, address: 'tunnel to two@nowhere' },
    ]);
    for (const data of [view, dist]) expect(JSON.stringify(data)).not.toContain('canary-cookie');
  }, 30_000);

  test('is there while its actor does not answer, for datagrams go past it, and not without an endpoint', async () => {
    const world = meshWorld();
    const node = await world.node({ station: true });
    closeAtEnd(world, node);
    await world.settle(suspend(processOf(node, 'relay')));
    const begun = world.clock.now();
    const view = await look(world, sourceOf(node), 'relay');
    expect(there(view.station!).sessions).toBe(0);
    expect(world.clock.now()).toBe(begun);
    runtimeOf(node).exit(processOf(node, 'endpoint'), 'kill');
    const dead = await look(world, sourceOf(node), 'relay');
    expect(dead.station).toEqual({ unavailable: 'it is being restarted' });
  });
});
