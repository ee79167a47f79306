import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { suspend } from '../../../src/otp/sys.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, runtimeOf } from '../../mesh-world.ts';
import { joinedNodes } from '../../mesh/dht/dht-mesh.ts';
import { found } from '../../mesh/registry/found.ts';
import { look, sourceOf } from './looking.ts';

describe('the view registry', () => {
  test('has what the cache knows and for how long, what is wanted, and what the mesh was told', async () => {
    const world = meshWorld();
    const nodes = (await joinedNodes(world, 3, { serviceInterests: ['m.wanted'] })) as [Node, Node, Node];
    closeAtEnd(world, ...nodes);
    const [one, two] = nodes;
    await two.advertise('m.far', () => 'far');
    await one.advertise('m.near', () => 'near', { ttl: 90 });
    await world.clock.advance(6_000);
    expect((await world.settle(one.tryCall('m.nobody'))).ok).toBe(false);
    await world.settle(one.call('m.far'));
    await world.clock.advance(1_000);
    await world.settle(one.call('m.far'));
    const view = await look(world, sourceOf(one), 'registry');
    expect(view.cache).toMatchObject({ hits: 1, misses: 2, cacheHitRatio: 1 / 3, negativeHits: 0 });
    const entry = view.entries.rows.find(({ procedure }) => procedure === 'm.far');
    expect(entry).toMatchObject({
      negative: false,
      providers: { more: 0, rows: [{ node: { id: two.id }, endpoints: [new URL(two.url).host] }] },
    });
    expect(entry?.age).toBeGreaterThanOrEqual(1_000);
    expect(entry?.age).toBeLessThan(2_000);
    expect((entry?.age ?? 0) + (entry?.left ?? 0)).toBe(60_000);
    expect(view.entries.rows.find(({ procedure }) => procedure === 'm.nobody')).toMatchObject({
      negative: true,
      providers: { rows: [], more: 0 },
    });
    expect(view.interests).toEqual({ rows: ['m.wanted'], more: 0 });
    expect(view.served).toBe(1);
    expect(view.advertised.rows).toEqual([{ procedure: 'm.near', owner: 'node', state: 'published' }]);
    const [published] = view.published.rows;
    expect(published).toMatchObject({ name: 'm.near', kind: 'procedure', state: 'published', tries: 0 });
    // said again at a third of its ttl, kept for all of it
    expect(published?.next).toBeGreaterThan(10_000);
    expect(published?.next).toBeLessThan(33_000);
    expect(published?.keptFor).toBeGreaterThan(80_000);
    expect(published?.keptFor).toBeLessThan(90_000);
    expect(view.publisher).toEqual({ queued: 0, running: 0, unanswered: 0, pausing: false, leaving: false });
  });

  test('of a client has what it advertises, and no publisher', async () => {
    const world = meshWorld();
    const node = await world.node();
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    await world.settle(client.advertise('m.mine', () => 1));
    const view = await look(world, sourceOf(client), 'registry');
    expect(view.advertised).toEqual({
      rows: [{ procedure: 'm.mine', owner: 'client', state: 'local' }],
      more: 0,
    });
    expect(view.published).toEqual({ rows: [], more: 0 });
    expect('publisher' in view).toBe(false);
  });

  test('shows as many entries and providers as it may, and counts the others', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const { cache } = contextOf(node).discovery;
    const [now, wall] = [world.clock.now(), world.clock.wall()];
    const many = Array.from({ length: 50 }, (_, n) => found(`${n}`.padStart(64, '0'), wall + 30_000));
    for (let n = 0; n < 1_000; n++) cache.put(`m.n${n}`, n === 0 ? many : [], now, wall);
    const view = await look(world, sourceOf(node), 'registry');
    expect([view.entries.rows.length, view.entries.more]).toEqual([200, 800]);
    const [first] = view.entries.rows;
    expect([first?.providers.rows.length, first?.providers.more, first?.left]).toEqual([3, 47, 30_000]);
  });

  test('waits half a second for an advertiser that does not answer, and shows all else', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    await world.settle(suspend(processOf(node, 'advertiser')));
    const begun = world.clock.now();
    const view = await look(world, sourceOf(node), 'registry');
    expect(world.clock.now() - begun).toBe(500);
    expect(view.publisher).toEqual({ unavailable: 'it has not answered within 500 ms' });
    expect(view.cache.size).toBe(0);
    runtimeOf(node).exit(processOf(node, 'services'), 'kill');
    const dead = await look(world, sourceOf(node), 'registry');
    expect(dead.publisher).toEqual({ unavailable: 'it is not running' });
    expect(dead.served).toBe(null);
  });
});
