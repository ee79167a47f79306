import { describe, expect, test } from 'vitest';
import { shared } from '../../../src/mesh/context.ts';
import type { Node } from '../../../src/node.ts';
import { viewsOf } from '../../../src/inspect/views/views.ts';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';
import { contactOf, near } from '../../mesh/dht/contacts.ts';
import { joinedNodes, kill, tableOf } from '../../mesh/dht/dht-mesh.ts';
import { look, sourceOf, there } from './looking.ts';

const hostPort = (node: Node | undefined): string => new URL(node?.url ?? '').host;

describe('the view dht', () => {
  test('has the buckets, the contacts and the records, with the names that are known here', async () => {
    const world = meshWorld();
    const nodes = (await joinedNodes(world, 3)) as [Node, Node, Node];
    closeAtEnd(world, ...nodes);
    const [one, two, three] = nodes;
    await one.advertise('m.near', () => 1, { ttl: 60 });
    await two.advertise('m.far', () => 1, { ttl: 60 });
    await world.clock.advance(2_000);
    const view = await look(world, sourceOf(one), 'dht');
    expect([view.joined, view.alone, view.unreachableFor]).toEqual([true, false, null]);
    const table = there(view.table);
    expect([table.contacts, table.capacity, table.known.more]).toEqual([2, 20, 0]);
    expect(table.known.rows.map(({ node }) => node.id).toSorted()).toEqual([two.id, three.id].toSorted());
    for (const { node, address, bucket, seen, rtt, connected } of table.known.rows) {
      const other = nodes.find(({ id }) => id === node.id);
      expect([node.short, address, connected]).toEqual([node.id.slice(0, 16), hostPort(other), true]);
      expect(rtt).toBeGreaterThan(0);
      expect(seen).toBeLessThanOrEqual(3_000);
      expect(table.buckets.rows.find(({ index }) => index === bucket)?.contacts).toBeGreaterThan(0);
    }
    expect(table.buckets.rows.reduce((sum, { contacts }) => sum + contacts, 0)).toBe(2);
    const records = there(view.records);
    expect([records.records, records.kept.more, records.refused]).toEqual([2, 0, 0]);
    const kept = records.kept.rows.toSorted((a, b) => b.procedure.localeCompare(a.procedure));
    // another one's name is not known from its hash
    expect(kept.map(({ procedure, publisher }) => [procedure, publisher.id])).toEqual([
      ['m.near', one.id],
      ['', two.id],
    ]);
    for (const { left, bytes, endpoints, removed } of kept) {
      expect(left).toBeGreaterThan(55_000);
      expect(left).toBeLessThan(60_000);
      expect(bytes).toBeGreaterThan(100);
      expect([endpoints.length, removed]).toEqual([1, false]);
    }
    // from now on it is
    await world.settle(one.call('m.far'));
    const later = await look(world, sourceOf(one), 'dht');
    const names = there(later.records).kept.rows.map(({ procedure }) => procedure);
    expect(names.toSorted()).toEqual(['m.far', 'm.near']);
  });

  test('has the last lookups, and whom they asked once somebody has looked', async () => {
    const world = meshWorld();
    const nodes = (await joinedNodes(world, 3)) as [Node, Node, Node];
    closeAtEnd(world, ...nodes);
    const [one, two] = nodes;
    await two.advertise('m.far', () => 1);
    await world.clock.advance(1_000);
    await world.settle(one.tryCall('m.before'));
    const before = (await look(world, sourceOf(one), 'dht')).lookups;
    expect(before.last.rows[0]).toMatchObject({
      kind: 'providers',
      procedure: 'm.before',
      outcome: 'providers',
      found: 0,
      asked: 2,
      answered: 2,
      failed: 0,
      trace: null,
    });
    await world.settle(one.call('m.far'));
    const { begun, running, last } = (await look(world, sourceOf(one), 'dht')).lookups;
    expect([begun - before.begun, running]).toEqual([1, 0]);
    const [lookup] = last.rows;
    expect(lookup).toMatchObject({ procedure: 'm.far', found: 1 });
    expect(world.clock.wall() - (lookup?.at ?? 0)).toBeLessThan(100);
    expect(lookup?.trace?.more).toBe(0);
    expect(lookup?.trace?.rows.map(({ node }) => node.id).toSorted()).toEqual(
      nodes
        .slice(1)
        .map(({ id }) => id)
        .toSorted(),
    );
    for (const asked of lookup?.trace?.rows ?? [])
      expect(asked).toMatchObject({ depth: 1, by: null, after: 0, outcome: 'answered' });
    // nobody looks for a minute
    await world.clock.advance(61_000);
    await world.settle(one.tryCall('m.after'));
    const after = contextOf(one).recent.lookups.findLast(({ procedure }) => procedure === 'm.after');
    expect(after?.trace).toBe(undefined);
    await look(world, sourceOf(one), 'dht');
    for (let n = 0; n < 50; n++) await world.settle(one.tryCall(`m.n${n}`));
    expect(contextOf(one).recent.lookups.length).toBe(32);
    const { rows } = (await look(world, sourceOf(one), 'dht')).lookups.last;
    expect(rows.map(({ trace }) => trace !== null)).toEqual(rows.map((_row, at) => at < 10));
  });

  test('of a thousand contacts shows as many as it may, the nearest, and counts the others', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const table = tableOf(node);
    for (let n = 0; n < 1_000; n++)
      table.add(contactOf(near(table.self, n % 50, world.random.bytes(32))), world.clock.now());
    const figures = there((await look(world, sourceOf(node), 'dht')).table);
    expect([figures.contacts, figures.known.rows.length, figures.known.more]).toEqual([1_000, 200, 800]);
    expect(new Set(figures.known.rows.map(({ bucket }) => bucket))).toEqual(
      new Set(Array.from({ length: 10 }, (_, at) => 40 + at)),
    );
    expect([figures.buckets.rows.length, figures.buckets.more]).toEqual([50, 0]);
    expect(figures.buckets.rows[0]).toMatchObject({ index: 0, contacts: 20, spares: 0, lookedUp: null });
  });

  test('says which of its components is dead, and is back with it', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const { dht } = viewsOf(sourceOf(node));
    kill(node, 'recordStore');
    expect(await dht?.()).toMatchObject({
      table: { contacts: 0 },
      records: { unavailable: 'it is being restarted' },
    });
    kill(node, 'routingTable');
    expect(await dht?.()).toMatchObject({ table: { unavailable: 'it is being restarted' } });
    await world.clock.settle();
    expect(shared(contextOf(node), 'routingTable')).toBeDefined();
    expect(await dht?.()).toMatchObject({ table: { contacts: 0 }, records: { records: 0 } });
  });

  test('is no view of a node without a DHT, nor of a client', async () => {
    const world = meshWorld();
    const node = await world.node({ dht: false });
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    for (const one of [node, client]) expect(viewsOf(sourceOf(one)).dht).toBe(undefined);
  });
});
