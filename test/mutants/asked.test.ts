import { expect, test } from 'vitest';
import { asked, type Asked } from './asked.ts';
import { MUTANTS } from './mutants.ts';
import { SIMULATED } from './simulated.ts';

const namesOf = ({ mutants, simulated }: Asked): readonly string[] =>
  [...simulated, ...mutants].map(({ name }) => name);
const ALL = namesOf({ mutants: MUTANTS, simulated: SIMULATED, writes: false, within: undefined });

test('all faults without a name, those whose names hold one of the names given otherwise', () => {
  expect(namesOf(asked([]))).toEqual(ALL);
  const some = namesOf(asked(['listener left', 'mailbox unbounded']));
  expect(some).toEqual(ALL.filter((name) => /listener left|mailbox unbounded/.test(name)));
  expect(some.length).toBeGreaterThan(2);
});

test('--within draws as many as fit, each once, the same for the same seed only; all when there is time for all', () => {
  const first = namesOf(asked(['--within', '160', '--seed', 'a']));
  expect(first).toHaveLength(20);
  expect(new Set(first).size).toBe(20);
  expect(namesOf(asked(['--within', '160', '--seed', 'a']))).toEqual(first);
  expect(namesOf(asked(['--within', '160', '--seed', 'b']))).not.toEqual(first);
  expect(namesOf(asked(['--within', '80000']))).toEqual(ALL);
});

test('none is drawn twice, and every fault is drawn by some seed', () => {
  const draws = Array.from({ length: 200 }, (_, n) =>
    namesOf(asked(['--within', '160', '--seed', String(n)])),
  );
  expect(draws.filter(({ length }) => length !== 20)).toEqual([]);
  expect(new Set(draws.flat()).size).toBe(ALL.length);
});

test.each([
  ['an unknown fault', ['no such fault'], 'No such mutant'],
  ['no time', ['--within', '0'], '--within'],
  ['a time that is none', ['--within', 'long'], '--within'],
  ['more time than timers have', ['--within', 'Infinity'], '--within'],
  ['a seed for nothing that is drawn', ['--seed', 'a'], '--within'],
  ['a table of some', ['--table', 'mailbox'], '--table'],
  ['a table of what was drawn', ['--table', '--within', '60'], '--table'],
  ['an unknown option', ['--all'], '--all'],
])('%s is refused', (_what, args, told) => {
  expect(() => asked(args)).toThrow(told);
});
