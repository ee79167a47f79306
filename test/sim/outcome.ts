/**
 * What a job came to, as a thread tells it.
 */
import type { SimulationReport } from '../../src/testing/simulation/simulate.ts';
import { simulate } from '../../src/testing/simulation/simulate.ts';
import type { Job } from './suites.ts';

export interface JobOutcome {
  readonly job: Job;
  readonly trace: string;
  /** One line each, the number of the invariant first. */
  readonly violations: readonly string[];
  readonly counts: SimulationReport['counts'] | undefined;
  /** Milliseconds of real time. */
  readonly took: number;
}

/** Never rejects: a run that throws is a violation too. */
export async function outcomeOf(job: Job): Promise<JobOutcome> {
  const began = performance.now();
  const took = (): number => Math.round(performance.now() - began);
  try {
    const { trace, violations, counts } = await simulate(job.options);
    const lines = violations.map(
      ({ invariant, at, detail }) => `${invariant} at ${Math.round(at)} ms: ${detail}`,
    );
    if (job.twice) {
      const again = await simulate(job.options);
      if (again.trace !== trace) lines.push(`not repeatable: trace ${trace}, then ${again.trace}`);
    }
    return { job, trace, violations: lines, counts, took: took() };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { job, trace: '', violations: [`it threw: ${text}`], counts: undefined, took: took() };
  }
}
