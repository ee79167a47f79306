/**
 * What a script takes from its start to its end: instructions where `perf` can count them, else CPU time.
 *
 * Instructions, since a neighbour on the same machine changes times by more than what is looked for here.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Milliseconds. */
const LIMIT = 120_000;
/** V8 compiles and collects in the main thread: the same work in the same order. */
const FLAGS = ['--single-threaded', '--expose-gc'];

export type Unit = 'instructions' | 'µs';
export type Cost = (script: URL, ...args: readonly string[]) => Promise<number>;

const instructions: Cost = async (script, ...args) => {
  const perf = ['stat', '-x', ',', '-e', 'instructions:u', '--', process.execPath];
  const { stderr } = await run('perf', [...perf, ...FLAGS, fileURLToPath(script), ...args], {
    timeout: LIMIT,
  });
  const counted = Number(/^(\d+),.*instructions/m.exec(stderr)?.[1]);
  if (!(counted > 0)) throw new Error(`perf counted nothing: ${stderr.slice(0, 200)}`);
  return counted;
};

/** The script says at its end what it took. */
const cpuTime: Cost = async (script, ...args) => {
  const { stdout } = await run(process.execPath, [...FLAGS, fileURLToPath(script), ...args], {
    timeout: LIMIT,
  });
  return Number(stdout);
};

/** What can be measured on this machine. */
export async function costs(): Promise<{ readonly unit: Unit; readonly cost: Cost }> {
  try {
    const { stderr } = await run('perf', ['stat', '-x', ',', '-e', 'instructions:u', '--', 'true']);
    if (/^\d+,/m.test(stderr)) return { unit: 'instructions', cost: instructions };
  } catch {
    // no perf here, or nobody may use it
  }
  return { unit: 'µs', cost: cpuTime };
}
