/**
 * Mutation fuzzer of the frame codec, of the distribution and of the control streams of its relay, and fuzzer of the QUIC
 * transport's streams.
 *
 *     node build/test/fuzz/fuzz.js [--inputs N] [--frames N] [--terms N] [--control N] [--streams N] [--seed N]
 *
 * Does all, or what is asked for: so many inputs of the codec (`frames`), of the distribution (`terms`) and of control streams
 * (`control`), of each when it is `inputs`; so many stream operations.
 *
 * The inputs run in a worker; this side watches it, and one that is still on the same input after five seconds has
 * hung: it is terminated, the input is noted, and a new worker goes on behind it. Exit code 1 on a finding. In
 * tests `run` does the same work in the caller's thread, without the watchdog.
 */
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { check, type Took } from './check.ts';
import { checkControl } from './control-check.ts';
import { controlAt } from './control-inputs.ts';
import { checkTerms } from './dist-check.ts';
import { termsAt } from './dist-inputs.ts';
import { inputAt } from './mutate.ts';
import type { StreamFuzzReport } from './stream-fuzz.ts';

/** What is fuzzed, by name: inputs, and what must hold for them. */
const TARGETS: Readonly<Record<Target, Fuzzed>> = {
  frames: { at: inputAt, check },
  terms: { at: termsAt, check: checkTerms },
  control: { at: controlAt, check: checkControl },
};
export type Target = 'frames' | 'terms' | 'control';

interface Fuzzed {
  readonly at: (seed: number, index: number) => Uint8Array;
  readonly check: (bytes: Uint8Array, seed: number, index: number) => Took;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly seed: number;
  readonly crashes: readonly { readonly index: number; readonly message: string }[];
  readonly hangs: readonly number[];
  /** The longest `decodeFrame`; of a hung input, all its time. */
  readonly slowest: Took & { readonly index: number };
}

interface Job {
  readonly target: Target;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** The index being worked on, for the watchdog; -1 until the worker is ready. */
  readonly progress: Int32Array;
}

/** Inputs of a run that is not told otherwise. */
const INPUTS = 1_000_000;
/** Stream operations of a run that is not told otherwise, and datagrams of garbage for each. */
const STREAM_OPERATIONS = 1_000_000;
const GARBAGE = 0.1;
/** Stream operations of the same batch for so long have hung, in ms. Waits of their own give up before. */
const STREAM_HANG_MS = 120_000;
/** An input whose checks take longer has hung, in ms. What is only slow is found by `check`. */
const HANG_MS = 5_000;
/** How often the watchdog looks, in ms. */
const LOOK_MS = 100;
/** Findings printed of each kind. */
const SHOWN = 3;
/** Findings after which a run gives up. */
const ENOUGH = 20;

/** Runs inputs 0 … count - 1 of `seed` in this thread. Equal arguments give equal inputs. */
export const run = (count: number, seed: number, target: Target = 'frames'): FuzzReport =>
  work({ target, seed, from: 0, to: count, progress: new Int32Array(1) });

