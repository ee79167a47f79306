/**
 * What does the runtime's counting cost while nobody looks?
 *
 * The workloads of the bench `actors`, and calls between two processes, each in processes of its own: of this build and of one in which
 * nothing is counted, in turns. A figure is the difference between a long run and a short one, so that loading and warming up are no
 * part of it.
 */
import { SIZES, type WorkloadName } from '../actors/cases.ts';
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { incidentsOf, row, type Report, type Row } from '../harness/report.ts';
import { rounded } from '../harness/statistics.ts';
import { buildWithoutCounters } from './bare.ts';
import { costs, type Cost } from './cost.ts';

const ROOT = new URL('../../', import.meta.url);
const OURS = 'counted';
const BARE = 'not counted';
const LIMIT = { than: BARE, atMost: 1.03 };

/** Of workloads that take memory there is nothing to count. */
const WORKLOADS = (Object.keys(SIZES) as WorkloadName[]).filter((name) => !name.startsWith('bytes '));
const ALL = 'all of these, mean of the ratios';
/** By how many are in flight, and how many fewer there are than of 64. */
const CALLS = [
  ['local', 'calls in one process', 1],
  ['1', 'calls, one at a time', 4],
  ['64', 'calls, 64 in flight', 1],
] as const;

/** Times the size of a workload in `actors`, and calls: of the long run, and of the short one. */
const FULL = { rounds: 3, workloads: WORKLOADS.length, long: 10, short: 2, calls: 60_000 };
const QUICK = { ...FULL, rounds: 1, long: 4, short: 1, calls: 20_000 };
const SMOKE = { ...FULL, rounds: 1, workloads: 1, long: 0.002, short: 0, calls: 200 };
type Plan = typeof FULL;

/** What an operation takes of both builds, by row, one figure for each round. */
type Found = Map<string, { readonly ours: number[]; readonly bare: number[] }>;

export const counters: Bench = {
  name: 'counters',
  question: 'What does it cost to count while nobody looks?',
  peers: [],
  measure,
};

async function measure(options: BenchOptions): Promise<Report> {
  const around = circumstances(options);
  const plan = options.smoke ? SMOKE : options.quick ? QUICK : FULL;
  const rounds = options.rounds ?? plan.rounds;
  const { unit, cost } = await costs();
  const found: Found = new Map();
  let complete = 0;
  let failure: string | undefined;
  try {
    const bare = await buildWithoutCounters(ROOT);
    for (; complete < rounds; complete++) await played(plan, complete, cost, bare, found);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  return {
    bench: 'counters',
    what: `${unit} an operation takes, of all processes that do it`,
    ...around(complete),
    placement:
      'processes of their own, one build after the other; V8 compiles and collects in the main thread',
    rows: rowsOf(found, unit),
    skipped: [],
    incidents: failure === undefined ? [] : incidentsOf(OURS, [[failure]]),
    notes: {
      [OURS]: `this build${unit === 'µs' ? '; without perf CPU time, which neighbours change by more than 3 %' : ''}`,
      [BARE]: 'the same code without messages sent, turns that are timed, and the table of calls',
    },
  };
}

async function played(plan: Plan, round: number, cost: Cost, bare: URL, found: Found): Promise<void> {
  const take = async (name: string, script: string, first: string, long: number, short: number) => {
    const sizes = [Math.round(long), Math.round(short)] as const;
    const of = async (root: URL): Promise<number> => {
      const place = new URL(`bench/counters/${script}`, root);
      const much = await cost(place, first, `${sizes[0]}`);
      const little = plan.short === 0 ? 0 : await cost(place, first, `${sizes[1]}`);
      return (much - little) / (sizes[0] - sizes[1]);
    };
    const row = found.get(name) ?? { ours: [], bare: [] };
    found.set(name, row);
    // who is first in a round is second in the next
    if (round % 2 === 0) row.ours.push(await of(ROOT));
    row.bare.push(await of(bare));
    if (round % 2 === 1) row.ours.push(await of(ROOT));
    console.error(`round ${round + 1} ${name}: ${rounded((row.ours.at(-1) ?? 0) / (row.bare.at(-1) ?? 0))}`);
  };
  for (const name of WORKLOADS.slice(0, plan.workloads))
    await take(name, 'actors-process.js', name, SIZES[name] * plan.long, SIZES[name] * plan.short);
  for (const [inFlight, name, fewer] of CALLS)
    await take(name, 'calls-process.js', inFlight, plan.calls / fewer, plan.calls / fewer / 10);
}

function rowsOf(found: Found, unit: 'instructions' | 'µs'): readonly Row[] {
  const of = (name: string, goals: readonly (typeof LIMIT)[]): Row => {
    const { ours, bare } = found.get(name) ?? { ours: [], bare: [] };
    return row({ name, unit, ours: OURS, goals }, ours, new Map([[BARE, bare]]));
  };
  const workloads = WORKLOADS.filter((name) => found.has(name));
  return [
    ...workloads.map((name) => of(name, [])),
    row(
      { name: ALL, unit: 'times', ours: OURS, goals: [{ atMost: LIMIT.atMost }] },
      means(found, workloads),
      new Map(),
    ),
    ...CALLS.map(([inFlight, name]) => of(name, inFlight === 'local' ? [] : [LIMIT])),
  ];
}

/** Of each round, the geometric mean of the ratios. */
function means(found: Found, names: readonly string[]): number[] {
  const rows = names.map((name) => found.get(name)!);
  const complete =
    rows[0] === undefined ? 0 : Math.min(...rows.flatMap(({ ours, bare }) => [ours.length, bare.length]));
  return Array.from({ length: complete }, (_, round) =>
    Math.exp(
      rows.reduce((sum, { ours, bare }) => sum + Math.log(ours[round]! / bare[round]!), 0) / rows.length,
    ),
  );
}
