/** The pool's decisions, and what its exit reasons look like in a log. */
import { describe, expect, test } from 'vitest';
import { outlineReason } from '../../src/actor/outline.ts';
import { counts, lacking, mayRun } from '../../src/isolation/pool-plan.ts';
import { checkPool } from '../../src/isolation/pool-options.ts';
import { WorkerError, type WorkerFailure } from '../../src/isolation.ts';

describe('a death counts for the intensity', () => {
  test('when nothing ran, or the module was never loaded', () => {
    expect(counts({ loaded: true, busy: false, abandoned: false })).toBe(true);
    expect(counts({ loaded: false, busy: false, abandoned: false })).toBe(true);
  });
  test('but not when a function ran, nor when its caller gave up', () => {
    expect(counts({ loaded: true, busy: true, abandoned: false })).toBe(false);
    expect(counts({ loaded: true, busy: true, abandoned: true })).toBe(false);
    expect(counts({ loaded: true, busy: false, abandoned: true })).toBe(false);
  });
});

test('as many threads are started as are missing, and never too many', () => {
  expect(lacking({ size: 2, spare: 1, present: 0 })).toBe(3);
  expect(lacking({ size: 2, spare: 1, present: 2 })).toBe(1);
  expect(lacking({ size: 2, spare: 1, present: 3 })).toBe(0);
  expect(lacking({ size: 2, spare: 0, present: 3 })).toBe(0);
});

test('a spare is no permission to run more at once', () => {
  expect(mayRun(1, 2)).toBe(true);
  expect(mayRun(2, 2)).toBe(false);
});

test('a pool has a spare, a bound, a deadline and a heap cap without being told', () => {
  const { size, spare, maxQueue, timeout, drain, limit, thread } = checkPool({ module: 'file:///work.mjs' });
  expect(size).toBeGreaterThanOrEqual(1);
  expect({ spare, maxQueue, timeout, drain, limit, heapMb: thread.heapMb }).toEqual({
    spare: 1,
    maxQueue: 1_000,
    timeout: 5_000,
    drain: 5_000,
    limit: { intensity: 5, period: 5_000 },
    heapMb: 128,
  });
});

test('a log tells worker_oom and worker_exit, which hold no secrets', () => {
  expect(outlineReason('worker_oom')).toBe('worker_oom');
  expect(outlineReason({ worker_exit: 3 })).toBe('{ worker_exit: 3 }');
  expect(outlineReason({ worker_exit: 'text of a user' })).toBe('an object');
});

test('an error names its function and failure, and has what was thrown as its cause', () => {
  const error = new TypeError('thrown');
  const told: readonly (readonly [WorkerFailure, string, unknown])[] = [
    [{ tag: 'timeout' }, 'worker f: timeout', undefined],
    [{ tag: 'threw', error }, 'worker f: TypeError: thrown', error],
    [{ tag: 'exit', reason: 'worker_oom' }, 'worker f: worker_oom', 'worker_oom'],
    [{ tag: 'declared', reason: 'no' }, 'worker f: no', 'no'],
    [{ tag: 'overloaded', bound: 'queue' }, 'worker f: overloaded (queue)', undefined],
    [{ tag: 'no_function', name: 'f' }, 'worker f: the module exports no function f', undefined],
    [{ tag: 'canceled', reason: 'enough' }, 'worker f: canceled', 'enough'],
    [
      { tag: 'unclonable', what: 'result', detail: '() => {}' },
      'worker f: the result cannot be cloned: () => {}',
      undefined,
    ],
  ];
  for (const [failure, message, cause] of told) {
    const made = new WorkerError('worker f', failure);
    expect([made.message, made.cause, made.failure]).toEqual([message, cause, failure]);
  }
});
