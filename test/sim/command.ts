/**
 * The command `npm run sim`, and what it says: one run, or a suite of them.
 *
 * Gives the exit code: 1 when an invariant is violated, or a suite did not get through in its time, unless `--within` gave
 * it; 2 when what is asked for makes no sense. The last line of one run is `trace` and its hash, that of a suite says how
 * many ran.
 */
import { parseArgs } from 'node:util';
import type { Configuration, SimulationOptions } from '../../src/testing/simulation/configuration.ts';
import { configurationOf } from '../../src/testing/simulation/plan.ts';
import { shrink } from '../../src/testing/simulation/shrink.ts';
import { simulate } from '../../src/testing/simulation/simulate.ts';
import { commandOf, tellFailure, type Failure } from './failure.ts';
import { runSuite } from './run-suite.ts';
import { SUITES, type Suite } from './suites.ts';

const MINUTE = 60_000;
/** Minutes that a suite may be given: timers of Node know no more than 24 days. */
const DAY = 1_440;
/** Milliseconds between two lines of progress. */
const PROGRESS = 15_000;
/** Milliseconds in which the first failure of a suite is made small; it ends with the run that is under way then. */
const SHRINKING = 2 * MINUTE;
/** Violations on the screen. */
const SHOWN = 10;

/** What it works with, for whoever tests it. */
export interface Tools {
  readonly say: (line: string) => void;
  readonly simulate: typeof simulate;
  readonly shrink: typeof shrink;
  readonly runSuite: typeof runSuite;
  readonly suites: Readonly<Record<string, Suite>>;
}

const TOOLS: Tools = { say: (line) => console.log(line), simulate, shrink, runSuite, suites: SUITES };

const OPTIONS = {
  seed: { type: 'string', default: '1' },
  nodes: { type: 'string' },
  clients: { type: 'string' },
  minutes: { type: 'string' },
  faults: { type: 'string' },
  /** Minutes in halves. */
  split: { type: 'string' },
  /** Stations, and members behind NATs. */
  nat: { type: 'boolean', default: false },
  shrink: { type: 'boolean', default: false },
  events: { type: 'boolean', default: false },
  /** A whole configuration as JSON, as a failed run prints it. */
  configuration: { type: 'string' },
  suite: { type: 'string' },
  /** Of a suite: so many of its jobs. */
  jobs: { type: 'string' },
  /** Of a suite: as many of its jobs as end in so many minutes, all if it needs less. */
  within: { type: 'string' },
} as const;

const DRAWN = ['--seed', '--nodes', '--clients', '--minutes', '--faults', '--split', '--nat'];
/** What says all, and what it leaves nothing for. */
const WHOLE = { configuration: DRAWN, suite: [...DRAWN, '--configuration', '--shrink', '--events'] };

const parsed = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values;
type Values = ReturnType<typeof parsed>;

export async function command(args: readonly string[], tools: Partial<Tools> = {}): Promise<number> {
  const all = { ...TOOLS, ...tools };
  let run: () => Promise<number>;
  try {
    run = asked(args, all);
  } catch (error) {
    all.say(error instanceof Error ? error.message : String(error));
    return 2;
  }
  return run();
}

/** Throws for what makes no sense. */
function asked(args: readonly string[], tools: Tools): () => Promise<number> {
  const values = parsed(args);
  for (const [whole, rest] of Object.entries(WHOLE))
    if (
      values[whole as keyof Values] !== undefined &&
      args.some((arg) => rest.includes(arg.split('=')[0] ?? ''))
    )
      throw new RangeError(`--${whole} cannot be given with: ${rest.join(', ')}`);
  if (values.suite === undefined) {
    for (const part of ['jobs', 'within'] as const)
      if (values[part] !== undefined) throw new RangeError(`--${part} is of a suite: give it --suite`);
    const configuration = configurationOf(optionsOf(values));
    return () => one(configuration, values, tools);
  }
  const chosen = tools.suites[values.suite];
  if (chosen === undefined)
    throw new RangeError(`No such suite. There are: ${Object.keys(tools.suites).join(', ')}`);
  const most = values.jobs === undefined ? chosen.jobs.length : Number(values.jobs);
  if (!(most > 0)) throw new RangeError(`jobs: must be a number above 0: ${values.jobs}`);
  const jobs = chosen.jobs.slice(0, most);
  const { within } = values;
  if (within === undefined) return () => suite({ jobs, limit: chosen.limit }, false, tools);
  const minutes = Number(within);
  if (!(minutes > 0 && minutes <= DAY))
    throw new RangeError(`within: must be above 0 and ${DAY} minutes at most: ${within}`);
  return () => suite({ jobs, limit: minutes * MINUTE }, true, tools);
}

