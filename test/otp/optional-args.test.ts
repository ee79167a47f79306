/** A server whose `init` takes nothing is started without saying so; the types say the same. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import {
  noReply,
  NameScope,
  Registry,
  reply,
  startServer,
  startServerLink,
  startServerMonitor,
  startSupervisor,
  worker,
  type ChildOptions,
  type ChildSpec,
  type GenServer,
  type NameTable,
  ServerRef,
  type StartOptions,
} from '../../src/otp.ts';
import { reasonOf, spawn, world } from '../actor/world.ts';

interface Calls {
  get(): number;
}
const counter: GenServer<undefined, number, Calls> = {
  init: () => 3,
  handleCall: { get: (_none, n) => reply(n, n) },
};
const needs: GenServer<number, number, Calls> = {
  init: (start) => start,
  handleCall: { get: (_none, n) => reply(n, n) },
};

describe('args', () => {
  test('may be left out where init takes none', async () => {
    const { runtime } = world();
    const ref = await startServer(runtime, counter);
    expectTypeOf(ref).toEqualTypeOf<ServerRef<Calls, object>>();
    expect(await ref.call('get')).toBe(3);
    const parent = spawn(runtime);
    expect(startServerLink(parent, counter)).toMatchObject({ tag: 'ok' });
    expect(startServerMonitor(parent, counter)).toMatchObject({ tag: 'ok' });
    const spec = worker('counter', counter);
    expectTypeOf(spec).toEqualTypeOf<ChildSpec>();
    const top = await startSupervisor(runtime, { children: [spec] });
    expect(await top.countChildren()).toMatchObject({ active: 1 });
  });

  test('init then gets undefined', async () => {
    const seen: unknown[] = [];
    const server = { init: (args: undefined) => void seen.push(args) };
    await startServer(world().runtime, server);
    expect(seen).toEqual([undefined]);
  });

  test('must be said where init takes some', () => {
    const { runtime } = world();
    // @ts-expect-error the first number is missing
    const server = (): unknown => startServer(runtime, needs);
    // @ts-expect-error the first number is missing
    const child = (): unknown => worker('x', needs);
    // @ts-expect-error the first number is missing
    const link = (): unknown => startServerLink(spawn(runtime), needs);
    // @ts-expect-error a text is no number
    const wrong = (): unknown => worker('x', needs, 'one');
    expect([server, child, link, wrong]).toHaveLength(4);
  });

  test('are inferred as before, also for a definition that is written in place', async () => {
    const { runtime } = world();
    const ref = await startServer(
      runtime,
      {
        init: (start: number) => ({ total: start }),
        handleCall: { total: (_none: undefined, state: { total: number }) => reply(state.total, state) },
        handleCast: { reset: (_none: undefined, _state: { total: number }) => noReply({ total: 0 }) },
      },
      10,
    );
    expectTypeOf(await ref.call('total')).toEqualTypeOf<number>();
    expect(await ref.call('total')).toBe(10);
    const inline = await startServer(runtime, {
      init: () => 1,
      handleCall: { get: (_none: undefined, n: number) => reply(n, n) },
    });
    expectTypeOf(await inline.call('get')).toEqualTypeOf<number>();
    expect(await inline.call('get')).toBe(1);
  });
});

describe('a scope', () => {
  test('is any table of names: of texts, of a union, of other keys', () => {
    const tables = (
      texts: NameTable,
      rooms: NameTable<'lobby' | 'cellar'>,
      numbers: NameTable<number>,
      registry: Registry<string>,
      maybe: Registry<string, number | undefined>,
    ): readonly [StartOptions[], ChildOptions[]] => [
      [texts, rooms, numbers, registry, maybe].map((scope) => ({ scope, name: 'lobby' })),
      [texts, rooms, numbers, registry, maybe].map((scope) => ({ scope, name: 'lobby' })),
    ];
    const scope = new NameScope();
    const registry = new Registry<string>({ keys: 'unique' });
    expect(tables(scope, scope, scope as never, registry, registry as never)[0]).toHaveLength(5);
  });

  test('is a registry with values by its withValue: each name gets that value, and is gone with its process', async () => {
    const { runtime, clock } = world();
    const rooms = new Registry<string, number>({ keys: 'unique' });
    // @ts-expect-error the name needs a value
    const wrong = (): unknown => startServer(runtime, counter, undefined, { name: 'x', scope: rooms });
    expect(wrong).toBeTypeOf('function');
    const scope = rooms.withValue(4);
    expectTypeOf(scope).toEqualTypeOf<NameTable<string>>();
    await startSupervisor(runtime, { children: [worker('lobby', counter, undefined, { scope })] });
    const pid = rooms.whereis('lobby') as Process;
    expect(rooms.lookup('lobby')).toEqual([{ pid, value: 4 }]);
    const taken = startServer(runtime, counter, undefined, { name: 'lobby', scope: rooms.withValue(5) });
    expect(await reasonOf(taken)).toEqual({ already_started: pid });
    runtime.exit(pid, 'kill');
    expect(rooms.count()).toBe(0);
    await clock.settle();
    expect(rooms.lookup('lobby')).toMatchObject([{ pid: { alive: true }, value: 4 }]);
    expect(rooms.whereis('lobby')).not.toBe(pid);
    expect(await new ServerRef<Calls>(runtime, rooms.via('lobby')).call('get')).toBe(3);
  });
});
