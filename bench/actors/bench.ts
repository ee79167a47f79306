/**
 * How fast is the runtime alone, and how much memory does an actor take?
 *
 * A fresh process for each workload of each contender, in turns: A B C A B C. Figures are operations per second of CPU
 * time, the best of the repeats in a process; ratios are of the same round.
 */
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { Child } from '../harness/child.ts';
import { incidentsOf, type Incident, type Report } from '../harness/report.ts';
import { Beam } from './beam.ts';
import { BEAM, EFFECT, FLOOR, NOTES, OTHERS, OURS, SIZES, XSTATE, type WorkloadName } from './cases.ts';
import type { Cost, Order, Word } from './messages.ts';
import { rowsOf, sizeOf, type Measured } from './rows.ts';

const SCRIPT = new URL('process.js', import.meta.url);
/** Milliseconds one workload may take. */
const LIMIT = 120_000;
const PLAN = { rounds: 5, repeats: 3, part: 1 };
const QUICK = { rounds: 2, repeats: 2, part: 0.3 };
const SMOKE = { rounds: 1, repeats: 1, part: 0.001 };
/** Contenders that cannot do a workload at all say so by not having it; that is no incident. */
const MISSING = / has no /;

/** Those in the run, in the order of their turns. */
type Contenders = Readonly<Record<string, (order: Order) => Promise<Cost>>>;

interface Outcome {
  readonly measured: Measured;
  readonly incidents: readonly Incident[];
}

export const actors: Bench = {
  name: 'actors',
  question: 'How fast is the actor runtime alone, and how small is an actor?',
  peers: OTHERS,
  measure,
};

async function measure(options: BenchOptions): Promise<Report> {
  const around = circumstances(options);
  const plan = options.smoke ? SMOKE : options.quick ? QUICK : PLAN;
  const rounds = options.rounds ?? plan.rounds;
  const beam = wants(options, BEAM) ? Beam.compile() : undefined;
  const contenders = contendersOf(options, beam);
  const { measured, incidents } = await run(contenders, { ...plan, rounds }).finally(() => {
    if (beam instanceof Beam) beam.dispose();
  });
  return {
    bench: 'actors',
    what: 'thousands of operations per second of CPU time',
    ...around(rounds),
    placement: 'a process for each workload, one after the other',
    rows: rowsOf(measured, Object.keys(contenders), plan.part),
    skipped: typeof beam === 'string' ? [{ peer: BEAM, reason: beam }] : [],
    incidents,
    notes: NOTES,
  };
}

const wants = ({ peers }: BenchOptions, name: string): boolean => peers?.includes(name) !== false;

function contendersOf(options: BenchOptions, beam: Beam | string | undefined): Contenders {
  const ours = [OURS, ...[FLOOR, XSTATE, EFFECT].filter((name) => wants(options, name))];
  const found = Object.fromEntries(ours.map((name) => [name, inProcess]));
  if (!(beam instanceof Beam)) return found;
  return { ...found, [BEAM]: ({ workload, n, repeats }) => beam.measure(workload, n, repeats) };
}

/** All rounds. What goes wrong with a contender costs it that figure. */
async function run(contenders: Contenders, { rounds, repeats, part }: typeof PLAN): Promise<Outcome> {
  const found = new Map<string, (Cost | undefined)[]>();
  const troubles = new Map<string, string[][]>(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const byRound of troubles.values()) byRound.push([]);
    for (const workload of Object.keys(SIZES) as WorkloadName[])
      for (const [contender, measureOne] of Object.entries(contenders)) {
        progress(`round ${round + 1} of ${rounds}: ${workload}, ${contender}`);
        const costs = found.get(`${contender} ${workload}`) ?? [];
        found.set(`${contender} ${workload}`, costs);
        try {
          costs.push(await measureOne({ contender, workload, n: sizeOf(workload, part), repeats }));
        } catch (error) {
          costs.push(undefined);
          const reason = error instanceof Error ? error.message : String(error);
          if (!MISSING.test(reason)) troubles.get(contender)?.at(-1)?.push(`${workload}: ${reason}`);
        }
      }
  }
  return {
    measured: (contender, workload) => found.get(`${contender} ${workload}`) ?? [],
    incidents: [...troubles].flatMap(([name, byRound]) => incidentsOf(name, byRound)),
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
