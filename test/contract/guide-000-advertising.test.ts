/**
 * Guide 000, advertising: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, expectTypeOf, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { connectLocal, err, type Err, type Handler, type HandlerContext } from '../../src/index.ts';
import { contextOf, gate, processOf, runtimeOf } from '../mesh-world.ts';
import { forever, invocationsOf, onBothPaths, openMesh, pathOf, traffic } from './mesh.ts';

/** The handler of the guide: a user, or a failure that it declares. */
const getUser = ({ user_id }: { user_id?: string }): object =>
  user_id === undefined ? err('invalid_args') : { user_id, name: 'Alice' };

test('000-advertise-example: a handler for myapp.user.get', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('myapp.user.get', getUser));
    expect(await world.settle(caller.call('myapp.user.get', { user_id: 'user-123' }))).toEqual({
      user_id: 'user-123',
      name: 'Alice',
    });
  });
});

test('000-advertise-example-elixir: the same line, with an async handler', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(
      provider.advertise('myapp.user.get', async (args: { user_id?: string }) => getUser(args)),
    );
    expect(await world.settle(caller.call('myapp.user.get', { user_id: 'user-123' }))).toEqual({
      user_id: 'user-123',
      name: 'Alice',
    });
  });
});

test('000-advertise-example-mismatch: handler_error with the reason, not the tag invalid_args', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('myapp.user.get', getUser));
    expect(await world.failure(caller.call('myapp.user.get', { name: 'Alice' }))).toEqual({
      tag: 'handler_error',
      reason: 'invalid_args',
    });
    const refused = await traffic(world, () => caller.tryCall('myapp.user.get', ['user-123'] as never));
    expect(refused).toMatchObject({
      sent: false,
      value: { ok: false, error: { failure: { tag: 'invalid_args', field: 'args' } } },
    });
  });
});

test('000-advertise-reference: returns a handle; one that was replaced does nothing', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const first = await world.settle(provider.advertise('myapp.user.get', () => 'first'));
    expect(first).toMatchObject({ id: expect.any(String) as string, procedure: 'myapp.user.get' });
    const second = await world.settle(provider.advertise('myapp.user.get', () => 'second'));
    expect(second.id).not.toBe(first.id);
    await world.settle(first.unadvertise());
    await world.settle(provider.unadvertise(first));
    expect(await world.settle(caller.call('myapp.user.get'))).toBe('second');
    await world.settle(second.unadvertise());
    expect((await world.failure(caller.call('myapp.user.get'))).tag).toBe('service_not_found');
  });
});

test('000-advertise-again: the same client replaces, another client is one more provider', async () => {
  await onBothPaths(async ({ world, provider, caller, node, bob, remote }) => {
    const held = gate<string>();
    const old = await world.settle(
      provider.advertise('weather.get', () => held.promise, { metadata: { version: '1.0.0' }, ttl: 60 }),
    );
    const running = caller.call('weather.get');
    await world.clock.advance(10);
    const fresh = await world.settle(
      provider.advertise('weather.get', () => 'new', { metadata: { version: '2.0.0' }, ttl: 3_600 }),
    );
    expect(fresh.id).not.toBe(old.id);
    expect([...contextOf(provider).advertised.values()]).toEqual([
      expect.objectContaining({ id: fresh.id, metadata: { version: '2.0.0' }, ttl: 3_600 }),
    ]);
    expect(await world.settle(caller.call('weather.get'))).toBe('new');
    held.open('old');
    expect(await world.settle(running)).toBe('old');
    const other = remote ? bob : connectLocal(node);
    await world.settle(other.advertise('weather.get', () => 'other'));
    const answers = new Set<unknown>();
    for (let n = 0; n < 40; n++) answers.add(await world.settle(node.call('weather.get')));
    expect(answers).toEqual(new Set(['new', 'other']));
  });
});

