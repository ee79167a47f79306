/**
 * What calls go through when a NAT forgets its mappings, a station dies, or the direct path does: they run both ways all the
 * time, may run twice, and none of them may fail. How long nobody got an answer is in the figures.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Figures } from './figures.ts';
import {
  countOf,
  isSkipped,
  Lab,
  OTHER_STATION,
  STATION,
  type Failed,
  type LabNode,
  type NatType,
  type PathSeen,
} from './lab.ts';

/** What is expected to happen happens within so many ms; the goals are far below, what it took is in the figures. */
const WITHIN = 15_000;
/** Calls go on for so long after what has happened, ms. */
const AFTER = 1_000;
const DIRECT = ['direct', 'punched'] as const;

const figures = new Figures('nat-recovery');
let lab: Lab;
afterEach(() => lab?.down());
afterAll(() => figures.write());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** Two nodes that call each other all the time. */
class Pair {
  readonly a: LabNode;
  readonly b: LabNode;

  constructor(a: LabNode, b: LabNode) {
    this.a = a;
    this.b = b;
  }

  get both(): readonly (readonly [LabNode, LabNode])[] {
    return [
      [this.a, this.b],
      [this.b, this.a],
    ];
  }

  async begin(): Promise<void> {
    await this.a.do('serve', { name: 'math.twice' });
    await this.b.do('serve', { name: 'math.double' });
    await this.b.do('call', { name: 'math.twice' });
    await this.a.do('call', { name: 'math.double' });
    await this.a.do('load', { name: 'math.double', pause: 5, idempotent: true });
    await this.b.do('load', { name: 'math.twice', pause: 5, idempotent: true });
  }

  /** Since when both send on such a path, ms since the epoch. */
  async on(paths: readonly PathSeen['path'][], via?: string): Promise<number> {
    const seen = await Promise.all(
      this.both.map(([node, { id: peer }]) =>
        node.do('until', { peer, paths, within: WITHIN, ...(via === undefined ? {} : { via }) }),
      ),
    );
    if (seen.includes(undefined))
      expect.fail(`not ${paths.join(' or ')}: ${JSON.stringify(await this.tell())}`);
    return Math.max(...seen.map((one) => one?.at ?? 0));
  }

  /** Something happens; gaps from now on are what it cost. Gives when, ms since the epoch. */
  async mark(): Promise<number> {
    for (const [node] of this.both) await node.do('mark');
    return performance.timeOrigin + performance.now();
  }

  /** Calls still go both ways: `count` more of each have been answered. */
  async more(count = 100): Promise<void> {
    for (const [node] of this.both) {
      const { calls } = await node.do('loaded');
      while ((await node.do('loaded')).calls < calls + count) await sleep(10);
    }
  }

  /** The longest time without an answer since the mark, ms, and what failed ever, at a and at b. */
  async cost(): Promise<{
    readonly gap: number;
    readonly calls: number;
    readonly failed: readonly Failed[];
  }> {
    const outcomes = await Promise.all(this.both.map(([node]) => node.do('loaded')));
    return {
      gap: Math.max(...outcomes.map(({ gap }) => gap)),
      calls: outcomes.reduce((sum, { calls }) => sum + calls, 0),
      failed: outcomes.map(({ failed }) => failed),
    };
  }

  async end(): Promise<void> {
    for (const [node] of this.both) await node.do('end');
  }

  async tell(): Promise<unknown> {
    return {
      paths: await Promise.all(this.both.map(([node, { id: peer }]) => node.do('path', { peer }))),
      events: await Promise.all(this.both.map(([node]) => node.do('events'))),
      errors: this.both.map(([node]) => node.errors),
    };
  }
}

async function pairOf(types: readonly [NatType, NatType], stations: readonly LabNode[]): Promise<Pair> {
  const [a, b] = await Promise.all([lab.behind('a', stations), lab.behind('b', stations)]);
  const pair = new Pair(a, b);
  await pair.begin();
  return pair;
}

/** Adds a row, and has no call failed. */
async function conclude(
  what: string,
  pair: Pair,
  times: Readonly<Record<string, number>> = {},
): Promise<void> {
  const { gap, calls, failed } = await pair.cost();
  figures.add({
    what,
    ...times,
    'longest gap ms': gap,
    calls,
    failed: countOf(failed[0] ?? {}) + countOf(failed[1] ?? {}),
  });
  expect(failed).toEqual([{}, {}]);
}

