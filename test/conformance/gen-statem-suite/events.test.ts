/** gen_statem_SUITE: the order of events, and timeouts. */
import { expect } from 'vitest';
import {
  eventTimeout,
  genericTimeout,
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  postpone,
  replyAction,
  stateTimeout,
} from '../../../src/otp/gen-statem.ts';
import type { From } from '../../../src/otp/gen-server.ts';
import { stopAndReply } from '../../../src/otp/result.ts';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { line, resume, scripted, suspend } from './scripted.ts';

const { ported } = conformanceSuite('gen_statem_SUITE', 59);

ported('event_order', async () => {
  const all = await scripted((event, state, log) => {
    if (event.type === 'cast' && event.tag === 'late' && state === 'start') return keepStateAndData(postpone);
    log.push(line(event));
    if (event.type === 'cast' && event.tag === 'change')
      return nextState('next', log, [
        eventTimeout(0, 'never'),
        nextEvent({ type: 'internal', content: 3 }),
        nextEvent({ type: 'internal', content: 4 }),
      ]);
    if (event.type === 'call') return stopAndReply('normal', replyAction(event.from, 'stopped'), log);
    return keepState(log);
  });
  const { ref, log, pid, clock } = all;
  ref.cast('late', 1);
  ref.cast('late', 2);
  ref.cast('change');
  expect(await ref.call('stop')).toBe('stopped');
  await clock.settle();
  expect(log).toEqual(['cast change', 'internal 3', 'internal 4', 'cast late 1', 'cast late 2', 'call stop']);
  expect(pid.reason).toBe('normal');
});

ported('state_timeout', async () => {
  const all = await scripted((event, state, log, self) => {
    log.push(`${state}: ${line(event)}`);
    if (event.type === 'cast' && event.tag === 'first') {
      self.send(self, 'external');
      return nextState('one', log, [
        stateTimeout(0, 'after the inserted'),
        nextEvent({ type: 'internal', content: 'inserted' }),
      ]);
    }
    if (event.type === 'cast' && event.tag === 'both')
      return keepState(log, [stateTimeout(0, 's'), eventTimeout(0, 'never')]);
    if (event.type === 'cast' && event.tag === 'order')
      return keepState(log, [eventTimeout(0, 'e'), stateTimeout(0, 's'), genericTimeout('n', 0)]);
    if (event.type === 'cast' && event.tag === 'arm')
      return keepState(log, [stateTimeout(100, 'never'), genericTimeout('kept', 100)]);
    if (event.type === 'cast' && event.tag === 'change') return nextState('two', log, eventTimeout(150, 'e'));
    if (event.type === 'cast' && event.tag === 'back') return nextState('three', log);
    if (event.type === 'cast' && event.tag === 'long') return keepState(log, stateTimeout(5_000, 'long'));
    return keepState(log);
  });
  const { ref, log, clock } = all;
  const told = async (ms = 0): Promise<unknown[]> => {
    await clock.advance(ms);
    return log.splice(0);
  };
  ref.cast('first');
  // inserted, then the zero timeout, both before the message that was sent earlier
  expect(await told()).toEqual([
    'start: cast first',
    'one: internal inserted',
    'one: stateTimeout after the inserted',
    'one: info external',
  ]);
  // M8: the state timeout is pending already and cancels the event timeout
  ref.cast('both');
  expect(await told()).toEqual(['one: cast both', 'one: stateTimeout s']);
  ref.cast('order');
  expect(await told()).toEqual([
    'one: cast order',
    'one: timeout e',
    'one: stateTimeout s',
    'one: genericTimeout n',
  ]);
  // a change of state cancels the state timeout, any event the event timeout; a named one lives on
  ref.cast('arm');
  ref.cast('change');
  expect(await told()).toEqual(['one: cast arm', 'one: cast change']);
  expect(await told(99)).toEqual([]);
  expect(await told(1)).toEqual(['two: genericTimeout kept']);
  expect(await told(1_000)).toEqual([]);
  ref.cast('change');
  ref.cast('back');
  expect(await told(1_000)).toEqual(['two: cast change', 'two: cast back']);
  ref.cast('long');
  expect(await told(4_999)).toEqual(['three: cast long']);
  expect(await told(1)).toEqual(['three: stateTimeout long']);
  expect(await told(50_000)).toEqual([]);
});