function work({ target, seed, from, to, progress }: Job): FuzzReport {
  const { at: inputOf, check: checked } = TARGETS[target];
  const crashes: { index: number; message: string }[] = [];
  let slowest = { index: from, first: 0, ms: 0 };
  let index = from;
  for (; index < to && crashes.length < ENOUGH; index++) {
    const bytes = inputOf(seed, index);
    Atomics.store(progress, 0, index);
    try {
      const took = checked(bytes, seed, index);
      if (took.ms > slowest.ms) slowest = { index, ...took };
    } catch (error) {
      crashes.push({
        index,
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }
  return { inputs: index - from, seed, crashes, hangs: [], slowest };
}

/** One worker over `from … to`; ends with its report, or with the input it hung on. */
function watch(target: Target, seed: number, from: number, to: number): Promise<FuzzReport> {
  const progress = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const job: Job = { target, seed, from, to, progress };
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  return new Promise((resolve) => {
    let seen = -1;
    let since = performance.now();
    const dead = (index: number, found: Partial<FuzzReport>): void => {
      clearInterval(watchdog);
      const ms = performance.now() - since;
      const slowest = { index, first: ms, ms };
      resolve({ inputs: index + 1 - from, seed, crashes: [], hangs: [], slowest, ...found });
    };
    const watchdog = setInterval(() => {
      const index = Atomics.load(progress, 0);
      if (index !== seen || index === -1) {
        seen = index;
        since = performance.now();
      } else if (performance.now() - since > HANG_MS) {
        clearInterval(watchdog);
        worker.removeAllListeners();
        const hung = (): void => dead(index, { hangs: [index] });
        worker.terminate().then(hung, hung);
      }
    }, LOOK_MS);
    worker.once('message', (report: FuzzReport) => {
      clearInterval(watchdog);
      resolve(report);
    });
    worker.once('error', (error) => {
      const index = Math.max(from, Atomics.load(progress, 0));
      dead(index, { crashes: [{ index, message: String(error) }] });
    });
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string' },
      frames: { type: 'string' },
      terms: { type: 'string' },
      control: { type: 'string' },
      streams: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const { seed: _seed, ...asked } = values;
  const all = Object.keys(asked).length === 0;
  const inputs = Number(values.inputs ?? (all ? INPUTS : 0));
  const counts: Record<Target, number> = {
    frames: Number(values.frames ?? inputs),
    terms: Number(values.terms ?? inputs),
    control: Number(values.control ?? inputs),
  };
  const streams = Number(values.streams ?? (all ? STREAM_OPERATIONS : 0));
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const numbers = [inputs, ...Object.values(counts), streams];
  if (!Number.isSafeInteger(seed) || !numbers.every((count) => Number.isSafeInteger(count) && count >= 0)) {
    throw new Error(
      'usage: fuzz [--inputs N] [--frames N] [--terms N] [--control N] [--streams N] [--seed N]',
    );
  }
  console.log(`fuzz: seed ${seed}`);
  for (const target of ['frames', 'terms', 'control'] as const)
    if (counts[target] > 0) await fuzzInputs(target, counts[target], seed);
  if (streams > 0) await fuzzStreams(streams, seed);
}

/** Stream operations run in a worker too: what hangs in native code is seen from here. */
async function fuzzStreams(operations: number, seed: number): Promise<void> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { operations, seed, progress } });
  let seen = -1;
  let since = performance.now();
  const watchdog = setInterval(() => {
    const now = Atomics.load(progress, 0);
    if (now !== seen) [seen, since] = [now, performance.now()];
    else if (performance.now() - since > STREAM_HANG_MS) {
      console.log(`fuzz: streams hang after ${seen} operations`);
      process.exit(1);
    }
  }, LOOK_MS);
  const report = await new Promise<StreamFuzzReport>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  }).finally(() => clearInterval(watchdog));
  for (const finding of report.findings) console.log(`streams: ${finding}`);
  console.log(
    `fuzz: ${operations} stream operations on ${report.streams} streams, ${report.garbage.sent} datagrams of garbage, ` +
      `${report.findings.length} findings, ${report.kept} streams kept by quiche, slowest answer to a bystander ${report.slowest.toFixed(0)} ms`,
  );
  if (report.findings.length > 0) process.exitCode = 1;
}

async function fuzzInputs(target: Target, inputs: number, seed: number): Promise<void> {
  const { at } = TARGETS[target];
  const reports: FuzzReport[] = [];
  const findings = (): number =>
    reports.reduce((sum, { crashes, hangs }) => sum + crashes.length + hangs.length, 0);
  let done = 0;
  while (done < inputs && findings() < ENOUGH) {
    const report = await watch(target, seed, done, inputs);
    reports.push(report);
    done += report.inputs;
  }
  const crashes = reports.flatMap((report) => report.crashes);
  const hangs = reports.flatMap((report) => report.hangs);
  for (const { index, message } of crashes.slice(0, SHOWN))
    console.log(`crash: input ${index}, ${hex(at(seed, index))}\n${message}`);
  for (const index of hangs.slice(0, SHOWN)) console.log(`hang: input ${index}, ${hex(at(seed, index))}`);
  const slowest = reports.map((report) => report.slowest).reduce((a, b) => (b.ms > a.ms ? b : a));
  console.log(
    `fuzz: slowest is input ${slowest.index}, ${at(seed, slowest.index).length} bytes, ` +
      `the first time ${slowest.first.toFixed(1)} ms`,
  );
  console.log(
    `fuzz: ${done} inputs of ${target}, ${hangs.length} hangs, ${crashes.length} crashes, slowest ${slowest.ms.toFixed(1)} ms`,
  );
  if (crashes.length + hangs.length > 0) process.exitCode = 1;
}

function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 256)).toString('hex');
  return `${bytes.length} bytes: ${shown}${bytes.length > 256 ? '…' : ''}`;
}

const task = workerData as (Job & { operations?: number }) | null | undefined;
if (!isMainThread && parentPort !== null && task?.progress instanceof Int32Array) {
  if (task.operations === undefined) parentPort.postMessage(work(task));
  else {
    const { operations, seed, progress } = task;
    // not before: the codec's fuzzer does without sockets and native code
    const { streamFuzz } = await import('./stream-fuzz.ts');
    const noted = (done: number): void => void Atomics.store(progress, 0, done);
    const options = { operations, garbage: operations * GARBAGE, seed, progress: noted };
    parentPort.postMessage(await streamFuzz(options));
    // messages are still under way, sockets are closed
  }
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
