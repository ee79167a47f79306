import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeReason, isOrderly } from '../../src/actor/exit-reason.ts';
import { ndjsonLogger } from '../../src/actor/logger.ts';
import type { Report } from '../../src/actor/report.ts';
import { hostileValues } from './hostile.ts';
import { spawn, world, type World } from './world.ts';

const logged = (): World & { readonly lines: string[] } => {
  const lines: string[] = [];
  const clock = world().clock;
  return {
    ...world({ clock, logger: ndjsonLogger(clock, 'trace', (line) => void lines.push(line)) }),
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
      },
    ]);
    expect(lines.join()).not.toContain('hunter2');
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      actor: 'worker',
      path: 'root',
      reason: 'Error: bug',
      stack: expect.stringContaining('report.test'),
    });
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
