import { describe, expect, test } from 'vitest';
import { FORMATTER_CRASHED, formatted, redact, REDACTED } from '../../src/otp/server-status.ts';
import { cut, formatTerm } from '../../src/actor/format-term.ts';

describe('formatted', () => {
  const status = { state: 's', reason: 'r', message: 'm', log: ['l'] };

  test('what the formatter leaves out is not shown, what was not there does not appear', () => {
    expect(formatted(() => ({ state: 1 }), status)).toEqual({
      state: 1,
      reason: undefined,
      message: undefined,
      log: [],
    });
    expect(formatted(() => ({ state: 1, message: 'added' }), { state: 's' })).toEqual({ state: 1 });
  });

  test('a formatter that throws, or gives nothing, hides state, message and log', () => {
    const hidden = { state: FORMATTER_CRASHED, reason: 'r', message: FORMATTER_CRASHED, log: [] };
    const broken = (): never => {
      throw new Error('s m l');
    };
    for (const format of [broken, () => undefined, () => null, () => 'text', () => ({})])
      expect(formatted(format, status)).toEqual(hidden);
    expect(formatted(broken, { state: 's' })).toEqual({ state: FORMATTER_CRASHED });
  });
});

describe('redact', () => {
  test('hides the values of the keys wherever they stand', () => {
    class Account {
      readonly user = 'ann';
      readonly password = 'hunter2';
    }
    const error = new Error('kept');
    const state = {
      list: [{ token: 'abc' }, new Account()],
      map: new Map([['password', 'x']]),
      set: new Set([{ token: 1 }]),
      error,
      plain: 7,
    };
    const status = {
      state,
      message: { call: { payload: { password: 'y' } } },
      reason: { token: 'z' },
      log: [{ token: 1 }],
    };
    const shown = redact('password', 'token')(status);
    expect(shown).toEqual({
      state: {
        list: [{ token: REDACTED }, { user: 'ann', password: REDACTED }],
        map: new Map([['password', REDACTED]]),
        set: new Set([{ token: REDACTED }]),
        error,
        plain: 7,
      },
      message: { call: { payload: { password: REDACTED } } },
      reason: { token: REDACTED },
      log: [{ token: REDACTED }],
    });
    expect(state.list[1]).toMatchObject({ password: 'hunter2' });
  });

  test('what is nested too deep, or in a circle, is hidden', () => {
    const circle: { next?: unknown; secret: string } = { secret: 'x' };
    circle.next = circle;
    const text = JSON.stringify(redact('secret')({ state: circle }));
    expect(text).toContain(REDACTED);
    expect(text).not.toContain('"x"');
  });
});

describe('formatTerm', () => {
  test('runs nothing of the value: no getter, no trap, no inspect of its own', () => {
    let ran = 0;
    const run = (): never => {
      ran++;
      throw new Error('ran');
    };
    const hostile = {
      get field(): string {
        return run();
      },
      toString: run,
      toJSON: run,
      [Symbol.for('nodejs.util.inspect.custom')]: run,
      proxy: new Proxy({}, { get: run, ownKeys: run, getOwnPropertyDescriptor: run, getPrototypeOf: run }),
    };
    expect(formatTerm(hostile)).toContain('field: [Getter]');
    expect(ran).toBe(0);
  });

  test('a limit in depth and in length, and one line', () => {
    const deep = { a: { b: { c: { d: 1 } } }, text: 'line\nline' };
    expect(formatTerm(deep, { depth: 1, singleLine: true })).toBe(
      "{ a: { b: [Object] }, text: 'line\\nline' }",
    );
    expect(formatTerm(deep, { chars: 8, singleLine: true })).toBe('{ a: { …');
    expect([cut('abc', { chars: 3 }), cut('abcd', { chars: 3 })]).toEqual(['abc', 'ab…']);
  });
});
