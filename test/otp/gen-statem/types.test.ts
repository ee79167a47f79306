/**
 * What TypeScript makes of state machines: this file is compiled with everything else, so a type that is wrong is a
 * compile error; the tests only show that the same code runs.
 */
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { From } from '../../../src/otp/gen-server.ts';
import {
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  repeatState,
  repeatStateAndData,
  replyAction,
  startStatem,
  startStatemLink,
  startStatemMonitor,
  statemWorker,
  type GenStatem,
  type NextState,
  type QueuedEvent,
  type StateFunction,
  type StatemEvent,
} from '../../../src/otp/gen-statem.ts';
import { stop, stopAndReply } from '../../../src/otp/result.ts';
import type { ServerRef } from '../../../src/otp/server-ref.ts';
import { startSupervisor } from '../../../src/otp/supervisor.ts';
import { spawn, world } from '../../actor/world.ts';

type State = 'open' | 'closed';
interface Calls {
  push(): string;
  opened(): number;
  soon(wait: number): Promise<number>;
}

describe('a union of states', () => {
  test('is kept by nextState, also where nothing around it says what is wanted', () => {
    const opened = nextState('open', 1);
    expectTypeOf(opened).toEqualTypeOf<NextState<'open', number>>();
    const flip = (open: boolean) => (open ? nextState('closed', 1) : nextState('open', 1));
    const flipped: NextState<State, number> = flip(true);
    const tagged: () => NextState<{ readonly tag: 'busy'; readonly job: string }, null> = () => {
      const next = nextState({ tag: 'busy', job: 'x' }, null);
      return next;
    };
    // a state with a list that may be changed, where it is wanted
    const listed: NextState<{ at: number[] }, null> = nextState({ at: [1] }, null);
    // @ts-expect-error no such state
    const astray: NextState<State, number> = nextState('ajar', 1);
    expect([opened.state, flipped.state, tagged().state.tag, listed.state.at, astray.state]).toEqual([
      'open',
      'closed',
      'busy',
      [1],
      'ajar',
    ]);
  });

  test('is read off the names of the state functions where none is declared', async () => {
    const { runtime } = world();
    const ref = await startStatem(runtime, {
      init: () => nextState('closed', 0),
      states: {
        closed: (event, times) =>
          event.type === 'call'
            ? nextState('open', times + 1, replyAction(event.from, times))
            : keepState(times),
        open: (event, times) =>
          event.type === 'call'
            ? nextState('closed', times, replyAction(event.from, times))
            : keepState(times),
      },
    });
    expect([await ref.call('any'), await ref.call('any')]).toEqual([0, 1]);
    const astray = (): Promise<unknown> =>
      startStatem(runtime, {
        // @ts-expect-error no such state
        init: () => nextState('ajar', 0),
        states: { closed: () => keepStateAndData() },
      });
    const lost = (): Promise<unknown> =>
      startStatem(runtime, {
        init: () => nextState('closed', 0),
        // @ts-expect-error no such state
        states: { closed: () => nextState('ajar', 0) },
      });
    expect([astray, lost]).toHaveLength(2);
  });
});

test('data of another type than declared do not compile, kept or with an action', () => {
  type Counting = GenStatem<undefined, 'a', { n: number }>;
  const right: Counting = {
    init: () => nextState('a', { n: 1 }),
    states: {
      a: (event, { n }) =>
        event.type === 'info'
          ? keepState({ n: n + 1 })
          : event.type === 'internal'
            ? repeatState({ n })
            : event.type === 'cast'
              ? repeatStateAndData()
              : keepStateAndData(),
    },
  };
  // @ts-expect-error no such data
  const kept: Counting = { ...right, states: { a: () => keepState({ nn: 2 }) } };
  // @ts-expect-error no such data
  const repeated: Counting = { ...right, states: { a: () => repeatState('text') } };
  // @ts-expect-error no such data
  const later: Counting = { ...right, states: { a: async () => Promise.resolve(keepState({ nn: 2 })) } };
  // @ts-expect-error no such data
  const gone: Counting = { ...right, states: { a: () => nextState('a', { nn: 2 }) } };
  const handled: GenStatem<undefined, 'a', { n: number }> = {
    init: () => nextState('a', { n: 1 }),
    // @ts-expect-error no such data
    handleEvent: () => keepState(2),
  };
  expect([kept, repeated, later, gone, handled]).toHaveLength(5);
});

