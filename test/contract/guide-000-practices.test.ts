/**
 * Guide 000, best practices and examples: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test, vi } from 'vitest';
import { err, type Client, type Handler } from '../../src/index.ts';
import { MESH_PORT, parseMeshUrl } from '../../src/mesh/url.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../src/node.ts';
import { createRuntime, ndjsonLogger, type Runtime } from '../../src/otp.ts';
import { closeAtEnd, contextOf, meshWorld, told, type MeshWorld } from '../mesh-world.ts';
import { forever, meanwhile, onBothPaths, openMesh, traffic } from './mesh.ts';

// the example is loaded as users have it, with the library of this test behind its import
vi.mock('espalier', () => import('../../src/index.ts'));

/** Not typed: it is JavaScript. */
const CALCULATOR: string = '../../examples/calculator.mjs';

interface Served {
  readonly handler: Handler;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const calculatorServed = async (): Promise<Served> => {
  const module = (await import(CALCULATOR)) as {
    readonly default: Readonly<Record<string, Served>>;
  };
  const [[name, served] = expect.fail('serves nothing'), ...rest] = Object.entries(module.default);
  expect([name, rest]).toEqual(['calculator.compute', []]);
  return served;
};

const calculator = async (): Promise<Handler> => (await calculatorServed()).handler;

/** Refused before anything is sent, in calls and advertisements; accepted by clients that take any name. */
async function refusedByDefault(name: string): Promise<void> {
  const strict = await openMesh();
  for (const client of [strict.alice, strict.node]) {
    const refused = { tag: 'invalid_args', field: 'procedure', detail: expect.any(String) as string };
    const call = await traffic(strict.world, () => client.tryCall(name));
    expect(call).toMatchObject({ sent: false, value: { ok: false, error: { failure: refused } } });
    const advertise = await traffic(strict.world, () =>
      client.advertise(name, () => 1).catch((error: unknown) => error),
    );
    expect(advertise).toMatchObject({ sent: false, value: { failure: refused } });
  }
  await onBothPaths(
    async ({ world, provider, caller }) => {
      await world.settle(provider.advertise(name, () => 'any'));
      expect(await world.settle(caller.call(name))).toBe('any');
    },
    { node: { names: 'any' }, clients: { names: 'any' } },
  );
}

// --- best practices -------------------------------------------------------------------------------------------

test('000-name-hierarchical: 2 to 10 dotted segments, at most 255 bytes; else invalid_args, unsent', async () => {
  const long = (bytes: number): string => `a.${'b'.repeat(bytes - 2)}`;
  const good = ['a.b', '0.9', 'a_1.b_2', 'a.b.c.d.e.f.g.h.i.j', long(255)];
  const bad = ['a', 'a.b.c.d.e.f.g.h.i.j.k', long(256), 'a..b', '.a.b', 'a.b.', '_a.b', 'a._b', 'A.b', 'a.é'];
  await onBothPaths(async ({ world, provider, caller }) => {
    for (const name of good) {
      await world.settle(provider.advertise(name, () => name));
      expect(await world.settle(caller.call(name))).toBe(name);
    }
    for (const name of [...bad, '', 'a.b\n', 'a b.c']) {
      const { value, sent } = await traffic(world, () => caller.tryCall(name));
      expect([told(value), sent], name).toEqual(['invalid_args', false]);
      expect((await world.failure(provider.advertise(name, () => 1))).tag, name).toBe('invalid_args');
    }
  });
});

test('000-name-good: myapp.user.get, energy.home.measure and payment.invoice.create are accepted', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    for (const name of ['myapp.user.get', 'energy.home.measure', 'payment.invoice.create']) {
      await world.settle(provider.advertise(name, (_args, { procedure }) => procedure));
      expect(await world.settle(caller.call(name))).toBe(name);
    }
  });
});

test("000-name-avoid-no-namespace: get_user is refused by default, accepted with names: 'any'", async () => {
  await refusedByDefault('get_user');
});

test("000-name-avoid-generic: user is refused by default, accepted with names: 'any'", async () => {
  await refusedByDefault('user');
});

test("000-name-avoid-dash: user-get is refused by default, accepted with names: 'any'", async () => {
  await refusedByDefault('user-get');
});

const users = new Map([['user-123', { user_id: 'user-123', name: 'Alice' }]]);

