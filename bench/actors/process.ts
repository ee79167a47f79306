/**
 * One process for one workload of one contender: warm-up at a tenth of the size, then the repeats; before each garbage
 * is collected and a tenth run again.
 */
import {
  EFFECT,
  FLOOR,
  OURS,
  SIZES,
  XSTATE,
  type Workload,
  type WorkloadName,
  type Workloads,
} from './cases.ts';
import type { Cost, Order, Word } from './messages.ts';

const LOAD: Readonly<Record<string, () => Promise<{ readonly workloads: Workloads }>>> = {
  [OURS]: () => import('./espalier.ts'),
  [FLOOR]: () => import('./floor.ts'),
  [XSTATE]: () => import('./xstate.ts'),
  [EFFECT]: () => import('./effect.ts'),
};

/** The part of each workload that is run before the measured one. */
const A_LITTLE = 0.02;

/** Actors made and given up before memory is measured. */
const WARM_ACTORS = 20_000;

const say = (word: Word): void => {
  process.send?.(word);
};

process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  obey(order).then(say, (error: unknown) => {
    say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
});

async function obey({ contender, workload, n, repeats }: Order): Promise<Cost> {
  const { workloads } = (await LOAD[contender]?.()) ?? { workloads: {} };
  const run = workloads[workload];
  if (run === undefined) throw new Error(`${contender} has no ${workload}`);
  if (workload.startsWith('bytes ')) return { tag: 'bytes', bytes: await bytes(run, n) };
  await everything(workloads);
  const warmUp = Math.max(1, Math.floor(n / 10));
  await run(warmUp);
  const runs = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    globalThis.gc?.();
    // the collection throws away compiled code that knew of what has died: without this it would be made anew inside
    // the measured run, which halves the figure of whoever starts an actor per run
    await run(warmUp);
    const from = process.cpuUsage();
    const start = performance.now();
    await run(n);
    const { user, system } = process.cpuUsage(from);
    runs.push({ cpu: user + system, wall: (performance.now() - start) * 1_000 });
  }
  return { tag: 'times', runs };
}

/**
 * A little of all it can do, as a program does many things: what one workload alone would teach the engine holds nowhere.
 */
async function everything(workloads: Workloads): Promise<void> {
  for (const [name, other] of Object.entries(workloads))
    (await other(Math.max(1, Math.round(SIZES[name as WorkloadName] * A_LITTLE))))?.();
}

async function bytes(run: Workload, n: number): Promise<number> {
  (await run(WARM_ACTORS))?.();
  const used = async (): Promise<number> => {
    // what ended is let go of in a later turn
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = await used();
  const release = await run(n);
  const after = await used();
  release?.();
  return Math.round((after - before) / n);
}
