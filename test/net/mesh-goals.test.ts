/** Twenty nodes over real QUIC on loopback: each finds and calls what all have. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { shared } from '../../src/mesh/context.ts';
import { startNode, type Node } from '../../src/node.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { named, providersOf, search, store } from '../mesh/dht/dht-mesh.ts';
import { contextOf, told } from '../mesh-world.ts';

const NODES = 20;
const service = (number: number): string => `service.number_${number}`;
const record = (number: number): string => `record.number_${number}`;

describe(`${NODES} nodes over QUIC`, () => {
  const nodes: Node[] = [];

  beforeAll(async () => {
    for (let number = 0; number < NODES; number++) {
      const bootstrap = nodes[0] === undefined ? [] : [nodes[0].url];
      const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger, bootstrap });
      nodes.push(node);
      await node.ready();
    }
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close({ timeout: 2_000 })));
  });

  test('every record is kept by every node, and found from every node', async () => {
    for (const [number, node] of nodes.entries()) {
      const done = await store(node, record(number));
      expect(done?.outcome).toEqual({ tag: 'stored', stored: NODES, of: NODES });
    }
    const missing: string[] = [];
    for (const [at, from] of nodes.entries()) {
      const all = await Promise.all(nodes.map((_, number) => search(from, record(number))));
      for (const [number, done] of all.entries())
        if (providersOf(done) !== named(nodes[number]!))
          missing.push(`${at} looks for ${number}: ${providersOf(done)}`);
    }
    expect(missing).toEqual([]);
  });

  test('every service is called from every node', async () => {
    const published = nodes.map(
      (node) =>
        new Promise<void>((resolve) => node.events.addEventListener('dht.published', () => resolve())),
    );
    await Promise.all(nodes.map((node, number) => node.advertise(service(number), () => number)));
    await Promise.all(published);
    const wrong: string[] = [];
    for (const [at, caller] of nodes.entries()) {
      const results = await Promise.all(nodes.map((_, number) => caller.tryCall(service(number))));
      for (const [number, result] of results.entries())
        if (told(result) !== number) wrong.push(`${at} calls ${number}: ${String(told(result))}`);
    }
    expect(wrong).toEqual([]);
  });
});

test('a call that is served here sends no datagram', async () => {
  const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger });
  try {
    await node.advertise('local.echo', (args) => args);
    const endpoint: Endpoint | undefined = shared(contextOf(node), 'endpoint');
    const sent = (): number => endpoint?.stats().datagramsOut ?? expect.fail('no endpoint');
    const before = sent();
    for (let n = 0; n < 1_000; n++) await node.call('local.echo', { n });
    expect(sent() - before).toBe(0);
  } finally {
    await node.close({ timeout: 1_000 });
  }
});
