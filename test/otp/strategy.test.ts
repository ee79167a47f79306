import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reportable, restartGroup, restarts } from '../../src/otp/strategy.ts';

const ORDERLY = ['normal', 'shutdown', { shutdown: 'why' }];
const BAD = ['killed', 'boom', new Error('x'), undefined, null];

describe('restarts', () => {
  test.each([
    ['permanent', true, true],
    ['transient', false, true],
    ['temporary', false, false],
  ] as const)('%s: after an orderly end %s, after any other %s', (restart, orderly, bad) => {
    for (const reason of ORDERLY) expect(restarts(restart, reason)).toBe(orderly);
    for (const reason of BAD) expect(restarts(restart, reason)).toBe(bad);
  });
});

describe('reportable', () => {
  test('a permanent child always, the others unless they ended orderly', () => {
    for (const reason of [...ORDERLY, ...BAD]) expect(reportable('permanent', reason)).toBe(true);
    for (const restart of ['transient', 'temporary'] as const) {
      for (const reason of ORDERLY) expect(reportable(restart, reason)).toBe(false);
      for (const reason of BAD) expect(reportable(restart, reason)).toBe(true);
    }
  });
});

describe('restartGroup', () => {
  test('oneForOne takes the child, oneForAll all, restForOne the child and all after it, in start order', () => {
    const children = fc.uniqueArray(fc.nat(100), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(children, fc.nat(), (all, pick) => {
        const at = pick % all.length;
        const child = all[at] as number;
        const before = [...all];
        expect(restartGroup('oneForOne', all, child)).toEqual([child]);
        expect(restartGroup('oneForAll', all, child)).toEqual(all);
        expect(restartGroup('restForOne', all, child)).toEqual(all.filter((_, i) => i >= at));
        expect(all).toEqual(before);
      }),
      { numRuns: 1_000 },
    );
  });
});
