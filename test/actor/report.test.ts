import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PromiseCall } from '../../src/actor/call.ts';
import { describeReason, isOrderly } from '../../src/actor/exit-reason.ts';
import { ndjsonLogger } from '../../src/actor/logger.ts';
import { framesOf, outlineReason } from '../../src/actor/outline.ts';
import { RemotePid } from '../../src/actor/pid.ts';
import type { Report } from '../../src/actor/report.ts';
import type { RuntimeOptions } from '../../src/actor/runtime.ts';
import { hostileValues } from './hostile.ts';
import { spawn, world, type World } from './world.ts';

const logged = (options: RuntimeOptions = {}): World & { readonly lines: string[] } => {
  const lines: string[] = [];
  const clock = world().clock;
  return {
    ...world({ clock, logger: ndjsonLogger(clock, 'trace', (line) => void lines.push(line)), ...options }),
    lines,
    clock,
  };
};

describe('describeReason', () => {
  test('is one short line about any value and never throws', () => {
    for (const [, value] of hostileValues()) {
      const text = describeReason(value);
      expect(typeof text).toBe('string');
      expect(text.length).toBeLessThanOrEqual(1_024);
      // oxlint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
        (value) => {
          expect(describeReason(value, 80).length).toBeLessThanOrEqual(80);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('says what it can', () => {
    expect(describeReason('noproc')).toBe('noproc');
    expect(describeReason(new RangeError('too far'))).toBe('RangeError: too far');
    expect(describeReason({ shutdown: 'done' })).toBe('{ shutdown: done }');
    expect(describeReason({ a: 1, b: [1, 2] })).toBe('{ a: 1, b: an array of 2 }');
  });

  test('names what belongs to the runtime, and does not open it', () => {
    const { runtime } = world();
    const pid = spawn(runtime);
    const timer = runtime.sendAfter(1_000, pid, 'tick');
    expect(describeReason({ already_started: pid })).toBe('{ already_started: <0.1> }');
    expect(describeReason(pid)).toBe('<0.1>');
    expect(describeReason({ of: new RemotePid('there', 7, 3), in: runtime, timer })).toBe(
      '{ of: <there.3>, in: [runtime], timer: [timer] }',
    );
    const ref = runtime.monitor(pid, spawn(runtime));
    const call = new PromiseCall(
      'ask',
      () => undefined,
      () => undefined,
    );
    expect(describeReason({ shutdown: { ref, call } })).toBe(
      '{ shutdown: { ref: [monitor], call: [call] } }',
    );
  });

  test('runs neither getters nor traps', () => {
    const ran: string[] = [];
    const spy = (name: string) => (): never => {
      ran.push(name);
      throw new Error(name);
    };
    const traps = Object.fromEntries(
      Object.getOwnPropertyNames(Reflect).map((trap) => [trap, spy(trap)]),
    ) as ProxyHandler<object>;
    const getter = (key: string): object =>
      Object.defineProperty({}, key, { enumerable: true, get: spy('getter') });
    expect(describeReason({ proxy: new Proxy({}, traps), error: new Proxy(new Error('x'), traps) })).toBe(
      '{ proxy: [proxy], error: [proxy] }',
    );
    expect(describeReason(new Proxy([], traps))).toBe('[proxy]');
    expect(describeReason(getter('secret'))).toBe('{ secret: [getter] }');
    expect(describeReason(getter('shutdown'))).toBe('{ shutdown: [getter] }');
    expect(ran).toEqual([]);
  });
});

describe('outlineReason', () => {
  test('names classes, system errors and our own words, and nothing that a user wrote', () => {
    class OrderError extends Error {}
    const cause = Object.assign(new Error('secret'), { code: 'ECONNREFUSED' });
    expect(outlineReason(new OrderError('secret', { cause }))).toBe(
      'OrderError, caused by Error ECONNREFUSED',
    );
    expect(outlineReason(Object.assign(new TypeError('secret'), { code: 'E_SECRET', name: 'Secret' }))).toBe(
      'TypeError',
    );
    expect(outlineReason('noproc')).toBe('noproc');
    expect(outlineReason('secret')).toBe('a string of 6 characters');
    expect(outlineReason({ shutdown: { overloaded: 'mailbox' } })).toBe(
      '{ shutdown: { overloaded: mailbox } }',
    );
    expect(outlineReason({ shutdown: { failed_to_start_child: 'a', reason: new Error('secret') } })).toBe(
      '{ shutdown: { failed_to_start_child: a, reason: Error } }',
    );
    expect(outlineReason({ secret: 'secret', overloaded: 'secret' })).toBe('an object');
    expect(
      [undefined, null, 7, 7n, true, Symbol('secret'), [1, 2]].map((value) => outlineReason(value)),
    ).toEqual(['undefined', 'null', 'a number', 'a bigint', 'a boolean', 'a symbol', 'an array of 2']);
  });

  test('follows four causes, also of an error that causes itself', () => {
    const error = new Error('x');
    error.cause = error;
    expect(outlineReason(error)).toBe('Error, caused by Error, caused by Error, caused by Error');
  });

  test('with details tells name and message of the error itself', () => {
    const error = new RangeError('too far', { cause: new Error('secret') });
    expect([outlineReason(error, true), outlineReason('word', true)]).toEqual([
      'RangeError: too far',
      'word',
    ]);
    expect(outlineReason({ secret: 'secret' }, true)).toBe('an object');
  });

  test('is one short line about any value and never throws', () => {
    for (const [, value] of hostileValues()) {
      for (const details of [false, true]) {
        const text = outlineReason(value, details);
        expect(text.length).toBeLessThanOrEqual(1_024);
        // oxlint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      }
      expect(Array.isArray(framesOf(value))).toBe(true);
    }
  });
});

describe('framesOf', () => {
  const withStack = (stack: string, message = 'x'): Error => Object.assign(new Error(message), { stack });

  test('gives places in files, at most twelve, and no other line', () => {
    const good = [
      '    at /srv/app/index.js:1:2',
      '    at async Store.get (file:///srv/My%20App/store.ts:10:20)',
      '    at new Thing (C:\\app\\thing.js:3:4)',
      '    at Object.<anonymous> [as handler] (/srv/a.js:1:1)',
      '    at node:internal/process/task_queues:105:5',
    ];
    const bad = [
      '    at secret',
      '    at eval (secret)',
      '    at f (secret.js:1:1)',
      'secret',
      '    at f (/a.js:1:1) secret',
      '    at <anonymous>',
      '   at f (/a.js:1:1)',
    ];
    expect(framesOf(withStack(['Error: x', ...good, ...bad].join('\n')))).toEqual(good);
    expect(framesOf(withStack(`Error: x\n${'    at /a.js:1:1\n'.repeat(50)}`)).length).toBe(12);
    expect(framesOf('Error: x\n    at /a.js:1:1')).toEqual([]);
  });

  test('a message that looks like a stack is none', () => {
    const error = new Error('x\n    at secret (/secret/file.js:1:1)\n    at /secret.js:1:1');
    expect(framesOf(error).join()).not.toContain('secret');
    expect(framesOf(error).length).toBeGreaterThan(0);
  });

  test('100 kB of anything is looked through in no time', () => {
    for (const piece of [
      '(',
      ')',
      ':1',
      '/',
      '    at ',
      '    at f (',
      '    at a a ',
      '[as x] ',
      '<',
      '1:1',
    ]) {
      const line = `    at f (/${piece.repeat(100_000 / piece.length)}`;
      const start = process.hrtime.bigint();
      framesOf(withStack(`Error: x\n${line}\n${line})\n    at ${line}:1:1`));
      expect(Number(process.hrtime.bigint() - start) / 1e6).toBeLessThan(250);
    }
  });
});

describe('isOrderly', () => {
  test('holds for normal, shutdown and { shutdown }, and for nothing else', () => {
    for (const reason of ['normal', 'shutdown', { shutdown: 1 }, { shutdown: undefined, more: 1 }])
      expect(isOrderly(reason)).toBe(true);
    class Shutdown {
      shutdown = 1;
    }
    for (const reason of ['kill', 'killed', undefined, null, {}, new Shutdown(), { Shutdown: 1 }])
      expect(isOrderly(reason)).toBe(false);
    for (const [name, value] of hostileValues()) {
      expect([name, isOrderly(value)]).toEqual([name, name === 'nested' || name === 'a throwing shutdown']);
    }
  });
});

describe('a crash', () => {
  test('of any reason gives one report and one parseable line, and the runtime goes on', async () => {
    for (const [name, value] of hostileValues()) {
      for (const how of ['throw', 'reject', 'terminate'] as const) {
        const { runtime, clock, reports, lines } = logged();
        const pid = spawn(
          runtime,
          () => {
            if (how === 'reject') return Promise.reject(value);
            throw how === 'throw' ? value : new Error('first');
          },
          {
            terminate: () => {
              if (how === 'terminate') throw value;
            },
          },
        );
        const linked = spawn(runtime, undefined, { trapExit: true });
        linked.link(pid);
        runtime.send(pid, 'go');
        await clock.settle();
        expect([name, how, pid.alive, pid.reason === value || Number.isNaN(value)]).toEqual([
          name,
          how,
          false,
          true,
        ]);
        expect(lines.length).toBe(isOrderly(value) ? 0 : 1);
        for (const line of lines) {
          expect(line).not.toContain('\n');
          expect(JSON.parse(line)).toMatchObject({ level: 50, event: 'actor.crash', actor: 'Test' });
        }
        expect(reports.length).toBe(lines.length);
        expect(linked.handled).toBe(1);
      }
    }
  });

  test('the report says who and why, and carries no state and no message', async () => {
    const { runtime, clock, reports, lines } = logged();
    const root = spawn(runtime, undefined, { label: 'root', trapExit: true });
    const error = new Error('bug');
    const pid = spawn(
      runtime,
      () => {
        throw error;
      },
      { parent: root, id: 'worker' },
    );
    pid.state = { secret: 'hunter2' };
    runtime.send(pid, { password: 'hunter2' });
    runtime.send(pid, { password: 'hunter2' });
    await clock.settle();
    expect(reports).toEqual([
      {
        tag: 'crash',
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        at: clock.wall(),
        pid,
        label: 'worker',
        type: 'Test',
        path: ['root'],
        reason: error,
        queued: 1,
        details: expect.any(Function),
      },
    ]);
    expect(lines.join()).not.toContain('hunter2');
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      actor: 'worker',
      path: 'root',
      reason: 'Error',
      stack: expect.stringContaining('report.test'),
    });
  });

  test('the log of a runtime with crashDetails tells name and message', async () => {
    const { runtime, lines } = logged({ crashDetails: true });
    runtime.reportCrash(spawn(runtime), new RangeError('too far'));
    runtime.defect(new TypeError('bad listener'));
    expect(lines.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
      'RangeError: too far',
      'TypeError: bad listener',
    ]);
  });

  test('an orderly end makes no report', async () => {
    const { runtime, clock, reports } = world();
    for (const reason of ['normal', 'shutdown', { shutdown: 'x' }]) {
      const pid = spawn(runtime, (_k, _m, self) => self.runtime.stop(self, reason));
      runtime.send(pid, 'go');
      await clock.settle();
      expect(pid.reason).toBe(reason);
    }
    expect(reports).toEqual([]);
  });
});

describe('onReport', () => {
  test('a listener or a logger that throws harms nobody', async () => {
    const bad = (): never => {
      throw new Error('listener');
    };
    const { runtime, clock, reports } = world({
      logger: { trace: bad, debug: bad, info: bad, warn: bad, error: bad, fatal: bad },
    });
    runtime.onReport(bad);
    const late: Report[] = [];
    runtime.onReport((report) => late.push(report));
    const pid = spawn(runtime, () => {
      throw new Error('bug');
    });
    const linked = spawn(runtime);
    linked.link(pid);
    runtime.send(pid, 'go');
    await clock.settle();
    expect(reports.length).toBe(1);
    expect(late.length).toBe(1);
    expect(linked.alive).toBe(false);
  });

  test('ends when the returned function is called', () => {
    const { runtime } = world();
    const seen: Report[] = [];
    const off = runtime.onReport((report) => seen.push(report));
    runtime.reportCrash(spawn(runtime), 'x');
    off();
    runtime.reportCrash(spawn(runtime), 'x');
    expect(seen.length).toBe(1);
  });
});
