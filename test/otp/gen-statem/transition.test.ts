import { describe, expect, test } from 'vitest';
import type { From } from '../../../src/otp/gen-server.ts';
import {
  changeCallbackModule,
  genericTimeout,
  hibernate,
  nextEvent,
  popCallbackModule,
  postpone,
  pushCallbackModule,
  replyAction,
  stateTimeout,
  type Actions,
} from '../../../src/otp/gen-statem/action.ts';
import {
  keepState,
  keepStateAndData,
  nextState,
  repeatState,
  repeatStateAndData,
} from '../../../src/otp/gen-statem/result.ts';
import { sameState, Transition, type Source } from '../../../src/otp/gen-statem/transition.ts';
import { stop, stopAndReply } from '../../../src/otp/result.ts';

const from: From = { settled: false, reply: () => true };
const event = { type: 'info', content: 1 } as const;
const decide = (result: unknown, source: Source = 'event', depth = 1): Transition =>
  new Transition(event, 'open', 'data').add(result, source, depth);
const internal = nextEvent({ type: 'internal', content: 1 });
const module = { handleEvent: (): unknown => keepStateAndData() };

describe('a result', () => {
  test('says state, data, and whether the state is entered', () => {
    const said = (result: unknown): unknown[] => {
      const { state, data, enter, bad, stop: end } = decide(result);
      expect([bad, end]).toEqual([undefined, undefined]);
      return [state, data, enter];
    };
    expect(said(nextState('closed', 1))).toEqual(['closed', 1, true]);
    expect(said(nextState('open', 1))).toEqual(['open', 1, false]);
    expect(said(keepState(1))).toEqual(['open', 1, false]);
    expect(said(keepStateAndData())).toEqual(['open', 'data', false]);
    expect(said(repeatState(1))).toEqual(['open', 1, true]);
    expect(said(repeatStateAndData())).toEqual(['open', 'data', true]);
  });

  test('of any other kind is bad_return_from_state_function, with the value', () => {
    for (const result of [undefined, null, 'open', {}, [], { state: 'open', data: 1 }])
      expect(decide(result).bad).toMatchObject({ message: 'bad_return_from_state_function', value: result });
  });

  test('from init has to be the first state', () => {
    for (const result of [undefined, keepState(1), keepStateAndData(), 'open'])
      expect(decide(result, 'init').bad?.message).toBe('bad_return_from_init');
    expect(decide(nextState('open', 1, postpone), 'init')).toMatchObject({ enter: true, postpone: false });
  });

  test('from an enter call may not change the state, but repeat it and stop', () => {
    expect(decide(nextState('closed', 1), 'enter').bad?.message).toBe(
      'bad_state_enter_return_from_state_function',
    );
    expect(decide('x', 'enter').bad?.message).toBe('bad_state_enter_return_from_state_function');
    expect(decide(nextState('open', 1), 'enter')).toMatchObject({ bad: undefined, enter: false, data: 1 });
    expect(decide(repeatState(1), 'enter')).toMatchObject({ bad: undefined, enter: true });
    expect(decide(stop('r', 1), 'enter')).toMatchObject({ bad: undefined, stop: { reason: 'r' } });
  });

  test('stop keeps the state, takes the data, and sends its replies; anything else there is a bad reply', () => {
    expect(decide(stop('r', 'new'))).toMatchObject({ state: 'open', data: 'new', stop: { reason: 'r' } });
    const replies = [replyAction(from, 1), replyAction(from, 2)];
    expect(decide(stopAndReply('r', replies, 'new')).replies).toEqual(replies);
    expect(decide(stopAndReply('r', replies[0], 'new')).replies).toEqual([replies[0]]);
    for (const wrong of ['value', postpone, replyAction({} as never, 1)]) {
      const { bad, replies: sent } = decide(stopAndReply('r', [replies[0], wrong], 'new'));
      expect(bad).toMatchObject({ message: 'bad_reply_action_from_state_function', value: wrong });
      expect(sent).toEqual([replies[0]]);
    }
  });
});

