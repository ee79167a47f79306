/**
 * What the bench of paths asks, how long it may take, and how it finds gaps.
 */
import { describe, expect, test } from 'vitest';
import { scenariosOf } from '../../bench/paths/bench.ts';
import { pathCases } from '../../bench/paths/cases.ts';
import { planned } from '../../bench/paths/plan.ts';
import { Traffic } from '../../bench/paths/traffic.ts';

const LOOK = { json: true, quick: false, smoke: false, help: false, peers: undefined, rounds: undefined };
const FULL = planned(LOOK);

describe('pathCases', () => {
  const cases = pathCases(FULL.rtts);

  test('no two rows have one name', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  test('every figure is one of a scenario that is played', () => {
    const played = scenariosOf(FULL).map(([name]) => name);
    const figures = cases.flatMap(({ figure, than }) => [figure, ...Object.values(than)]);
    for (const figure of figures) expect(played).toContain(figure.split('/')[0]);
  });

  test('a goal against a baseline has the baseline in its row', () => {
    for (const { goals, than } of cases)
      for (const goal of goals) if (goal.than !== undefined) expect(Object.keys(than)).toContain(goal.than);
  });

  test('a first call may take four relay RTT and 50 ms, one on a connection one RTT and 5 ms', () => {
    const goals = cases.flatMap((one) => one.goals).filter(({ than }) => than === 'bare udp');
    expect(goals).toHaveLength(2 * FULL.rtts.length);
    expect(goals.slice(0, 2)).toEqual([
      { than: 'bare udp', atMost: 4, allowance: 50 },
      { than: 'bare udp', atMost: 1, allowance: 5 },
    ]);
  });
});

describe('planned', () => {
  test('a full run kills a station twenty times, each way, and changes the path under 10,000 calls', () => {
    const { rounds, restarts, failovers, upgrades, crowd } = FULL;
    for (const times of [rounds * restarts, rounds * failovers]) expect(times).toBeGreaterThanOrEqual(20);
    expect(rounds * upgrades * crowd).toBeGreaterThan(10_000);
  });

  test('a quick run is given up before its 240 s are over', () => {
    expect(planned({ ...LOOK, quick: true }).deadline).toBeLessThan(240_000);
  });

  test('rounds that were asked for are run to their end', () => {
    const plan = planned({ ...LOOK, quick: true, rounds: 7 });
    expect(plan).toMatchObject({ rounds: 7, budget: Infinity, deadline: Infinity });
  });
});

describe('Traffic', () => {
  /** Calls that end when the test says so. */
  class Line {
    now = 0;
    readonly #open: ((failure?: string) => void)[] = [];
    readonly traffic: Traffic;

    constructor(lanes: number) {
      this.traffic = new Traffic(() => new Promise((resolve) => this.#open.push(resolve)), {
        lanes,
        pause: () => undefined,
        now: () => this.now,
      });
    }

    /** The oldest call ends; the next one of its lane has begun. */
    async ends(at: number, failure?: string): Promise<void> {
      this.now = at;
      this.#open.shift()?.(failure);
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    }
  }

  test('the longest time between two answers is the gap; the time before the first is none', async () => {
    const line = new Line(2);
    for (const at of [100, 110, 150, 155]) await line.ends(at);
    expect(line.traffic.told).toMatchObject({ calls: 4, failed: 0, gap: 40 });
  });

  test('a gap that has not ended counts as far as it has come, and one before a mark from its beginning', async () => {
    const line = new Line(1);
    await line.ends(100);
    line.now = 130;
    expect(line.traffic.told.gap).toBe(30);
    line.traffic.mark();
    line.now = 170;
    expect(line.traffic.told.gap).toBe(70);
    await line.ends(200);
    expect(line.traffic.told).toMatchObject({ calls: 1, gap: 100 });
  });

  test('a call that failed ends no gap, and the first failure is told', async () => {
    const line = new Line(1);
    await line.ends(100);
    await line.ends(150, 'first');
    await line.ends(160, 'second');
    await line.ends(190);
    expect(line.traffic.told).toMatchObject({ calls: 4, failed: 2, failure: 'first', gap: 90 });
  });

  test('calls under way when the path first changes are counted', async () => {
    const line = new Line(3);
    line.traffic.changed();
    await line.ends(1);
    line.traffic.changed();
    expect(line.traffic.told.over).toBe(3);
  });

  test('it ends when the last call has', async () => {
    const line = new Line(2);
    await line.ends(5);
    const end = line.traffic.end();
    await line.ends(10);
    await line.ends(20);
    expect(await end).toMatchObject({ calls: 3, gap: 10 });
  });
});
