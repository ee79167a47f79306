/** What OTP's own supervisor did with random scripts, recorded, against ours; and the tools that compare them. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explain, firstDifference, shrink } from '../differential/compare.ts';
import { readFixtures } from '../differential/fixtures.ts';
import { generate } from '../differential/generate.ts';
import { replay } from '../differential/replay.ts';
import type { Fixture, Script } from '../differential/script.ts';

const RECORDED = readFixtures(join(import.meta.dirname, '../differential/fixtures'));
/** The number of recorded scripts. */
const LEAST = 500;

const steps = (fixtures: Iterable<Fixture>): number =>
  [...fixtures].reduce((sum, { trace }) => sum + trace.length, 0);

describe('recorded scripts', () => {
  test(`there are at least ${LEAST}, and no two are the same`, () => {
    const scripts = [...RECORDED.values()].flat().map(({ tree, ops }) => JSON.stringify([tree, ops]));
    expect(scripts.length).toBeGreaterThanOrEqual(LEAST);
    expect(new Set(scripts).size).toBe(scripts.length);
  });

  test.each([...RECORDED.keys()])('our supervisor does what OTP did: %s', async (file) => {
    const fixtures = RECORDED.get(file) as readonly Fixture[];
    let replayed = 0;
    for (const fixture of fixtures) {
      const trace = await replay(fixture);
      if (firstDifference(fixture.trace, trace) !== undefined)
        expect.fail(`${file}: ${explain(fixture, fixture.trace, trace)}`);
      replayed += trace.length;
    }
    expect(replayed).toBe(steps(fixtures));
    expect(replayed).toBeGreaterThan(fixtures.length);
  });
});

describe('replay', () => {
  const script: Script = {
    seed: 0,
    tree: {
      strategy: 'restForOne',
      intensity: 1,
      children: [{ id: 'a' }, { id: 'b', stop: 'obey' }, { id: 'c', restart: 'temporary', stop: 'boom' }],
    },
    ops: [
      ['crash', 'b', 'boom'],
      ['start', 'root', { id: 'a' }],
      ['signal', 'a', 'kill'],
    ],
  };

  test('writes results, events in order and the state of each supervisor', async () => {
    expect(await replay(script)).toEqual([
      'ok; +root; +a#1; +b#1; +c#1; +root#1; = root[c#1 b#1 a#1]3/3/0/3',
      'done; -b#1 boom; !child_terminated b boom; -c#1 boom; !shutdown_error c boom; +b#2; = root[b#2 a#1]2/2/0/2',
      'error already_started a#1',
      'done; -a#1 killed; !child_terminated a killed; !shutdown a reached_max_restart_intensity; -b#2 shutdown; -root#1 shutdown; = ',
    ]);
  });

  test('is the same each time', async () => {
    expect(await replay(generate(7))).toEqual(await replay(generate(7)));
  });
});

/** Scripts that once parted the two, made small, with what OTP 25 did. */
describe('found by random scripts', () => {
  test.each<[rule: string, script: Omit<Script, 'seed'>, trace: readonly string[]]>([
    [
      'a child that left its link and died is listed, but not active, and is stopped with noproc',
      {
        tree: { strategy: 'oneForOne', intensity: 10, children: [{ id: 'c' }] },
        ops: [
          ['unlink', 'c'],
          ['crash', 'c', 'boom'],
        ],
      },
      [
        'ok; +root; +c#1; +root#1; = root[c#1]1/1/0/1',
        'done',
        'done; -c#1 boom; = root[c#1]1/0/0/1',
        'stopped; !shutdown_error c noproc; -root#1 shutdown; = ',
      ],
    ],
    [
      'a dynamic supervisor that ends reports the child whose end it has not heard of',
      {
        tree: { strategy: 'simpleOneForOne', intensity: 1, children: [{ id: 'T' }] },
        ops: [
          ['spawn', 'root', '1'],
          ['spawn', 'root', '3'],
          ['spawn', 'root', '4'],
          [
            'during',
            '1',
            'boom',
            ['ok'],
            [
              ['signal', '4', 'kill'],
              ['signal', '3', 'kill'],
            ],
          ],
        ],
      },
      [
        'ok; +root; +root#1; = root[]1/0/0/0',
        'ok 1#1; +1#1; = root[1#1]1/1/0/1',
        'ok 3#1; +3#1; = root[1#1 3#1]1/2/0/2',
        'ok 4#1; +4#1; = root[1#1 3#1 4#1]1/3/0/3',
        'gated done, done; -1#1 boom; !child_terminated T boom; 1 waits; -3#1 killed; -4#1 killed; +1#2; !child_terminated T killed; !shutdown T reached_max_restart_intensity; -1#2 shutdown; !shutdown_error T killed; -root#1 shutdown; = ',
      ],
    ],
    [
      'a dynamic supervisor lists a child until it has heard of its end',
      {
        tree: { strategy: 'simpleOneForOne', intensity: 10, children: [{ id: 'T' }] },
        ops: [
          ['spawn', 'root', '3'],
          ['spawn', 'root', '4'],
          [
            'during',
            '3',
            'boom',
            ['error'],
            [
              ['which', 'root'],
              ['crash', '4', 'boom'],
            ],
          ],
        ],
      },
      [
        'ok; +root; +root#1; = root[]1/0/0/0',
        'ok 3#1; +3#1; = root[3#1]1/1/0/1',
        'ok 4#1; +4#1; = root[3#1 4#1]1/2/0/2',
        'gated 4#1 ?, done; -3#1 boom; !child_terminated T boom; 3 waits; -4#1 boom; +3 error; !start_error T nope; !child_terminated T boom; +4#2; +3#2; = root[3#2 4#2]1/2/0/2',
        'stopped; -3#2 shutdown; -4#2 shutdown; -root#1 shutdown; = ',
      ],
    ],
  ])('%s', async (_, script, trace) => {
    expect(await replay({ seed: 0, ...script })).toEqual(trace);
  });
});

describe('generate', () => {
  test('the same seed gives the same script, another one another', () => {
    expect(generate(11)).toEqual(generate(11));
    expect(generate(11)).not.toEqual(generate(12));
  });
});

describe('compare', () => {
  test('finds the first line that differs, also where one trace is over', () => {
    expect(firstDifference(['a', 'b'], ['a', 'b'])).toBeUndefined();
    expect(firstDifference(['a', 'b'], ['a', 'c'])).toBe(1);
    expect(firstDifference(['a'], ['a', 'b'])).toBe(1);
  });

  test('shows the steps up to the difference, and both lines there', () => {
    const text = explain(
      { seed: 3, tree: { strategy: 'oneForOne', intensity: 1, children: [] }, ops: [['which', 'root']] },
      ['ok', 'x'],
      ['ok', 'y'],
    );
    expect(text.split('\n').slice(2)).toEqual([
      '  0  start',
      '     both ok',
      '  1  ["which","root"]',
      '     OTP  x',
      '     ours y',
    ]);
  });

  test('a difference is made as small as taking things away can make it', async () => {
    const large = {
      ...generate(1),
      ops: [...generate(1).ops, ['unlink', 'q'], ...generate(2).ops],
    } as Script;
    const smallest = await shrink(large, (scripts) =>
      Promise.resolve(
        scripts.map(({ ops, tree }) => ops.some(([tag]) => tag === 'unlink') && tree.children.length > 0),
      ),
    );
    expect(smallest.ops).toHaveLength(1);
    expect(smallest.tree).toMatchObject({ strategy: 'oneForOne', intensity: 10, children: [{}] });
    expect(smallest.tree.children).toHaveLength(1);
  });
});
