/**
 * What does a supervised call cost when nothing leaves the process?
 *
 * All contenders live in one process and take turns, so that one compiler and one heap serve them all.
 */
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { Child } from '../harness/child.ts';
import { ensurePackages } from '../harness/packages.ts';
import { incidentsOf, row, type Case, type Report } from '../harness/report.ts';
import { CONTENDERS, LOCAL, MOLECULER, NODE, PLAIN, type Contender } from './contenders.ts';
import type { Cost, Order, Round, Word } from './messages.ts';

const SCRIPT = new URL('process.js', import.meta.url);
/** Milliseconds a round may take longer than planned. */
const GRACE = 20_000;
const PLAN = { rounds: 5, round: { warm: 700, window: 1_000 } };
const SMOKE = { rounds: 1, round: { warm: 5, window: 10 } };
const QUICK = { rounds: 3, round: { warm: 250, window: 250 } };

const OTHERS: readonly string[] = [MOLECULER, PLAIN];

interface LocalCase extends Case {
  readonly kind: 'text' | 'bytes';
  readonly figure: (cost: Cost) => number;
  readonly compared: readonly string[];
}

const cpu = (cost: Cost): number => cost.cpu;
const wall = (cost: Cost): number => cost.wall;
const micros = { unit: 'µs', compared: OTHERS } as const;
/** A child of its own for the call. */
const GOAL = [{ atMost: 3 }] as const;

const CASES: readonly LocalCase[] = [
  { ...micros, name: 'connectLocal, text, CPU', ours: LOCAL, kind: 'text', figure: cpu, goals: GOAL },
  { ...micros, name: 'connectLocal, text, wall time', ours: LOCAL, kind: 'text', figure: wall, goals: [] },
  { ...micros, name: 'connectLocal, bytes, CPU', ours: LOCAL, kind: 'bytes', figure: cpu, goals: GOAL },
  { ...micros, name: 'node.call, text, CPU', ours: NODE, kind: 'text', figure: cpu, goals: GOAL },
  { ...micros, name: 'node.call, bytes, CPU', ours: NODE, kind: 'bytes', figure: cpu, goals: GOAL },
  {
    ...micros,
    name: 'shared worker child',
    ours: 'none',
    kind: 'text',
    figure: cpu,
    compared: [],
    goals: [{ than: MOLECULER, atMost: 1, notBuilt: 'no such option is built' }],
  },
];

export const local: Bench = {
  name: 'local',
  question: 'What does a supervised call cost when nothing leaves the process?',
  peers: OTHERS,
  measure,
};

async function measure(options: BenchOptions): Promise<Report> {
  const around = circumstances(options);
  const { rounds, round } = options.smoke ? SMOKE : options.quick ? QUICK : PLAN;
  const skipped: { peer: string; reason: string }[] = [];
  const present: Contender[] = [];
  for (const contender of CONTENDERS) {
    const { name } = contender;
    if (OTHERS.includes(name) && options.peers?.includes(name) === false) continue;
    const reason = await ensurePackages(contender.packages, progress);
    if (reason === undefined) present.push(contender);
    else skipped.push({ peer: name, reason });
  }
  const { costs, failure } = await costsOf(present, options.rounds ?? rounds, round);
  const figures = (one: LocalCase, name: string): (number | undefined)[] =>
    costs.map((found) => {
      const cost = found[`${name} ${one.kind}`];
      return cost && one.figure(cost);
    });
  return {
    bench: 'local',
    what: 'echo of 100 characters or 100 bytes inside one process, one call after the other',
    ...around(costs.length),
    placement: 'one process, not placed',
    rows: CASES.map((one) => {
      const compared = one.compared.filter((name) => present.some((contender) => contender.name === name));
      return row(one, figures(one, one.ours), new Map(compared.map((name) => [name, figures(one, name)])));
    }),
    skipped,
    incidents: failure === undefined ? [] : incidentsOf('local', [[failure]]),
    notes: Object.fromEntries(present.map(({ name, note }) => [name, note])),
  };
}

interface Found {
  readonly costs: readonly Readonly<Record<string, Cost>>[];
  readonly failure: string | undefined;
}

/** One entry per round; those before a failure count. */
async function costsOf(contenders: readonly Contender[], rounds: number, round: Round): Promise<Found> {
  const child = new Child<Order, Word>('local', SCRIPT, []);
  const costs: Readonly<Record<string, Cost>>[] = [];
  const names = contenders.map(({ name }) => name);
  try {
    for (let done = 0; done < rounds; done++) {
      child.send({ contenders: names, round });
      const word = await child.receive(2 * names.length * (round.warm + round.window) + GRACE);
      if (word.tag === 'failed') throw new Error(word.reason);
      costs.push(word.costs);
      const told = Object.entries(word.costs).map(([name, cost]) => `${name} ${cost.cpu.toFixed(2)} µs`);
      progress(`round ${done + 1}/${rounds} ${told.join(', ')}`);
    }
    return { costs, failure: undefined };
  } catch (error) {
    return { costs, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    await child.close();
  }
}

const progress = (line: string): void => {
  console.error(line);
};
