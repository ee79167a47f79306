import { describe, expect, test } from 'vitest';
import type { Client } from '../../../src/mesh/client/client.ts';
import type { WayNote } from '../../../src/mesh/events/recent.ts';
import type { Node } from '../../../src/node.ts';
import { suspend } from '../../../src/otp/sys.ts';
import { closeAtEnd, contextOf, gate, meshWorld, pair, processOf, runtimeOf } from '../../mesh-world.ts';
import { joinedNodes } from '../../mesh/dht/dht-mesh.ts';
import { addressOf, ask, targetOf } from '../../mesh/peer/peer-world.ts';
import { look, sourceOf, there } from './looking.ts';

/** Nobody answers there. */
const SILENT = '198.18.200.1:9443';

const NOTE: WayNote = { at: 0, peer: '', step: 'dial', where: '', outcome: 'failed', why: '', ms: 0 };

describe('the view peers', () => {
  test('has each connection with its state, its way, its bytes and what is in flight', async () => {
    const world = meshWorld();
    const nodes = (await joinedNodes(world, 3)) as [Node, Node, Node];
    const [one, two] = nodes;
    const client = await world.client(one);
    closeAtEnd(world, client, ...nodes);
    const held = gate();
    await two.advertise('m.slow', () => held.promise);
    await one.advertise('m.here', () => held.promise);
    await world.clock.advance(1_000);
    const calls = [one.call('m.slow'), one.call('m.slow'), client.call('m.here')];
    await world.clock.advance(50);
    const view = await look(world, sourceOf(one), 'peers');
    const { rows, more } = there(view.connections);
    expect([rows.length, more]).toEqual([3, 0]);
    const toTwo = rows.find(({ peer }) => peer.id === two.id);
    expect(toTwo).toMatchObject({
      state: 'ready',
      suspect: false,
      slow: false,
      peer: { short: two.id.slice(0, 16) },
      kind: 'node',
      dht: true,
      station: false,
      path: 'direct',
      via: null,
      tls: false,
      callsOut: 2,
      callsIn: 0,
      lost: 0,
      paths: [{ kind: 'direct', active: true }],
    });
    expect(toTwo?.rtt).toBeGreaterThan(0);
    expect(toTwo?.bytesSent).toBeGreaterThan(0);
    expect(toTwo?.bytesReceived).toBeGreaterThan(0);
    expect(toTwo?.age).toBeGreaterThanOrEqual(1_000);
    expect(rows.find(({ peer }) => peer.id === client.id)).toMatchObject({
      kind: 'client',
      direction: 'in',
      callsIn: 1,
      callsOut: 0,
    });
    expect(there(view.pool)).toMatchObject({ size: 3, most: 100 });
    expect(there(view.dialing)).toEqual({ dials: 0, wished: { rows: [], more: 0 } });
    expect(view.nat).toMatchObject({ profile: null, connector: { attempts: 0, kept: 0 } });
    expect([view.opened, view.closed]).toEqual([3, 0]);
    held.open();
    await world.settle(Promise.all(calls));
  });

  test('has the state of a connection from its first packet to its goodbye', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const states = async (of: Client) => {
      const { rows } = there((await look(world, sourceOf(of), 'peers')).connections);
      return rows.map(({ state, kind, leaving }) => [state, kind, ...(leaving ? ['leaving'] : [])].join(' '));
    };
    expect(await states(node)).toEqual(['ready client']);
    const asked = ask(node, { nodeId: undefined, addresses: [SILENT] });
    await world.clock.advance(1);
    expect(await states(node)).toEqual(['ready client', 'opening unknown']);
    await world.settle(asked);
    const held = gate();
    await node.advertise('m.slow', () => held.promise);
    const call = client.tryCall('m.slow');
    await world.clock.advance(10);
    const leaving = client.disconnect({ timeout: 500 });
    await world.clock.advance(10);
    expect(await states(client)).toEqual(['draining node leaving']);
    expect(await states(node)).toEqual(['ready client leaving']);
    await world.settle(Promise.all([leaving, call]));
    await world.clock.advance(100);
    expect(await states(node)).toEqual([]);
  });

  test('has which ways to a peer were tried, which failed and which won, and what they took', async () => {
    const world = meshWorld();
    const [one, two] = await Promise.all([world.node({ dht: false }), world.node({ dht: false })]);
    closeAtEnd(world, one, two);
    const { nodeId, addresses } = targetOf(two);
    await world.settle(ask(one, { nodeId, addresses: [SILENT, ...addresses] }));
    await world.settle(ask(one, { nodeId: undefined, addresses: ['198.18.200.2:9443'] }));
    const { nat } = await look(world, sourceOf(one), 'peers');
    expect(nat?.tried.more).toBe(0);
    expect(nat?.tried.rows).toMatchObject([
      {
        peer: { id: '' },
        won: null,
        steps: [{ step: 'dial', where: '198.18.200.2:9443', outcome: 'failed', why: 'nobody answered' }],
      },
      {
        peer: { id: two.id },
        won: 'dial',
        steps: [
          { step: 'dial', where: SILENT, outcome: 'given_up', why: 'another way was faster' },
          { step: 'dial', where: addressOf(two), outcome: 'won', why: '' },
        ],
      },
    ]);
    const [, winner] = nat?.tried.rows ?? [];
    const [slow, fast] = winner?.steps ?? [];
    // 250 ms of head start
    expect((slow?.ms ?? 0) - (fast?.ms ?? 0)).toBeGreaterThanOrEqual(240);
    for (let n = 0; n < 120; n++) contextOf(one).recent.way({ ...NOTE, peer: `${n}` });
    contextOf(one).recent.way({ ...NOTE, peer: '60' });
    const later = (await look(world, sourceOf(one, { rows: 10 }), 'peers')).nat?.tried;
    expect([later?.rows.length, later?.more, later?.rows[0]?.peer.id]).toEqual([10, 89, '60']);
    expect([later?.rows[0]?.steps.length, later?.rows[1]?.peer.id]).toEqual([2, '119']);
  });

  test('of a client has its way to its node', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const view = await look(world, sourceOf(client), 'peers');
    expect(view.uplink).toEqual({
      connected: true,
      node: { id: node.id, short: node.id.slice(0, 16) },
      refusal: null,
    });
    expect('nat' in view).toBe(false);
    runtimeOf(client).exit(processOf(client, 'uplink'), 'kill');
    const dead = await look(world, sourceOf(client), 'peers');
    expect(dead.uplink).toEqual({ unavailable: 'it is being restarted' });
  });

  test('waits half a second for actors that do not answer, for all of them at once', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    for (const name of ['peerPool', 'natConnector']) await world.settle(suspend(processOf(node, name)));
    const begun = world.clock.now();
    const view = await look(world, sourceOf(node), 'peers');
    expect(world.clock.now() - begun).toBe(500);
    const late = { unavailable: 'it has not answered within 500 ms' };
    expect([view.dialing, view.nat?.connector]).toEqual([late, late]);
    // what needs no answer is there
    expect(there(view.connections).rows.length).toBe(1);
    expect(there(view.pool).size).toBe(1);
  });

  test('says which of its components is dead', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const { runtime } = contextOf(node);
    for (const name of ['peerPool', 'natConnector']) runtime.exit(processOf(node, name), 'kill');
    const view = await look(world, sourceOf(node), 'peers');
    expect([view.dialing, view.nat?.connector]).toEqual([
      { unavailable: 'it is not running' },
      { unavailable: 'it is not running' },
    ]);
    expect(view.pool).toEqual({ unavailable: 'it is being restarted' });
    await world.settle(node.close());
    const gone = await look(world, sourceOf(node), 'peers');
    expect(gone.connections).toEqual({ unavailable: 'it is being restarted' });
  });

  test('shows as many connections as it may, and counts the others', async () => {
    const world = meshWorld();
    const node = await world.node({ dht: false });
    const clients = await Promise.all([1, 2, 3, 4, 5].map(() => world.client(node)));
    closeAtEnd(world, ...clients, node);
    const { connections } = await look(world, sourceOf(node, { rows: 2 }), 'peers');
    expect([there(connections).rows.length, there(connections).more]).toEqual([2, 3]);
  });
});
