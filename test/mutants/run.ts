/**
 * Plants each fault in a copy of the sources and runs its tests there: `npm run mutants [-- NAME...]`. With
 * `--table` all of them, and writes `test/mutants.md`.
 *
 * Exits with 1 when a fault survives, or when the tests are red without any fault.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { judge, plant, table, type Mutant, type Verdict } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const COPIED = [
  'src',
  'supervisors',
  'test',
  'docs',
  'README.md',
  'package.json',
  'vitest.config.ts',
  'tsconfig.json',
];
/** Milliseconds for the tests of one fault; one that makes them hang is noticed too. */
const LIMIT = 120_000;
/** For the tests of all of them, without a fault, on a busy machine. */
const SOUND_LIMIT = 900_000;

function runTests(folder: string, tests: readonly string[], limit: number): Verdict {
  const report = join(folder, 'build/mutant.json');
  rmSync(report, { force: true });
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, 'run', ...tests], {
    cwd: folder,
    encoding: 'utf8',
    timeout: limit,
    killSignal: 'SIGKILL',
    env: { ...process.env, CI: 'true', NO_COLOR: '1', ESPALIER_TESTS_JSON: report },
  });
  if (run.signal !== null) return { tag: 'noticed', by: `no end within ${limit / 1000} s` };
  try {
    return judge(JSON.parse(readFileSync(report, 'utf8')));
  } catch {
    return { tag: 'broken', detail: run.stderr };
  }
}

function tryOut(mutant: Mutant, path: string, source: string, folder: string): Verdict {
  try {
    writeFileSync(path, plant(mutant, source));
  } catch (error) {
    return { tag: 'broken', detail: String(error) };
  }
  return runTests(folder, mutant.tests, LIMIT);
}

function main(args: readonly string[]): number {
  const writes = args.includes('--table');
  const names = writes ? [] : args;
  const chosen = MUTANTS.filter(
    ({ name }) => names.length === 0 || names.some((part) => name.includes(part)),
  );
  if (chosen.length === 0) {
    console.error(`No such mutant. There are:\n${MUTANTS.map(({ name }) => `  ${name}`).join('\n')}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'espalier-mutants-'));
  let survivors = 0;
  const noticed: [Mutant, string][] = [];
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const sound = runTests(folder, [...new Set(chosen.flatMap(({ tests }) => tests))], SOUND_LIMIT);
    if (sound.tag !== 'survived') {
      console.error('The tests are not green without a fault:', sound);
      return 1;
    }
    for (const mutant of chosen) {
      const path = join(folder, mutant.file);
      const source = readFileSync(path, 'utf8');
      const verdict = tryOut(mutant, path, source, folder);
      writeFileSync(path, source);
      if (verdict.tag === 'noticed') {
        console.log(`noticed   ${mutant.name}: ${verdict.by}`);
        noticed.push([mutant, verdict.by]);
      } else {
        survivors++;
        console.log(
          verdict.tag === 'survived'
            ? `SURVIVED  ${mutant.name}`
            : `BROKEN    ${mutant.name}: ${verdict.detail}`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (writes && survivors === 0) writeFileSync(join(ROOT, 'test/mutants.md'), table(noticed));
  console.log(`${chosen.length - survivors} of ${chosen.length} noticed`);
  return survivors === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
