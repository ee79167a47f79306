/** What an error tells of the calls that were made before it: `sent`. */
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../src/mesh/handlers/handler.ts';
import type { ProviderView } from '../../../src/mesh/router/strategy.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, gate, meshWorld, type MeshWorld } from '../../mesh-world.ts';
import { found } from '../registry/found.ts';
import { blackhole, CALM, failed, mesh } from './journey-mesh.ts';

describe('an error says whether a handler may have run', () => {
  /** A caller that serves it too, for whom nobody else can be found: its lookup gets no answer. */
  async function alone(handler: () => unknown): Promise<readonly [MeshWorld, Node]> {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await caller.advertise('m.here', handler);
    await world.clock.advance(CALM);
    blackhole(world, caller, others);
    return [world, caller];
  }

  test('not, when the one here refused it and nobody else is found in time', async () => {
    const [world, caller] = await alone(() => {
      throw new Refusal({ tag: 'overloaded', bound: 'mailbox' });
    });
    const error = failed(await world.settle(caller.tryCall('m.here', {}, { timeout: 100 })));
    expect(error.failure).toEqual({ tag: 'timeout', timeout: 100, sent: false });
  });

  test('yes, when the one here did not end well and who was asked next was not reached', async () => {
    const [world, caller] = await alone(() => {
      throw new Refusal({ tag: 'connection_error', sent: true, detail: 'lost' });
    });
    const { discovery, runtime } = contextOf(caller);
    const wall = runtime.clock.wall();
    discovery.cache.put('m.here', [found('00'.repeat(32), wall + 60_000)], runtime.clock.now(), wall);
    const error = failed(await world.settle(caller.tryCall('m.here', {}, { idempotent: true })));
    expect(error.attempts).toMatchObject([{ route: 'local' }, { route: 'cache', sent: false }]);
    expect(error.failure).toMatchObject({ tag: 'connection_error', sent: true });
  });

  test('not, when a neighbor did not know it and the next is silent', async () => {
    const world = meshWorld();
    const near = await world.node({ dht: false });
    const silent = await world.node({ dht: false });
    const node = await world.node({ dht: false, bootstrap: [near.url, silent.url] });
    closeAtEnd(world, node, near, silent);
    blackhole(world, silent, [node]);
    const strategy = ([first]: readonly ProviderView[]): ProviderView => first!;
    const error = failed(await world.settle(node.tryCall('m.nobody', {}, { timeout: 100, strategy })));
    expect(error.attempts).toMatchObject([{ sent: true }, { sent: false }]);
    expect(error.failure).toEqual({ tag: 'timeout', timeout: 100, sent: false });
  });

  test('not, when the one elsewhere refused it and others are still looked for', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    const [full, silent] = others as [Node, Node];
    const door = gate();
    await full.advertise('m.busy', () => door.promise, { limits: { maxConcurrent: 1, maxQueue: 0 } });
    await world.clock.advance(CALM);
    const first = caller.tryCall('m.busy');
    await world.clock.advance(50);
    blackhole(world, silent, [full, caller]);
    const error = failed(await world.settle(caller.tryCall('m.busy', {}, { timeout: 50 })));
    expect(error.attempts).toMatchObject([{ outcome: 'overloaded' }]);
    expect(error.failure).toEqual({ tag: 'timeout', timeout: 50, sent: false });
    door.open();
    expect((await world.settle(first)).ok).toBe(true);
  });
});
