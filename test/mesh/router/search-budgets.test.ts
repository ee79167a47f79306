/** How much may be searched for among stations, and what is known to be nobody's. */
import { describe, expect, test } from 'vitest';
import { costOf, SearchBudgets } from '../../../src/mesh/router/search-budgets.ts';
import { UnknownNames } from '../../../src/mesh/router/unknown-names.ts';

/** How many are taken before the first that is refused, of at most 100,000. */
function taken(budgets: SearchBudgets, asker: string, isPeered: boolean, now: number, cost = 1): number {
  let count = 0;
  while (count < 100_000 && budgets.take(asker, isPeered, cost, now) !== undefined) count++;
  return count;
}

describe('a budget of searches', () => {
  test('a stranger has 1,024 at once, and 16 in a second', () => {
    const budgets = new SearchBudgets();
    expect(taken(budgets, 'a', false, 0)).toBe(1_024);
    expect(taken(budgets, 'a', false, 1_000)).toBe(16);
    expect(taken(budgets, 'b', false, 1_000)).toBe(1_024);
  });

  test('a station among our peers has 8,192 and 256, this node as many as it likes', () => {
    const budgets = new SearchBudgets();
    expect([taken(budgets, 'a', true, 0), taken(budgets, 'a', true, 1_000)]).toEqual([8_192, 256]);
    expect(taken(budgets, '', false, 0)).toBe(100_000);
  });

  test('all strangers together have 8,192 and 256; peers are not counted with them', () => {
    const budgets = new SearchBudgets();
    let all = 0;
    for (let n = 0; n < 20; n++) all += taken(budgets, `s${n}`, false, 0);
    expect(all).toBe(8_192);
    for (let n = 0; n < 20; n++) all += taken(budgets, `t${n}`, false, 1_000);
    expect(all).toBe(8_192 + 256);
    expect(taken(budgets, 'peer', true, 1_000)).toBe(8_192);
  });

  test('what was given back may be taken again, and no more than that', () => {
    const budgets = new SearchBudgets();
    const giveBack = budgets.take('a', false, 100, 0);
    expect(taken(budgets, 'a', false, 0)).toBe(924);
    giveBack?.();
    expect(taken(budgets, 'a', false, 0)).toBe(100);
  });

  test('16 KiB of arguments cost as much as a search without any, up to 256 of these', () => {
    expect([0, 16_383, 16_384, 1_048_576, 1e9].map(costOf)).toEqual([1, 1, 2, 65, 256]);
    expect(taken(new SearchBudgets(), 'a', false, 0, 65)).toBe(15);
  });
});

describe('a name that nobody knew', () => {
  test('is nobody`s for two seconds, or until somebody answers', () => {
    const names = new UnknownNames();
    names.add('a.b', 0);
    expect([names.has('a.b', 1_999), names.has('a.b', 2_000), names.has('a.c', 0)]).toEqual([
      true,
      false,
      false,
    ]);
    names.add('a.b', 1_000);
    expect(names.has('a.b', 2_999)).toBe(true);
    names.forget('a.b');
    expect(names.has('a.b', 1_001)).toBe(false);
  });

  test('of 10,000 at most, the oldest is forgotten first, and those that are over', () => {
    const names = new UnknownNames();
    for (let n = 0; n <= 10_000; n++) names.add(`n${n}`, 0);
    expect([names.size, names.has('n0', 1), names.has('n1', 1)]).toEqual([10_000, false, true]);
    names.add('late', 2_000);
    expect(names.size).toBe(1);
  });
});
