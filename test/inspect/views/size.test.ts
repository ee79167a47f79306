/**
 * A view fits into a call with room to spare, whatever there is: other nodes may ask for it through the mesh.
 */
import { expect, test } from 'vitest';
import { shared } from '../../../src/mesh/context.ts';
import type { AskedNote } from '../../../src/mesh/events/recent.ts';
import type { Process } from '../../../src/actor/process.ts';
import type { ServiceRecord } from '../../../src/mesh/dht/record.ts';
import type { Node } from '../../../src/node.ts';
import type { ViewName } from '../../../src/inspect/views/views.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, type MeshWorld } from '../../mesh-world.ts';
import { contactOf, near } from '../../mesh/dht/contacts.ts';
import { tableOf } from '../../mesh/dht/dht-mesh.ts';
import { found } from '../../mesh/registry/found.ts';
import { look, sourceOf } from './looking.ts';

/** Bytes; half of what a call carries. */
const MOST = 524_288;

const id = (number: number): string => `${number}`.padStart(64, '0');
const name = (number: number): string => `${'n'.repeat(60)}.${'n'.repeat(60)}.${'n'.repeat(60)}.n${number}`;

async function sizeOf(world: MeshWorld, node: Node, view: ViewName): Promise<number> {
  return Buffer.byteLength(JSON.stringify(await look(world, sourceOf(node), view)));
}

test('of a thousand procedures with ten providers each, known and served', async () => {
  const world = meshWorld();
  const node = await world.node({ dht: false });
  closeAtEnd(world, node);
  const { cache } = contextOf(node).discovery;
  const table = shared(contextOf(node), 'serviceRegistry');
  const providers = Array.from({ length: 50 }, (_, n) => ({
    ...found(id(n), world.clock.wall() + 60_000),
    endpoints: Array.from({ length: 20 }, () => 'relay=[2001:db8:1111:2222:3333:4444:5555:6666]:65535'),
  }));
  const said = { exclusive: false, ttl: 300, metadata: {}, description: undefined, advertisedAt: 1e12 };
  const connection: Process = processOf(node, 'connections');
  for (let n = 0; n < 1_000; n++) {
    cache.put(name(n), providers, world.clock.now(), world.clock.wall());
    for (let peer = 0; peer < 10; peer++) {
      const target = { kind: 'peer', connection, nodeId: id(peer) } as const;
      const owner = `peer:${id(peer)}`;
      table?.add({ ...said, id: `${owner}/${n}`, procedure: name(n), owner, target, inFlight: 0 });
    }
  }
  for (const view of ['rpc', 'registry'] as const) {
    const bytes = await sizeOf(world, node, view);
    expect(bytes).toBeLessThan(MOST);
    expect(bytes).toBeGreaterThan(100_000);
  }
});

test('of five thousand contacts, a thousand records and long lookups', async () => {
  const world = meshWorld();
  const node = await world.node();
  closeAtEnd(world, node);
  const context = contextOf(node);
  const at = { now: world.clock.now(), wall: world.clock.wall() };
  const table = tableOf(node);
  for (let n = 0; n < 5_000; n++)
    table.add(contactOf(near(table.self, n % 255, world.random.bytes(32))), at.now);
  const payload = { record: new Uint8Array(1_024), sig: new Uint8Array(64) };
  for (let n = 0; n < 1_000; n++) {
    const record: ServiceRecord = {
      ...found(id(n), at.wall + 60_000),
      endpoints: Array.from({ length: 20 }, () => '[2001:db8:1111:2222:3333:4444:5555:6666]:65535'),
      issuedAt: at.wall,
      key: id(n),
      removed: false,
      payload,
    };
    context.records.put(record, at);
  }
  const asked: AskedNote = {
    node: id(1),
    address: '[2001:db8:1111:2222:3333:4444:5555:6666]:65535',
    depth: 3,
    by: id(2),
    after: 1_000,
    outcome: 'answered',
  };
  const figures = { found: 20, asked: 400, answered: 300, failed: 100, hops: 5, took: 5_000 };
  const trace = Array.from({ length: 48 }, () => asked);
  for (let n = 0; n < 40; n++)
    context.recent.lookup({
      at: at.wall,
      kind: 'providers',
      key: id(n),
      procedure: name(n),
      outcome: 'providers',
      trace,
      ...figures,
    });
  const bytes = await sizeOf(world, node, 'dht');
  expect(bytes).toBeLessThan(MOST);
  expect(bytes).toBeGreaterThan(200_000);
  const { lookups } = await look(world, sourceOf(node), 'dht');
  expect(lookups.last.rows[0]?.trace).toMatchObject({ more: 352 });
});
