/**
 * Looks for planted faults with the simulation: a compiled copy of the program with one of them in one module is run
 * with seed after seed until an invariant is violated.
 *
 * A run that does not end shows the fault, too. Units: real milliseconds.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { plant, type AimedWorkload, type PlantedFault, type SimulatedMutant } from './mutant.ts';

/** Seeds that a fault is looked for with (RELIABILITY §12.7). */
export const SEEDS = 200;
/** Runs at a time. */
const AT_ONCE = 2;
/** For one seed: those here take a second at most when nothing is broken. */
const SEED_LIMIT = 60_000;
const RUNNER = 'test/mutants/seeds.js';

export interface Seeds {
  readonly first: number;
  readonly last: number;
}

export type Hunted =
  | { readonly tag: 'found'; readonly seed: number; readonly by: string }
  | { readonly tag: 'nothing' }
  | { readonly tag: 'broken'; readonly detail: string }
  /** The deadline came first. */
  | { readonly tag: 'late' };

/** A copy of what `npm run build:tools` made below `root`, in `folder`; with a fault in it, if one is given. */
export function copyBuild(root: string, folder: string, fault?: PlantedFault): void {
  for (const path of ['src', 'supervisors', RUNNER])
    cpSync(join(root, 'build', path), join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (fault === undefined) return;
  const planted = join(folder, 'planted');
  const source = join(planted, fault.file);
  mkdirSync(dirname(source), { recursive: true });
  writeFileSync(source, plant(fault, readFileSync(join(root, fault.file), 'utf8')));
  const options = { noCheck: true, noResolve: true, isolatedDeclarations: false, declaration: false };
  const compilerOptions = { ...options, declarationMap: false, sourceMap: false, rootDir: '.', outDir: '..' };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, files: [fault.file], include: [] };
  writeFileSync(join(planted, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', planted], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
}

/** Runs the copy in `folder`. `deadline`: by `performance.now()`. */
export function hunt(
  folder: string,
  workload: AimedWorkload,
  { first, last }: Seeds,
  deadline: number,
): Promise<Hunted> {
  return new Promise((resolve) => {
    const args = [join(folder, RUNNER), String(first), String(last), JSON.stringify(workload)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, errors] = ['', ''];
    let [hangs, late] = [false, false];
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    const end = (): void => {
      late = true;
      kill();
    };
    const hang = (): void => {
      hangs = true;
      kill();
    };
    let watch = setTimeout(hang, SEED_LIMIT);
    const over = setTimeout(end, deadline - performance.now());
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      clearTimeout(watch);
      watch = setTimeout(hang, SEED_LIMIT);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-10_000);
    });
    child.on('close', (_code, signal) => {
      clearTimeout(watch);
      clearTimeout(over);
      resolve(late ? { tag: 'late' } : judgeRun(out, `${errors}${signal ?? ''}`, hangs));
    });
  });
}

/** What the output of one run says. */
export function judgeRun(out: string, errors: string, hangs: boolean): Hunted {
  const seed = Number([...out.matchAll(/^seed (\d+)$/gm)].at(-1)?.[1] ?? 0);
  if (hangs) return { tag: 'found', seed, by: `no end within ${SEED_LIMIT / 1_000} s` };
  const by = /^violated (.*)$/m.exec(out)?.[1];
  if (by !== undefined) return { tag: 'found', seed, by };
  return /^sound$/m.test(out) ? { tag: 'nothing' } : { tag: 'broken', detail: errors };
}

/** Runs all jobs, a few at a time, each when one before it has ended. */
export async function inTurns(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const rest = jobs.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const job of rest) await job();
    }),
  );
}

/** The workloads, each once. */
export const workloadsOf = (mutants: readonly SimulatedMutant[]): readonly AimedWorkload[] => [
  ...new Set(mutants.map(({ workload }) => workload)),
];
