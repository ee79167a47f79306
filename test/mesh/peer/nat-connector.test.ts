/**
 * The place of NAT traversal: asked when no address leads to a node, with what the caller knows of the way.
 */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { hex } from '../../../src/mesh/context.ts';
import { Unwanted, WayFound, WayLost, type NatConnector } from '../../../src/mesh/peer/nat-connector.ts';
import { leaveRelay } from '../../../src/mesh/relay/relay-end.ts';
import { sessionAt } from '../../../src/mesh/relay/relays.ts';
import { sessionKey } from '../../../src/mesh/relay/session-key.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, meshWorld, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import type { Endpoint, Link } from '../../../src/transport/transport.ts';
import { SESSION_BYTES } from '../../../src/transport/way.ts';
import { CloseCode, rawNode } from '../raw-peer.ts';
import { addressOf, ask, connectionsOf, endOf, nodesOf, PING, targetOf } from './peer-world.ts';

type Attempted = Parameters<NatConnector['attempt']>;

interface Stage {
  readonly world: MeshWorld;
  readonly a: Node;
  readonly b: Node;
  readonly attempted: Attempted[];
  /** The processes of the attempts, and what they were told. */
  readonly attempts: Process[];
  readonly told: unknown[];
}

/** Two nodes; the first has somebody who gets through NATs, or begins to. */
async function stage(busy = false): Promise<Stage> {
  const world = meshWorld();
  const [a, b] = (await nodesOf(world, 2)) as [Node, Node];
  const attempted: Attempted[] = [];
  const attempts: Process[] = [];
  const runtime = runtimeOf(a);
  const { scope } = contextOf(a);
  const told: unknown[] = [];
  const idle = {
    type: 'attempt',
    receive: (_kind: unknown, message: unknown) => {
      told.push(message);
    },
  };
  const connector = scope.whereis('natConnector') as Process;
  const shared: NatConnector = {
    attempt: (...asked) => {
      attempted.push(asked);
      if (busy) return undefined;
      const attempt = runtime.spawn(idle);
      runtime.activate(attempt);
      attempts.push(attempt);
      return attempt;
    },
  };
  scope.share('natConnector', connector, shared);
  return { world, a, b, attempted, attempts, told };
}

test('a node without an address is sought through its NAT, and gets the message when it is connected', async () => {
  const { world, a, b, attempted } = await stage();
  const asked = ask(a, { nodeId: b.id, addresses: [] });
  await world.clock.advance(10);
  expect(attempted).toEqual([[{ nodeId: b.id, stations: [] }, expect.any(Number), expect.anything()]]);
  // as by a hole that both have punched
  await world.settle(ask(b, targetOf(a)));
  expect(endOf(await world.settle(asked))).toBe('pong');
});

test('sendNatAware tells it the relay, and whether to punch; the address that is known comes first', async () => {
  const { world, a, b, attempted, attempts } = await stage();
  const options = { endpoint: '198.18.99.99:4433', relayEndpoint: '198.18.99.98:4434', skipHolePunch: true };
  const sent = a.peers.sendNatAware(b.id, 'ping', {}, options).catch((error: unknown) => error);
  await world.clock.advance(100);
  expect(attempted).toEqual([]);
  await world.clock.advance(3_000);
  expect(attempted).toEqual([
    [
      { nodeId: b.id, stations: [], relay: '198.18.99.98:4434', skipHolePunch: true },
      expect.any(Number),
      expect.anything(),
    ],
  ]);
  runtimeOf(a).exit(attempts[0] as Process, 'kill');
  expect(await world.settle(sent)).toMatchObject({ tag: 'connection_error', failure: { sent: false } });
});

test('a node that can be dialed is not sought through a NAT', async () => {
  const { world, a, b, attempted } = await stage();
  await world.settle(a.peers.sendNatAware(b.id, 'ping', {}, { endpoint: addressOf(b) }));
  expect(attempted).toEqual([]);
});

test('an attempt that does not end is given up when nobody waits any more', async () => {
  const { world, a, b, attempted } = await stage();
  expect(endOf(await world.settle(ask(a, { nodeId: b.id, addresses: [] }, PING, 1_000)))).toBe('timeout');
  await world.clock.advance(10);
  const again = ask(a, { nodeId: b.id, addresses: [] }, PING, 1_000);
  await world.clock.advance(10);
  expect(attempted).toHaveLength(2);
  expect(endOf(await world.settle(again))).toBe('timeout');
});

test('when no attempt can be made, nobody waits', async () => {
  const { world, a, b, attempted } = await stage(true);
  const since = world.clock.now();
  expect(endOf(await world.settle(ask(a, { nodeId: b.id, addresses: [] })))).toBe('noconnection');
  expect(attempted).toHaveLength(1);
  expect(world.clock.now() - since).toBeLessThan(100);
});