test('000-handler-input: a plain frozen object, {} when omitted, and the context', async () => {
  await onBothPaths(async ({ world, provider, caller, remote }) => {
    const seen: { readonly args: object; readonly context: HandlerContext }[] = [];
    await world.settle(
      provider.advertise('m.look', (args: object, context) => {
        seen.push({ args, context });
        return [context.deadline, context.timeLeft];
      }),
    );
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
    };
    const start = world.clock.wall();
    const [deadline, timeLeft] = await world.settle(
      caller.call<number[]>('m.look', undefined, { timeout: 2_000, trace }),
    );
    const { args, context } = seen[0] ?? expect.fail('not called');
    expect(args).toEqual({});
    expect([Object.getPrototypeOf(args), Object.isFrozen(args)]).toEqual([Object.prototype, true]);
    expect(Math.abs((deadline ?? 0) - start - 2_000)).toBeLessThanOrEqual(10);
    expect(Math.abs((timeLeft ?? 0) - 2_000)).toBeLessThanOrEqual(10);
    expect(context.caller).toEqual({ nodeId: caller.id, local: !remote });
    expect(context.procedure).toBe('m.look');
    expect(context.trace).toEqual(trace);
    expect(pathOf(context.self as Process).slice(1, 3)).toEqual(['handlers', 'm.look']);
    expect(context.signal).toBe(context.self.signal);
    await world.settle(caller.call('m.look', { nested: { list: [1] } }));
    const second = seen[1] ?? expect.fail('not called again');
    expect(second.args).toEqual({ nested: { list: [1] } });
    expect(Object.isFrozen((second.args as { nested: object }).nested)).toBe(true);
  });
});

test('000-handler-output-ok: a value, or a Promise of it', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('m.value', () => ({ result: 15 })));
    await world.settle(provider.advertise('m.promise', () => Promise.resolve({ result: 15 })));
    await world.settle(provider.advertise('m.nothing', () => undefined));
    expect(await world.settle(caller.call('m.value'))).toEqual({ result: 15 });
    expect(await world.settle(caller.call('m.promise'))).toEqual({ result: 15 });
    expect(await world.settle(caller.call('m.nothing'))).toBe(null);
  });
});

test('000-handler-output-error: err(reason) is handler_error', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise('m.now', () => err('invalid_action')));
    await world.settle(provider.advertise('m.later', async () => err({ validation: ['email'] })));
    expect(await world.failure(caller.call('m.now'))).toEqual({
      tag: 'handler_error',
      reason: 'invalid_action',
    });
    expect(await world.failure(caller.call('m.later'))).toEqual({
      tag: 'handler_error',
      reason: { validation: ['email'] },
    });
  });
});

test('000-handler-spawned: a child actor each; 64 run, 256 wait, the rest is overloaded', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const pids = new Set<unknown>();
    const held: ((value: string) => void)[] = [];
    await world.settle(
      provider.advertise('slow.operation', (_args, { self }) => {
        pids.add(self.pid);
        return new Promise<string>((resolve) => held.push(resolve));
      }),
    );
    const calls = Array.from({ length: 321 }, () =>
      caller.tryCall('slow.operation', {}, { timeout: 60_000 }),
    );
    await world.clock.advance(50);
    expect(invocationsOf(provider).length).toBe(64);
    expect(pids.size).toBe(64);
    while (held.length < 320) {
      for (const open of held) open('done');
      await world.clock.advance(5);
    }
    for (const open of held) open('done');
    const results = await world.settle(Promise.all(calls));
    expect(results.filter((result) => result.ok).length).toBe(320);
    const refused = results.find((result) => !result.ok);
    expect(refused?.error.failure).toEqual({ tag: 'overloaded', bound: 'procedure' });
    expect(pids.size).toBe(320);
  });
});

