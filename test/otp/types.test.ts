/**
 * What TypeScript makes of the API: this file is compiled with everything else, so a type that is wrong is a
 * compile error; the tests only show that the same code runs.
 */
import { expect, expectTypeOf, test } from 'vitest';
import { server, type CallArgs, type Client } from '../../src/index.ts';
import {
  NameScope,
  noReply,
  reply,
  ServerRef,
  startServer,
  startSupervisor,
  stopAndReply,
  worker,
  type CallsOf,
  type CastsOf,
  type GenServer,
} from '../../src/otp.ts';
import { world } from '../actor/world.ts';

/** README, "Actors and supervisors", with the parameters' types. */
const counter = {
  label: 'counter',
  init: (start: number) => start,
  handleCall: {
    add: (amount: number, total: number) => reply(total + amount, total + amount),
    total: (_none: undefined, total: number) => reply(total, total),
    later: async (_text: string, total: number) => {
      await Promise.resolve();
      return reply('done', total);
    },
  },
  handleCast: { reset: (_none: undefined, _total: number) => noReply(0) },
};

test('a server without declared types is asked by the types of its handlers', async () => {
  const { runtime } = world();
  const ref = await startServer(runtime, counter, 10);
  expectTypeOf(await ref.call('add', 5)).toEqualTypeOf<number>();
  expectTypeOf(await ref.call('total')).toEqualTypeOf<number>();
  expectTypeOf(await ref.call('later', 'text')).toEqualTypeOf<string>();
  expect(await startServer(runtime, counter, 10).then((it) => it.call('add', 5))).toBe(15);
  expect(ref.cast('reset')).toBe(true);
  // @ts-expect-error the payload is a number
  const wrong = (): Promise<unknown> => ref.call('add', 'five');
  // @ts-expect-error no such call
  const missing = (): Promise<unknown> => ref.call('nothing');
  expect([wrong, missing]).toHaveLength(2);
});

test('the example of the README compiles and runs: by name, with and without a protocol', async () => {
  const { runtime } = world();
  const names = new NameScope();
  const app = await startSupervisor(runtime, {
    strategy: 'oneForOne',
    intensity: 3,
    children: [worker('counter', counter, 10, { scope: names })],
  });
  const loose = new ServerRef(runtime, { scope: names, name: 'counter' });
  const answer = await loose.call('add', 5);
  expectTypeOf(answer).toEqualTypeOf<unknown>();
  expect(answer).toBe(15);
  const strict = new ServerRef<CallsOf<typeof counter>, CastsOf<typeof counter>>(runtime, {
    scope: names,
    name: 'counter',
  });
  const sum = await strict.call('add', 5);
  expectTypeOf(sum).toEqualTypeOf<number>();
  expect(sum).toBe(20);
  await app.stop();
});

test('declared protocols stay as declared', async () => {
  interface Calls {
    get(): number;
    put(value: number): true;
  }
  const box: GenServer<number, number, Calls> = {
    init: (start) => start,
    handleCall: { get: (_none, value) => reply(value, value), put: (value) => reply(true, value) },
  };
  const { runtime } = world();
  const ref = await startServer(runtime, box, 1);
  expectTypeOf(ref).toEqualTypeOf<ServerRef<Calls, object>>();
  expectTypeOf<CallsOf<typeof box>>().toEqualTypeOf<Calls>();
  expect([await ref.call('get'), await ref.call('put', 2), await ref.call('get')]).toEqual([1, true, 2]);
});

test('the last answer of a server is what its protocol says', async () => {
  interface Calls {
    get(): number;
  }
  const last: GenServer<undefined, number, Calls> = {
    init: () => 1,
    handleCall: { get: (_none, value) => stopAndReply('normal', value, value) },
  };
  const wrong: GenServer<undefined, number, Calls> = {
    init: () => 1,
    // @ts-expect-error a number is wanted
    handleCall: { get: (_none, value) => stopAndReply('normal', 'one', value) },
  };
  const { runtime } = world();
  expect(await startServer(runtime, last).then((ref) => ref.call('get'))).toBe(1);
  const undeclared = await startServer(runtime, {
    init: () => 1,
    handleCall: { end: (_none: undefined, value: number) => stopAndReply('normal', 'bye', value) },
  });
  expectTypeOf(await undeclared.call('end')).toEqualTypeOf<string>();
  expect(wrong).toBeTypeOf('object');
});

