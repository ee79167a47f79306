/**
 * How fast is the runtime alone, and how much memory does an actor take?
 *
 * A fresh process for each workload of each contender, in turns: A B C A B C. Figures are operations per second of CPU
 * time, the best of the repeats in a process; ratios are of the same round.
 */
import { availableParallelism, loadavg } from 'node:os';
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { Child } from '../harness/child.ts';
import { incidentsOf, row, type Report } from '../harness/report.ts';
import { rounded } from '../harness/statistics.ts';
import { Beam } from './beam.ts';
import {
  BEAM,
  EFFECT,
  FLOOR,
  GOALS,
  NOTES,
  OTHERS,
  OURS,
  SIZES,
  XSTATE,
  type WorkloadName,
} from './cases.ts';
import type { Cost, Order, Word } from './messages.ts';

const SCRIPT = new URL('process.js', import.meta.url);
/** Milliseconds one workload may take. */
const LIMIT = 120_000;
const PLAN = { rounds: 5, repeats: 3, part: 1 };
const QUICK = { rounds: 2, repeats: 2, part: 0.3 };
const SMOKE = { rounds: 1, repeats: 1, part: 0.001 };
/** Contenders that cannot do a workload at all say so by not having it; that is no incident. */
const MISSING = / has no /;

const WORKLOADS = Object.keys(SIZES) as WorkloadName[];
/** What a restart may take, µs: the goal is below a millisecond. */
const LATENCY = 'restart latency, mean wall time';

type Figure = (cost: Cost) => number | undefined;

/** Operations per CPU second of the best repeat, in thousands. */
const perSecond =
  (n: number): Figure =>
  (cost) =>
    cost.tag === 'times' ? (n / Math.min(...cost.runs.map(({ cpu }) => cpu))) * 1_000 : undefined;
const bytesEach: Figure = (cost) => (cost.tag === 'bytes' ? cost.bytes : undefined);

export const actors: Bench = {
  name: 'actors',
  question: 'How fast is the actor runtime alone, and how small is an actor?',
  peers: OTHERS,
  measure,
};

async function measure(options: BenchOptions): Promise<Report> {
  const loadBefore = rounded(loadavg()[0] ?? 0);
  const plan = options.smoke ? SMOKE : options.quick ? QUICK : PLAN;
  const rounds = options.rounds ?? plan.rounds;
  const skipped: { peer: string; reason: string }[] = [];
  const wanted = (name: string): boolean => options.peers?.includes(name) !== false;
  const beam = wanted(BEAM) ? Beam.compile() : undefined;
  if (typeof beam === 'string') skipped.push({ peer: BEAM, reason: beam });
  const runs: Record<string, (order: Order) => Promise<Cost>> = { [OURS]: inProcess };
  for (const name of [FLOOR, XSTATE, EFFECT]) if (wanted(name)) runs[name] = inProcess;
  if (beam instanceof Beam) runs[BEAM] = ({ workload, n, repeats }) => beam.measure(workload, n, repeats);

  const found = new Map<string, (Cost | undefined)[]>();
  const troubles = new Map<string, string[][]>(Object.keys(runs).map((name) => [name, []]));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name] of troubles) troubles.get(name)?.push([]);
      for (const workload of WORKLOADS) {
        const n = Math.max(64, Math.round(SIZES[workload] * plan.part));
        for (const [contender, run] of Object.entries(runs)) {
          progress(`round ${round + 1} of ${rounds}: ${workload}, ${contender}`);
          const costs = found.get(`${contender} ${workload}`) ?? [];
          found.set(`${contender} ${workload}`, costs);
          try {
            costs.push(await run({ contender, workload, n, repeats: plan.repeats }));
          } catch (error) {
            costs.push(undefined);
            const reason = error instanceof Error ? error.message : String(error);
            if (!MISSING.test(reason)) troubles.get(contender)?.at(-1)?.push(`${workload}: ${reason}`);
          }
        }
      }
    }
  } finally {
    if (beam instanceof Beam) beam.dispose();
  }

  const figures = (contender: string, workload: WorkloadName, figure: Figure): (number | undefined)[] =>
    (found.get(`${contender} ${workload}`) ?? []).map((cost) => cost && figure(cost));
  const rows = WORKLOADS.map((workload) => {
    const n = Math.max(64, Math.round(SIZES[workload] * plan.part));
    const isBytes = workload === 'bytes per idle actor';
    const figure = isBytes ? bytesEach : perSecond(n);
    const theirs = Object.keys(runs)
      .filter((name) => name !== OURS)
      .map((name) => [name, figures(name, workload, figure)] as const)
      .filter(([, values]) => values.some((value) => value !== undefined));
    return row(
      { name: workload, unit: isBytes ? 'bytes' : 'k/CPU s', ours: OURS, goals: GOALS[workload] },
      figures(OURS, workload, figure),
      new Map(theirs),
    );
  });
  const restart: WorkloadName = 'restart, oneForOne';
  const latency: Figure = (cost) =>
    cost.tag === 'times'
      ? Math.min(...cost.runs.map(({ wall }) => wall)) / Math.max(64, Math.round(SIZES[restart] * plan.part))
      : undefined;
  rows.push(
    row(
      { name: LATENCY, unit: 'µs', ours: OURS, goals: [{ atMost: 1_000 }] },
      figures(OURS, restart, latency),
      new Map(),
    ),
  );
  return {
    bench: 'actors',
    what: 'thousands of operations per second of CPU time',
    node: process.version,
    cpus: availableParallelism(),
    rounds,
    date: new Date().toISOString(),
    quick: options.quick || options.smoke,
    load: [loadBefore, rounded(loadavg()[0] ?? 0)],
    placement: 'a process for each workload, one after the other',
    rows,
    skipped,
    incidents: [...troubles].flatMap(([name, byRound]) => incidentsOf(name, byRound)),
    notes: NOTES,
  };
}

async function inProcess(order: Order): Promise<Cost> {
  const child = new Child<Order, Word>(`${order.contender}, ${order.workload}`, SCRIPT, []);
  try {
    child.send(order);
    const word = await child.receive(LIMIT);
    if (word.tag === 'failed') throw new Error(word.reason);
    return word;
  } finally {
    await child.close();
  }
}

const progress = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