describe('a way that an attempt has found', () => {
  const HINT = 'relay=198.18.99.98:4434';

  /** The same, and somebody who would be a station, but passes nothing on. */
  async function mute(): Promise<Stage & { readonly link: Link }> {
    const made = await stage();
    const [station] = (await nodesOf(made.world, 1)) as [Node];
    await made.world.settle(ask(made.a, targetOf(station)));
    return { ...made, link: contextOf(made.a).standings.ready(station.id)!.link()! };
  }

  /** A session of `a` with `b`, as an attempt tells the pool of it. */
  function sessionOf({ a, b, link }: Stage & { readonly link: Link }): string {
    const { relays, runtime, scope } = contextOf(a);
    const id = runtime.random.bytes(SESSION_BYTES);
    const address = scope.shared<Endpoint>('endpoint')!.openRelayed(id, link);
    const rest = { stationId: '', asker: undefined, since: 0, lostAt: undefined };
    relays.own.set(sessionKey(id), { id, peerId: b.id, role: 'source', address, ...rest });
    return address.host;
  }

  /** Connections that are there, but for the one to the station, and sessions. */
  const left = ({ a }: Stage): readonly number[] => [
    connectionsOf(a).length - 1,
    contextOf(a).relays.own.size,
  ];

  const tell = ({ a, attempted }: Stage, message: unknown): void => {
    runtimeOf(a).send(attempted[0]![2], message);
  };

  test('and lost is given up, its session is given back, and an address has its turn at once', async () => {
    const made = await mute();
    const { world, a, b, attempts, told } = made;
    const since = world.clock.now();
    const asked = ask(a, { nodeId: b.id, addresses: [HINT, addressOf(b)] });
    await world.clock.advance(1);
    const way = sessionOf(made);
    tell(made, new WayFound(attempts[0]!, way));
    await world.clock.advance(9);
    expect(left(made)).toEqual([1, 1]);
    tell(made, new WayLost(attempts[0]!, way));
    expect(endOf(await world.settle(asked))).toBe('pong');
    expect(world.clock.now() - since).toBeLessThan(50);
    await world.clock.advance(100);
    expect(left(made)).toEqual([1, 0]);
    // nobody needs another one
    expect(told).toEqual([new Unwanted()]);
  });

  test('too late is given back', async () => {
    const made = await mute();
    const { world, a, b, attempts } = made;
    const asked = ask(a, { nodeId: b.id, addresses: [HINT, addressOf(b)] });
    expect(endOf(await world.settle(asked))).toBe('pong');
    tell(made, new WayFound(attempts[0]!, sessionOf(made)));
    await world.clock.advance(10);
    expect(left(made)).toEqual([1, 0]);
  });

  test('is given back with all others when the peer has come itself, dialed or not', async () => {
    const made = await mute();
    const { world, a, b, attempts } = made;
    const addresses = [HINT, '198.18.250.1:9443', '198.18.250.2:9443', '198.18.250.3:9443'];
    const asked = ask(a, { nodeId: b.id, addresses });
    await world.clock.advance(1_000);
    for (let n = 0; n < 3; n++) tell(made, new WayFound(attempts[0]!, sessionOf(made)));
    await world.clock.advance(10);
    // four at once
    expect(left(made)).toEqual([4, 3]);
    await world.settle(ask(b, targetOf(a)));
    expect(endOf(await world.settle(asked))).toBe('pong');
    await world.clock.advance(100);
    expect(left(made)).toEqual([1, 0]);
  });

  test('leads nowhere when its attempt fails and has given it back: an address has its turn at once', async () => {
    const made = await mute();
    const { world, a, b, attempts } = made;
    const since = world.clock.now();
    const asked = ask(a, { nodeId: b.id, addresses: [HINT, addressOf(b)] });
    await world.clock.advance(1);
    const way = sessionOf(made);
    tell(made, new WayFound(attempts[0]!, way));
    await world.clock.advance(9);
    const session = sessionAt(contextOf(a).relays, { host: way, port: 0 })!;
    leaveRelay(contextOf(a), session, 'given up');
    runtimeOf(a).exit(attempts[0]!, { shutdown: 'no relay' });
    await world.clock.advance(1);
    expect([connectionsOf(b).length, ...left(made)]).toEqual([0, 1, 0]);
    expect(endOf(await world.settle(asked))).toBe('pong');
    expect(world.clock.now() - since).toBeLessThan(50);
    await world.clock.advance(100);
    expect(left(made)).toEqual([1, 0]);
  });

  test('is the own business of its dial when the attempt is killed: the address joins in its time', async () => {
    const made = await mute();
    const { world, a, b, attempts } = made;
    const asked = ask(a, { nodeId: b.id, addresses: [HINT, addressOf(b)] });
    await world.clock.advance(1);
    tell(made, new WayFound(attempts[0]!, sessionOf(made)));
    await world.clock.advance(9);
    runtimeOf(a).exit(attempts[0]!, 'kill');
    await world.clock.advance(200);
    expect([connectionsOf(b).length, ...left(made)]).toEqual([0, 1, 1]);
    expect(endOf(await world.settle(asked))).toBe('pong');
    await world.clock.advance(100);
    expect(left(made)).toEqual([1, 0]);
  });

  test('is not waited for when the attempt ends without any', async () => {
    const { world, a, b, attempts } = await mute();
    const since = world.clock.now();
    const asked = ask(a, { nodeId: b.id, addresses: [HINT, '198.18.250.1:9443', addressOf(b)] });
    await world.clock.advance(260);
    runtimeOf(a).exit(attempts[0]!, 'kill');
    expect(endOf(await world.settle(asked))).toBe('pong');
    expect(world.clock.now() - since).toBeLessThan(300);
  });
});

test('an attempt that was given up for a faster way is made anew when that one fails, four times at most', async () => {
  const { world, a, attempted } = await stage();
  const raws = [];
  for (let n = 0; n < 6; n++) raws.push(await rawNode(world, 'rude'));
  const nodeId = hex(world.identity('rude').nodeId);
  const addresses = ['relay=198.18.99.98:4434', ...raws.map(({ url }) => new URL(url).host)];
  const asked = ask(a, { nodeId, addresses }, PING, 20_000);
  for (const { peers } of raws) {
    await world.clock.until(() => (peers[0]?.channels.control.of('connect').length ?? 0) === 1, 10_000);
    peers[0]!.link.close(CloseCode.internal, 'no');
  }
  expect(endOf(await world.settle(asked))).toBe('noconnection');
  expect(attempted).toHaveLength(4);
});
