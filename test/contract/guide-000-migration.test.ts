/**
 * Guide 000, schemas, examples and migration from WAMP: one test per built row of docs/from-macula.md, in its order.
 */
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import sqlite from 'node-sqlite3-wasm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { err, isNotFound, procedure, server, type Client, type HandlerContext } from '../../src/index.ts';
import { reply, worker, type GenServer } from '../../src/otp.ts';
import { contextOf, meshWorld, processOf, processesOf } from '../mesh-world.ts';
import { hostOf, isolate, published, threeNodes } from './discovery-mesh.ts';
import { onBothPaths, openMesh } from './mesh.ts';

const GUIDE = readFileSync('docs/migrating-from-wamp.md', 'utf8');
/** The checklist's lines. */
const CHECKLIST = GUIDE.slice(GUIDE.indexOf('## Checklist'));

interface Args {
  readonly action: string;
  readonly user_id?: number;
  readonly name?: string;
}

/** `users.manage` over a database that one actor owns. */
const users: GenServer<void, sqlite.Database, { manage(args: Args): unknown; broken(): unknown }> = {
  label: 'users',
  init: (_args, self) => {
    const database = new sqlite.Database();
    self.signal.addEventListener('abort', () => database.close());
    database.exec('CREATE TABLE users (user_id INTEGER PRIMARY KEY, name TEXT)');
    return database;
  },
  handleCall: {
    manage: ({ action, user_id: id = 0, name = '' }, database) => {
      switch (action) {
        case 'get':
          return reply(
            database.get('SELECT * FROM users WHERE user_id = ?', [id]) ?? err('user_not_found'),
            database,
          );
        case 'create': {
          const { lastInsertRowid } = database.run('INSERT INTO users (name) VALUES (?)', [name]);
          return reply({ user_id: Number(lastInsertRowid), name }, database);
        }
        case 'delete': {
          const { changes } = database.run('DELETE FROM users WHERE user_id = ?', [id]);
          return reply(changes === 0 ? err('user_not_found') : { status: 'deleted' }, database);
        }
        default:
          return reply(err('invalid_action'), database);
      }
    },
    broken: (_args, database) => reply(database.get('SELECT * FROM nothing'), database),
  },
};

test('000-metadata-schema: metadata.schema is seen by whoever looks, and a declared schema is enforced', async () => {
  const { world, a, b } = await threeNodes();
  const contract = procedure('myapp.user.get', {
    args: z.object({ user_id: z.string() }),
    result: z.object({ name: z.string() }),
  });
  const handle = await world.settle(a.advertise(contract, () => ({ name: 'Alice' })));
  await world.clock.until(() => handle.state() === 'published', 10_000);
  const [found] = await world.settle(b.discover('myapp.user.get'));
  expect(found?.metadata).toMatchObject({
    schema: { args: { properties: { user_id: { type: 'string' } } }, result: { required: ['name'] } },
  });
  expect(await world.failure(b.call('myapp.user.get', { user_id: 7 }))).toMatchObject({
    tag: 'invalid_args',
    field: 'args.user_id',
  });
});

test('000-example-users: users.manage gets, creates and deletes; a crash opens the database again', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('users.manage', server(worker('users', users))));
    const manage = (args: Args): Promise<unknown> => world.settle(caller.call('users.manage', args));
    expect(await manage({ action: 'create', name: 'Alice' })).toEqual({ user_id: 1, name: 'Alice' });
    expect(await manage({ action: 'get', user_id: 1 })).toEqual({ user_id: 1, name: 'Alice' });
    expect(await manage({ action: 'delete', user_id: 1 })).toEqual({ status: 'deleted' });
    const before = processOf(provider, 'users');
    before.runtime.exit(before, 'kill');
    await world.clock.until(() =>
      processesOf(provider).some(({ label, alive }) => label === 'users' && alive),
    );
    expect(processOf(provider, 'users')).not.toBe(before);
    expect(await manage({ action: 'create', name: 'Bob' })).toMatchObject({ name: 'Bob' });
  });
});

test('000-example-users-not-found: a missing user is a declared error', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('users.manage', server(worker('users', users))));
    const failures = ['get', 'delete', 'rename'].map((action) =>
      world.failure(caller.call('users.manage', { action, user_id: 99 })),
    );
    expect(await Promise.all(failures)).toEqual(
      ['user_not_found', 'user_not_found', 'invalid_action'].map((reason) => ({
        tag: 'handler_error',
        reason,
      })),
    );
  });
});

test('000-example-weather: two providers at two nodes, a caller at a third: one of them answers', async () => {
  const { world, a, b, c } = await threeNodes();
  for (const node of [a, b]) await published(world, node, 'weather.get');
  const seen = new Set<unknown>();
  for (let i = 0; i < 40; i++) seen.add(await world.settle(c.call('weather.get', { city: 'Brussels' })));
  expect(seen).toEqual(new Set([a.id, b.id]));
});