ported('timeout_cancel_and_update', async () => {
  const all = await scripted((event, _state, log) => {
    if (event.type !== 'cast') log.push(line(event));
    if (event.type !== 'cast') return keepState(log);
    switch (event.tag) {
      case 'start':
        return keepState(log, [stateTimeout(100, 'never'), genericTimeout('n', 200, 'first')]);
      case 'cancel':
        return keepState(log, stateTimeout('cancel'));
      case 'update':
        return keepState(log, genericTimeout('n', 'update', event.content));
      case 'number':
        return keepState(log, 17);
      case 'list':
        // of one type the last one counts
        return keepState(log, [genericTimeout('n', 5, 'never'), genericTimeout('n', 10, 'last'), 30, 20]);
      default:
        return keepState(log);
    }
  });
  const { ref, log, clock, pid } = all;
  const running = (): unknown => pid.behavior.inspect?.(pid)['timeouts'];
  ref.cast('start');
  await clock.settle();
  expect(running()).toBe(2);
  ref.cast('cancel');
  await clock.settle();
  expect(running()).toBe(1);
  ref.cast('update', 'second');
  await clock.advance(199);
  expect(log).toEqual([]);
  // it expires while an update waits in front of it
  suspend(all);
  ref.cast('update', 'third');
  await clock.advance(1);
  expect([log, running()]).toEqual([[], 1]);
  resume(all);
  await clock.settle();
  expect([log.splice(0), running()]).toEqual([['genericTimeout n third'], 0]);
  // an update of what does not run is due at once
  ref.cast('update', 'fourth');
  await clock.settle();
  expect(log.splice(0)).toEqual(['genericTimeout n fourth']);
  ref.cast('number');
  await clock.advance(16);
  expect(log).toEqual([]);
  await clock.advance(1);
  expect([log.splice(0), running()]).toEqual([['timeout 17'], 0]);
  ref.cast('list');
  await clock.advance(9);
  expect([log, running()]).toEqual([[], 2]);
  await clock.advance(100);
  // the one with a name is an event, and voids the event timeout
  expect([log, running()]).toEqual([['genericTimeout n last'], 0]);
});

ported('event_types', async () => {
  let kept: From | undefined;
  const { ref, log, clock } = await scripted((event, _state, data) => {
    if (event.type === 'call' && event.tag === 'begin') {
      kept = event.from;
      return keepState(data, [
        nextEvent({ type: 'internal', content: 1 }),
        nextEvent({ type: 'stateTimeout', content: 2 }),
        nextEvent({ type: 'timeout', content: 3 }),
        nextEvent({ type: 'info', content: 4 }),
        nextEvent({ type: 'cast', tag: 'c', content: 5 }),
        nextEvent({ type: 'genericTimeout', name: 'n', content: 6 }),
        nextEvent({ type: 'call', tag: 'again', content: 7, from: event.from }),
      ]);
    }
    data.push(line(event));
    return event.type === 'call' ? keepState(data, replyAction(event.from, 'done')) : keepState(data);
  });
  expect(await ref.call('begin')).toBe('done');
  await clock.settle();
  expect(kept?.settled).toBe(true);
  expect(log).toEqual([
    'internal 1',
    'stateTimeout 2',
    'timeout 3',
    'info 4',
    'cast c 5',
    'genericTimeout n 6',
    'call again 7',
  ]);
  // an event of no type is a bad action
  const bad = await scripted((event, _state, data) =>
    event.type === 'call'
      ? keepState(data, nextEvent({ type: 'odd', content: 1 } as never))
      : keepState(data),
  );
  expect(String(await reasonOf(bad.ref.call('begin')))).toContain('bad_action_from_state_function');
});

ported('next_events', async () => {
  const { ref, log } = await scripted((event, _state, data) => {
    if (event.type === 'cast')
      return keepState(
        data,
        [1, 2, 3].map((n) => nextEvent({ type: 'internal', content: `${event.tag} ${n}` })),
      );
    if (event.type === 'call') return keepState(data, replyAction(event.from, [...data]));
    data.push(line(event));
    return keepState(data);
  });
  for (let round = 0; round < 100; round++) {
    ref.cast('a');
    ref.cast('b');
    expect(await ref.call('log')).toEqual([
      'internal a 1',
      'internal a 2',
      'internal a 3',
      'internal b 1',
      'internal b 2',
      'internal b 3',
    ]);
    log.length = 0;
  }
});

ported('generic_timers', async () => {
  const { log, clock, runtime, ref } = await scripted((event, _state, data, self) => {
    if (event.type === 'cast') {
      return keepState(data, [
        genericTimeout('a', self.clock.now() + 1_500, 'absolute', { abs: true }),
        genericTimeout('b', 1_200, 'never'),
        genericTimeout('c', 1_000, 'relative'),
        genericTimeout('d', 4_000, 'never'),
        genericTimeout('e', 0, 'zero'),
      ]);
    }
    data.push(`${self.clock.now()}: ${line(event)}`);
    if (event.type !== 'genericTimeout' || event.name !== 'e') return keepState(data);
    return keepState(data, [genericTimeout('b', Infinity), genericTimeout('d', 500, 'reset')]);
  });
  await clock.advance(10);
  ref.cast('arm');
  await clock.settle();
  expect(log).toEqual(['10: genericTimeout e zero']);
  expect(runtime.timers.size).toBe(3);
  await clock.advance(10_000);
  expect(log.slice(1)).toEqual([
    '510: genericTimeout d reset',
    '1010: genericTimeout c relative',
    '1510: genericTimeout a absolute',
  ]);
  expect(runtime.timers.size).toBe(0);
});
