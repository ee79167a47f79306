import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { PromiseCall, type CallFailure } from '../../src/actor/call.ts';
import { cancelOn } from '../../src/actor/cancel-on.ts';

/** A call that a signal cancels, and what became of it. */
function asked(signal: AbortSignal) {
  const answers: unknown[] = [];
  const failures: CallFailure[] = [];
  const call = cancelOn(
    signal,
    (answer: unknown) => void answers.push(answer),
    (failure: CallFailure) => void failures.push(failure),
    (resolve, reject) => new PromiseCall('request', resolve, reject),
  );
  return { call, answers, failures };
}

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('cancelOn', () => {
  test('the signal cancels the call with its reason, once', () => {
    const controller = new AbortController();
    const { call, failures } = asked(controller.signal);
    controller.abort('enough');
    expect([call.settled, failures]).toEqual([true, [{ tag: 'canceled', reason: 'enough' }]]);
    expect(call.reply('late')).toBe(false);
    expect(listeners(controller.signal)).toBe(0);
  });

  test('an answer and a failure take the listener away', () => {
    const { signal } = new AbortController();
    const answered = asked(signal);
    const failed = asked(signal);
    expect(listeners(signal)).toBeGreaterThan(0);
    answered.call.reply(1);
    failed.call.fail({ tag: 'timeout' });
    expect([answered.answers, failed.failures]).toEqual([[1], [{ tag: 'timeout' }]]);
    expect(listeners(signal)).toBe(0);
  });
});
