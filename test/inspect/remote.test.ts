/**
 * Inspection through the mesh: those that are named look, and do nothing; all others are told nothing.
 */
import { afterEach, describe, expect, test } from 'vitest';

import { RemoteInspector } from '../../src/inspect/remote-client.ts';
import type { NodeOptions } from '../../src/mesh/client/options.ts';
import type { RemoteClient } from '../../src/node.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { meshWorld, type MeshWorld } from '../mesh-world.ts';
import { settled } from '../relays.ts';

const BUSY = { init: () => 0 };
const identity = createIdentity(seededRandom('looks'), 1_767_225_600_000);
const ID = Buffer.from(identity.nodeId).toString('hex');

interface Stage {
  readonly world: MeshWorld;
  readonly client: RemoteClient;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function staged(options: NodeOptions): Promise<Stage> {
  const world = meshWorld();
  const node = await settled(world, world.node(options));
  const client = await settled(world, world.client(node.url, { identity }));
  ends.push(async () => {
    await settled(world, client.disconnect());
    await settled(world, node.close());
  });
  return { world, client };
}

const refusal = (world: MeshWorld, asked: Promise<unknown>): Promise<unknown> =>
  settled(
    world,
    asked.then(
      () => 'answered',
      (error: { readonly failure: { readonly tag: string } }) => error.failure.tag,
    ),
  );

describe('a client that is named', () => {
  test('sees the node, its actors, one of them, and its crashes', async () => {
    const { world, client } = await staged({
      inspector: { allow: [ID] },
      children: [worker('mine', BUSY, undefined)],
    });
    const remote = client.remoteInspector();
    expect(await settled(world, remote.node())).toMatchObject({
      role: 'node',
      id: client.nodeId,
      actions: false,
    });
    const rows = await settled(world, remote.tree());
    const mine = rows.find(({ name }) => name === 'mine')!;
    expect(rows[0]).toMatchObject({ name: 'node', parent: null });
    expect(await settled(world, remote.actor(mine.id))).toMatchObject({ row: { name: 'mine' } });
    expect(await settled(world, remote.actor('<0.999999>'))).toBeUndefined();
    expect(await settled(world, remote.crashes())).toEqual([]);
    expect(await refusal(world, remote.view('nothing'))).toBe('invalid_args');
  });

  test('gets a tree that fits into no call, in pages', async () => {
    const children = Array.from({ length: 1_500 }, (_, at) => worker(`child ${at}`, BUSY, undefined));
    const { world, client } = await staged({ inspector: { allow: [ID] }, children });
    const rows = await settled(world, client.remoteInspector().tree());
    const names = rows.filter(({ name }) => name.startsWith('child ')).map(({ name }) => name);
    expect(names).toEqual(children.map(({ id }) => id));
    expect(Buffer.byteLength(JSON.stringify(rows))).toBeGreaterThan(262_144);
  });
});

describe('a client that is not named', () => {
  test.each([
    ['where others are', { inspector: { allow: ['ab'.repeat(32)] } }],
    ['where nobody is', { inspector: true }],
    ['where there is no inspector', {}],
  ] as const)('is told nothing %s', async (_where, options) => {
    const { world, client } = await staged(options);
    const remote = client.remoteInspector();
    const questions = [
      () => remote.node(),
      () => remote.tree(),
      () => remote.crashes(),
      () => remote.actor('<0.1>'),
    ];
    for (const ask of questions) expect(await refusal(world, ask())).toBe('unauthorized');
  });
});

describe('an answer that makes no sense', () => {
  const answers: readonly unknown[] = [
    null,
    'text',
    {},
    { json: 5 },
    { json: 'no json' },
    { json: 'null' },
    { json: '[]' },
    { json: '{"rows":[]}' },
    { json: '{"rows":[{"id":5}]}' },
    { json: '{"rows":[{"id":"a"}],"next":0}' },
    { json: '{"rows":[{"id":"a"}],"next":"more"}' },
  ];
  test.each(answers)('is an error of the protocol: %j', async (answer) => {
    const remote = new RemoteInspector(() => Promise.resolve(answer as never));
    await expect(remote.tree()).rejects.toMatchObject({ failure: { tag: 'protocol_error' } });
  });
});
