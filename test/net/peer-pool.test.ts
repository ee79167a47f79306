/**
 * The peer pool over real QUIC on loopback: what is proven under the simulated network is not repeated here.
 */
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { startNode, type Node } from '../../src/node.ts';
import { contextOf, runtimeOf } from '../mesh-world.ts';
import { addressOf, ask, callPeer, connectionsOf, endOf, targetOf } from '../mesh/peer/peer-world.ts';
import { openSockets, until } from './quic-bench.ts';

const open: Node[] = [];

async function nodes(count: number): Promise<readonly Node[]> {
  for (let n = 0; n < count; n++) {
    open.push(await startNode({ listen: '127.0.0.1:0', logger: silentLogger, dht: false }));
  }
  return open;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close({ timeout: 50 })));
  await until(() => openSockets() === 0);
});

test('1,000 concurrent dials make one connection', async () => {
  const [a, b] = await nodes(2);
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => ask(a!, targetOf(b!))));
  expect(new Set(outcomes.map(endOf))).toEqual(new Set(['pong']));
  expect(contextOf(b!).counters.connectionsOpened).toBe(1);
});

test('two that dial each other at once, with calls on both sides, end with one connection and lose no call', async () => {
  const [a, b] = await nodes(2);
  for (const node of [a!, b!]) await node.advertise('who.there', () => node.id);
  for (let round = 0; round < 20; round++) {
    const calls = Array.from({ length: 20 }, (_one, n) =>
      n % 2 === 0 ? callPeer(a!, targetOf(b!), 'who.there') : callPeer(b!, targetOf(a!), 'who.there'),
    );
    for (const outcome of await Promise.all(calls)) expect(outcome.ok, JSON.stringify(outcome)).toBe(true);
    await until(() => connectionsOf(a!).length === 1 && connectionsOf(b!).length === 1);
    runtimeOf(a!).exit(connectionsOf(a!)[0]!, 'kill');
    await until(() => connectionsOf(a!).length === 0 && connectionsOf(b!).length === 0);
  }
});

test('an address where nobody listens, or somebody else, costs the next one some time and no more', async () => {
  const [a, b, c] = await nodes(3);
  const target = { nodeId: b!.id, addresses: ['127.0.0.1:9', addressOf(c!), addressOf(b!)] };
  expect(endOf(await ask(a!, target))).toBe('pong');
  expect(endOf(await ask(a!, { nodeId: b!.id, addresses: [addressOf(b!)] }))).toBe('pong');
  expect(a!.peers.list().map(({ nodeId }) => nodeId)).toEqual([b!.id]);
  await a!.peers.sendMessage(`localhost:${new URL(c!.url).port}`, 'ping');
  expect(a!.peers.stats().size).toBe(2);
});
