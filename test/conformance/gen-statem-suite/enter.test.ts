/** gen_statem_SUITE: state enter calls. */
import { expect } from 'vitest';
import {
  eventTimeout,
  keepState,
  keepStateAndData,
  nextEvent,
  nextState,
  postpone,
  pushCallbackModule,
  repeatState,
  repeatStateAndData,
  replyAction,
  stateTimeout,
} from '../../../src/otp/gen-statem.ts';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { line, scripted, type Log } from './scripted.ts';

const { ported } = conformanceSuite('gen_statem_SUITE', 59);

ported('state_enter', async () => {
  let repeats = 0;
  const { ref, log, clock } = await scripted(
    (event, state, data) => {
      data.push(`${state}: ${line(event)}`);
      if (event.type === 'enter') {
        if (state !== 'wait') return keepState(data);
        if (repeats++ < 2) return repeatState(data);
        return keepState(data, [eventTimeout(0, 'a'), stateTimeout(0, 'b')]);
      }
      if (event.type !== 'call') return keepStateAndData();
      const answer = replyAction(event.from, event.tag);
      if (event.tag === 'go') return nextState('wait', data, answer);
      if (event.tag === 'repeat') return repeatState(data, answer);
      if (event.tag === 'repeatAndData') return repeatStateAndData(answer);
      return nextState('start', data, [answer, nextEvent({ type: 'internal', content: 'inserted' })]);
    },
    { stateEnter: true },
  );
  await clock.settle();
  expect(log.splice(0)).toEqual(['start: enter from start']);
  expect(await ref.call('go')).toBe('go');
  await clock.settle();
  expect(log.splice(0)).toEqual([
    'start: call go',
    'wait: enter from start',
    'wait: enter from start',
    'wait: enter from start',
    'wait: timeout a',
    'wait: stateTimeout b',
  ]);
  for (const tag of ['repeat', 'repeatAndData']) {
    expect(await ref.call(tag)).toBe(tag);
    await clock.settle();
    expect(log.splice(0)).toEqual([
      `wait: call ${tag}`,
      'wait: enter from wait',
      'wait: timeout a',
      'wait: stateTimeout b',
    ]);
  }
  expect(await ref.call('back')).toBe('back');
  await clock.settle();
  expect(log).toEqual(['wait: call back', 'start: enter from wait', 'start: internal inserted']);
  await equalStateIsNoChange();
  await enterCallsAreBound();
});

/** M3: an equal state enters and retries nothing; a repeat enters again, and nothing more. */
async function equalStateIsNoChange(): Promise<void> {
  const { ref, log, clock } = await scripted(
    (event, state, data) => {
      if (event.type === 'cast' && event.tag === 'late' && state === 'start')
        return keepStateAndData(postpone);
      if (event.type !== 'cast' || event.tag === 'late') {
        data.push(`${state}: ${line(event)}`);
        return keepState(data);
      }
      if (event.tag === 'arm') return keepState(data, stateTimeout(100, 'kept'));
      if (event.tag === 'repeat') return repeatState(data);
      return nextState(event.tag, data);
    },
    { stateEnter: true },
  );
  const told = async (ms = 0): Promise<unknown[]> => {
    await clock.advance(ms);
    return log.splice(0);
  };
  expect(await told()).toEqual(['start: enter from start']);
  for (const tag of ['arm', 'late', 'start']) ref.cast(tag);
  expect(await told()).toEqual([]);
  ref.cast('repeat');
  expect(await told()).toEqual(['start: enter from start']);
  expect(await told(100)).toEqual(['start: stateTimeout kept']);
  ref.cast('next');
  expect(await told()).toEqual(['next: enter from start', 'next: cast late']);
}

/** M5: an enter call may not change the state, postpone, insert, or bring another module: each has its own reason. */
async function enterCallsAreBound(): Promise<void> {
  const action = 'bad_state_enter_action_from_state_function';
  const other = { handleEvent: () => keepStateAndData() };
  for (const [returned, word] of [
    [nextState('third', [] as Log), 'bad_state_enter_return_from_state_function'],
    [keepStateAndData(postpone), action],
    [keepStateAndData(nextEvent({ type: 'internal', content: 1 })), action],
    [keepStateAndData(pushCallbackModule(other)), action],
  ] as const) {
    const { ref, pid } = await scripted(
      (event, state, data) => {
        if (event.type !== 'enter') return nextState('next', data);
        return state === 'start' ? keepState(data) : returned;
      },
      { stateEnter: true },
    );
    const reason = await reasonOf(ref.call('go'));
    expect((reason as Error).message).toBe(word);
    expect([pid.alive, pid.reason]).toEqual([false, reason]);
  }
}
