/** What a process heeds when it goes on as a server or a machine: options, definition, protocol. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { enterLoop, startAndEnter, startAndEnterLink, type EnterLoop } from '../../src/otp/enter-loop.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import {
  enterStatemLoop,
  keepStateAndData,
  nextState,
  replyAction,
  type GenStatem,
} from '../../src/otp/gen-statem.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import type { AnyProtocol, ServerRef } from '../../src/otp/server-ref.ts';
import { failure, reasonOf, spawn, world } from '../actor/world.ts';

interface Calls {
  get(): number;
}
interface Casts {
  add(amount: number): void;
}
const counter: GenServer<undefined, number, Calls, Casts> = {
  label: 'counter',
  mailbox: 5,
  init: () => 0,
  handleCall: { get: (_none, total) => reply(total, total) },
  handleCast: { add: (amount, total) => noReply(total + amount) },
};
const machine: GenStatem<undefined, 'on' | 'off', number, Calls, Casts> = {
  label: 'machine',
  mailbox: { bound: 5, full: 'dropOldest' },
  init: () => nextState('on', 0),
  handleEvent: (event, _state, data) =>
    event.type === 'call' ? keepStateAndData(replyAction(event.from, data)) : keepStateAndData(),
};
const boundOf = ({ pid }: { readonly pid: unknown }): number => (pid as Process).bound;

describe('the mailbox', () => {
  test('is the definition’s, unless the start or enterLoop says otherwise', async () => {
    const { runtime } = world();
    for (const enter of [
      (mailbox?: number) => enterLoop(counter, 1, { mailbox }),
      (mailbox?: number) => enterStatemLoop(machine, 'on', 1, { mailbox }),
    ]) {
      const start = (mailbox?: number, options = {}): Promise<number> =>
        startAndEnter<Calls, Casts>(runtime, () => enter(mailbox), options).then(boundOf);
      expect(await start()).toBe(5);
      expect(await start(7)).toBe(7);
      expect(await start(undefined, { mailbox: 9 })).toBe(9);
      expect(await start(7, { mailbox: 9 })).toBe(7);
    }
  });

  test('refuses what is too much, by its policy', async () => {
    const { runtime } = world();
    const refusing = await startAndEnter(runtime, () => enterLoop(counter, 1, { mailbox: 1 }));
    expect([refusing.cast('add', 1), refusing.cast('add', 1)]).toEqual([true, false]);
    const dropping = await startAndEnter(runtime, () =>
      enterStatemLoop(machine, 'on', 1, { mailbox: { bound: 1, full: 'dropOldest' } }),
    );
    expect([dropping.cast('add', 1), dropping.cast('add', 1), (dropping.pid as Process).dropped]).toEqual([
      true,
      true,
      1,
    ]);
  });

  test('that makes no sense fails the start, as do other options', async () => {
    const { runtime } = world();
    for (const options of [{ mailbox: 0 }, { mailbox: 'big' as never }, { hibernateAfter: -1 }]) {
      expect(await reasonOf(startAndEnter(runtime, () => enterLoop(counter, 1, options)))).toBeInstanceOf(
        Error,
      );
      expect(
        await reasonOf(startAndEnter(runtime, () => enterStatemLoop(machine, 'on', 1, options))),
      ).toBeInstanceOf(Error);
    }
    expect(runtime.alive).toBe(0);
  });
});

describe('enterLoop', () => {
  test('takes over label and trapExit of the definition, unless the start said them', async () => {
    const { runtime } = world();
    const trapping = { ...counter, trapExit: true };
    const shown = async (options = {}): Promise<unknown[]> => {
      const { pid } = await startAndEnter(runtime, () => enterLoop(trapping, 1), options);
      return [(pid as Process).label, (pid as Process).trapExit];
    };
    expect(await shown()).toEqual(['counter', true]);
    expect(await shown({ label: 'mine', trapExit: false })).toEqual(['mine', false]);
  });

  test('without a definition, a body or a process says so', async () => {
    const { runtime } = world();
    expect(() => enterLoop(undefined as never, 1)).toThrow(TypeError);
    expect(await failure(startAndEnter(runtime, undefined as never))).toBeInstanceOf(TypeError);
    expect(startAndEnterLink(undefined as never, () => enterLoop(counter, 1))).toMatchObject({
      tag: 'error',
    });
    expect(startAndEnterLink(spawn(runtime), 'body' as never)).toMatchObject({ tag: 'error' });
  });

  test('keeps the protocol of what the process goes on as', async () => {
    const { runtime } = world();
    const server = await startAndEnter(runtime, () => enterLoop(counter, 1));
    expectTypeOf(server).toEqualTypeOf<ServerRef<Calls, Casts>>();
    const waited = await startAndEnter(runtime, async () => enterStatemLoop(machine, 'off', 2));
    expectTypeOf(waited).toEqualTypeOf<ServerRef<Calls, Casts>>();
    expect([await server.call('get'), await waited.call('get')]).toEqual([1, 2]);
    // read off the handlers where none is declared
    const derived = await startAndEnter(runtime, () =>
      enterLoop(
        { init: () => 0, handleCall: { double: (n: number, state: number) => reply(2 * n, state) } },
        0,
      ),
    );
    expectTypeOf(await derived.call('double', 2)).toEqualTypeOf<number>();
    expect(await derived.call('double', 2)).toBe(4);
    // @ts-expect-error no such call
    const missing = (): Promise<unknown> => server.call('nothing');
    // @ts-expect-error the state is a number
    const wrong = (): EnterLoop => enterLoop(counter, 'one');
    // @ts-expect-error no such state
    const astray = (): EnterLoop => enterStatemLoop(machine, 'ajar', 1);
    // a loop whose protocol nobody has written down
    const loose = await startAndEnter(runtime, (): EnterLoop => enterLoop(counter, 3));
    expectTypeOf(loose).toEqualTypeOf<ServerRef<AnyProtocol, AnyProtocol>>();
    expect(await loose.call('get')).toBe(3);
    expect([missing, wrong, astray]).toHaveLength(3);
  });
});
