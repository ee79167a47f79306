/**
 * One thread of a suite: runs the jobs it is given, one after the other.
 */
import { parentPort } from 'node:worker_threads';
import { outcomeOf } from './outcome.ts';
import type { Job } from './suites.ts';

parentPort?.on('message', (job: Job) => {
  outcomeOf(job).then(
    (outcome) => parentPort?.postMessage(outcome),
    (error: unknown) => {
      throw error;
    },
  );
});
