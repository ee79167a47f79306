import { describe, expect, test } from 'vitest';
import { CloseCode } from '../../../src/transport/transport.ts';
import type { Endpoint } from '../../../src/transport/transport.ts';
import { Drain } from '../../../src/mesh/connection/messages.ts';
import type { PeerTarget } from '../../../src/mesh/peer/peer-target.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, gate, meshWorld, processOf, REALM, runtimeOf } from '../../mesh-world.ts';
import { rawNode, type RawPeer } from '../raw-peer.ts';
import {
  addressOf,
  ask,
  callPeer,
  connectionsOf,
  endOf,
  nodesOf,
  peersOf,
  PING,
  targetOf,
} from './peer-world.ts';

const hostOf = (node: Node): string => new URL(node.url).hostname;

describe('a peer in doubt', () => {
  test('one that was killed and is back under the same key is dialed anew by the next call, long before its silence ends the old connection', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await b!.advertise('who.there', () => 'before');
    expect(await world.settle(callPeer(a!, targetOf(b!), 'who.there'))).toMatchObject({ value: 'before' });
    const identity = contextOf(b!).scope.shared('identity') as never;
    contextOf(b!).scope.shared<Endpoint>('endpoint')?.destroy();
    runtimeOf(b!).exit(processOf(b!, 'node'), 'kill');
    // it is found out by whoever waits for an answer
    const lost = callPeer(a!, targetOf(b!), 'who.there', 1_000);
    expect(await world.settle(lost)).toMatchObject({ failure: { tag: 'timeout', sent: true } });
    expect(peersOf(a!)).toMatchObject([{ suspect: true }]);
    const again = await world.node({ host: hostOf(b!), identity, dht: false });
    closeAtEnd(world, again);
    await again.advertise('who.there', () => 'after');
    const before = world.clock.now();
    expect(await world.settle(callPeer(a!, { nodeId: again.id, addresses: [] }, 'who.there'))).toEqual({
      ok: true,
      value: 'after',
    });
    expect(world.clock.now() - before).toBeLessThan(500);
    expect([connectionsOf(a!).length, peersOf(a!).length]).toEqual([1, 1]);
  });

  test('one that cannot be dialed either gets the call over the connection that is there, and answers when it can', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await b!.advertise('who.there', () => b!.id);
    await world.settle(callPeer(a!, targetOf(b!), 'who.there'));
    world.network.faults.partition([hostOf(a!)], [hostOf(b!)]);
    const asked = callPeer(a!, targetOf(b!), 'who.there', 20_000);
    await world.clock.advance(1_000);
    expect(peersOf(a!)).toMatchObject([{ suspect: true }]);
    const second = callPeer(a!, targetOf(b!), 'who.there', 20_000);
    await world.clock.advance(4_000);
    world.network.faults.healAll();
    expect(await world.settle(Promise.all([asked, second]))).toEqual([
      { ok: true, value: b!.id },
      { ok: true, value: b!.id },
    ]);
  });
});

