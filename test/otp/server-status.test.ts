import { describe, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import { ExitError, startSupervisor, worker } from '../../src/otp.ts';
import { FORMATTER_CRASHED, formatted, redact, REDACTED } from '../../src/otp/server-status.ts';
import { cut, formatTerm } from '../../src/actor/format-term.ts';
import { hostileValues } from '../actor/hostile.ts';
import { world } from '../actor/world.ts';

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

  test('a promise is nothing to show, and its rejection ends nobody', async () => {
    const lost: unknown[] = [];
    const onLost = (error: unknown): void => void lost.push(error);
    process.on('unhandledRejection', onLost);
    const late = (): unknown => Promise.reject(new Error('s m l'));
    expect(formatted(late, { state: 's' })).toEqual({ state: FORMATTER_CRASHED });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onLost);
    expect(lost).toEqual([]);
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
    expect(redact('secret')({ state: circle })).toEqual({ state: { next: REDACTED, secret: REDACTED } });
    const nested = (levels: number): object => (levels === 1 ? { end: 1 } : { deep: nested(levels - 1) });
    expect(redact('secret')({ state: nested(16) })).toEqual({ state: nested(16) });
    expect(JSON.stringify(redact('secret')({ state: nested(17) }))).toContain(`"deep":"${REDACTED}"`);
  });
});

describe('formatTerm', () => {
  test('looks as people know it: classes, maps, errors with their causes', () => {
    class Account {
      readonly user = 'ann';
    }
    const shared = { a: 1 };
    const show = (value: unknown): string => formatTerm(value, { singleLine: true });
    expect(show({ one: new Account(), two: shared, three: shared })).toBe(
      "{ one: Account { user: 'ann' }, two: { a: 1 }, three: { a: 1 } }",
    );
    expect(show(new Map<unknown, unknown>([['k', new Set([1, 'x'])]]))).toBe(
      "Map(1) { 'k' => Set(2) { 1, 'x' } }",
    );
    expect(show([Object.create(null), new Date(5), /a/u, 2n, Symbol('s'), undefined])).toBe(
      '[ [Object: null prototype] {}, 1970-01-01T00:00:00.005Z, /a/u, 2n, Symbol(s), undefined ]',
    );
    expect(show([Buffer.from('ab'), Buffer.alloc(2_000), new Account().constructor])).toBe(
      "[ Buffer(2) [Uint8Array] [ 97, 98 ], '[2000 bytes]', [class Account] ]",
    );
    const error = Object.assign(new TypeError('no', { cause: new Error('why') }), { code: 7 });
    const text = formatTerm(error);
    for (const part of ['TypeError: no', 'code: 7', '[cause]: Error: why', 'server-status.test.ts'])
      expect(text).toContain(part);
    const circle: Record<string, unknown> = { a: 1 };
    circle['self'] = circle;
    expect(show(circle)).toBe("{ a: 1, self: '[circular]' }");
  });

  test('is bounded whatever refers to whatever: processes are named, what is shared costs its number', async () => {
    const { runtime } = world();
    const tree = await startSupervisor(runtime, {
      children: Array.from({ length: 50 }, (_, n) => worker(`w${n}`, { init: () => 0 }, undefined)),
    });
    const pid = tree.pid as Pid;
    const held = { pid, runtime, cause: new ExitError('x', { already_started: pid }), ref: tree };
    const text = formatTerm(held);
    expect([text.includes(`pid: '${pid.toString()}'`), text.length < 10_000]).toEqual([true, true]);
    let shared: object = { end: 1 };
    for (let level = 0; level < 60; level++) shared = { a: shared, b: shared };
    const nodes: Record<string, unknown>[] = Array.from({ length: 100 }, () => ({}));
    for (const node of nodes) Object.assign(node, Object.fromEntries(nodes.map((to, n) => [`to${n}`, to])));
    for (const value of [shared, nodes, { shared, again: [shared, nodes] }]) {
      const whole = formatTerm(value);
      expect(whole.length).toBeLessThan(20_000_000);
      expect(whole).toContain('…');
    }
  });

  test('blanks cost their number on one line too', () => {
    const text = `a${' '.repeat(1_000_000)}b`;
    expect(formatTerm(text, { singleLine: true })).toBe(`'${text}'`);
    expect(formatTerm({ a: { b: [1, 2], c: 'x'.repeat(100) } }, { singleLine: true })).not.toContain('\n');
  });

  test('never throws, whatever it is given', () => {
    for (const [, value] of hostileValues())
      for (const term of [value, { value }, new Map([[value, value]]), new Error('e', { cause: value })])
        for (const limits of [{}, { singleLine: true }, { depth: 0 }, { depth: 2, chars: 40 }])
          expect(formatTerm(term, limits)).toEqual(expect.any(String));
  });

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
    expect(formatTerm(hostile)).toContain("field: '[getter]'");
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
