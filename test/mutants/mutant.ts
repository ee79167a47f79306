/**
 * A planted fault: one change of a source that the named tests must notice.
 */
export interface Mutant {
  /** What is broken, as the list of faults names it. */
  readonly name: string;
  readonly file: string;
  /** Must occur in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files of which at least one test must fail. */
  readonly tests: readonly string[];
}

/** The source with the fault in it. Throws when the place is not there, or not unique. */
export function plant({ name, file, find, replace }: Mutant, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`${name}: "${find}" occurs ${parts.length - 1} times in ${file}, must be once`);
  }
  return parts.join(replace);
}

/** What vitest's report says of a run with the fault in it. */
export type Verdict =
  | { readonly tag: 'noticed'; readonly by: string }
  | { readonly tag: 'survived' }
  /** Nothing ran: a fault that does not even load proves nothing. */
  | { readonly tag: 'broken'; readonly detail: string };

interface TestReport {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export function judge(report: TestReport): Verdict {
  const results = report.testResults.flatMap((file) => file.assertionResults);
  const failed = results.find(({ status }) => status === 'failed');
  if (failed !== undefined) return { tag: 'noticed', by: failed.fullName };
  if (results.some(({ status }) => status === 'passed')) return { tag: 'survived' };
  return { tag: 'broken', detail: report.testResults[0]?.message ?? 'no test ran' };
}

/** The list of faults for people: what is broken, where, which tests look, and which of them noticed it. */
export function table(rows: readonly (readonly [mutant: Mutant, noticedBy: string])[]): string {
  const lines = rows.map(([{ name, file, tests }, by]) =>
    [name, file, tests.join(' '), by].map((cell) => cell.replaceAll('|', '\\|')).join(' | '),
  );
  return `${HEAD}${lines.map((line) => `| ${line} |\n`).join('')}`;
}

const HEAD = `# Planted faults

Each is one change of a source. \`npm run mutants\` plants them one by one, in a copy, and fails when one is not noticed;
\`npm run mutants -- --table\` writes this page.

| Fault | File | Tests | Noticed by |
|---|---|---|---|
`;