describe('a connection that leaves to make room', () => {
  const SOON = [0, 1, 2, 3, 4, 5, 8];

  test.each(SOON)(
    'loses no call that is on its way to it then, in either direction (%i ms later)',
    async (later) => {
      const world = meshWorld();
      const [a, b] = await nodesOf(world, 2);
      for (const node of [a!, b!]) await node.advertise('who.there', () => node.id);
      await world.settle(ask(a!, targetOf(b!)));
      await world.clock.advance(100);
      const [ours, theirs] = [connectionsOf(a!)[0]!, connectionsOf(b!)[0]!];
      runtimeOf(a!).send(ours, new Drain(30_000, CloseCode.idle));
      await world.clock.advance(later);
      const calls = [
        callPeer(a!, targetOf(b!), 'who.there'),
        callPeer(b!, targetOf(a!), 'who.there'),
        // chosen before it was known to leave
        callPeer(a!, targetOf(b!), 'who.there', 5_000, ours),
        callPeer(b!, targetOf(a!), 'who.there', 5_000, theirs),
      ].slice(0, ours.alive && theirs.alive ? 4 : 2);
      const values = (await world.settle(Promise.all(calls))).map((outcome) =>
        outcome.ok ? outcome.value : outcome,
      );
      expect(values).toEqual([b!.id, a!.id, b!.id, a!.id].slice(0, calls.length));
    },
  );

  test('neither holds up the next one, whoever made it, nor loses what runs on it when that one comes', async () => {
    const world = meshWorld();
    const nodes = await nodesOf(world, 2);
    for (const [a, b] of [nodes, nodes.toReversed()]) {
      const held = gate<string>();
      await a!.advertise('who.waits', () => held.promise);
      const running = callPeer(b!, targetOf(a!), 'who.waits', 20_000);
      await world.clock.advance(100);
      runtimeOf(a!).send(connectionsOf(a!)[0]!, new Drain(30_000, CloseCode.idle));
      await world.clock.advance(2);
      const before = world.clock.now();
      expect(endOf(await world.settle(ask(a!, targetOf(b!))))).toBe('pong');
      expect(world.clock.now() - before).toBeLessThan(100);
      await world.clock.advance(1_000);
      expect([connectionsOf(a!).length, peersOf(a!).length]).toEqual([2, 1]);
      held.open('done');
      expect(await world.settle(running)).toEqual({ ok: true, value: 'done' });
      await world.clock.advance(100);
      expect([connectionsOf(a!).length, peersOf(a!).length]).toEqual([1, 1]);
      for (const connection of connectionsOf(a!)) runtimeOf(a!).exit(connection, 'kill');
      await a!.unadvertise('who.waits');
      await world.clock.advance(100);
    }
  });
});

describe('many wishes', () => {
  test('a peer wished for by two addresses and its id is one connection', async () => {
    const world = meshWorld({ delay: { min: 1, max: 30 } });
    const [a, b] = await nodesOf(world, 2);
    const address = addressOf(b!);
    const targets: PeerTarget[] = [
      { nodeId: undefined, addresses: [address] },
      { nodeId: undefined, addresses: ['198.18.250.1:9443', address] },
      { nodeId: b!.id, addresses: ['198.18.250.2:9443', address] },
      { nodeId: b!.id, addresses: [address] },
    ];
    for (const order of [targets, targets.toReversed()]) {
      const outcomes = await world.settle(Promise.all(order.map((target) => ask(a!, target, PING, 20_000))));
      expect(outcomes.map(endOf)).toEqual(['pong', 'pong', 'pong', 'pong']);
      await world.clock.advance(10_000);
      expect([connectionsOf(a!).length, connectionsOf(b!).length]).toEqual([1, 1]);
      runtimeOf(a!).exit(connectionsOf(a!)[0]!, 'kill');
      await world.clock.advance(100);
    }
  });

  test('256 are dialed at once, the others in their turn; beyond 1,024 a call is overloaded', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const nobody = (n: number): PeerTarget => ({
      nodeId: n.toString(16).padStart(64, '0'),
      addresses: [`198.19.${n >> 8}.${n & 255}:9443`],
    });
    const ends: unknown[] = [];
    const all = Array.from({ length: 1_100 }, (_one, n) =>
      ask(a!, nobody(n), PING, 600).then((outcome) => ends.push(endOf(outcome))),
    );
    await world.clock.settle();
    expect(connectionsOf(a!).length).toBe(256);
    expect(ends).toEqual(Array.from({ length: 76 }, () => 'overloaded'));
    await world.settle(Promise.all(all));
    expect(ends.slice(76).every((end) => end === 'timeout' || end === 'noconnection')).toBe(true);
    // those that nobody waits for any more are not dialed: the queue empties at once
    await world.clock.advance(50);
    expect(connectionsOf(a!).length).toBe(0);
    expect(endOf(await world.settle(ask(a!, targetOf(b!))))).toBe('pong');
  });

  test('a call for which no connection can be started is overloaded: that is no fault of the peer', async () => {
    const world = meshWorld({ poison: false });
    const [a, b] = await nodesOf(world, 2);
    const outcomes = [ask(a!, targetOf(b!)), callPeer(a!, targetOf(b!), 'who.there')];
    // the pool has its turn before the supervisor
    runtimeOf(a!).exit(processOf(a!, 'connections'), 'kill');
    const [asked, called] = await world.settle(Promise.all(outcomes));
    const overloaded = { ok: false, failure: { tag: 'overloaded', bound: 'pool' } };
    expect([asked, called]).toEqual([overloaded, overloaded]);
    expect(endOf(await world.settle(ask(a!, targetOf(b!))))).toBe('pong');
  });

  test('whoever gives up waiting leaves nothing behind', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const before = [runtimeOf(a!).alive, runtimeOf(a!).timers.size];
    const target = { nodeId: 'ab'.repeat(32), addresses: ['198.18.250.1:9443', '198.18.250.2:9443'] };
    expect(endOf(await world.settle(ask(a!, target, PING, 100)))).toBe('timeout');
    await world.clock.advance(3_100);
    expect([runtimeOf(a!).alive, runtimeOf(a!).timers.size]).toEqual(before);
  });
});