test('000-handler-simple: a missing row is a declared error', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const find = async (id: string): Promise<object | undefined> => users.get(id);
    await world.settle(
      provider.advertise('myapp.user.get', async ({ user_id }: { user_id: string }) => {
        const user = await find(user_id);
        return user ?? err('not_found');
      }),
    );
    expect(await world.settle(caller.call('myapp.user.get', { user_id: 'user-123' }))).toEqual(
      users.get('user-123'),
    );
    expect(await world.failure(caller.call('myapp.user.get', { user_id: 'user-0' }))).toEqual({
      tag: 'handler_error',
      reason: 'not_found',
    });
  });
});

interface Action {
  readonly action: string;
  readonly user_id?: string;
  readonly name?: string;
  readonly email?: string;
}

const getOne = ({ user_id = '' }: Action): unknown => users.get(user_id) ?? err('not_found');
const createOne = ({ name, email }: Action): unknown => ({ name, email, created: true });

/** The guide's dispatcher: one small function for each action. */
function dispatch(args: Action): unknown {
  switch (args.action) {
    case 'get':
      return getOne(args);
    case 'create':
      return createOne(args);
    default:
      return err('invalid_action');
  }
}

test('000-handler-dispatch: a switch on the action, or a procedure for each with limits of its own', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const ada = { name: 'Ada', email: 'ada@example.org' };
    await world.settle(provider.advertise('users.manage', dispatch));
    await world.settle(provider.advertise('users.get', getOne));
    await world.settle(provider.advertise('users.create', createOne, { limits: { maxConcurrent: 1 } }));
    for (const [name, args, value] of [
      ['get', { user_id: 'user-123' }, users.get('user-123')],
      ['create', ada, { ...ada, created: true }],
    ] as const) {
      expect(await world.settle(caller.call('users.manage', { action: name, ...args }))).toEqual(value);
      expect(await world.settle(caller.call(`users.${name}`, args))).toEqual(value);
    }
    // one procedure that is full leaves the other alone
    await world.settle(
      provider.advertise('users.create', forever, { limits: { maxConcurrent: 1, maxQueue: 0 } }),
    );
    const stuck = caller.tryCall('users.create', ada);
    expect((await world.failure(caller.call('users.create', ada))).tag).toBe('overloaded');
    expect(await world.settle(caller.call('users.get', { user_id: 'user-123' }))).toEqual(
      users.get('user-123'),
    );
    expect(told(await world.settle(stuck))).toBe('timeout');
  });
});

test("000-handler-invalid-action: an unknown action is handler_error 'invalid_action'", async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('users.manage', dispatch));
    for (const args of [{ action: 'explode' }, {}]) {
      expect(await world.failure(caller.call('users.manage', args))).toEqual({
        tag: 'handler_error',
        reason: 'invalid_action',
      });
    }
  });
});

test('000-handler-errors: a value or err(reason), never one for the other', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    // what looks like a failure in another language is a value here
    const values = [null, false, { error: 'not_found' }, ['error', 'not_found'], 'error'];
    await world.settle(provider.advertise('m.value', ({ at }: { at: number }) => values[at]));
    await world.settle(provider.advertise('m.error', ({ at }: { at: number }) => err(values[at])));
    for (const [at, value] of values.entries()) {
      expect(await world.settle(caller.tryCall('m.value', { at }))).toMatchObject({ ok: true, value });
      expect(await world.failure(caller.call('m.error', { at }))).toEqual({
        tag: 'handler_error',
        reason: value,
      });
    }
  });
});

test('000-handler-try-catch: a throw is handler_crash, siblings and node live on', async () => {
  await onBothPaths(async ({ world, provider, caller, node }) => {
    await world.settle(
      provider.advertise('m.work', async ({ bad }: { bad: boolean }) => {
        if (bad) throw new Error('badmatch');
        await new Promise<void>((resolve) => {
          world.clock.setTimer(500, resolve);
        });
        return 'worked';
      }),
    );
    const calls = Array.from({ length: 30 }, (_, n) => caller.tryCall('m.work', { bad: n % 3 === 0 }));
    const results = (await world.settle(Promise.all(calls))).map(told);
    expect(results).toEqual(results.map((_, n) => (n % 3 === 0 ? 'handler_crash' : 'worked')));
    expect(await world.settle(caller.call('m.work', { bad: false }))).toBe('worked');
    const closing = await world.settle(Promise.race([node.ended, Promise.resolve('alive')]));
    expect(closing).toBe('alive');
  });
});

