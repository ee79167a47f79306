/**
 * The ways to a peer race: one that is silent delays a call by 250 ms, one wins, and of the others nothing is left.
 */
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Delay } from '../../../src/transport/memory/route.ts';
import type { Node } from '../../../src/node.ts';
import { hex } from '../../../src/mesh/context.ts';
import { contextOf, meshWorld, REALM, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { CloseCode, rawNode, type RawPeer } from '../raw-peer.ts';
import { PeerRequest, type PeerOutcome } from '../../../src/mesh/peer/peer-request.ts';
import { toPeer } from '../../../src/mesh/peer/to-peer.ts';
import { CLEANUP } from '../../../src/mesh/peer/pool-table.ts';
import { addressOf, ask, connectionsOf, endOf, nodesOf, PING, targetOf } from './peer-world.ts';

const hostOf = (node: Node): string => new URL(node.url).hostname;
const silent = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `198.18.250.${n + 1}:9443`);

interface Places {
  readonly nodeId: string;
  readonly addresses: readonly string[];
  /** Who came to each of them. */
  readonly peers: readonly (readonly RawPeer[])[];
  /** Places at which a hello has come, and those at which a connection is open. */
  greeted(): readonly number[];
  open(): readonly number[];
}

/** One peer at several addresses, each as many ms away. */
async function placesOf(world: MeshWorld, from: Node, delays: readonly Delay[]): Promise<Places> {
  const raws: Awaited<ReturnType<typeof rawNode>>[] = [];
  for (const delay of delays) {
    const raw = await rawNode(world, 'everywhere');
    world.network.faults.delay(hostOf(from), new URL(raw.url).hostname, delay);
    raws.push(raw);
  }
  const where = (is: (peer: RawPeer) => boolean): number[] =>
    raws.flatMap(({ peers }, n) => (peers.some(is) ? [n] : []));
  return {
    nodeId: hex(world.identity('everywhere').nodeId),
    addresses: raws.map(({ url }) => new URL(url).host),
    peers: raws.map(({ peers }) => peers),
    greeted: () => where(({ channels }) => channels.control.of('connect').length > 0),
    open: () => where(({ isOpen }) => isOpen),
  };
}

/** Answers the hello and the question of everybody who has come. */
function answer(peers: readonly RawPeer[]): void {
  for (const { channels, identity, closes } of peers) {
    const { control, dht } = channels;
    if (closes.length > 0) continue;
    if (control.of('connect').length > 0)
      control.send('connected', {
        node_id: identity.nodeId,
        realm: REALM,
        version: '1.0',
        seed: new Uint8Array(32),
      });
    for (const ping of dht.of('ping')) dht.send('pong', { ...ping, server_time: 1 });
    control.frames.length = dht.frames.length = 0;
  }
}

/** How it ends when whoever has said hello is answered. */
async function served(world: MeshWorld, asked: Promise<PeerOutcome>, { peers }: Places): Promise<unknown> {
  let done = false;
  const end = asked.finally(() => {
    done = true;
  });
  await world.clock.until(() => {
    answer(peers.flat());
    return done;
  }, 10_000);
  return endOf(await end);
}

describe('an address', () => {
  test('that is silent delays a call by 250 ms, not by its whole time', async () => {
    const world = meshWorld();
    const [a, b] = (await nodesOf(world, 2)) as [Node, Node];
    const since = world.clock.now();
    const target = { nodeId: b.id, addresses: [...silent(2), addressOf(b)] };
    expect(endOf(await world.settle(ask(a, target)))).toBe('pong');
    expect(world.clock.now() - since).toBeGreaterThanOrEqual(500);
    expect(world.clock.now() - since).toBeLessThan(550);
    expect(connectionsOf(a)).toHaveLength(1);
  });

  test('that works within 250 ms is the only one that is dialed', async () => {
    const world = meshWorld();
    const [a] = (await nodesOf(world, 1)) as [Node];
    const places = await placesOf(world, a, [60, 1]);
    const asked = ask(a, places);
    // its handshake; the hello may take as long as it likes
    await world.clock.advance(2_000);
    expect(places.peers.map((peers) => peers.length)).toEqual([1, 0]);
    expect(await served(world, asked, places)).toBe('pong');
  });

  test('that fails is replaced at once', async () => {
    const world = meshWorld();
    const [a, b, stranger] = (await nodesOf(world, 3)) as [Node, Node, Node];
    const since = world.clock.now();
    const target = { nodeId: b.id, addresses: [...silent(1), addressOf(stranger), addressOf(b)] };
    expect(endOf(await world.settle(ask(a, target)))).toBe('pong');
    expect(world.clock.now() - since).toBeGreaterThanOrEqual(250);
    expect(world.clock.now() - since).toBeLessThan(300);
  });

  test('that is learned while others are tried joins them', async () => {
    const world = meshWorld();
    const [a, b] = (await nodesOf(world, 2)) as [Node, Node];
    const first = ask(a, { nodeId: b.id, addresses: silent(1) });
    await world.clock.advance(1_000);
    const since = world.clock.now();
    expect(endOf(await world.settle(ask(a, targetOf(b))))).toBe('pong');
    expect(endOf(await world.settle(first))).toBe('pong');
    expect(world.clock.now() - since).toBeLessThan(50);
  });
});

