/**
 * What does it cost to be looked at, and how long does a look take?
 *
 * A node with 1,000 busy actors, and one with 10,000 idle ones, each in a process of its own; who looks is in this one, as a browser is
 * elsewhere.
 */
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { Child } from '../harness/child.ts';
import { incidentsOf, row, type Case, type Report } from '../harness/report.ts';
import type { Order, Word } from './messages.ts';
import { Watcher } from './watcher.ts';

const SCRIPT = new URL('process.js', import.meta.url);
/** Milliseconds that an order may take longer than planned. */
const GRACE = 30_000;
const UNWATCHED = 'nobody looks';

const FULL = { rounds: 5, turns: 5, warm: 1_000, window: 2_000, busy: 1_000, idle: 10_000 };
const QUICK = { ...FULL, rounds: 1, turns: 3, warm: 500, window: 1_000 };
const SMOKE = { ...FULL, rounds: 1, turns: 1, warm: 5, window: 10, busy: 10, idle: 20 };

type Plan = typeof FULL;
type Figures = Record<string, number>;

const CASES: readonly (Case & { readonly figure: string; readonly than: readonly string[] })[] = [
  {
    name: 'a message to one of 1,000 busy actors while a page looks, CPU',
    unit: 'µs',
    ours: 'a page looks',
    figure: 'watched',
    than: [UNWATCHED],
    goals: [{ than: UNWATCHED, atMost: 1.1 }],
  },
  {
    name: 'all of 10,000 actors, once',
    unit: 'ms',
    ours: 'observe',
    figure: 'ms',
    than: [],
    goals: [{ atMost: 50 }],
  },
  {
    name: '… the longest for which nothing else runs',
    unit: 'ms',
    ours: 'observe',
    figure: 'longest',
    than: [],
    goals: [{ atMost: 10 }],
  },
];

export const inspect: Bench = {
  name: 'inspect',
  question: 'What does it cost to be looked at, and how long does a look take?',
  peers: [],
  measure,
};

async function measure(options: BenchOptions): Promise<Report> {
  const around = circumstances(options);
  const plan = options.smoke ? SMOKE : options.quick ? QUICK : FULL;
  const found: Figures[] = [];
  let failure: string | undefined;
  for (let round = 0; round < (options.rounds ?? plan.rounds) && failure === undefined; round++) {
    try {
      const figures = await played(plan);
      found.push(figures);
      console.error(`round ${round + 1} ${JSON.stringify(figures)}`);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
  }
  const of = (figure: string): (number | undefined)[] => found.map((figures) => figures[figure]);
  return {
    bench: 'inspect',
    what: '1,000 busy actors, looked at once a second or not; 10,000 actors, looked at once',
    ...around(found.length),
    placement: 'no process has a CPU of its own',
    rows: CASES.map((one) => row(one, of(one.figure), new Map(one.than.map((name) => [name, of(name)])))),
    skipped: [],
    incidents: failure === undefined ? [] : incidentsOf('inspect', [[failure]]),
    notes: { [UNWATCHED]: 'the same process, in turns with being looked at' },
  };
}

async function played(plan: Plan): Promise<Figures> {
  const costs: Record<string, number[]> = { [UNWATCHED]: [], watched: [], ms: [], longest: [] };
  await watchedInTurns(plan, costs);
  await lookedAt(plan, costs);
  return Object.fromEntries(Object.entries(costs).map(([name, all]) => [name, middle(all)]));
}

/** Busy actors only: what looking at them costs them. */
async function watchedInTurns(plan: Plan, costs: Record<string, number[]>): Promise<void> {
  const { busy, turns, warm, window } = plan;
  await using node = new Looked(plan);
  const { address, token } = await node.ask({ do: 'start', busy, idle: 0 }, 'started');
  for (let turn = 0; turn < turns; turn++) {
    costs[UNWATCHED]?.push((await node.ask({ do: 'work', warm, window }, 'worked')).micros);
    const watcher = new Watcher();
    await watcher.open(address, token);
    costs['watched']?.push((await node.ask({ do: 'work', warm, window }, 'worked')).micros);
    await watcher.close();
  }
}

/** Many actors: what one look takes. */
async function lookedAt(plan: Plan, costs: Record<string, number[]>): Promise<void> {
  await using node = new Looked(plan);
  await node.ask({ do: 'start', busy: 0, idle: plan.idle }, 'started');
  for (let turn = 0; turn < 2 * plan.turns; turn++) {
    const { ms, longest } = await node.ask({ do: 'look' }, 'looked');
    costs['ms']?.push(ms);
    costs['longest']?.push(longest);
  }
}

/** A node in a process of its own. */
class Looked implements AsyncDisposable {
  readonly #child = new Child<Order, Word>('inspect', SCRIPT, []);
  readonly #limit: number;

  constructor({ warm, window }: Plan) {
    this.#limit = warm + window + GRACE;
  }

  async ask<Tag extends Word['tag']>(order: Order, tag: Tag): Promise<Extract<Word, { tag: Tag }>> {
    this.#child.send(order);
    const word = await this.#child.receive(this.#limit);
    if (word.tag !== tag) throw new Error(word.tag === 'failed' ? word.reason : `said ${word.tag}`);
    return word as Extract<Word, { tag: Tag }>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.close();
  }
}

const middle = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
