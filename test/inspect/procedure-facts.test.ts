/** What an inspector tells of a procedure to who wants to try a call: its schemas and nothing else of its metadata. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { procedureFacts } from '../../src/inspect/procedure-facts.ts';
import type { ProcedureFacts } from '../../src/inspect/page/wire.ts';
import { procedure } from '../../src/mesh/contract/procedure-contract.ts';
import type { Node } from '../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld } from '../mesh-world.ts';
import { joinedNodes } from '../mesh/dht/dht-mesh.ts';

const add = procedure('sums.add', {
  args: z.object({ a: z.number(), b: z.number() }),
  result: z.number(),
  description: 'adds two numbers',
});
const ARGS = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
};

describe('a procedure', () => {
  test('is told with the schemas that its provider publishes, here and elsewhere', async () => {
    const world = meshWorld();
    const nodes = (await joinedNodes(world, 3)) as [Node, Node, Node];
    const [one, two] = nodes;
    closeAtEnd(world, ...nodes);
    await one.advertise(add, ({ a, b }) => a + b);
    await world.clock.advance(1_000);
    const facts: ProcedureFacts = {
      procedure: 'sums.add',
      description: 'adds two numbers',
      args: ARGS,
      result: { type: 'number' },
    };
    expect(procedureFacts(contextOf(one), 'sums.add')).toMatchObject(facts);
    // whoever has not found it knows nothing
    expect(procedureFacts(contextOf(two), 'sums.add')).toBe(undefined);
    await world.settle(two.call('sums.add', { a: 1, b: 2 }));
    expect(procedureFacts(contextOf(two), 'sums.add')).toMatchObject(facts);
  });

  test('of this process is told with a schema that is not published', async () => {
    const world = meshWorld();
    const node = await world.node({ host: '198.18.63.1' });
    closeAtEnd(world, node);
    await node.advertise('sums.own', () => 1, { schema: z.object({ a: z.number() }) });
    expect(procedureFacts(contextOf(node), 'sums.own')).toMatchObject({
      args: { type: 'object', properties: { a: { type: 'number' } } },
      result: null,
    });
  });

  test('has nothing else of its metadata, whatever that is', async () => {
    const world = meshWorld();
    const node = await world.node({ host: '198.18.63.2' });
    closeAtEnd(world, node);
    const canary = 'canary-77e2';
    await node.advertise('m.odd', () => 1, { metadata: { token: canary, schema: 'none' } });
    await node.advertise('m.list', () => 1, { metadata: { token: canary, schema: { args: [canary] } } });
    await node.advertise('m.plain', () => 1);
    for (const name of ['m.odd', 'm.list', 'm.plain'])
      expect(procedureFacts(contextOf(node), name)).toEqual({
        procedure: name,
        description: '',
        args: null,
        result: null,
      });
    for (const name of ['nothing.here', '__proto__', ''])
      expect(procedureFacts(contextOf(node), name)).toBe(undefined);
  });
});