/** A web application in front of a client. */
function application(client: Client): Hono {
  const app = new Hono();
  app.get('/users/:id', async (context) => {
    const result = await client.tryCall('myapp.users', { action: 'get', user_id: context.req.param('id') });
    if (result.ok) return context.json(result.value as object);
    const { failure } = result.error;
    if (failure.tag === 'handler_error')
      return context.json({ error: failure.reason as string }, failure.reason === 'not_found' ? 404 : 422);
    return context.json({ error: failure.tag }, isNotFound(result.error) ? 503 : 500);
  });
  return app;
}

test('000-example-web-app: a web server holds the client, advertises at start, and its routes call', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(
      provider.advertise('myapp.users', ({ user_id: id }: { user_id: string }) => ({ id, name: 'Alice' })),
    );
    const response = await world.settle(Promise.resolve(application(caller).request('/users/u1')));
    expect([response.status, await response.json()]).toEqual([200, { id: 'u1', name: 'Alice' }]);
  });
});

test('000-example-web-app-wrapper: one client is shared; its calls run at the same time', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    let running = 0;
    let most = 0;
    await world.settle(
      provider.advertise('myapp.slow', async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => world.clock.setTimer(100, resolve));
        return --running;
      }),
    );
    const calls = Array.from({ length: 10 }, () => caller.call('myapp.slow'));
    await world.settle(Promise.all(calls));
    expect(most).toBe(10);
  });
});

test('000-example-web-app-services: several services are advertised from one client', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('myapp.users', () => 'users', { metadata: { version: '1.0.0' } }));
    await world.settle(provider.advertise('myapp.posts', () => 'posts', { metadata: { version: '1.0.0' } }));
    expect(await world.settle(caller.call('myapp.users'))).toBe('users');
    expect(await world.settle(caller.call('myapp.posts'))).toBe('posts');
  });
});

test('000-example-web-app-validation: a declared error holds the details of a validation', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const reason = { validation: { email: ['is taken', 'is too long'], age: [18] } };
    await world.settle(provider.advertise('myapp.users', () => err(reason)));
    expect(await world.failure(caller.call('myapp.users', { action: 'create' }))).toEqual({
      tag: 'handler_error',
      reason,
    });
  });
});

test('000-example-web-app-status: tags and reasons become statuses', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const statusOf = async (): Promise<number> =>
      (await world.settle(Promise.resolve(application(caller).request('/users/u1')))).status;
    expect(await statusOf()).toBe(503);
    const answers: [unknown, number][] = [
      [err('not_found'), 404],
      [err('locked'), 422],
    ];
    for (const [answer, status] of answers) {
      await world.settle(provider.advertise('myapp.users', () => answer));
      expect(await statusOf()).toBe(status);
    }
    await world.settle(
      provider.advertise('myapp.users', () => {
        throw new Error('a bug');
      }),
    );
    expect(await statusOf()).toBe(500);
  });
});

test('000-wamp-discovery: no central registry: any node may go, and services are still found', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, c, 'myapp.user.get');
  await world.settle(a.close());
  expect(await world.settle(b.call('myapp.user.get'))).toBe(c.id);
});

test('000-wamp-transport: QUIC in place of WebSocket', async () => {
  const world = meshWorld();
  const node = await world.node();
  expect(node.url).toMatch(/^https:\/\//);
  expect(GUIDE).toContain('| transport | WebSocket | QUIC |');
  await world.settle(node.close());
});

test('000-wamp-register: register becomes advertise', async () => {
  const { world, alice } = await openMesh();
  const handle = await world.settle(alice.advertise('myapp.user.get', () => ({})));
  expect(handle.procedure).toBe('myapp.user.get');
  expect(GUIDE).toContain('`client.advertise(procedure, handler)`');
});

test('000-wamp-call: session.call becomes client.call', async () => {
  const { world, alice, bob } = await openMesh();
  await world.settle(alice.advertise('myapp.user.get', ({ user_id: id }: { user_id: string }) => ({ id })));
  expect(await world.settle(bob.call('myapp.user.get', { user_id: '123' }))).toEqual({ id: '123' });
  expect(GUIDE).toContain('`client.call(procedure, args)`');
});

test('000-wamp-unregister: by the handle or by the name', async () => {
  const { world, alice, bob } = await openMesh();
  for (const end of ['handle', 'name'] as const) {
    const handle = await world.settle(alice.advertise('myapp.user.get', () => ({})));
    await world.settle(alice.unadvertise(end === 'handle' ? handle : 'myapp.user.get'));
    expect(isNotFound(await world.rejection(bob.call('myapp.user.get')))).toBe(true);
  }
});

test('000-wamp-args: one plain object in place of positions and keywords', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('myapp.user.get', (args: object) => args));
    expect(await world.settle(caller.call('myapp.user.get', { user_id: '123' }))).toEqual({ user_id: '123' });
    for (const wrong of [[{ user_id: '123' }], '123', 7])
      expect((await world.failure(caller.call('myapp.user.get', wrong as never))).tag).toBe('invalid_args');
  });
});

