import { describe, expect, test, vi } from 'vitest';
import { RESTARTING } from '../../../src/inspect/views/plain.ts';
import { viewsOf } from '../../../src/inspect/views/views.ts';
import { Request } from '../../../src/otp/server-ref.ts';
import { suspend } from '../../../src/otp/sys.ts';
import { closeAtEnd, contextOf, meshWorld, pair, processOf, runtimeOf } from '../../mesh-world.ts';
import { expectPlain, look, sourceOf } from './looking.ts';

describe('viewsOf', () => {
  test('gives those that make sense for a node, a station and a client', async () => {
    const world = meshWorld();
    const node = await world.node();
    const lone = await world.node({ dht: false });
    const station = await world.node({ station: true });
    const client = await world.client(node);
    closeAtEnd(world, client, node, lone, station);
    const names = [node, lone, station, client].map((one) => Object.keys(viewsOf(sourceOf(one))));
    expect(names).toEqual([
      ['rpc', 'registry', 'dht', 'peers'],
      ['rpc', 'registry', 'peers'],
      ['rpc', 'registry', 'dht', 'peers', 'relay'],
      ['rpc', 'registry', 'peers'],
    ]);
  });

  test('of a node that has ended none hangs or throws', async () => {
    const world = meshWorld();
    const node = await world.node({ station: true });
    const defects = vi.spyOn(runtimeOf(node), 'defect');
    await world.settle(node.close());
    for (const view of Object.values(viewsOf(sourceOf(node)))) {
      const begun = world.clock.now();
      const data = await world.settle<unknown>(view());
      expect(world.clock.now() - begun).toBeLessThanOrEqual(500);
      expectPlain(data);
      expect(JSON.stringify(data)).toContain('unavailable');
    }
    expect(await viewsOf(sourceOf(node)).rpc?.()).toMatchObject({ procedures: RESTARTING });
    expect(defects).not.toHaveBeenCalled();
  });

  test('a view that fails is told as a defect, and as unavailable to who looks', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const defects = vi.spyOn(runtimeOf(node), 'defect');
    const calls = (): never => {
      throw new Error('no statistics');
    };
    const data = await viewsOf(sourceOf(node, { calls })).rpc?.();
    expect(data).toEqual({ unavailable: 'it could not be made' });
    expect(defects.mock.calls).toEqual([[new Error('no statistics')]]);
  });

  test('an actor with a full mailbox is not waited for', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const advertiser = processOf(node, 'advertiser');
    await world.settle(suspend(advertiser));
    const runtime = runtimeOf(node);
    while (runtime.cast(advertiser, new Request('moved', undefined)));
    const begun = world.clock.now();
    const view = await look(world, sourceOf(node), 'registry');
    expect(view.publisher).toEqual({ unavailable: 'its mailbox is full' });
    expect(world.clock.now()).toBe(begun);
  });

  test('looking changes nothing but what lookups keep: no counter of the cache, no timer', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const runtime = runtimeOf(node);
    const { discovery } = contextOf(node);
    discovery.cache.put('m.x', [], world.clock.now(), world.clock.wall());
    const before = [discovery.cache.stats(), runtime.timers.size, runtime.alive];
    for (let n = 0; n < 3; n++)
      for (const view of Object.values(viewsOf(sourceOf(node)))) await world.settle<unknown>(view());
    expect([discovery.cache.stats(), runtime.timers.size, runtime.alive]).toEqual(before);
  });
});
