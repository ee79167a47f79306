/**
 * Secrets do not appear in views: planted wherever a user's data may lie while all of them are looked at (SECURITY §12).
 */
import { describe, expect, test } from 'vitest';
import { NAMES, partsOf, seen, sourceOf } from './looking.ts';
import { viewsOf } from '../../../src/inspect/views/views.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import { err } from '../../../src/mesh/errors/rpc-error.ts';
import type { Node } from '../../../src/node.ts';
import type { GenServer } from '../../../src/otp/gen-server.ts';
import { startServer } from '../../../src/otp/gen-server.ts';
import { noReply, reply } from '../../../src/otp/result.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import { closeAtEnd, contextOf, gate, meshWorld, runtimeOf, type MeshWorld } from '../../mesh-world.ts';

const SECRET = 'canary-5e1c80f7';

/** In its state, and in the messages that wait. */
const vault: GenServer<string, object, { ask(secret: string): string }> = {
  label: 'vault',
  init: (password) => ({ password }),
  handleCall: { ask: (secret, state) => reply(secret, state) },
  handleInfo: (_message, state) => noReply(state),
};

/** Everything that the views of a node or client hold. */
async function shown(world: MeshWorld, client: Client, dist: boolean): Promise<string> {
  const source = sourceOf(client, dist ? { dist: partsOf(client as Node) } : {});
  const parts: unknown[] = [];
  for (const name of NAMES)
    if (viewsOf(source)[name] !== undefined) parts.push(await seen(world, source, name));
  return JSON.stringify(parts);
}

describe('a secret', () => {
  test('in state, args, results, errors, metadata, cookies and keys is in no view', async () => {
    const world = meshWorld();
    const options = {
      station: true,
      children: [worker('vault', vault, SECRET)],
      dist: { cookie: SECRET },
    };
    const [one, two] = [
      await world.node({
        host: '198.18.61.1',
        ...options,
        dist: { ...options.dist, name: '9443@198.18.61.1' },
      }),
      await world.node({
        host: '198.18.61.2',
        bootstrap: ['https://198.18.61.1:9443'],
        ...options,
        dist: { ...options.dist, name: '9443@198.18.61.2' },
      }),
    ];
    const client = await world.client(one);
    closeAtEnd(world, client, one, two);
    expect(await world.settle(one.dist.connect(two.dist.name))).toBe(true);
    const held = gate();
    const metadata = { token: SECRET };
    await two.advertise('m.waits', () => held.promise, { metadata, description: SECRET });
    await two.advertise('m.gives', () => ({ token: SECRET }), { metadata });
    await two.advertise('m.refuses', () => err(SECRET));
    await two.advertise('m.throws', () => {
      throw Object.assign(new Error(SECRET, { cause: SECRET }), { metadata: { token: SECRET } });
    });
    await one.advertise('m.near', () => held.promise, { metadata });
    await world.settle(client.advertise('m.client', () => held.promise, { metadata }));
    await world.clock.advance(1_000);
    for (const name of ['m.gives', 'm.refuses', 'm.throws'])
      for (const caller of [one, client])
        await world.settle(caller.tryCall(name, { password: SECRET }, { idempotencyKey: SECRET }));
    const waiting = [one, client].flatMap((caller) =>
      ['m.waits', 'm.near', 'm.client'].map((name) => caller.tryCall(name, { password: SECRET })),
    );
    // a process that others reach, with calls and messages on their way to it
    await startServer(runtimeOf(two), vault, SECRET, { name: 'vault', scope: two.dist.names });
    runtimeOf(one).send(two.dist.whereis('vault', two.dist.name), SECRET);
    await world.settle(one.dist.call('vault', two.dist.name, ['ask', SECRET]).catch(() => undefined));
    await world.clock.advance(50);
    const texts = [
      await shown(world, one, true),
      await shown(world, two, true),
      await shown(world, client, false),
    ];
    for (const text of texts) {
      expect(text).not.toContain(SECRET);
      // what there is to see is there
      expect(text).toContain('m.');
      expect(text.length).toBeGreaterThan(1_000);
    }
    expect(texts[0]).toContain(two.id);
    held.open();
    await world.settle(Promise.all(waiting));
  });

  test('in the reason with which an actor ends while it is asked is not told', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const { runtime, scope } = contextOf(node);
    const rude: GenServer<void, null, { status(): never }> = {
      init: () => null,
      handleCall: {
        status: () => {
          throw new Error(SECRET);
        },
      },
    };
    scope.unregister('natConnector');
    await startServer(runtime, rude, undefined, { name: 'natConnector', scope });
    const view = await seen(world, sourceOf(node), 'peers');
    expect(view).toMatchObject({ nat: { connector: { unavailable: 'it has ended meanwhile' } } });
    expect(JSON.stringify(view)).not.toContain(SECRET);
  });
});
