/**
 * Runs the jobs of a suite in threads, as many at once as there are cores, and stops when its time is over.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { failed, type JobOutcome } from './outcome.ts';
import type { Job, Suite } from './suites.ts';

/** Megabytes of heap per thread: ten thousand nodes need half of it. */
const HEAP = 4_096;
/** Megabytes for what is young: with the default a tenth of the time goes into collecting it. */
const YOUNG = 192;

/** Gives the outcomes of what was run; fewer than jobs when the time was over. A thread that dies is an outcome. */
export async function runSuite(
  { jobs, limit }: Suite,
  tell: (outcome: JobOutcome, ran: number) => void,
): Promise<readonly JobOutcome[]> {
  const began = performance.now();
  const open = jobs.values();
  const outcomes: JobOutcome[] = [];
  const lane = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP, maxYoungGenerationSizeMb: YOUNG },
    });
    try {
      for (const job of open) {
        const left = limit - (performance.now() - began);
        if (left <= 0) return;
        const outcome = await inThread(worker, job, left);
        if (outcome === undefined) return;
        outcomes.push(outcome);
        tell(outcome, outcomes.length);
        if (outcome.events === undefined) return;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, lane));
  return outcomes;
}

/** Undefined: it did not end in time. */
function inThread(worker: Worker, job: Job, limit: number): Promise<JobOutcome | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    const died = (error: unknown): void => {
      end(failed(job, `the thread died: ${String(error)}`, Math.round(performance.now() - began)));
    };
    const end = (outcome: JobOutcome | undefined): void => {
      clearTimeout(timer);
      worker.off('message', end).off('error', died);
      resolve(outcome);
    };
    const timer = setTimeout(end, limit, undefined);
    worker.on('message', end).on('error', died);
    worker.postMessage(job);
  });
}
