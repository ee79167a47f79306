import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actionOf } from '../../src/inspect/action.ts';

const id = '<0.5>';

describe('actionOf', () => {
  test('each action with what it takes, and with what goes without saying', () => {
    for (const action of ['kill', 'suspend', 'resume', 'restartChild'])
      expect(actionOf({ action, id, reason: 1, more: 'x' })).toEqual({ action, id });
    expect(actionOf({ action: 'terminate', id })).toEqual({
      action: 'terminate',
      id,
      reason: undefined,
      timeout: 5_000,
    });
    expect(actionOf({ action: 'terminate', id, reason: 'tired', timeoutMs: 60_000 })).toEqual({
      action: 'terminate',
      id,
      reason: 'tired',
      timeout: 60_000,
    });
    expect(actionOf({ action: 'trace', id })).toEqual({ action: 'trace', id, max: 100, ms: 10_000 });
    expect(actionOf({ action: 'trace', id, max: 1, ms: 1 })).toEqual({ action: 'trace', id, max: 1, ms: 1 });
    expect(actionOf({ action: 'call', procedure: 'a.b' })).toEqual({
      action: 'call',
      procedure: 'a.b',
      args: {},
      timeout: 5_000,
    });
    expect(actionOf({ action: 'call', procedure: 'a.b', args: [1], timeoutMs: 7 })).toMatchObject({
      args: [1],
      timeout: 7,
    });
  });

  test.each([0, -1, 1.5, 60_001, NaN, Infinity, '5', null, {}, 1e9])(
    '%j is no time, and no number of messages',
    (bad) => {
      for (const given of [
        { action: 'terminate', id, timeoutMs: bad },
        { action: 'call', procedure: 'a', timeoutMs: bad },
        { action: 'trace', id, ms: bad },
        { action: 'trace', id, max: bad },
      ])
        expect(actionOf(given)).toEqual(expect.any(String));
    },
  );

  test('says what is wrong with anything else, and throws at nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(typeof actionOf(value)).toBe('string');
      }),
    );
    const verbs = fc.constantFrom(
      'kill',
      'terminate',
      'trace',
      'call',
      'constructor',
      '__proto__',
      undefined,
      1,
    );
    fc.assert(
      fc.property(verbs, fc.jsonValue(), fc.jsonValue(), (action, one, other) => {
        const judged = actionOf({ action, id: one, procedure: one, timeoutMs: other, max: other, ms: other });
        if (typeof judged === 'string') return;
        expect(['kill', 'terminate', 'trace', 'call']).toContain(judged.action);
        expect(typeof one).toBe('string');
      }),
      { numRuns: 500 },
    );
  });
});