test('000-handler-crash-caught: handler_crash with kind and log id; a remote caller gets no stack', async () => {
  await onBothPaths(async ({ world, provider, caller, remote }) => {
    await world.settle(
      provider.advertise('m.crash', () => {
        throw new Error('password hunter2');
      }),
    );
    await world.settle(provider.advertise('m.killed', forever));
    const { error } = (await world.settle(caller.tryCall('m.crash'))) as {
      error: Error & { failure: object };
    };
    const report = world.reports.find((entry) => entry.tag === 'crash');
    expect(error.failure).toEqual({
      tag: 'handler_crash',
      id: report?.tag === 'crash' ? report.id : expect.fail('no report'),
      reason: 'error',
    });
    if (remote) {
      expect(error.cause).toBe(undefined);
      expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/hunter2|\.ts/);
    } else expect((error.cause as Error).message).toBe('password hunter2');
    const call = caller.call('m.killed');
    await world.clock.advance(10);
    const [running] = invocationsOf(provider);
    runtimeOf(provider).exit(running ?? expect.fail('none runs'), 'kill');
    expect(await world.failure(call)).toMatchObject({ tag: 'handler_crash', reason: 'killed' });
  });
});

test('000-handler-type: args and context in; a value, a Promise or an Err out', async () => {
  expectTypeOf<(args: { a: number }, context: HandlerContext) => number>().toExtend<Handler>();
  expectTypeOf<() => Promise<{ result: number }>>().toExtend<Handler>();
  expectTypeOf<() => Err | { result: number }>().toExtend<Handler>();
  expectTypeOf<Parameters<Handler>[1]>().toEqualTypeOf<HandlerContext>();
  await onBothPaths(async ({ world, provider, caller }) => {
    const handlers: Readonly<Record<string, Handler>> = {
      'type.value': ({ a }: { a: number }) => a,
      'type.promise': async ({ a }: { a: number }, { procedure }) => `${procedure} ${a}`,
      'type.err': () => err('declared'),
    };
    for (const [name, handler] of Object.entries(handlers)) {
      await world.settle(provider.advertise(name, handler));
    }
    expect(await world.settle(caller.call('type.value', { a: 1 }))).toBe(1);
    expect(await world.settle(caller.call('type.promise', { a: 1 }))).toBe('type.promise 1');
    expect((await world.failure(caller.call('type.err'))).tag).toBe('handler_error');
    expect(await world.failure(provider.advertise('type.none', 'no function' as never))).toMatchObject({
      tag: 'invalid_args',
      field: 'handler',
    });
  });
});

test('000-unadvertise-example: by name, also when nothing was advertised', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    expect(await world.settle(provider.unadvertise('myapp.user.get'))).toBe(undefined);
    await world.settle(provider.advertise('myapp.user.get', getUser));
    expect(await world.settle(provider.unadvertise('myapp.user.get'))).toBe(undefined);
    expect((await world.failure(caller.call('myapp.user.get', { user_id: 'user-123' }))).tag).toBe(
      'service_not_found',
    );
  });
});

test('000-unadvertise-local: removed at once; running invocations finish', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const held = gate<string>();
    await world.settle(provider.advertise('myapp.user.get', () => held.promise));
    const running = caller.call('myapp.user.get');
    await world.clock.advance(10);
    await world.settle(provider.unadvertise('myapp.user.get'));
    expect((await world.failure(provider.call('myapp.user.get'))).tag).toBe('service_not_found');
    expect((await world.failure(caller.call('myapp.user.get'))).tag).toBe('service_not_found');
    held.open('finished');
    expect(await world.settle(running)).toBe('finished');
    await world.clock.advance(10);
    expect(() => processOf(provider, 'myapp.user.get')).toThrow('no process');
  });
});

// --- discovery and cache management ---------------------------------------------------------------------------

test('000-discovery-local-found: in a child actor of the node, not in the process that calls', async () => {
  const { world, node } = await openMesh();
  const local = connectLocal(node);
  const pids: unknown[] = [];
  await node.advertise('m.outer', async (_args, { self }) => {
    pids.push(self.pid);
    return local.call('m.inner');
  });
  await node.advertise('m.inner', (_args, { self }) => {
    pids.push(self.pid);
    return pathOf(self as Process).slice(0, 3);
  });
  const { value, sent } = await traffic(world, () => local.call('m.outer'));
  expect([value, sent]).toEqual([['node', 'handlers', 'm.inner'], false]);
  expect(new Set(pids).size).toBe(2);
});
