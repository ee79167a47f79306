/**
 * The machine behind most cases, in both callback modes: idle → waitConfirm → connected → idle, by casts and by
 * calls; a ping is postponed until it is connected; `wait` returns to idle at an absolute time.
 */
import { expect } from 'vitest';
import type { Pid } from '../../../src/actor/pid.ts';
import type { Process } from '../../../src/actor/process.ts';
import { exit } from '../../../src/actor/exit-reason.ts';
import type { From } from '../../../src/otp/gen-server.ts';
import {
  eventTimeout,
  keepState,
  keepStateAndData,
  nextState,
  postpone,
  replyAction,
  stateTimeout,
  type GenStatem,
  type StateFunction,
  type StatemEvent,
  type StatemRef,
  type StatemResult,
} from '../../../src/otp/gen-statem.ts';
import { ignore, stop, stopAndReply } from '../../../src/otp/result.ts';
import type { Exit } from '../../../src/actor/monitor.ts';
import { recorder, world, type World } from '../../actor/world.ts';

export type State = 'idle' | 'waitConfirm' | 'connected' | 'waiting';

export interface Data {
  readonly waiter?: From;
  readonly delayed?: From;
}

export interface Calls {
  connect(): 'accept';
  confirm(): 'yes';
  ping(): 'pong';
  disconnect(): 'yes';
  state(): State;
  /** Answers after so many milliseconds. */
  delayed(ms: number): 'delayed';
  /** Answers when it is idle again, after so many milliseconds. */
  wait(ms: number): 'waited';
  stop(reason: unknown): 'stopped';
  /** Ends it in the given way. */
  wrong(how: 'return' | 'action' | 'timeout' | 'throw'): never;
}

export interface Casts {
  connect(client: Pid): void;
  confirm(): void;
  ping(client: Pid): void;
  disconnect(): void;
}

type Event = StatemEvent<Calls, Casts, State>;
type Result = StatemResult<State, Data>;

/** What every state answers. */
function anywhere(event: Event, state: State, data: Data): Result {
  if (event.type === 'genericTimeout') return keepStateAndData();
  if (event.type !== 'call') return stop(`bad event ${event.type}`, data);
  switch (event.tag) {
    case 'state':
      return keepState(data, replyAction(event.from, state));
    case 'stop':
      return stopAndReply(event.content, replyAction(event.from, 'stopped'), data);
    case 'wrong':
      return wrong(event.content);
    default:
      return keepStateAndData(postpone);
  }
}

function wrong(how: 'return' | 'action' | 'timeout' | 'throw'): Result {
  if (how === 'return') return { nonsense: true } as unknown as Result;
  if (how === 'action') return keepStateAndData({ tag: 'nonsense' } as never);
  if (how === 'timeout') return keepStateAndData(stateTimeout('soon' as never));
  return exit('thrown');
}

export const states: { readonly [Name in State]: StateFunction<State, Data, Calls, Casts> } = {
  idle(event, data, self) {
    if (event.type === 'cast' && event.tag === 'connect') {
      self.send(event.content, 'accept');
      return nextState('waitConfirm', data);
    }
    if (event.type === 'call' && event.tag === 'connect')
      return nextState('waitConfirm', data, replyAction(event.from, 'accept'));
    if (event.type === 'call' && event.tag === 'delayed')
      return keepState({ ...data, delayed: event.from }, eventTimeout(event.content));
    if (event.type === 'timeout' && data.delayed !== undefined)
      return keepState({}, replyAction(data.delayed, 'delayed'));
    if (event.type === 'call' && event.tag === 'wait') {
      const at = self.clock.now() + event.content;
      return nextState('waiting', { waiter: event.from }, stateTimeout(at, 'over', { abs: true }));
    }
    return anywhere(event, 'idle', data);
  },
  waitConfirm(event, data) {
    if (event.type === 'cast' && event.tag === 'confirm') return nextState('connected', data);
    if (event.type === 'call' && event.tag === 'confirm')
      return nextState('connected', data, [replyAction(event.from, 'yes')]);
    if (event.type === 'cast' && event.tag === 'ping') return keepState(data, postpone);
    return anywhere(event, 'waitConfirm', data);
  },
  connected(event, data, self) {
    if (event.type === 'cast' && event.tag === 'ping') {
      self.send(event.content, 'pong');
      return keepStateAndData();
    }
    if (event.type === 'call' && event.tag === 'ping')
      return keepStateAndData(replyAction(event.from, 'pong'));
    if (event.type === 'cast' && event.tag === 'disconnect') return nextState('idle', data);
    if (event.type === 'call' && event.tag === 'disconnect')
      return nextState('idle', data, replyAction(event.from, 'yes'));
    return anywhere(event, 'connected', data);
  },
  waiting(event, data) {
    if (event.type !== 'stateTimeout') return anywhere(event, 'waiting', data);
    expect(event.content).toBe('over');
    return nextState('idle', {}, replyAction(data.waiter as From, 'waited'));
  },
};

