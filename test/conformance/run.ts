/**
 * Runs the ported cases of OTP's suites and tells the score: `npm run -s conformance [-- --json]`.
 *
 * Exits with 1 when a case failed or is neither ported nor told why not, or when a test file does not load.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SUITES } from './cases/suites.ts';
import { isGreen, lines, scores, type TestReport } from './score.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Milliseconds for all of it. */
const LIMIT = 300_000;

/** Vitest's report, or what it said when there is none. */
function runCases(): TestReport | string {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-conformance-'));
  const file = join(folder, 'report.json');
  try {
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = ['run', '--project', 'unit', '--reporter', 'json', '--outputFile', file, 'test/conformance'];
    const run = spawnSync(process.execPath, [vitest, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: LIMIT,
      killSignal: 'SIGKILL',
      env: { ...process.env, NO_COLOR: '1' },
    });
    if (run.signal !== null) return `no end within ${LIMIT / 1000} s`;
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as TestReport;
    } catch {
      return `${run.stdout}${run.stderr}`;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main(args: readonly string[]): number {
  const report = runCases();
  if (typeof report === 'string') {
    console.error(report);
    return 1;
  }
  const all = scores(SUITES, report);
  if (args.includes('--json')) console.log(JSON.stringify(all, undefined, 2));
  else for (const line of lines(all)) console.log(line);
  const broken = report.testResults.filter(({ assertionResults }) => assertionResults.length === 0);
  for (const { name, message } of broken) console.error(`${name}: ${message}`);
  return broken.length === 0 && all.every(isGreen) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