test('000-wamp-nat: a client only dials out: nothing is opened for it', async () => {
  const { world, alice, bob } = await openMesh();
  await world.settle(alice.advertise('myapp.user.get', () => 'behind NAT'));
  expect(await world.settle(bob.call('myapp.user.get'))).toBe('behind NAT');
  expect([contextOf(alice), contextOf(bob)].map(({ role }) => role)).toEqual(['client', 'client']);
});

test('000-wamp-step-dependencies: the guide names the package', () => {
  expect(GUIDE).toContain('`npm install espalier`');
});

test('000-wamp-step-registration: a handler of WAMP serves behind the adapter of the guide', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const wamp = (args: readonly string[], kwargs: { readonly full?: boolean }): object => ({
      id: args[0],
      ...kwargs,
    });
    const adapted = ({ args = [], kwargs = {} }: { args?: string[]; kwargs?: object }): object =>
      wamp(args, kwargs);
    await world.settle(provider.advertise('myapp.user.get', adapted));
    const answer = caller.call('myapp.user.get', { args: ['u1'], kwargs: { full: true } });
    expect(await world.settle(answer)).toEqual({ id: 'u1', full: true });
  });
  expect(GUIDE).toContain('const fromWamp = ');
});

test('000-wamp-step-calls: the guide shows a call before and after', () => {
  expect(GUIDE).toContain("`session.call('myapp.user.get', ['u1'], { full: true })`");
  expect(GUIDE).toContain("`client.call('myapp.user.get', { id: 'u1', full: true })`");
});

test('000-wamp-step-handlers: a handler takes one object and what is known of the call', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const counts: number[] = [];
    await world.settle(
      provider.advertise('myapp.user.get', (...given: readonly [args: object, context: HandlerContext]) => {
        counts.push(given.length);
        return Object.keys(given[0]);
      }),
    );
    expect(await world.settle(caller.call('myapp.user.get', { id: 'u1' }))).toEqual(['id']);
    expect(counts).toEqual([2]);
  });
});

test('000-wamp-step-errors: each error of WAMP has its tag in the guide', async () => {
  const { world, alice } = await openMesh();
  for (const [uri, tag] of [
    ['wamp.error.no_such_procedure', 'service_not_found'],
    ['wamp.error.invalid_argument', 'invalid_args'],
    ['wamp.error.not_authorized', 'unauthorized'],
    ['wamp.error.canceled', 'canceled'],
    ['wamp.error.timeout', 'timeout'],
    ['wamp.error.network_failure', 'connection_error'],
    ['your own URI', 'handler_error'],
  ] as const) {
    const line = GUIDE.split('\n').find((row) => row.startsWith('| ') && row.includes(uri));
    expect([uri, line?.includes(`\`${tag}\``)]).toEqual([uri, true]);
  }
  expect(isNotFound(await world.rejection(alice.call('nobody.there.yet')))).toBe(true);
});

test('000-wamp-check-dependencies: on the list', () => {
  expect(CHECKLIST).toContain('Dependencies replaced');
});

test('000-wamp-check-handlers: on the list', () => {
  expect(CHECKLIST).toContain('Handlers take one object and a context');
});

test('000-wamp-check-register: on the list', () => {
  expect(CHECKLIST).toContain('`register` is `advertise`');
});

test('000-wamp-check-call: on the list', () => {
  expect(CHECKLIST).toContain('`call` is `call` with an object');
});

test('000-wamp-check-unregister: on the list', () => {
  expect(CHECKLIST).toContain('`unregister` is `unadvertise`');
});

test('000-wamp-check-errors: on the list', () => {
  expect(CHECKLIST).toContain('Errors are judged by `failure.tag`');
});

test('000-wamp-check-readvertise: nothing to do: long after its TTL a service is found', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, 'myapp.user.get', { ttl: 60 });
  await world.clock.advance(600_000);
  expect(await world.settle(b.call('myapp.user.get'))).toBe(a.id);
  expect(CHECKLIST).toContain('renewal and replay are automatic');
});

test('000-wamp-check-degradation: with the DHT out of reach local and cached calls go on', async () => {
  const nodes = await threeNodes();
  const { world, a, b, c } = nodes;
  await published(world, a, 'myapp.user.get');
  await world.settle(c.advertise('myapp.local.get', () => 'local'));
  expect(await world.settle(c.call('myapp.user.get'))).toBe(a.id);
  isolate(nodes, c);
  expect(await world.settle(c.call('myapp.local.get'))).toBe('local');
  world.network.faults.healAll();
  world.network.faults.cut(hostOf(c), hostOf(b));
  expect(await world.settle(c.call('myapp.user.get'))).toBe(a.id);
  expect(CHECKLIST).toContain('`espalier/testing`');
});

test('000-wamp-check-monitoring: the list leads to the names of our events', () => {
  expect(CHECKLIST).toContain('[log events and counters](operations.md)');
  const operations = readFileSync('docs/operations.md', 'utf8');
  for (const event of ['actor.crash', 'uplink.lost', 'connection.refused'])
    expect(operations).toContain(`\`${event}\``);
});