/** Levels as pino writes them. */
const [DEBUG, INFO] = [20, 30];

/** One line of a log. */
type Line = Readonly<Record<string, unknown>>;

/** A node and a client, each with a log of everything from `debug` up. */
async function logging(): Promise<{
  readonly world: MeshWorld;
  readonly node: Node;
  readonly client: RemoteClient;
  /** The lines of one event in the log of one of them. */
  readonly linesOf: (of: 'node' | 'client', event: string) => readonly Line[];
  readonly text: () => string;
}> {
  const world = meshWorld();
  const logs: Readonly<Record<'node' | 'client', string[]>> = { node: [], client: [] };
  const runtime = (of: 'node' | 'client'): Runtime =>
    createRuntime({
      clock: world.clock,
      random: world.random.fork(of),
      logger: ndjsonLogger(world.clock, 'debug', (line) => logs[of].push(line)),
    });
  const node = await world.node({ runtime: runtime('node') });
  const client = await world.client(node, { runtime: runtime('client') });
  closeAtEnd(world, client, node);
  const linesOf = (of: 'node' | 'client', event: string): readonly Line[] =>
    logs[of].map((line) => JSON.parse(line) as Line).filter((line) => line['event'] === event);
  return { world, node, client, linesOf, text: () => [...logs.node, ...logs.client].join('\n') };
}

test('000-log-advertised: service.advertised at info, with metadata, by whoever serves and by its node', async () => {
  const { world, node, client, linesOf } = await logging();
  const metadata = { version: '1.0.0', capabilities: ['read'] };
  await node.advertise('myapp.user.get', () => 1, { metadata });
  expect(linesOf('node', 'service.advertised')).toEqual([
    expect.objectContaining({ level: INFO, procedure: 'myapp.user.get', provider: 'here', metadata }),
  ]);
  await world.settle(client.advertise('energy.home.measure', () => 1, { metadata }));
  expect(linesOf('client', 'service.advertised')).toEqual([
    expect.objectContaining({ procedure: 'energy.home.measure', provider: 'here', metadata }),
  ]);
  expect(linesOf('node', 'service.advertised').slice(1)).toEqual([
    expect.objectContaining({ level: INFO, procedure: 'energy.home.measure', provider: client.id }),
  ]);
  // who listens hears it too
  const heard: unknown[] = [];
  node.events.addEventListener('service.advertised', ({ detail }) => heard.push(detail));
  await node.advertise('payment.invoice.create', () => 1);
  expect(heard).toEqual([expect.objectContaining({ procedure: 'payment.invoice.create', provider: 'here' })]);
  // what was refused is not advertised
  await world.settle(node.advertise('not-a-name', () => 1).catch(() => undefined));
  expect(linesOf('node', 'service.advertised').length).toBe(3);
});

test('000-log-call: rpc.call at debug, its arguments as type and size only', async () => {
  const { world, node, client, linesOf, text } = await logging();
  await node.advertise('myapp.user.get', () => 'a result');
  await world.settle(client.call('myapp.user.get', { password: 'hunter2', user_id: 'user-123' }));
  await world.settle(client.call('myapp.user.get', { password: 'hunter2'.repeat(100) }));
  const [short, long] = linesOf('client', 'rpc.call');
  expect(short).toMatchObject({ level: DEBUG, procedure: 'myapp.user.get', args: 'object' });
  expect(short?.['size']).toBeGreaterThan(10);
  expect(long?.['size']).toBeGreaterThan(700);
  expect(linesOf('client', 'rpc.call').length).toBe(2);
  expect(text()).not.toMatch(/hunter2|password|user-123|a result/);
});