/** How `init` ends. */
export type Args = 'ok' | 'ignore' | 'stopped' | { readonly slow: number };

export type Connection = GenStatem<Args, State, Data, Calls, Casts>;
export type Ref = StatemRef<Calls, Casts>;

export const MODES = ['state functions', 'handleEvent'] as const;
export type Mode = (typeof MODES)[number];

const common = {
  init(args: Args, self: { readonly runtime: World['runtime'] }) {
    if (args === 'ignore') return ignore;
    if (args === 'stopped') return stop('stopped', undefined);
    const first = nextState<State, Data>('idle', {});
    if (args === 'ok') return first;
    return new Promise<typeof first>((resolve) => {
      self.runtime.timers.after(args.slow, () => resolve(first));
    });
  },
};

export const connection: Readonly<Record<Mode, Connection>> = {
  'state functions': { ...common, states },
  handleEvent: {
    ...common,
    handleEvent: (event, state, data, self) => states[state](event, data, self),
  },
};

export interface Bench extends World {
  /** A process that traps exits: parent, watcher and client of the machine. */
  readonly tester: Process;
  /** What it got and nobody has looked at. */
  readonly inbox: unknown[];
  /** The messages so far; the inbox is empty then. */
  flush(): unknown[];
}

export function bench(): Bench {
  const all = world({ node: 'here' });
  const { pid: tester, inbox: received } = recorder(all.runtime, { trapExit: true });
  const flush = (): unknown[] => received.splice(0).map(({ message }) => message);
  return {
    ...all,
    tester,
    get inbox() {
      return received.map(({ message }) => message);
    },
    flush,
  };
}

/** Takes the machine once round by casts, once by calls, and through the absolute timeout; it is idle after. */
export async function checkFunctions(ref: Ref, { clock, tester, inbox, flush }: Bench): Promise<void> {
  expect(inbox).toEqual([]);
  ref.cast('connect', tester);
  ref.cast('ping', tester);
  await clock.settle();
  expect(flush()).toEqual(['accept']);
  ref.cast('confirm');
  await clock.settle();
  expect(flush()).toEqual(['pong']);
  ref.cast('disconnect');
  expect(await ref.call('state')).toBe('idle');

  expect(await ref.call('connect')).toBe('accept');
  let answered = false;
  const ping = ref.call('ping').then((answer) => {
    answered = true;
    return answer;
  });
  expect(await ref.call('state')).toBe('waitConfirm');
  expect(answered).toBe(false);
  expect(await ref.call('confirm')).toBe('yes');
  expect(await ping).toBe('pong');
  expect(await ref.call('disconnect')).toBe('yes');

  let back = false;
  const waited = ref.call('wait', 1_500).then((answer) => {
    back = true;
    return answer;
  });
  await clock.advance(1_499);
  expect([await ref.call('state'), back]).toEqual(['waiting', false]);
  await clock.advance(1);
  expect(await waited).toBe('waited');
  expect(await ref.call('state')).toBe('idle');
  expect(flush()).toEqual([]);
}

/** The exit messages the tester got, with nothing else beside them. */
export async function exitReasons({ clock, flush }: Bench): Promise<unknown[]> {
  await clock.settle();
  return flush().map((message) => {
    expect(message).toMatchObject({ tag: 'EXIT' });
    return (message as Exit).reason;
  });
}