function optionsOf({
  configuration,
  seed,
  nodes,
  clients,
  minutes,
  faults,
  split,
  nat,
}: Values): SimulationOptions {
  if (configuration !== undefined) return JSON.parse(configuration) as Configuration;
  return {
    seed,
    nat,
    ...(nodes === undefined ? {} : { nodes: Number(nodes) }),
    ...(clients === undefined ? {} : { clients: Number(clients) }),
    ...(minutes === undefined ? {} : { duration: Number(minutes) * MINUTE }),
    ...(faults === undefined ? {} : { faults: Number(faults) }),
    ...(split === undefined ? {} : { split: Number(split) * MINUTE }),
  };
}

async function one(configuration: Configuration, values: Values, tools: Tools): Promise<number> {
  const { say } = tools;
  const began = performance.now();
  const report = await tools.simulate(configuration);
  const { violations, counts } = report;
  if (values.events) for (const line of [...report.outcomes, ...report.events]) say(line.trimEnd());
  if (violations.length > 0) {
    tellFailure(report, say);
    if (values.shrink) say(`still fails: ${commandOf(await tools.shrink(configuration))}`);
  }
  const { calls, faults: struck, lives, events, time } = counts;
  say(`calls ${JSON.stringify(calls)}`);
  say(`faults ${JSON.stringify(struck)}`);
  const took = Math.round(performance.now() - began);
  const megabytes = Math.round(process.memoryUsage().rss / 1e6);
  say(
    `${configuration.nodes} nodes, ${configuration.clients} clients, ${lives} lives, ${events} events in ${Math.round(time)} virtual ms; ${took} ms, ${megabytes} MB`,
  );
  say(`trace ${report.trace}`);
  return violations.length === 0 ? 0 : 1;
}

/** @param isBoxed whether some of the jobs are enough. */
async function suite({ jobs, limit }: Suite, isBoxed: boolean, tools: Tools): Promise<number> {
  const { say } = tools;
  let spokenAt = performance.now();
  let first: Failure | undefined;
  const outcomes = await tools.runSuite({ jobs, limit }, (outcome, ran) => {
    if (outcome.violations.length > 0) {
      say(`violated after ${outcome.took} ms: ${JSON.stringify(outcome.job.options)}`);
      if (first === undefined && outcome.failure !== undefined) {
        first = outcome.failure;
        tellFailure(first, say);
      } else for (const line of outcome.violations.slice(0, SHOWN)) say(`  ${line}`);
    }
    if (outcome.figures !== undefined)
      say(`${JSON.stringify(outcome.job.options)}: ${outcome.figures}, ${outcome.took} ms`);
    if (performance.now() - spokenAt < PROGRESS) return;
    spokenAt = performance.now();
    say(`${ran} of ${jobs.length}`);
  });
  if (first !== undefined) await tellSmaller(first, tools);
  const failed = outcomes.filter(({ violations }) => violations.length > 0).length;
  const events = outcomes.reduce((sum, { events }) => sum + (events ?? 0), 0);
  const twice = outcomes.filter(({ job }) => job.twice).length;
  say(`${events} events; ${twice} seeds ran twice`);
  say(`${outcomes.length} of ${jobs.length} jobs ran, ${failed} violated`);
  return failed === 0 && (isBoxed || outcomes.length === jobs.length) ? 0 : 1;
}

async function tellSmaller(
  { configuration, violations }: Failure,
  { say, shrink: small }: Tools,
): Promise<void> {
  const invariants = violations.map(({ invariant }) => invariant);
  const signal = AbortSignal.timeout(SHRINKING);
  say(`still fails: ${commandOf(await small(configuration, { invariants, signal }))}`);
}
