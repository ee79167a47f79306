/**
 * The actors that own sockets and links are killed: nothing of them stays, nobody else is disturbed, and what comes
 * after them serves again.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { silentLogger } from '../../src/actor/logger.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../src/node.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { contextOf, processesOf, processOf, runtimeOf } from '../mesh-world.ts';
import { openSockets, until } from './quic-bench.ts';

const CLIENTS = 5;
const logger = silentLogger;
const limits = { idleTimeout: 1_500, keepAlive: 400 };

let node: Node;
let clients: RemoteClient[];

beforeEach(async () => {
  node = await startNode({ listen: '127.0.0.1:0', logger, limits });
  await node.advertise('kill.echo', (args) => args);
  clients = [];
  for (let index = 0; index < CLIENTS; index++) clients.push(await connect(node.url, { logger, limits }));
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.disconnect({ timeout: 50 })));
  await node.close({ timeout: 50 });
  expect(runtimeOf(node).alive).toBe(0);
  await until(() => openSockets() === 0);
});

const endpoint = (): Endpoint | undefined => contextOf(node).scope.shared<Endpoint>('endpoint');
const links = (): number => endpoint()?.stats().links ?? -1;
const connections = (): ReturnType<typeof processesOf> =>
  processesOf(node).filter(({ label }) => label.startsWith('connection from'));

const answer = async (client: Client): Promise<boolean> =>
  (await client.tryCall('kill.echo', { n: 1 }, { timeout: 500 })).ok;

/** Everybody is served again. */
async function allServed(): Promise<void> {
  for (const client of clients) {
    const deadline = performance.now() + 30_000;
    while (!(await answer(client))) expect(performance.now()).toBeLessThan(deadline);
  }
}

test('each connection in turn: its link is closed, the others do not notice, its client comes back by itself', async () => {
  await allServed();
  for (let turn = 0; turn < CLIENTS; turn++) {
    const [victim] = connections();
    if (victim === undefined) throw new Error('no connection to kill');
    const before = new Set(connections());
    runtimeOf(node).exit(victim, 'kill');
    await until(() => !connections().includes(victim));
    const results = await Promise.all(clients.map(answer));
    expect(results.filter(Boolean).length).toBeGreaterThanOrEqual(CLIENTS - 1);
    await allServed();
    // one that was killed, one that came, and the rest is who it was
    await until(() => links() === CLIENTS && connections().length === CLIENTS);
    expect(connections().filter((process) => before.has(process))).toHaveLength(CLIENTS - 1);
  }
});

test('the endpoint: its links and its socket are gone at once, the next one has the same port and serves all', async () => {
  await allServed();
  const { url } = node;
  for (let turn = 0; turn < 2; turn++) {
    const old = endpoint() as Endpoint;
    const sockets = openSockets();
    const victim = processOf(node, 'endpoint');
    runtimeOf(node).exit(victim, 'kill');
    await until(() => endpoint() !== undefined && endpoint() !== old);
    expect(old.stats()).toMatchObject({ links: 0, halfOpen: 0 });
    expect([...old.links]).toEqual([]);
    expect(node.url).toBe(url);
    await allServed();
    await until(() => openSockets() === sockets);
  }
});