describe.skipIf(isSkipped('recovery behind NATs'))('calls go on', () => {
  test.each([1, 2, 3])('when the NAT of a direct path forgets its mappings (run %i)', async (run) => {
    lab = new Lab('port', 'port');
    const pair = await pairOf(['port', 'port'], [await lab.station()]);
    await pair.on(DIRECT);
    await sleep(AFTER);
    await pair.mark();
    lab.rebind('natA');
    await pair.more();
    await sleep(AFTER);
    const at = await pair.on(DIRECT);
    await pair.more();
    await conclude(`rebind while direct, ${run}`, pair);
    expect(at).toBeGreaterThan(0);
  });

  test.each([1, 2, 3])('when the NAT of a relayed path forgets its mappings (run %i)', async (run) => {
    lab = new Lab('sym', 'sym');
    const pair = await pairOf(['sym', 'sym'], [await lab.station()]);
    await pair.on(['relayed']);
    await sleep(AFTER);
    await pair.mark();
    lab.rebind('natA');
    await pair.more();
    await sleep(AFTER);
    await pair.more();
    await conclude(`rebind while relayed, ${run}`, pair);
  });

  test('when the station of a direct path is killed, and started again', async () => {
    lab = new Lab('port', 'port');
    const station = await lab.station();
    const pair = await pairOf(['port', 'port'], [station]);
    await pair.on(DIRECT);
    await sleep(AFTER);
    await pair.mark();
    await station.kill();
    await pair.more();
    await sleep(5 * AFTER);
    await pair.on(DIRECT);
    await pair.more();
    await conclude('station killed while direct', pair);
    const since = await pair.mark();
    const again = await lab.station();
    const seen = await Promise.all(
      pair.both.map(([node]) => node.do('until', { peer: again.id, paths: DIRECT, within: WITHIN })),
    );
    expect(seen).not.toContain(undefined);
    await pair.more();
    const attached = Math.max(...seen.map((one) => one?.at ?? 0));
    await conclude('station back while direct', pair, { 'attached after ms': attached - since });
  });

  test.each([1, 2, 3])('when the relay is killed and both have another one (run %i)', async (run) => {
    lab = new Lab('sym', 'sym');
    const stations = await Promise.all([lab.station(STATION), lab.station(OTHER_STATION)]);
    const pair = await pairOf(['sym', 'sym'], stations);
    await pair.on(['relayed']);
    await sleep(AFTER);
    const via = (await pair.a.do('path', { peer: pair.b.id }))?.via;
    const [used, other] = stations[0].id === via ? stations : stations.toReversed();
    const since = await pair.mark();
    await used?.kill();
    const at = await pair.on(['relayed'], other?.id);
    await pair.more();
    await sleep(AFTER);
    await conclude(`relay killed, another is there, ${run}`, pair, { 'path after ms': at - since });
  });

  test.each([1, 2, 3])('when the only relay is killed and started again (run %i)', async (run) => {
    lab = new Lab('sym', 'sym');
    const station = await lab.station();
    const pair = await pairOf(['sym', 'sym'], [station]);
    await pair.on(['relayed']);
    await sleep(AFTER);
    await pair.mark();
    await station.kill();
    const again = await lab.station();
    const back = performance.timeOrigin + performance.now();
    const at = await pair.on(['relayed'], again.id);
    await pair.more();
    await sleep(AFTER);
    await conclude(`relay killed and back, ${run}`, pair, { 'path after ms': at - back });
  });

  test.each([1, 2, 3])('when the direct path dies, and lives again (run %i)', async (run) => {
    lab = new Lab('port', 'port');
    const pair = await pairOf(['port', 'port'], [await lab.station()]);
    await pair.on(DIRECT);
    await sleep(AFTER);
    const dead = await pair.mark();
    lab.cut();
    const relayed = await pair.on(['relayed']);
    await pair.more();
    await sleep(AFTER);
    await conclude(`direct path dies, ${run}`, pair, { 'path after ms': relayed - dead });
    const healed = await pair.mark();
    lab.heal();
    const direct = await pair.on(DIRECT);
    await pair.more();
    await sleep(AFTER);
    await conclude(`direct path is back, ${run}`, pair, { 'path after ms': direct - healed });
  });
});
