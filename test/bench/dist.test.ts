/**
 * What the bench of the distribution asks, and what it leaves out.
 */
import { describe, expect, test } from 'vitest';
import { CALLS, CASES, WORKLOADS } from '../../bench/dist/cases.ts';
import { MESSAGES } from '../../bench/dist/codecs.ts';
import { planned } from '../../bench/dist/plan.ts';
import { figuresOf, rowsOf } from '../../bench/dist/rows.ts';
import type { Sample, Session } from '../../bench/rpc/session.ts';

const LOOK = { json: true, quick: false, smoke: false, help: false, peers: undefined, rounds: undefined };
const ALL = { erl: true, erlang_js: true };
const ANSWERING = 'answering erl, 16 B, one at a time';

describe('CASES', () => {
  test('no two rows have one name', () => {
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
  });

  test('a goal against somebody has them in its row', () => {
    for (const { goals, than } of CASES)
      for (const goal of goals) expect(Object.keys(than)).toContain(goal.than);
  });

  test('every figure is one that is measured', () => {
    const workloads = WORKLOADS.map(({ name }) => name);
    const codecs = Object.keys(MESSAGES).flatMap((name) => [`encode ${name}`, `decode ${name}`]);
    const between = ['inFlight', 'apart', 'huge'];
    const measured: Readonly<Record<string, readonly string[]>> = {
      'erl to erl': workloads,
      'erl to espalier': workloads,
      'espalier to erl': Object.keys(CALLS),
      mesh: between.slice(0, 2),
      quic: between,
      tcp: between,
      'espalier codec': codecs,
      'erlang_js codec': codecs,
    };
    for (const figure of CASES.flatMap((one) => [one.figure, ...Object.values(one.than)])) {
      const [part = '', what = ''] = figure.split('/');
      expect(measured[part], figure).toContain(what);
    }
  });

  test('three quarters of Erlang one at a time, as many pipelined, 0.8 of the mesh, twice erlang_js', () => {
    const goals = CASES.flatMap(({ name, goals: wanted }) => wanted.map((goal) => [name, goal]));
    expect(goals).toEqual([
      [ANSWERING, { than: 'erl', atLeast: 0.75 }],
      ['answering erl, 256 B, 256 under way', { than: 'erl', atLeast: 1 }],
      ['GenServer over QUIC, 100 B, 64 in flight', { than: 'mesh call', atLeast: 0.8 }],
      ['gen_call of {add, 7}, encoded', { than: 'erlang_js', atLeast: 2 }],
      ['gen_call of {add, 7}, decoded', { than: 'erlang_js', atLeast: 2 }],
    ]);
  });
});

describe('rowsOf', () => {
  test('figures of one round are compared, and the median of the rounds is judged', () => {
    const rounds = [
      { 'erl to espalier/sequential': 80, 'erl to erl/sequential': 100 },
      { 'erl to espalier/sequential': 10, 'erl to erl/sequential': 20 },
      { 'erl to espalier/sequential': 90, 'erl to erl/sequential': 100 },
    ];
    expect(rowsOf(rounds, ALL).find((row) => row.case === ANSWERING)).toMatchObject({
      unit: 'round trips/s',
      ours: { median: 80 },
      ratios: { erl: { median: 0.8 } },
      met: true,
    });
  });

  test('without Erlang its rows are left out, without erlang_js those of the codec', () => {
    const names = (there: typeof ALL): readonly string[] => rowsOf([{}], there).map((row) => row.case);
    expect(names(ALL)).toHaveLength(CASES.length);
    expect(names({ ...ALL, erl: false }).filter((name) => /\berl\b/.test(name))).toEqual([]);
    expect(names({ ...ALL, erlang_js: false }).filter((name) => name.startsWith('gen_call'))).toEqual([]);
    expect(names({ erl: false, erlang_js: false })).toHaveLength(3);
  });
});

test('a step that stalled has no figure', () => {
  const sample = (stalled: boolean): Sample => ({
    answered: 1,
    perSecond: 5,
    cpuPerCall: 1,
    cpuOfBoth: 1,
    p50: 2_000,
    failed: 0,
    unanswered: 0,
    stalled,
  });
  const session = (stalled: boolean): Session => ({
    steps: { inFlight: sample(stalled), apart: sample(stalled), huge: sample(stalled) },
    fresh: 1,
    loaded: 1,
    failure: undefined,
  });
  expect(figuresOf('quic', session(false))).toEqual({
    'quic/inFlight': 5,
    'quic/apart': 2_000,
    'quic/huge': 2,
  });
  expect(figuresOf('quic', session(true))).toEqual({});
});

test('rounds that were asked for are run to their end', () => {
  expect(planned({ ...LOOK, quick: true, rounds: 7 })).toMatchObject({ rounds: 7, budget: Infinity });
  expect(planned(LOOK).rounds).toBeGreaterThanOrEqual(5);
});
