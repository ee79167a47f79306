/**
 * Inspection through the mesh: those that are named look, and do nothing; all others are told nothing.
 */
import { afterEach, describe, expect, test } from 'vitest';

import { RemoteInspector, type RemoteDelta } from '../../src/inspect/remote-client.ts';
import type { NodeOptions } from '../../src/mesh/client/options.ts';
import type { Node, RemoteClient } from '../../src/node.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { noReply } from '../../src/otp/result.ts';
import { worker } from '../../src/otp/supervisor.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { gate, meshWorld, processOf, runtimeOf, type MeshWorld } from '../mesh-world.ts';
import { settled } from '../relays.ts';

const BUSY = { init: () => 0 };
const identity = createIdentity(seededRandom('looks'), 1_767_225_600_000);
const ID = Buffer.from(identity.nodeId).toString('hex');

interface Stage {
  readonly world: MeshWorld;
  readonly node: Node;
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
  return { world, node, client };
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

  test('is told of crashes, rows and what is handled as the node itself tells it', async () => {
    const held = gate();
    const fragile: GenServer<void, null> = {
      init: () => null,
      handleInfo: async (message, state) => {
        if (message === 'fail') throw new Error('x');
        await held.promise;
        return noReply(state);
      },
    };
    const { world, client, node } = await staged({
      inspector: { allow: [ID] },
      children: [worker('mine', fragile, undefined), worker('last', BUSY, undefined)],
    });
    const remote = client.remoteInspector();
    runtimeOf(node).send(processOf(node, 'mine'), 'fail');
    await settled(world, Promise.resolve());
    const [crash] = await settled(world, remote.crashes());
    expect(crash).toMatchObject({ label: 'mine', decision: 'restarted', restarts: 1 });
    runtimeOf(node).send(processOf(node, 'mine'), 'wait');
    const rows = await settled(world, remote.tree());
    const mine = rows.find(({ name }) => name === 'mine')!;
    // where it was
    expect(rows.find(({ name }) => name === 'last')?.after).toBe(mine.id);
    expect(mine).toMatchObject({
      counters: { in: 1, out: 0, handled: 1, crashes: 1, restarts: 1 },
      rate: { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 },
      currentMessage: { type: 'info' },
    });
    expect(await settled(world, remote.actor(mine.id))).toMatchObject({
      status: { currentMessage: { type: 'info' } },
      crashes: [{ restarts: 1 }],
    });
    held.open();
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

describe('a client that goes on looking', () => {
  test('is told all of it first, then only what has changed, with rates, and each crash once', async () => {
    const { world, node, client } = await staged({ inspector: { allow: [ID] } });
    const over = new AbortController();
    const told = client.remoteInspector().observe({ interval: 100, signal: over.signal });
    const first = (await settled(world, told.next())).value as RemoteDelta;
    expect(first).toMatchObject({ reset: true, crashes: [] });
    await settled(
      world,
      node.advertise('it.fails', () => {
        throw new TypeError('canary');
      }),
    );
    await settled(world, node.tryCall('it.fails'));
    const seen: RemoteDelta[] = [];
    while (!seen.some(({ crashes }) => crashes.length > 0))
      seen.push((await settled(world, told.next())).value as RemoteDelta);
    expect(seen.every(({ reset }) => reset === undefined)).toBe(true);
    expect(seen.flatMap(({ added }) => added.map(({ name }) => name))).toContain('it.fails');
    expect(seen.flatMap(({ changed }) => changed).some(({ rate }) => (rate?.handled ?? 0) > 0)).toBe(true);
    const crashes = seen.flatMap((delta) => delta.crashes);
    await settled(world, told.next());
    expect(crashes).toMatchObject([{ reason: 'TypeError' }]);
    over.abort();
    expect((await settled(world, told.next())).done).toBe(true);
  });

  test('who has not asked for long is told all of it again, and nobody is looked at meanwhile', async () => {
    const { world, client } = await staged({ inspector: { allow: [ID] } });
    const told = client.remoteInspector().observe({ interval: 100 });
    const { seq } = (await settled(world, told.next())).value as RemoteDelta;
    await world.clock.advance(60_000);
    const again = (await settled(world, told.next())).value as RemoteDelta;
    expect(again.reset).toBe(true);
    // ten looks a second, for fifteen of the sixty
    expect(again.seq - seq).toBeLessThan(160);
  });

  test('options that are none are told at once', async () => {
    const { client } = await staged({ inspector: { allow: [ID] } });
    const remote = client.remoteInspector();
    for (const interval of [0, 99, 10_001, NaN, '100' as never])
      expect(() => remote.observe({ interval })).toThrow(TypeError);
    expect(() => remote.observe({ signal: {} as never })).toThrow(TypeError);
  });
});

describe('a node', () => {
  test('looks at any other one that has named it, by its id, and is refused where it is not named', async () => {
    const world = meshWorld();
    const first = await settled(world, world.node());
    const far = await settled(world, world.node({ bootstrap: [first.url], inspector: { allow: [ID] } }));
    const own = await settled(world, world.node({ bootstrap: [first.url], identity }));
    await settled(world, own.ready());
    ends.push(async () => {
      for (const node of [own, far, first]) await settled(world, node.close());
    });
    expect(await settled(world, own.remoteInspector(far.id).node())).toMatchObject({ id: far.id });
    expect(await refusal(world, own.remoteInspector(first.id).node())).toBe('unauthorized');
    expect(await refusal(world, own.remoteInspector('ab'.repeat(32), { timeout: 1_000 }).node())).toMatch(
      /^(connection_error|timeout)$/,
    );
    expect(() => own.remoteInspector('near')).toThrow('64 hex digits');
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
    { json: '{"gap":true}' },
    { json: '{"rows":[{"id":5}]}' },
    { json: '{"rows":[{"id":"a"}],"next":0}' },
    { json: '{"rows":[{"id":"a"}],"next":"more"}' },
  ];
  test.each(answers)('is an error of the protocol: %j', async (answer) => {
    const remote = new RemoteInspector(() => Promise.resolve(answer as never));
    await expect(remote.tree()).rejects.toMatchObject({ failure: { tag: 'protocol_error' } });
  });
});