interface Sums {
  add(amount: number): number;
  get(): number;
}

test('an answer of another type than the protocol says does not compile, at once or later', () => {
  type Summing = GenServer<number, number, Sums, { put(): void }>;
  const right: Summing = {
    init: (start) => start,
    handleCall: {
      add: (amount, total) => (amount === 0 ? noReply(total) : reply(total + amount, total + amount)),
      get: async (_none, total) => Promise.resolve(reply(total, total)),
    },
    handleCast: { put: (_none, total) => noReply(total) },
  };
  const atOnce: Summing = {
    ...right,
    // @ts-expect-error a number is wanted
    handleCall: { add: (_amount, total) => reply('no number', total), get: (_none, n) => reply(n, n) },
  };
  const later: Summing = {
    ...right,
    handleCall: {
      // @ts-expect-error a number is wanted
      add: async (_amount, total) => Promise.resolve(reply('no number', total)),
      get: (_none, n) => reply(n, n),
    },
  };
  // @ts-expect-error a cast is not answered
  const cast: Summing = { ...right, handleCast: { put: (_none, total) => reply(1, total) } };
  // @ts-expect-error neither is a message
  const info: Summing = { ...right, handleInfo: (_message, total) => reply('x', total) };
  // @ts-expect-error nor what follows a callback
  const follow: Summing = { ...right, handleContinue: (_value, total) => reply('x', total) };
  // @ts-expect-error the state is a number
  const state: Summing = { ...right, handleCast: { put: () => noReply('text') } };
  const satisfying = {
    init: () => 0,
    // @ts-expect-error a number is wanted
    handleCall: { add: (_amount, n) => reply('no number', n), get: (_none, n) => reply(n, n) },
  } satisfies GenServer<undefined, number, Sums, object>;
  expect([atOnce, later, cast, info, follow, state, satisfying]).toHaveLength(7);
});

test('a class that implements a server has its payloads: none where a call takes none', async () => {
  class Summing implements GenServer<number, number, Sums> {
    readonly handleCall = {
      add: (amount: number, total: number) => reply(total + amount, total + amount),
      get: (none: undefined, total: number) => reply(none ?? total, total),
    };
    init(start: number): number {
      return start;
    }
  }
  class Wrong implements GenServer<number, number, { get(): number }> {
    // @ts-expect-error a number is wanted
    readonly handleCall = { get: (_none: undefined, total: number) => reply('no number', total) };
    init(start: number): number {
      return start;
    }
  }
  const declared: GenServer<number, number, { get(): number }, { put(text?: string): void }> = {
    init: (start) => start,
    handleCall: {
      get: (none, total) => {
        expectTypeOf(none).toEqualTypeOf<undefined>();
        return reply(total, total);
      },
    },
    handleCast: {
      put: (text, total) => {
        expectTypeOf(text).toEqualTypeOf<string | undefined>();
        return noReply(total);
      },
    },
  };
  const { runtime } = world();
  const ref = await startServer(runtime, new Summing(), 1);
  expect([await ref.call('add', 2), await ref.call('get')]).toEqual([3, 3]);
  expect(await startServer(runtime, declared, 1).then((it) => it.call('get'))).toBe(1);
  expect(Wrong).toBeTypeOf('function');
});

test('a reference with a protocol of its own may answer a procedure', async () => {
  const { runtime } = world();
  const ref = await startServer(runtime, counter, 10);
  const declared = new ServerRef<{ get(id: string): number }, { put(id: string): void }>(runtime, ref.pid!);
  expect([server(ref).target, server(declared).target]).toEqual([ref, declared]);
});

test('call takes values of an interface, and literals; lists and Maps are no arguments', () => {
  interface Order {
    readonly id: string;
    readonly lines: readonly { readonly sku: string }[];
  }
  const order: Order = { id: '1', lines: [] };
  const place = (client: Client): Promise<number> => client.call<number>('orders.place', order);
  const literal = (client: Client): Promise<unknown> => client.call('orders.place', { id: '1', lines: [] });
  // @ts-expect-error a list is no plain object
  const list = (client: Client): Promise<unknown> => client.call('orders.place', [1, 2]);
  // @ts-expect-error neither is a Map
  const map: CallArgs = new Map<string, string>();
  // @ts-expect-error neither is a text
  const text: CallArgs = 'text';
  expect([place, literal, list, map, text]).toHaveLength(5);
});
