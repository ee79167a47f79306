/**
 * `npm run bench -- NAME [options]`: finds a bench by its name and runs it; `all` runs every one of them.
 *
 * Runs compiled code under plain node; a test runner's module loader would distort the ratios (TOOLS §5).
 * Exit codes: 0 measured, 1 our own side could not be measured, 2 wrong usage.
 */
import { optionsHelp, parseOptions, type Bench } from './harness/bench.ts';
import { printed, summary } from './harness/print.ts';
import type { Report } from './harness/report.ts';
import { actors } from './actors/bench.ts';
import { counters } from './counters/bench.ts';
import { dht } from './dht/bench.ts';
import { dist } from './dist/bench.ts';
import { inspect } from './inspect/bench.ts';
import { local } from './local/bench.ts';
import { paths } from './paths/bench.ts';
import { peer } from './peer/bench.ts';
import { rpc } from './rpc/bench.ts';
import { tunnel } from './tunnel/bench.ts';

const BENCHES: readonly Bench[] = [rpc, local, peer, actors, dht, paths, dist, tunnel, inspect, counters];
const ALL = 'all';

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    console.log(usage());
    return 0;
  }
  const chosen = name === ALL ? BENCHES : BENCHES.filter((bench) => bench.name === name);
  if (name === undefined || chosen.length === 0) {
    console.error(name === undefined ? 'Which bench?' : `There is no bench called "${name}".`);
    console.error(usage());
    return 2;
  }
  const options = parseOptions(args, chosen);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${optionsHelp(name, chosen)}`);
    return 2;
  }
  if (options.help) {
    console.log(optionsHelp(name, chosen));
    return 0;
  }
  const reports: Report[] = [];
  for (const bench of chosen) {
    const report = await bench.measure(options);
    reports.push(report);
    if (!options.json) console.log(`${printed(report)}\n`);
  }
  if (options.json) console.log(JSON.stringify(name === ALL ? { bench: ALL, reports } : reports[0], null, 2));
  else if (name === ALL) console.log(summary(reports));
  return reports.every(({ rows }) => rows.every(({ ours, goal }) => ours !== null || isOpen(goal))) ? 0 : 1;
}

/** Nothing was expected of it yet. */
const isOpen = (goal: Report['rows'][number]['goal']): boolean =>
  goal.length > 0 && goal.every(({ notBuilt }) => notBuilt !== undefined);

const usage = (): string =>
  [
    'usage: npm run bench -- NAME [options]   (NAME --help tells its options)',
    '',
    ...BENCHES.map(({ name, question }) => `  ${name.padEnd(8)} ${question}`),
    `  ${ALL.padEnd(8)} every one of them, and one summary of their goals`,
  ].join('\n');

process.exitCode = await main(process.argv[2], process.argv.slice(3));