describe('an answer', () => {
  test('is what the protocol says for the tag of the event', async () => {
    const closed: StateFunction<State, number, Calls, object> = (event, times) => {
      if (event.type !== 'call') return keepStateAndData();
      switch (event.tag) {
        case 'push':
          return nextState('open', times + 1, [replyAction(event.from, 'opened')]);
        case 'opened':
          return keepStateAndData(replyAction(event.from, times));
        case 'soon':
          return stopAndReply('normal', replyAction(event.from, event.content), times);
      }
    };
    const wrong: StateFunction<State, number, Calls, object> = (event, times) => {
      if (event.type !== 'call') return keepStateAndData();
      // @ts-expect-error a string is wanted
      if (event.tag === 'push') return keepStateAndData(replyAction(event.from, 7));
      // @ts-expect-error a number is wanted, not its promise
      if (event.tag === 'soon') return keepStateAndData(replyAction(event.from, Promise.resolve(7)));
      // @ts-expect-error a number is wanted
      return stopAndReply('normal', replyAction(event.from, 'seven'), times);
    };
    const bare: StateFunction<State, number, Calls, object> = (_event, times) =>
      // @ts-expect-error reply actions are wanted, not a value
      stopAndReply('normal', 'bye', times);
    const { runtime } = world();
    const door: GenStatem<undefined, State, number, Calls, object> = {
      init: () => nextState('closed', 0),
      states: { closed, open: closed },
    };
    const ref = await startStatem(runtime, door);
    expect([await ref.call('push'), await ref.call('opened'), await ref.call('soon', 5)]).toEqual([
      'opened',
      1,
      5,
    ]);
    expect([wrong, bare]).toHaveLength(2);
  });

  test('that fits one of the calls will do where the tag is not known; a kept From takes anything', () => {
    const kept: From[] = [];
    const queue: QueuedEvent[] = [];
    const any = (event: StatemEvent<Calls, object, State>): unknown => {
      if (event.type !== 'call') return keepStateAndData();
      kept.push(event.from);
      queue.push(event);
      // @ts-expect-error none of them answers a boolean
      const never = (): unknown => replyAction(event.from, true);
      return [never, replyAction(event.from, 'locked'), nextEvent(event)].length;
    };
    const from: From = { settled: false, reply: () => true };
    expect(any({ type: 'call', tag: 'push', content: undefined, from })).toBe(3);
    expect([kept.map((one) => replyAction(one, { any: 'thing' }).tag), queue.length]).toEqual([['reply'], 1]);
  });
});

describe('a machine without arguments', () => {
  const door: GenStatem<undefined, State, number, Calls> = {
    init: () => nextState('closed', 0),
    handleEvent: (_event, _state, data) => stop('normal', data),
  };

  test('is started without one, everywhere', async () => {
    const { runtime } = world();
    const self = spawn(runtime);
    const ref = await startStatem(runtime, door);
    expectTypeOf(ref).toEqualTypeOf<
      ServerRef<Calls, Readonly<Record<string, (payload?: unknown) => unknown>>>
    >();
    expect(startStatemLink(self, door)).toMatchObject({ tag: 'ok' });
    expect(startStatemMonitor(self, door)).toMatchObject({ tag: 'ok' });
    const sup = await startSupervisor(runtime, { children: [statemWorker('door', door)] });
    expect((await sup.whichChildren()).map(({ id }) => id)).toEqual(['door']);
    // and with one where it wants one
    const keyed: GenStatem<string, State, number, Calls> = {
      ...door,
      init: (key) => nextState('open', key.length),
    };
    // @ts-expect-error its key is missing
    const missing = (): Promise<unknown> => startStatem(runtime, keyed);
    // @ts-expect-error its key is missing
    const child = (): unknown => statemWorker('door', keyed);
    expect([missing, child]).toHaveLength(2);
  });
});
