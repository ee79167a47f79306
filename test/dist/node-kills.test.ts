/**
 * Every actor of a node's distribution is killed in turn, and those below it: each connection ends with exactly one nodedown on
 * either side, and what is sent next connects anew. What does not carry connections costs none.
 */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import type { NodeChange } from '../../src/dist/events.ts';
import type { Node } from '../../src/node.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { closeAtEnd, meshWorld, processesOf, runtimeOf, type MeshWorld } from '../mesh-world.ts';

const echo: GenServer<undefined, null> = {
  label: 'echo',
  init: () => null,
  handleRequest: (term, state) => reply(term, state),
};

interface Stage {
  readonly world: MeshWorld;
  readonly nodes: readonly [Node, Node];
  readonly changes: readonly [NodeChange[], NodeChange[]];
}

async function staged(): Promise<Stage> {
  const world = meshWorld();
  const open = async (host: string): Promise<Node> => {
    const node = await world.node({ host, dist: { cookie: 'secret', name: `9443@${host}` } });
    await startServer(runtimeOf(node), echo, undefined, { name: 'echo', scope: node.dist.names });
    return node;
  };
  const nodes = [await open('198.18.50.1'), await open('198.18.50.2')] as const;
  closeAtEnd(world, ...nodes);
  const changes: [NodeChange[], NodeChange[]] = [[], []];
  nodes.forEach((node, at) => node.dist.monitorNodes((change) => changes[at]?.push(change)));
  const stage = { world, nodes, changes } as const;
  await expectWorking(stage);
  return stage;
}

async function expectWorking({ world, nodes: [one, two] }: Stage): Promise<void> {
  expect(await world.settle(one.dist.call('echo', two.dist.name, 'there'))).toBe('there');
  expect(await world.settle(two.dist.call('echo', one.dist.name, 'back'))).toBe('back');
}

const tagsOf = (changes: readonly NodeChange[]): readonly string[] => changes.map(({ tag }) => tag);

const find = (node: Node, label: string): Process => {
  const found = processesOf(node).find((process) => process.label === label);
  if (found === undefined) throw new Error(`no ${label}`);
  return found;
};

describe('of a node that is connected', () => {
  const CARRYING = [
    'transport',
    'endpoint',
    'app',
    'roles',
    'dist',
    'spawned',
    'auth',
    'rex',
    'netKernel',
    'carriers',
    'quicListener',
    'peer 9443@198.18.50.2',
  ];

  test.each(CARRYING)(
    '%s is killed: one nodedown on either side, and both reach each other again',
    async (label) => {
      const stage = await staged();
      const { world, nodes, changes } = stage;
      const [one, two] = nodes;
      const open = one.dist.call('echo', two.dist.name, 'first');
      await world.settle(open);
      runtimeOf(one).exit(find(one, label), 'kill');
      await world.clock.until(() => changes[1].length === 2, 40_000);
      await world.clock.advance(1_500);
      await expectWorking(stage);
      expect(changes.map(tagsOf)).toEqual([
        ['nodeup', 'nodedown', 'nodeup'],
        ['nodeup', 'nodedown', 'nodeup'],
      ]);
      expect([one.dist.nodes(), two.dist.nodes()]).toEqual([[two.dist.name], [one.dist.name]]);
    },
  );

  test('it closes: what waits there fails with noconnection, one nodedown, nothing is left', async () => {
    const { world, nodes, changes } = await staged();
    const [one, two] = nodes;
    const lazy: GenServer<undefined, null> = {
      label: 'lazy',
      init: () => null,
      handleRequest: (_term, state) => noReply(state),
    };
    await startServer(runtimeOf(two), lazy, undefined, { name: 'lazy', scope: two.dist.names });
    const failed = world.rejection(one.dist.call('lazy', two.dist.name, 'anything', { timeout: 30_000 }));
    await world.clock.advance(10);
    await world.settle(two.close());
    expect(await failed).toMatchObject({ reason: 'noconnection' });
    await world.clock.settle();
    expect(changes.map(tagsOf)).toEqual([
      ['nodeup', 'nodedown'],
      ['nodeup', 'nodedown'],
    ]);
    expect(one.dist.nodes()).toEqual([]);
    expect([...childrenOf(find(one, 'netKernel'))]).toEqual([]);
  });
});
