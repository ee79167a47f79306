/** The DHT over real QUIC on loopback. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shared } from '../../src/mesh/context.ts';
import { lookUp } from '../../src/mesh/dht/dht.ts';
import { makeRecord, procedureKey } from '../../src/mesh/dht/record.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { startNode, type Node } from '../../src/node.ts';
import { contextOf } from '../mesh-world.ts';

const NODES = 20;
const service = (number: number): string => `service.number_${number}`;

describe(`${NODES} nodes over QUIC`, () => {
  const nodes: Node[] = [];

  beforeAll(async () => {
    for (let i = 0; i < NODES; i++) {
      const bootstrap = nodes[0] === undefined ? [] : [nodes[0].url];
      const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger, bootstrap });
      nodes.push(node);
      await node.ready();
    }
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close({ timeout: 2_000 })));
  });

  test('every record is found from every node', async () => {
    for (const [number, node] of nodes.entries()) {
      const context = contextOf(node);
      const identity = shared(context, 'identity');
      if (identity === undefined) throw new Error('no identity');
      const wall = context.runtime.clock.wall();
      const key = procedureKey(service(number));
      const made = makeRecord(identity, {
        key,
        realm: context.settings.realm,
        endpoints: [new URL(node.url).host],
        metadata: {},
        seq: wall,
        issuedAt: wall,
        ttl: 60_000,
        removed: false,
      });
      if (made.tag !== 'made') throw new Error(made.tag);
      const done = await lookUp(context, { kind: 'store', key, value: made.payload }, 10_000);
      expect(done?.outcome).toEqual({ tag: 'stored', stored: NODES, of: NODES });
    }
    const missing: string[] = [];
    for (const from of nodes) {
      const lookups = nodes.map(async (node, number) => {
        const procedure = service(number);
        const request = { kind: 'providers', procedure, key: procedureKey(procedure) } as const;
        const done = await lookUp(contextOf(from), request, 10_000);
        const found = done?.outcome.tag === 'providers' ? done.outcome.providers : [];
        if (!found.some(({ nodeId }) => nodeId === node.id)) missing.push(`${from.id} ${procedure}`);
      });
      await Promise.all(lookups);
    }
    expect(missing).toEqual([]);
  });
});