describe('actions', () => {
  const withActions = (actions: unknown, source: Source = 'event', depth = 1): Transition =>
    decide(keepState('data', actions as Actions), source, depth);

  test('are collected in order, one or a list', () => {
    const second = nextEvent({ type: 'cast', tag: 'x', content: 2 });
    const all = withActions([
      replyAction(from, 1),
      internal,
      postpone,
      stateTimeout(5),
      second,
      hibernate,
      7,
    ]);
    expect(all).toMatchObject({
      bad: undefined,
      postpone: true,
      hibernate: true,
      nextEvents: [internal.event, second.event],
      timeouts: [stateTimeout(5), { type: 'timeout', time: 7, content: 7 }],
    });
    expect(withActions(internal).nextEvents).toEqual([internal.event]);
  });

  test('that make no sense are bad_action_from_state_function; what came before them holds', () => {
    const wrong: readonly unknown[] = [
      undefined,
      null,
      'postpone',
      {},
      { tag: 'unknown' },
      -1,
      Number.NaN,
      stateTimeout(-1),
      stateTimeout('later' as never),
      stateTimeout(Infinity, 1, { abs: true }),
      stateTimeout('update', 1, { abs: true }),
      genericTimeout({} as never, 1),
      { ...stateTimeout(1), type: 'odd' },
      nextEvent({ type: 'enter', oldState: 'x' } as never),
      nextEvent({ type: 'call', tag: 'x', content: 1 } as never),
      replyAction(undefined as never, 1),
      pushCallbackModule({}),
      changeCallbackModule({ ...module, states: {} }),
      popCallbackModule,
    ];
    for (const action of wrong) {
      const { bad, replies, nextEvents } = withActions([replyAction(from, 1), action, internal]);
      expect(bad).toMatchObject({ message: 'bad_action_from_state_function', value: action });
      expect([replies.length, nextEvents]).toEqual([1, []]);
    }
  });

  test('of an enter call may not postpone, insert or change the module: each says so', () => {
    for (const action of [postpone, internal, pushCallbackModule(module), changeCallbackModule(module)]) {
      const { bad } = withActions(action, 'enter');
      expect(bad).toMatchObject({
        message: 'bad_state_enter_action_from_state_function',
        value: action,
      });
    }
    const { bad } = withActions(popCallbackModule, 'enter', 2);
    expect(bad?.message).toBe('bad_state_enter_action_from_state_function');
    expect(withActions([stateTimeout(1), hibernate, replyAction(from, 1)], 'enter').bad).toBeUndefined();
  });

  test('may pop what they have pushed, but not the last module', () => {
    expect(withActions([pushCallbackModule(module), popCallbackModule]).bad).toBeUndefined();
    expect(withActions([popCallbackModule, popCallbackModule], 'event', 2).bad).toMatchObject({
      value: popCallbackModule,
    });
  });

  test('of enter calls are added to those of the event, but its replies are not sent again', () => {
    const step = withActions([replyAction(from, 1), stateTimeout(1), internal, postpone]);
    step.add(keepState('entered', [stateTimeout(2), replyAction(from, 2)]), 'enter', 1);
    expect(step).toMatchObject({
      data: 'entered',
      postpone: true,
      timeouts: [stateTimeout(1), stateTimeout(2)],
      nextEvents: [internal.event],
      replies: [replyAction(from, 2)],
    });
  });
});

describe('sameState', () => {
  test('compares by content, as Erlang does', () => {
    const shared = Symbol('s');
    for (const [one, other, same] of [
      ['a', 'a', true],
      ['a', 'b', false],
      [{ tag: 'open', n: [1, 2] }, { tag: 'open', n: [1, 2] }, true],
      [{ tag: 'open', n: [1, 2] }, { tag: 'open', n: [1, 3] }, false],
      [['open', 1], ['open', 1], true],
      [null, undefined, false],
      [null, {}, false],
      [Number.NaN, Number.NaN, true],
      [shared, shared, true],
      [1, '1', false],
    ] as const)
      expect(sameState(one, other)).toBe(same);
  });
});
