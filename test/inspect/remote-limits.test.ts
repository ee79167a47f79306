/**
 * Inspection through the mesh: who may ask, how much at once, and what a node that answers may cost.
 */
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Delta } from '../../src/inspect/delta.ts';
import { RemoteInspector } from '../../src/inspect/remote-client.ts';
import { remoteInspection, type TreePage } from '../../src/inspect/remote.ts';
import type { InspectorSource } from '../../src/inspect/source.ts';
import type { Caller, RpcCall } from '../../src/mesh/router/rpc-call.ts';
import { INSPECT, systemProcedure } from '../../src/mesh/system/system-procedures.ts';
import { world as actorWorld } from '../actor/world.ts';
import { contextOf, meshWorld } from '../mesh-world.ts';
import { settled } from '../relays.ts';

const identity = createIdentity(seededRandom('looks'), 1_767_225_600_000);
const ID = Buffer.from(identity.nodeId).toString('hex');

describe('who asks', () => {
  const callOf = (caller: Caller) => {
    const told: string[] = [];
    const call = {
      procedure: INSPECT,
      args: { what: 'node' },
      caller,
      reply: () => told.push('answered'),
      refuse: ({ tag }: { readonly tag: string }) => told.push(tag),
    };
    return { told, call: call as unknown as RpcCall };
  };

  test.each<[string, string, Caller]>([
    ['the node itself', 'answered', { nodeId: 'ee'.repeat(32), local: true }],
    ['who is named', 'answered', { nodeId: ID, local: false }],
    ['another', 'unauthorized', { nodeId: 'ee'.repeat(32), local: false }],
    ['nobody', 'unauthorized', { nodeId: '', local: false }],
    [
      'a station that says it is who is named',
      'unauthorized',
      { nodeId: ID, local: false, via: 'ab'.repeat(32) },
    ],
    ['a name that differs in case', 'unauthorized', { nodeId: ID.toUpperCase(), local: false }],
  ])('%s is told: %s', async (_who, expected, caller) => {
    const world = meshWorld();
    const node = await settled(world, world.node({ inspector: { allow: [ID] } }));
    const { told, call } = callOf(caller);
    expect(systemProcedure(contextOf(node), call)).toBe(true);
    await world.clock.settle();
    expect(told).toEqual([expected]);
    await settled(world, node.close());
  });
});

describe('questions', () => {
  /** A node of so many actors, that counts how often they are looked at. */
  function source(count: number) {
    const { clock } = actorWorld();
    const added = Array.from({ length: count }, (_, n) => ({ id: `<0.${n}>`, name: 'x'.repeat(200) }));
    const looks: ((delta: Delta) => void)[] = [];
    const tree = (): Promise<Delta> => new Promise((resolve) => looks.push(resolve));
    const look = (): void => {
      for (const resolve of looks) resolve({ seq: 1, at: 5, added, removed: [], changed: [] } as never);
    };
    const watch = { tree, now: () => 5 };
    const fake = { facts: {}, watch, views: { one: () => Promise.resolve(1) }, crashes: () => [] };
    const remote = remoteInspection(fake as unknown as InspectorSource, [ID], clock);
    const ask = (question: object): Promise<unknown> =>
      new Promise((resolve) => {
        remote.answer(question as never, resolve);
      });
    return { looks, look, ask };
  }

  test('eight are answered at once, more are refused, and others when those have their answer', async () => {
    const { look, looks, ask } = source(10);
    const asked = Array.from({ length: 500 }, () => ask({ what: 'tree' }));
    look();
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer === 'overloaded')).toHaveLength(492);
    expect(looks).toHaveLength(8);
    expect(await ask({ what: 'view', name: 'one' })).toMatchObject({ json: expect.any(String) as string });
  });

  test('the pages of a tree are of one look', async () => {
    const { look, looks, ask } = source(5_000);
    const first = ask({ what: 'tree', from: 0 });
    look();
    let { next, look: from } = JSON.parse(((await first) as { json: string }).json) as TreePage;
    let pages = 1;
    for (; next !== undefined; pages++) {
      const { json } = (await ask({ what: 'tree', from: next, look: from })) as { json: string };
      expect(json.length).toBeLessThan(300_000);
      ({ next, look: from } = JSON.parse(json) as TreePage);
    }
    expect([pages > 3, looks.length]).toEqual([true, 1]);
  });

  test.each([
    {},
    { what: '' },
    { what: 'act' },
    { what: 'actions', action: 'kill', id: '<0.1>' },
    { what: '__proto__' },
    { what: ['tree'] },
    { what: 'tree', from: -1 },
    { what: 'tree', from: 0.5 },
    { what: 'tree', from: '0' },
    { what: 'tree', from: Number.NaN },
    { what: 'tree', from: 2n ** 60n },
    { what: 'view', name: '__proto__' },
    { what: 'view', name: 'constructor' },
    { what: 'view', name: 5 },
    { what: 'actor', name: {} },
  ])('that make no sense, or would do something, are none: %o', async (question) => {
    expect(await source(1).ask(question)).toBe('nothing');
  });
});

describe('an answer', () => {
  test('that is a tree without end is not believed: of large rows as of many', async () => {
    const pad = 'x'.repeat(16_000_000);
    let asked = 0;
    const remote = new RemoteInspector(() => {
      asked++;
      return Promise.resolve({ json: `{"rows":[{"id":"${asked}","pad":"${pad}"}],"next":${asked}}` });
    });
    await expect(remote.tree()).rejects.toMatchObject({ failure: { tag: 'protocol_error' } });
    expect(asked).toBeLessThan(40);
  });
});
