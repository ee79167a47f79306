/**
 * What the bench of tunnels asks, and how it finds gaps.
 */
import { describe, expect, test } from 'vitest';
import { LANES, OTHERS, tunnelCases, TUNNELS, WORKLOADS } from '../../bench/tunnel/cases.ts';
import { planned } from '../../bench/tunnel/plan.ts';
import { rowsOf } from '../../bench/tunnel/rows.ts';
import { Visitor } from '../../bench/tunnel/visitor.ts';

const LOOK = { json: true, quick: false, smoke: false, help: false, peers: undefined, rounds: undefined };
const FULL = planned(LOOK);
const SEQUENTIAL = 'encrypted: 16 B, one at a time';

describe('tunnelCases', () => {
  const cases = tunnelCases(true);

  test('no two rows have one name', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  test('a goal against a baseline has the baseline in its row', () => {
    for (const { goals, than } of cases)
      for (const goal of goals) if (goal.than !== undefined) expect(Object.keys(than)).toContain(goal.than);
  });

  test('every figure with Erlang and between nodes of ours is one that is measured', () => {
    const measured = [
      ...[...OTHERS, ...Object.keys(TUNNELS)].flatMap((way) =>
        WORKLOADS.map(({ name }) => `erlang/${way}/${name}`),
      ),
      ...['tunnel', 'quic'].flatMap((way) => LANES.map((lanes) => `between/${way}/${lanes}`)),
    ];
    const figures = cases.flatMap(({ figure, than }) => [figure, ...Object.values(than)]);
    for (const figure of figures.filter((one) => /^(erlang|between)\//.test(one)))
      expect(measured).toContain(figure);
    for (const figure of measured) expect(figures).toContain(figure);
  });

  test('encrypted or not: 0.08 of direct one at a time, half of it pipelined, 60 MB/s', () => {
    for (const way of ['encrypted', 'not encrypted']) {
      const goals = cases.filter(({ name }) => name.startsWith(`${way}: `)).flatMap((one) => one.goals);
      expect(goals).toEqual([
        { than: 'direct', atLeast: 0.08 },
        { than: 'direct', atLeast: 0.5 },
        { atLeast: 60 },
        { atLeast: 60 },
      ]);
    }
  });

  test('back within 5 s, elsewhere within 2 s, a rate and 5 %, nine tenths for the others', () => {
    const goals = (figure: string): unknown => cases.find((one) => one.figure === figure)?.goals;
    expect(goals('restart/back, worst')).toEqual([{ atMost: 5_000 }]);
    expect(goals('restart/kept, worst')).toEqual([{ atMost: 5_000 }]);
    expect(goals('restart/late')).toEqual([{ atMost: 0 }]);
    expect(goals('failover/gap, worst')).toEqual([{ atMost: 2_000 }]);
    expect(goals('crowd/fastest')).toEqual([{ atMost: 105 }]);
    expect(goals('crowd/others')).toEqual([{ atLeast: 90 }]);
  });
});

describe('rowsOf', () => {
  test('figures of one round are compared; one of a scenario that failed is none', () => {
    const figures = [
      { 'direct/16 B, one at a time': 1_000, 'encrypted/16 B, one at a time': 90 },
      { 'direct/16 B, one at a time': 500 },
    ];
    const rows = rowsOf(new Map([['erlang', { figures, troubles: [[], ['it failed']] }]]), true);
    expect(rows.find((row) => row.case === SEQUENTIAL)).toMatchObject({
      ours: { median: 90 },
      ratios: { direct: { median: 0.09 } },
      met: true,
    });
  });

  test('without Erlang its rows are left out', () => {
    const names = rowsOf(new Map(), false).map((row) => row.case);
    expect(names.filter((name) => /encrypted/.test(name))).toEqual([]);
    expect(names).toHaveLength(tunnelCases(true).length - 2 * WORKLOADS.length);
  });
});

describe('planned', () => {
  test('a full run kills a relay twenty times, each way, and has a hundred tunnels', () => {
    const { rounds, restarts, failovers, crowd } = FULL;
    for (const times of [rounds * restarts, rounds * failovers]) expect(times).toBeGreaterThanOrEqual(20);
    expect(crowd).toMatchObject({ tunnels: 100, window: 10_000 });
  });

  test('a quick run kills a relay three times, each way', () => {
    const { rounds, restarts, failovers, crowd } = planned({ ...LOOK, quick: true });
    expect([rounds * restarts, rounds * failovers]).toEqual([3, 3]);
    expect(crowd).toMatchObject({ tunnels: 100, window: 6_000 });
  });

  test('rounds that were asked for are run to their end', () => {
    expect(planned({ ...LOOK, quick: true, rounds: 7 })).toMatchObject({ rounds: 7, budget: Infinity });
  });
});

describe('Visitor', () => {
  /** Visits that end when the test says so. */
  class Line {
    now = 0;
    #settle: ((failure?: string) => void) | undefined;
    readonly visitor: Visitor = new Visitor(
      () =>
        new Promise<void>((resolve, reject) => {
          this.#settle = (failure) => {
            if (failure === undefined) resolve();
            else reject(new Error(failure));
          };
        }),
      { now: () => this.now, pause: () => Promise.resolve() },
    );

    async ends(at: number, failure?: string): Promise<void> {
      this.now = at;
      this.#settle?.(failure);
      await new Promise(setImmediate);
    }
  }

  test('the longest time between two that went well is the gap; one that failed ends none', async () => {
    const line = new Line();
    for (const at of [10, 30]) await line.ends(at);
    await line.ends(60, 'first');
    await line.ends(70, 'second');
    await line.ends(90);
    expect(line.visitor.told).toEqual({ done: 3, failed: 2, failure: 'first', gap: 60 });
  });

  test('a gap that has not ended counts as far as it has come, and one before a mark from its beginning', async () => {
    const line = new Line();
    await line.ends(10);
    await line.ends(200);
    line.visitor.mark();
    line.now = 230;
    expect(line.visitor.told).toEqual({ done: 0, failed: 0, failure: undefined, gap: 30 });
    await line.ends(250);
    expect(line.visitor.told).toMatchObject({ done: 1, gap: 50 });
  });

  test('it ends when the last has', async () => {
    const line = new Line();
    await line.ends(10);
    const end = line.visitor.end();
    await line.ends(20);
    expect(await end).toMatchObject({ done: 1, gap: 10 });
  });
});
