import { describe, expect, test } from 'vitest';
import { noticesOf, putUp, takeDown, type Notice } from '../../../src/mesh/registry/notices.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, meshWorld, processOf, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { nodesOf } from './nodes.ts';

const NAME = '_test.notice';
const notice = (said: string): Notice => ({
  exclusive: false,
  ttl: 30,
  metadata: { said },
  description: undefined,
});

/** What a node finds under the name. */
async function found(world: MeshWorld, by: Node): Promise<readonly string[] | undefined> {
  const all = await world.settle(noticesOf(contextOf(by), NAME, 5_000));
  return all?.map(({ nodeId, metadata }) => `${nodeId} ${String(metadata['said'])}`).toSorted();
}

const soon = (world: MeshWorld): Promise<void> => world.clock.advance(1_000);

async function staged(): Promise<{ world: MeshWorld; a: Node; b: Node; c: Node }> {
  const world = meshWorld();
  const [a, b, c] = (await nodesOf(world, 3)) as unknown as [Node, Node, Node];
  return { world, a, b, c };
}

describe('a notice', () => {
  test('is found with its signer by every node, as long as it stands', async () => {
    const { world, a, b, c } = await staged();
    putUp(contextOf(a), NAME, notice('one'));
    putUp(contextOf(b), NAME, notice('two'));
    await soon(world);
    const both = [`${a.id} one`, `${b.id} two`].toSorted();
    for (const node of [a, b, c]) expect(await found(world, node)).toEqual(both);
    await world.clock.advance(300_000);
    expect(await found(world, c)).toEqual(both);
    takeDown(contextOf(a), NAME);
    await soon(world);
    expect(await found(world, c)).toEqual([`${b.id} two`]);
  });

  test('that says something else replaces what it said', async () => {
    const { world, a, c } = await staged();
    putUp(contextOf(a), NAME, notice('one'));
    await soon(world);
    putUp(contextOf(a), NAME, notice('two'));
    await soon(world);
    expect(await found(world, c)).toEqual([`${a.id} two`]);
  });

  test('put up or taken down while the advertiser is restarted is not lost', async () => {
    const { world, a, c } = await staged();
    const restart = (): void => runtimeOf(a).exit(processOf(a, 'advertiser'), 'kill');
    restart();
    putUp(contextOf(a), NAME, notice('one'));
    await soon(world);
    expect(await found(world, c)).toEqual([`${a.id} one`]);
    restart();
    takeDown(contextOf(a), NAME);
    await world.clock.advance(3_000);
    expect(await found(world, c)).toEqual([]);
  });

  test('is taken back when its node closes, and over when that dies', async () => {
    const { world, a, b, c } = await staged();
    putUp(contextOf(a), NAME, notice('one'));
    putUp(contextOf(b), NAME, notice('two'));
    await soon(world);
    world.network.faults.kill(new URL(b.url).hostname);
    await world.settle(a.close());
    expect(await found(world, c)).toEqual([`${b.id} two`]);
    await world.clock.advance(30_000);
    expect((await found(world, c)) ?? []).toEqual([]);
  });

  test('is not known to be there or not when nobody can be asked', async () => {
    const { world, a, b, c } = await staged();
    for (const node of [a, b]) world.network.faults.kill(new URL(node.url).hostname);
    expect(await found(world, c)).toBeUndefined();
  });
});
