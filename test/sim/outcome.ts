/**
 * What a job came to, as a thread tells it.
 */
import { simulate } from '../../src/testing/simulation/simulate.ts';
import { churn } from './churn.ts';
import type { Failure } from './failure.ts';
import { route } from './routing.ts';
import type { Job } from './suites.ts';

export interface JobOutcome {
  readonly job: Job;
  readonly trace: string;
  /** One line each, the number of the invariant first. */
  readonly violations: readonly string[];
  /** Of a mesh in which an invariant was violated. */
  readonly failure: Failure | undefined;
  /** Lines of the network's trace; undefined when it did not come to an end. */
  readonly events: number | undefined;
  /** What else is worth a line. */
  readonly figures: string | undefined;
  /** Milliseconds of real time. */
  readonly took: number;
}

/** Never rejects: a run that throws is a violation too. */
export async function outcomeOf(job: Job): Promise<JobOutcome> {
  const began = performance.now();
  const took = (): number => Math.round(performance.now() - began);
  try {
    if (job.kind !== 'mesh') {
      const report = await (job.kind === 'routing' ? route(job.options) : churn(job.options));
      const { broken, trace, events, ...figures } = report;
      const figure = JSON.stringify(figures);
      return { job, trace, violations: broken, failure: undefined, events, figures: figure, took: took() };
    }
    const { seed, configuration, trace, violations, counts, events, outcomes } = await simulate(job.options);
    const failure =
      violations.length === 0 ? undefined : { seed, configuration, trace, violations, events, outcomes };
    const lines = violations.map(
      ({ invariant, at, detail }) => `${invariant} at ${Math.round(at)} ms: ${detail}`,
    );
    if (job.twice) {
      const again = await simulate(job.options);
      if (again.trace !== trace) lines.push(`not repeatable: trace ${trace}, then ${again.trace}`);
    }
    const common = { job, trace, violations: lines, failure };
    return { ...common, events: counts.events, figures: undefined, took: took() };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return failed(job, `it threw: ${text}`, took());
  }
}

/** It did not come to an end. */
export const failed = (job: Job, why: string, took: number): JobOutcome => ({
  job,
  trace: '',
  violations: [why],
  failure: undefined,
  events: undefined,
  figures: undefined,
  took,
});