test('000-log-completed: rpc.completed with route, outcome and ms, the first 100 of each second', async () => {
  const { world, node, client, linesOf } = await logging();
  await node.advertise('slow.operation', async ({ ms }: { ms: number }) => {
    await new Promise<void>((resolve) => {
      world.clock.setTimer(ms, resolve);
    });
  });
  await node.advertise('m.fail', () => err('why'));
  await world.settle(client.call('slow.operation', { ms: 250 }));
  await world.settle(client.tryCall('m.fail'));
  await world.settle(client.tryCall('no.body'));
  await world.settle(client.tryCall('slow.operation', { ms: 9_000 }, { timeout: 700 }));
  const lines = linesOf('client', 'rpc.completed');
  expect(lines.map(({ level, procedure, route, outcome }) => [level, procedure, route, outcome])).toEqual([
    [INFO, 'slow.operation', 'direct', 'ok'],
    [INFO, 'm.fail', 'direct', 'handler_error'],
    [INFO, 'no.body', 'direct', 'service_not_found'],
    [INFO, 'slow.operation', 'direct', 'timeout'],
  ]);
  expect(lines[0]?.['ms']).toBeGreaterThanOrEqual(250);
  expect(lines[0]?.['ms']).toBeLessThan(300);
  expect(lines[3]?.['ms']).toBe(700);
  await world.clock.advance(2_000);
  const before = linesOf('node', 'rpc.completed').length;
  for (let n = 0; n < 250; n++) await node.tryCall('m.fail');
  expect(linesOf('node', 'rpc.completed').length - before).toBe(100);
  await world.clock.advance(1_000);
  await node.tryCall('m.fail');
  expect(linesOf('node', 'rpc.completed').at(-1)).toMatchObject({
    procedure: 'm.fail',
    route: 'local',
    outcome: 'handler_error',
    skipped: 150,
  });
});

// --- examples -------------------------------------------------------------------------------------------------

/** The calculator of `examples/`, advertised; asked by another client. */
async function onCalculator(
  check: (compute: (args: object) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const handler = await calculator();
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('calculator.compute', handler));
    await check(async (args) => {
      const result = await world.settle(caller.tryCall('calculator.compute', { ...args }));
      return result.ok ? result.value : result.error.failure;
    });
  });
}

test('000-example-calculator: add, subtract, multiply and divide under calculator.compute', async () => {
  await onCalculator(async (compute) => {
    const results = { add: 15, subtract: 5, multiply: 50, divide: 2 };
    for (const [operation, result] of Object.entries(results)) {
      expect(await compute({ operation, a: 10, b: 5 })).toEqual({ result });
    }
  });
});

test('000-example-calculator-add: 10 and 5 give { result: 15 }', async () => {
  await onCalculator(async (compute) => {
    expect(await compute({ operation: 'add', a: 10, b: 5 })).toEqual({ result: 15 });
  });
});

test('000-example-calculator-divide-zero: division by zero is a declared error', async () => {
  await onCalculator(async (compute) => {
    expect(await compute({ operation: 'divide', a: 10, b: 0 })).toEqual({
      tag: 'handler_error',
      reason: 'division_by_zero',
    });
  });
});

test('000-example-calculator-invalid: an unknown operation is a declared error', async () => {
  await onCalculator(async (compute) => {
    for (const args of [{ operation: 'power', a: 10, b: 5 }, { operation: 'constructor', a: 1, b: 1 }, {}]) {
      expect(await compute(args)).toEqual({ tag: 'handler_error', reason: 'invalid_operation' });
    }
    for (const args of [{ a: 10 }, { a: 10, b: '5' }, { a: 10, b: Number.NaN }]) {
      expect(await compute({ operation: 'add', ...args })).toEqual({
        tag: 'handler_error',
        reason: 'invalid_operands',
      });
    }
  });
});

test('000-example-calculator-metadata: version 1.0.0, which discover shows', async () => {
  const { world, node, alice, bob } = await openMesh();
  const { handler, metadata } = await calculatorServed();
  await world.settle(alice.advertise('calculator.compute', handler, { metadata }));
  for (const client of [bob, node]) {
    const found = await world.settle(client.discover('calculator.compute'));
    expect(found.map((each) => [each.nodeId, each.metadata])).toEqual([[alice.id, { version: '1.0.0' }]]);
  }
});

/** Options of whoever lives on this machine of the simulated network. */
const on = (world: MeshWorld, host: string): Parameters<typeof startNode>[0] & object => ({
  runtime: world.runtime(),
  transport: world.network.transport(host),
});

test('000-example-connect-localhost: https://localhost:9443 without options, in the realm default', async () => {
  const world = meshWorld();
  const node = await world.settle(startNode(on(world, '198.18.60.1')));
  const options = on(world, '198.18.60.1');
  const dialing = connect('https://localhost:9443', options);
  // the name is looked up by the machine, whose time is not ours to move
  await meanwhile(() => (options.runtime?.alive ?? 0) > 0);
  const client = await world.settle(dialing);
  closeAtEnd(world, client, node);
  expect([node, client].map((one) => contextOf(one).settings.realm)).toEqual(['default', 'default']);
  await world.settle(client.advertise('calculator.compute', await calculator()));
  expect(
    await world.settle(client.call('calculator.compute', { operation: 'add', a: 10, b: 5 })),
  ).toMatchObject({ result: 15 });
  expect(
    await world.settle(node.call('calculator.compute', { operation: 'add', a: 10, b: 5 })),
  ).toMatchObject({ result: 15 });
});

