import { describe, expect, test } from 'vitest';
import type { CallSummary } from '../../../src/inspect/views/source.ts';
import { shared } from '../../../src/mesh/context.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, gate, meshWorld, pair, processOf, runtimeOf } from '../../mesh-world.ts';
import { joinedNodes } from '../../mesh/dht/dht-mesh.ts';
import { look, seen, sourceOf, there } from './looking.ts';

describe('the view rpc', () => {
  test('has who serves a procedure here, its load and limits, and who serves it elsewhere', async () => {
    const world = meshWorld();
    const nodes = (await joinedNodes(world, 3)) as [Node, Node, Node];
    const [one, two] = nodes;
    const client = await world.client(one);
    closeAtEnd(world, client, ...nodes);
    const held = gate();
    await one.advertise('m.slow', () => held.promise, { limits: { maxConcurrent: 1 }, ttl: 60 });
    await one.advertise('m.bad', () => Promise.reject(new Error('no')));
    await world.settle(client.advertise('m.slow', () => 'client'));
    await two.advertise('m.far', () => 'far');
    await world.clock.advance(1_000);
    await world.settle(one.call('m.far'));
    await world.settle(one.tryCall('m.bad'));
    const calls = [1, 2, 3].map(() => one.call('m.slow', {}, { strategy: 'first' }));
    await world.clock.advance(10);
    const view = await look(world, sourceOf(one), 'rpc');
    const rows = there(view.procedures).rows;
    const row = (name: string) => rows.find(({ procedure }) => procedure === name);
    expect(row('m.slow')).toMatchObject({
      elsewhere: null,
      called: null,
      here: {
        more: 0,
        rows: [
          {
            kind: 'handler',
            node: { id: one.id, short: one.id.slice(0, 16) },
            ttl: 60_000,
            exclusive: false,
            inFlight: 3,
            load: { running: 1, waiting: 2, served: 1, crashed: 0, maxConcurrent: 1, maxQueue: 256 },
          },
          { kind: 'client', node: { id: client.id }, load: null },
        ],
      },
    });
    expect(row('m.bad')?.here.rows[0]?.load).toMatchObject({ running: 0, served: 1, crashed: 1 });
    expect(row('m.slow')?.here.rows[0]?.load?.actor).toBe(String(processOf(one, 'm.slow')));
    expect(view).toMatchObject({ cacheMisses: 1, calls: { open: 3, out: 1 } });
    // it was called once: looked for in the cache before it was found in the DHT
    await world.settle(one.call('m.far'));
    expect(await look(world, sourceOf(one), 'rpc')).toMatchObject({ cacheHitRatio: 0.5, cacheHits: 1 });
    held.open();
    await world.settle(Promise.all(calls));
  });

  test('has how calls went where somebody counts, called procedures first', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    for (const name of ['m.quiet', 'm.busy']) await node.advertise(name, () => 1);
    const calls = function* (): Generator<CallSummary> {
      yield {
        procedure: 'm.far',
        calls: 3,
        p50: 1.5,
        p99: 20,
        outcomes: { ok: 2, timeout: 1 },
        routes: { dht: 3 },
      };
      yield { procedure: 'm.busy', calls: 1 };
      yield { procedure: 'm.new', calls: 1 };
    };
    const view = await look(world, sourceOf(node, { calls }), 'rpc');
    const { rows, more } = there(view.procedures);
    expect(more).toBe(0);
    expect(rows.map(({ procedure, called }) => [procedure, called])).toEqual([
      ['m.far', { calls: 3, p50: 1.5, p99: 20, outcomes: { ok: 2, timeout: 1 }, routes: { dht: 3 } }],
      ['m.busy', { calls: 1, p50: null, p99: null, outcomes: {}, routes: {} }],
      ['m.new', { calls: 1, p50: null, p99: null, outcomes: {}, routes: {} }],
      ['m.quiet', null],
    ]);
  });

  test('of a thousand procedures shows as many as it may, and counts the others', async () => {
    const world = meshWorld();
    const { node } = await pair(world, { node: { dht: false } });
    const table = shared(contextOf(node), 'serviceRegistry');
    const given = { owner: 'node', exclusive: false, ttl: 60, metadata: {}, description: undefined };
    for (let n = 0; n < 1_000; n++) {
      const target = { kind: 'handler', name: `procedure:${n}` } as const;
      table?.add({ ...given, id: `${n}`, procedure: `m.n${n}`, advertisedAt: 0, target, inFlight: 0 });
    }
    // one that is served too, and one that is not
    const calls = (): CallSummary[] => [
      { procedure: 'm.n999', calls: 1 },
      { procedure: 'm.far', calls: 1 },
    ];
    const all = there((await look(world, sourceOf(node, { calls }), 'rpc')).procedures);
    expect([all.rows.length, all.more]).toEqual([200, 801]);
    const few = there((await look(world, sourceOf(node, { calls, rows: 2 }), 'rpc')).procedures);
    expect([few.rows.map(({ procedure }) => procedure), few.more]).toEqual([['m.n999', 'm.far'], 999]);
    // a handler whose process is not there has no load, and is shown all the same
    expect(all.rows[2]?.here.rows[0]?.load).toBe(null);
  });

  test('without its registry says so, and keeps what it knows', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    runtimeOf(node).exit(processOf(node, 'serviceRegistry'), 'kill');
    const view = await seen(world, sourceOf(node), 'rpc');
    expect(view).toMatchObject({ procedures: { unavailable: 'it is being restarted' }, cacheHits: 0 });
  });
});
