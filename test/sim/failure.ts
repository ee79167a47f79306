/**
 * What a failing run leaves for people: how to repeat it, what broke first, what happened last, and a smaller run that
 * breaks the same.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../src/testing/simulation/configuration.ts';
import type { Violation } from '../../src/testing/simulation/invariants/invariant.ts';
import type { SimulationReport } from '../../src/testing/simulation/simulate.ts';

/** As much of a report as a thread tells. */
export type Failure = Pick<
  SimulationReport,
  'seed' | 'configuration' | 'trace' | 'violations' | 'events' | 'outcomes'
>;

/** Violations and events on the screen. */
const SHOWN = { violations: 10, events: 20 };

export const lineOf = ({ invariant, at, detail }: Violation): string =>
  `invariant ${invariant} violated at ${Math.round(at)} ms: ${detail}`;

/** The command that repeats a run, for a shell. */
export const commandOf = (configuration: Configuration): string =>
  `npm run sim -- --configuration '${JSON.stringify(configuration).replaceAll("'", String.raw`'\''`)}'`;

/** The last events are on the screen, and all that were kept in a file. */
export function tellFailure(failure: Failure, say: (line: string) => void): void {
  const { seed, configuration, trace, violations, events, outcomes } = failure;
  const said = [
    `seed ${seed}`,
    commandOf(configuration),
    `its trace ${trace}`,
    ...violations.slice(0, SHOWN.violations).map(lineOf),
  ];
  for (const line of said) say(line);
  for (const line of [...outcomes.slice(-SHOWN.events), ...events.slice(-SHOWN.events)])
    say(`  ${line.trimEnd()}`);
  const file = join(mkdtempSync(join(tmpdir(), 'espalier-sim-')), 'events.txt');
  const lines = [...said, '', 'What came of the work:', ...outcomes, '', 'The network:', ...events];
  writeFileSync(file, lines.map((line) => `${line.trimEnd()}\n`).join(''));
  say(`the last ${outcomes.length} outcomes and ${events.length} events are in ${file}`);
}