test('000-default-port: 9443 to listen on, and where a URL has none', async () => {
  expect(MESH_PORT).toBe(9_443);
  const world = meshWorld();
  const local = await world.settle(startNode(on(world, '198.18.61.1')));
  expect(local.url).toBe('https://127.0.0.1:9443');
  const node = await world.node({ host: '198.18.62.1' });
  expect(node.url).toBe('https://198.18.62.1:9443');
  const clients: Client[] = [];
  for (const url of ['https://198.18.62.1', '198.18.62.1', 'quic://198.18.62.1']) {
    clients.push(await world.client(url));
  }
  closeAtEnd(world, ...clients, local, node);
  await node.advertise('m.who', () => 'node');
  for (const client of clients) expect(await world.settle(client.call('m.who'))).toBe('node');
  expect(parseMeshUrl('https://[2001:db8::1]')).toMatchObject({ ok: true, at: { port: 9_443 } });
});

test('000-example-remote-no-realm: off loopback a missing realm is invalid_args that names it', async () => {
  const world = meshWorld();
  for (const host of ['node1', 'node2', 'node3', '198.18.63.1']) {
    const dialed = await traffic(world, () =>
      connect(`https://${host}:9443`, { ...on(world, '198.18.63.2') }).catch((error: unknown) => error),
    );
    expect(dialed).toMatchObject({
      sent: false,
      value: { failure: { tag: 'invalid_args', field: 'realm' } },
    });
  }
  const listening = startNode({ ...on(world, '198.18.63.1'), listen: '198.18.63.1:9443' });
  expect(await world.failure(listening)).toMatchObject({ tag: 'invalid_args', field: 'realm' });
  const node = await world.node({ host: '198.18.63.1', realm: 'com.myapp' });
  closeAtEnd(world, await world.client(node, { realm: 'com.myapp' }), node);
});

test("000-several-providers: the node's own handler and one per client; each is chosen at times", async () => {
  const { world, node, alice, bob } = await openMesh();
  await node.advertise('weather.get', () => 'node');
  for (const [name, client] of [['alice', alice] as const, ['bob', bob] as const]) {
    await world.settle(client.advertise('weather.get', () => name));
    // again is no second one
    await world.settle(client.advertise('weather.get', () => name));
  }
  expect(contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size).toBe(3);
  const reader = await world.client(node);
  closeAtEnd(world, reader);
  const answers = new Map<unknown, number>();
  for (let n = 0; n < 90; n++) {
    const answer = await world.settle(reader.call('weather.get', { city: 'Brussels' }));
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
  expect(new Set(answers.keys())).toEqual(new Set(['alice', 'bob', 'node']));
  // the node's own is nearer than its clients
  for (const count of answers.values()) expect(count).toBeGreaterThan(5);
});

test('000-option-realm: default on loopback only; a mismatch is unauthorized, and is not dialed again', async () => {
  const world = meshWorld();
  const local = await world.settle(startNode(on(world, '198.18.64.1')));
  const near = await world.settle(connect('https://127.0.0.1:9443', on(world, '198.18.64.1')));
  expect(contextOf(near).settings.realm).toBe('default');
  const node = await world.node({ realm: 'com.myapp' });
  closeAtEnd(world, near, local, node);
  for (const realm of ['com.other', 'com.myapp.users']) {
    const start = world.clock.now();
    const failure = await world.failure(world.client(node, { realm }));
    expect(failure).toMatchObject({ tag: 'unauthorized' });
    expect(world.clock.now() - start).toBeLessThan(100);
  }
  const { connectionsClosed } = contextOf(node).counters;
  await world.clock.advance(60_000);
  expect(contextOf(node).counters).toMatchObject({ connectionsClosed, connectionsOpened: 0 });
  const client = await world.client(node, { realm: 'com.myapp' });
  closeAtEnd(world, client);
  await node.advertise('myapp.users', () => 'in');
  expect(await world.settle(client.call('myapp.users'))).toBe('in');
  expect((await world.failure(world.client(node, { realm: 'default' }))).tag).toBe('invalid_args');
});
