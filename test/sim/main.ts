/**
 * Runs simulated meshes: `npm run sim -- --seed N [--nodes N] [--minutes N] [--shrink]` one of them,
 * `npm run sim:ci` and `npm run soak:sim` whole suites in threads.
 *
 * Exits with 1 when an invariant is violated, or a suite did not get through in its time. The last line of one run is
 * `trace` and its hash, that of a suite says how many ran.
 */
import { parseArgs } from 'node:util';
import type { Configuration } from '../../src/testing/simulation/configuration.ts';
import { shrink } from '../../src/testing/simulation/shrink.ts';
import { simulate } from '../../src/testing/simulation/simulate.ts';
import type { JobOutcome } from './outcome.ts';
import { runSuite } from './run-suite.ts';
import { SUITES } from './suites.ts';

const MINUTE = 60_000;
/** Milliseconds between two lines of progress. */
const PROGRESS = 15_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    nodes: { type: 'string' },
    clients: { type: 'string' },
    minutes: { type: 'string' },
    faults: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    events: { type: 'boolean', default: false },
    /** A whole configuration as JSON, as a failed run prints it. */
    configuration: { type: 'string' },
    suite: { type: 'string' },
    /** Of a suite: so many of its jobs. */
    jobs: { type: 'string' },
  },
});

async function one(): Promise<number> {
  const { seed, nodes, clients, minutes, faults } = values;
  const began = performance.now();
  const report = await simulate(
    values.configuration === undefined
      ? {
          seed,
          ...(nodes === undefined ? {} : { nodes: Number(nodes) }),
          ...(clients === undefined ? {} : { clients: Number(clients) }),
          ...(minutes === undefined ? {} : { duration: Number(minutes) * MINUTE }),
          ...(faults === undefined ? {} : { faults: Number(faults) }),
        }
      : (JSON.parse(values.configuration) as Configuration),
  );
  const { violations, counts, configuration } = report;
  if (values.events || violations.length > 0) {
    for (const line of [...report.outcomes, ...report.events]) process.stdout.write(line);
  }
  for (const { invariant, at, detail } of violations)
    console.log(`invariant ${invariant} violated at ${Math.round(at)} ms: ${detail}`);
  if (violations.length > 0 && values.shrink) {
    const small = await shrink(configuration);
    console.log(`still fails: --configuration '${JSON.stringify(small)}'`);
  }
  const { calls, faults: struck, lives, events, time } = counts;
  console.log(`calls ${JSON.stringify(calls)}`);
  console.log(`faults ${JSON.stringify(struck)}`);
  const took = Math.round(performance.now() - began);
  const megabytes = Math.round(process.memoryUsage().rss / 1e6);
  console.log(
    `${configuration.nodes} nodes, ${configuration.clients} clients, ${lives} lives, ${events} events in ${Math.round(time)} virtual ms; ${took} ms, ${megabytes} MB`,
  );
  console.log(`trace ${report.trace}`);
  return violations.length === 0 ? 0 : 1;
}

async function suite(name: string): Promise<number> {
  const chosen = SUITES[name];
  if (chosen === undefined) {
    console.error(`No such suite. There are: ${Object.keys(SUITES).join(', ')}`);
    return 2;
  }
  const { limit } = chosen;
  const jobs = chosen.jobs.slice(0, values.jobs === undefined ? undefined : Number(values.jobs));
  let spokenAt = performance.now();
  const outcomes = await runSuite({ jobs, limit }, (outcome, ran) => {
    if (outcome.violations.length > 0) tellFailure(outcome);
    if (outcome.figures !== undefined) {
      console.log(`${JSON.stringify(outcome.job.options)}: ${outcome.figures}, ${outcome.took} ms`);
    }
    if (performance.now() - spokenAt < PROGRESS) return;
    spokenAt = performance.now();
    console.log(`${ran} of ${jobs.length}`);
  });
  const failed = outcomes.filter(({ violations }) => violations.length > 0).length;
  const events = outcomes.reduce((sum, { events }) => sum + (events ?? 0), 0);
  const twice = outcomes.filter(({ job }) => job.twice).length;
  console.log(`${events} events; ${twice} seeds ran twice`);
  console.log(`${outcomes.length} of ${jobs.length} jobs ran, ${failed} violated`);
  return failed === 0 && outcomes.length === jobs.length ? 0 : 1;
}

function tellFailure({ job, violations, took }: JobOutcome): void {
  console.log(`violated after ${took} ms: ${JSON.stringify(job.options)}`);
  for (const line of violations.slice(0, 10)) console.log(`  ${line}`);
}

process.exitCode = values.suite === undefined ? await one() : await suite(values.suite);
