/**
 * A planted fault: one change of a source that the named tests, or the simulation, must notice.
 */
import type { SimulationOptions } from '../../src/testing/simulation/configuration.ts';

export interface PlantedFault {
  /** What is broken, as the list of faults names it. */
  readonly name: string;
  readonly file: string;
  /** Must occur in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant extends PlantedFault {
  /** Test files of which at least one test must fail. */
  readonly tests: readonly string[];
}

/** All that a run is made of but its seed. */
export type AimedWorkload = Omit<SimulationOptions, 'seed' | 'signal'>;

export interface SimulatedMutant extends PlantedFault {
  /** Its number in RELIABILITY §12.7. */
  readonly number: number;
  /** One in which the fault shows soon. */
  readonly workload: AimedWorkload;
}

/** The source with the fault in it. Throws when the place is not there, or not unique. */
export function plant({ name, file, find, replace }: PlantedFault, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`${name}: "${find}" occurs ${parts.length - 1} times in ${file}, must be once`);
  }
  return parts.join(replace);
}

/** What vitest's report says of a run with the fault in it. */
export type Verdict =
  | { readonly tag: 'noticed'; readonly by: string; readonly why?: string }
  | { readonly tag: 'survived' }
  /** Nothing ran: a fault that does not even load proves nothing. */
  | { readonly tag: 'broken'; readonly detail: string };

interface TestReport {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export function judge(report: TestReport): Verdict {
  const results = report.testResults.flatMap((file) => file.assertionResults);
  const failed = results.find(({ status }) => status === 'failed');
  if (failed !== undefined) {
    const why = failed.failureMessages?.join('\n');
    return { tag: 'noticed', by: failed.fullName, ...(why === undefined ? {} : { why }) };
  }
  if (results.some(({ status }) => status === 'passed')) return { tag: 'survived' };
  return { tag: 'broken', detail: report.testResults[0]?.message ?? 'no test ran' };
}

/** A simulated fault, the first seed that showed it, and the invariant it violated, its number first. */
export interface Find {
  readonly mutant: SimulatedMutant;
  readonly seed: number;
  readonly by: string;
}

/** The lists of faults for people: what is broken, where, who looks, and who noticed it. */
export function table(
  rows: readonly (readonly [mutant: Mutant, noticedBy: string])[],
  finds: readonly Find[],
): string {
  const tested = rows.map(([{ name, file, tests }, by]) => row(name, file, tests.join(' '), by));
  const simulated = finds
    .toSorted((a, b) => a.mutant.number - b.mutant.number)
    .map(({ mutant: { number, name, file }, seed, by }) => row(String(number), name, file, String(seed), by));
  return `${HEAD}${tested.join('')}${SIMULATED_HEAD}${simulated.join('')}${NOT_SIMULATED}`;
}

const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;

const HEAD = `# Planted faults

Each is one change of a source. \`npm run mutants\` plants them one by one, in a copy, and fails when one is not noticed;
\`npm run mutants -- --table\` writes this page.

## Noticed by tests

| Fault | File | Tests | Noticed by |
|---|---|---|---|
`;

const SIMULATED_HEAD = `
## Found by the simulation

Of RELIABILITY §12.7, by its numbers: each on a small workload aimed at it (\`test/mutants/simulated.ts\`), with the seeds
1, 2, 3 and so on, 200 at most. Without a fault the same seeds violate nothing.

| # | Fault | File | Seeds to find it | Invariant that was violated |
|---|---|---|---|---|
`;

const NOT_SIMULATED = `
Not among them: 8, backoff without jitter, because no invariant speaks of when a try is made (the tests above notice it,
with the herd of \`test/recovery/herd.test.ts\`); 9, tunnel prefix not checked, because there are no tunnels yet.
`;