describe('a dial that gives way', () => {
  test('to a peer whose own dial never comes is made again, a few times', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const raw = await rawNode(world, 'rude');
    const asked = ask(a!, { nodeId: undefined, addresses: [new URL(raw.url).host] }, PING, 20_000);
    const rude = async (n: number): Promise<RawPeer> => {
      await world.clock.until(() => (raw.peers[n]?.channels.control.of('connect').length ?? 0) === 1, 10_000);
      return raw.peers[n]!;
    };
    for (let n = 0; n < 4; n++) (await rude(n)).link.close(CloseCode.duplicate, 'ab');
    expect(endOf(await world.settle(asked))).toBe('noconnection');
    await world.clock.advance(5_000);
    expect(raw.peers.length).toBe(4);
  });

  test('and is accepted then, costs no call', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const raw = await rawNode(world, 'slow');
    const asked = ask(a!, { nodeId: undefined, addresses: [new URL(raw.url).host] }, PING, 20_000);
    const greeting = async (n: number): Promise<RawPeer> => {
      await world.clock.until(() => (raw.peers[n]?.channels.control.of('connect').length ?? 0) === 1, 10_000);
      return raw.peers[n]!;
    };
    (await greeting(0)).link.close(CloseCode.duplicate, 'ab');
    const peer = await greeting(1);
    peer.channels.control.send('connected', {
      node_id: peer.identity.nodeId,
      realm: REALM,
      version: '1.0',
      seed: new Uint8Array(32),
    });
    await world.clock.until(() => peer.channels.dht.of('ping').length === 1);
    peer.channels.dht.send('pong', { ...peer.channels.dht.of('ping')[0]!, server_time: 1 });
    expect(endOf(await world.settle(asked))).toBe('pong');
  });
});

test.each([1, 2, 3, 4])(
  'nodes that call each other at random, by ids and by addresses, over lines of any length, lose no call and end with one connection per pair (seed %i)',
  async (seed) => {
    const world = meshWorld({ seed: `pool-${seed}`, delay: { min: 1, max: 60 } });
    const random = world.random.fork('calls');
    const nodes = await nodesOf(world, 5);
    for (const node of nodes) await node.advertise('who.there', () => node.id);
    const calls: Promise<{ readonly from: string; readonly to: string; readonly outcome: unknown }>[] = [];
    for (let n = 0; n < 400; n++) {
      const [from, to] = [nodes[random.u32() % 5]!, nodes[random.u32() % 5]!];
      if (from === to) continue;
      const target =
        random.u32() % 3 === 0 ? { nodeId: undefined, addresses: [addressOf(to)] } : targetOf(to);
      calls.push(
        callPeer(from, target, 'who.there').then((outcome) => ({ from: from.id, to: to.id, outcome })),
      );
      await world.clock.advance(random.u32() % 8);
    }
    for (const { to, outcome } of await world.settle(Promise.all(calls))) {
      expect(outcome).toEqual({ ok: true, value: to });
    }
    await world.clock.advance(3_000);
    expect(nodes.map((node) => [connectionsOf(node).length, peersOf(node).length])).toEqual(
      nodes.map(() => [4, 4]),
    );
  },
);
