/**
 * Plants each fault in a copy of the program, and has the simulation or its tests look for it:
 *
 *     npm run mutants [-- NAME...] [--table] [--within SECONDS [--seed S]]
 *
 * `--table`: all of them, and writes `test/mutants.md`. `--within`: as many as fit into that time, drawn by the seed.
 *
 * Exits with 1 when a fault is not noticed, when something is wrong without any fault, or when the time is over before
 * all have been tried, unless it was given; with 2 for what makes no sense.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { asked, type Asked } from './asked.ts';
import { copyBuild, hunt, inTurns, SEEDS, workloadsOf, type Hunted } from './hunt.ts';
import { judge, plant, table, type Find, type Mutant, type SimulatedMutant, type Verdict } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { SIMULATED } from './simulated.ts';

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
/** Milliseconds for all, unless told otherwise. */
const TIME = 1_800_000;
/** Milliseconds for the tests of one fault; one that makes them hang is noticed too. */
const LIMIT = 120_000;
/** Seeds that each workload runs with, without a fault; more when a fault needed more. */
const SOUND_SEEDS = 40;

let deadline = Infinity;

/** How it went with the faults. */
class Tally {
  readonly noticed: [Mutant, string][] = [];
  readonly finds: Find[] = [];
  /** Names of those that were not noticed. */
  readonly missed: string[] = [];
  readonly late: string[] = [];

  miss(name: string, how: string): void {
    this.missed.push(name);
    console.log(`${how}: ${name}`);
  }
}

// --- the simulation -------------------------------------------------------------------------------------------

async function simulated(
  mutants: readonly SimulatedMutant[],
  folder: string,
  tally: Tally,
): Promise<boolean> {
  await inTurns(mutants.map((mutant) => () => find(mutant, join(folder, String(mutant.number)), tally)));
  const unbroken = join(folder, 'sound');
  copyBuild(ROOT, unbroken);
  const sound: Hunted[] = [];
  const checks = workloadsOf(mutants).map((workload) => async () => {
    const slowest = tally.finds
      .filter(({ mutant }) => mutant.workload === workload)
      .reduce((most, { seed }) => Math.max(most, seed), SOUND_SEEDS);
    sound.push(await hunt(unbroken, workload, { first: 1, last: slowest }, deadline));
  });
  await inTurns(checks);
  if (sound.some(({ tag }) => tag === 'late')) tally.late.push('the simulation without a fault');
  const wrong = sound.filter(({ tag }) => tag !== 'nothing' && tag !== 'late');
  if (wrong.length > 0) console.error('The simulation is not sound without a fault:', wrong);
  return wrong.length === 0;
}

async function find(mutant: SimulatedMutant, path: string, tally: Tally): Promise<void> {
  const { name, workload } = mutant;
  let hunted: Hunted;
  try {
    copyBuild(ROOT, path, mutant);
    hunted = await hunt(path, workload, { first: 1, last: SEEDS }, deadline);
  } catch (error) {
    hunted = { tag: 'broken', detail: String(error) };
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
  switch (hunted.tag) {
    case 'found':
      console.log(`found by seed ${hunted.seed}: ${name}: invariant ${hunted.by}`);
      tally.finds.push({ mutant, seed: hunted.seed, by: hunted.by });
      return;
    case 'nothing':
      return tally.miss(name, `NOT FOUND by ${SEEDS} seeds`);
    case 'broken':
      return tally.miss(name, `BROKEN (${hunted.detail})`);
    case 'late':
      tally.late.push(name);
  }
}

// --- the tests ------------------------------------------------------------------------------------------------

/**
 * Undefined when the deadline came first.
 * @param attempts of tests with real sockets: what is told of a fault is told by the first.
 */
async function runTests(
  folder: string,
  tests: readonly string[],
  limit: number,
  attempts: 1 | 2,
): Promise<Verdict | undefined> {
  const left = Math.floor(deadline - performance.now());
  if (left <= 0) return undefined;
  const report = join(folder, 'build/mutant.json');
  rmSync(report, { force: true });
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...tests], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    // a group of its own: a worker that a fault has looping ends with it
    detached: true,
    env: {
      ...process.env,
      CI: 'true',
      NO_COLOR: '1',
      ESPALIER_TESTS_JSON: report,
      TEST_ATTEMPTS: String(attempts),
    },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-10_000);
  });
  let late = false;
  const end = setTimeout(
    () => {
      late = true;
      killGroup(child.pid);
    },
    Math.min(limit, left),
  );
  running = child.pid;
  await once(child, 'exit');
  running = undefined;
  clearTimeout(end);
  if (late) return left <= limit ? undefined : { tag: 'noticed', by: `no end within ${limit / 1_000} s` };
  try {
    return judge(JSON.parse(readFileSync(report, 'utf8')));
  } catch {
    return { tag: 'broken', detail: errors };
  }
}

/** The tests that run now. */
let running: number | undefined;

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

async function tryOut(mutant: Mutant, folder: string): Promise<Verdict | undefined> {
  const path = join(folder, mutant.file);
  const source = readFileSync(path, 'utf8');
  try {
    writeFileSync(path, plant(mutant, source));
    return await runTests(folder, mutant.tests, LIMIT, 1);
  } catch (error) {
    return { tag: 'broken', detail: String(error) };
  } finally {
    writeFileSync(path, source);
  }
}

async function tested(mutants: readonly Mutant[], folder: string, tally: Tally): Promise<boolean> {
  for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const sound = await runTests(folder, [...new Set(mutants.flatMap(({ tests }) => tests))], Infinity, 2);
  if (sound === undefined) tally.late.push('the tests without a fault');
  else if (sound.tag !== 'survived') {
    console.error('The tests are not green without a fault:', sound);
    return false;
  }
  for (const mutant of mutants) {
    const { name } = mutant;
    const verdict = await tryOut(mutant, folder);
    if (verdict === undefined) tally.late.push(name);
    else if (verdict.tag === 'survived') tally.miss(name, 'SURVIVED');
    else if (verdict.tag === 'broken') tally.miss(name, `BROKEN (${verdict.detail})`);
    else {
      console.log(`noticed: ${name}: ${verdict.by}`);
      tally.noticed.push([mutant, verdict.by]);
    }
  }
  return true;
}

// --- all ------------------------------------------------------------------------------------------------------

async function main(args: readonly string[]): Promise<number> {
  let what: Asked;
  try {
    what = asked(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }
  const { mutants, simulated: bySeed, writes, within } = what;
  deadline = performance.now() + (within ?? TIME);
  const folder = mkdtempSync(join(tmpdir(), 'espalier-mutants-'));
  const tally = new Tally();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      killGroup(running);
      rmSync(folder, { recursive: true, force: true });
      process.exit(1);
    });
  try {
    if (bySeed.length > 0 && !(await simulated(bySeed, join(folder, 'simulated'), tally))) return 1;
    if (mutants.length > 0 && !(await tested(mutants, join(folder, 'tested'), tally))) return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { noticed, finds, missed, late } = tally;
  for (const name of late) console.log(`NOT RUN: ${name}`);
  if (late.length > 0) console.log(`${(within ?? TIME) / 1_000} s are over`);
  if (within !== undefined)
    console.log(`${bySeed.length + mutants.length} of ${SIMULATED.length + MUTANTS.length} were drawn`);
  console.log(
    `${finds.length} of ${bySeed.length} found by seed, ${noticed.length} of ${mutants.length} noticed by tests`,
  );
  if (missed.length > 0 || (late.length > 0 && within === undefined)) return 1;
  if (writes) writeFileSync(join(ROOT, 'test/mutants.md'), table(noticed, finds));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