test('four addresses are dialed at once, each 250 ms after the one before', async () => {
  const world = meshWorld();
  const [a, b] = (await nodesOf(world, 2)) as [Node, Node];
  const asked = ask(a, { nodeId: b.id, addresses: silent(10) }, PING, 20_000);
  const counts: number[] = [];
  for (let n = 0; n < 8; n++) {
    await world.clock.advance(n === 0 ? 10 : 250);
    counts.push(connectionsOf(a).length);
  }
  expect(counts).toEqual([1, 2, 3, 4, 4, 4, 4, 4]);
  expect(endOf(await world.settle(asked))).toBe('noconnection');
});

test('while nobody waits no other way joins; with the next call the race goes on', async () => {
  const world = meshWorld();
  const [a, b] = (await nodesOf(world, 2)) as [Node, Node];
  const target = { nodeId: b.id, addresses: [...silent(1), addressOf(b)] };
  const given = new PeerRequest(target, PING, () => undefined);
  toPeer(contextOf(a), given, target, 5_000);
  await world.clock.advance(100);
  given.cancel(undefined);
  await world.clock.advance(900);
  expect([connectionsOf(a).length, connectionsOf(b).length]).toEqual([1, 0]);
  const since = world.clock.now();
  expect(endOf(await world.settle(ask(a, target)))).toBe('pong');
  expect(world.clock.now() - since).toBeLessThan(50);
});

describe('the first that has proven who it is', () => {
  test('leaves nobody a timer or a process of the race', async () => {
    const left: unknown[] = [];
    for (const others of [0, 2]) {
      const world = meshWorld();
      const [a, b] = (await nodesOf(world, 2)) as [Node, Node];
      const addresses = [...silent(others), addressOf(b), ...silent(2 * others)];
      expect(endOf(await world.settle(ask(a, { nodeId: b.id, addresses })))).toBe('pong');
      await world.clock.advance(10);
      left.push([runtimeOf(a).alive, runtimeOf(a).timers.size]);
    }
    expect(left[1]).toEqual(left[0]);
  });

  test('wins, whichever that is: one hello, and the others leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 110, max: 140 })), {
          minLength: 2,
          maxLength: 6,
        }),
        async (delays) => {
          const world = meshWorld();
          const [a] = (await nodesOf(world, 1)) as [Node];
          const places = await placesOf(world, a, delays);
          const before = [runtimeOf(a).alive, runtimeOf(a).timers.size];
          const asked = ask(a, places, PING, 20_000);
          await world.clock.until(() => places.greeted().length > 0, 5_000);
          const [winner = -1] = places.greeted();
          const proven = (n: number): number => 250 * n + 4 * delays[n]!;
          for (const n of [0, 1, 2, 3].slice(0, delays.length))
            expect(proven(winner)).toBeLessThanOrEqual(proven(n) + 1);
          // those that lost hear it
          await world.clock.advance(1_000);
          expect(places.greeted()).toEqual([winner]);
          expect([connectionsOf(a).length, places.open()]).toEqual([1, [winner]]);
          for (const peer of places.peers.flat())
            if (!peer.isOpen && peer.closes.length > 0) expect(peer.closeCode).toBe(CloseCode.normal);
          expect(await served(world, asked, places)).toBe('pong');
          for (const connection of connectionsOf(a)) runtimeOf(a).exit(connection, 'kill');
          await world.clock.advance(CLEANUP);
          expect([runtimeOf(a).alive, runtimeOf(a).timers.size]).toEqual(before);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('wins for whoever wished for it by its id, and for whoever did by an address, with one hello', async () => {
    const world = meshWorld();
    const [a] = (await nodesOf(world, 1)) as [Node];
    const places = await placesOf(world, a, [20, 20]);
    const [one, other] = places.addresses as [string, string];
    const asked = [
      ask(a, { nodeId: places.nodeId, addresses: [one] }),
      ask(a, { nodeId: undefined, addresses: [other] }),
    ];
    await world.clock.advance(500);
    expect(places.greeted()).toHaveLength(1);
    expect(places.open()).toEqual(places.greeted());
    for (const each of asked) expect(await served(world, each, places)).toBe('pong');
  });

  test('and fails after all, has beaten nobody for good: the others are dialed anew', async () => {
    const world = meshWorld();
    const [a] = (await nodesOf(world, 1)) as [Node];
    const places = await placesOf(world, a, [200, 1]);
    const asked = ask(a, places, PING, 20_000);
    await world.clock.until(() => places.greeted().length > 0, 5_000);
    expect(places.greeted()).toEqual([1]);
    await world.clock.advance(1_000);
    expect(places.peers[0]!.some(({ isOpen }) => isOpen)).toBe(false);
    places.peers[1]![0]!.link.close(CloseCode.internal, 'no');
    await world.clock.until(() => places.greeted().length > 1, 5_000);
    expect(places.greeted()).toEqual([0, 1]);
    expect(await served(world, asked, places)).toBe('pong');
  });
});
