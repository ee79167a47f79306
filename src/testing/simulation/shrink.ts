/**
 * Makes a failing configuration small: fewer faults, members, calls and less time, while it still fails.
 *
 * Halves first, then smaller parts of the fault list. Each try is a run; there are at most `tries`. The result fails as
 * the given one did, and is not always the smallest.
 */
import type { Configuration } from './configuration.ts';
import { simulate } from './simulate.ts';

export interface ShrinkOptions {
  /** Whether a configuration still fails. Default: a run of it violates one of the invariants the first run did. */
  readonly fails?: (configuration: Configuration) => Promise<boolean>;
  /** Those the first run violated: when they are known, that run is not made again. */
  readonly invariants?: readonly number[];
  /** Runs at most. Default 100. */
  readonly tries?: number;
  /** Ends it early, with the smallest that was found so far. */
  readonly signal?: AbortSignal;
}

const TRIES = 100;
/** The storm is not shorter than this, milliseconds. */
const SHORTEST = 1_000;

/** Gives the given configuration when it does not fail, or cannot be smaller. */
export async function shrink(
  configuration: Configuration,
  { fails, invariants, tries = TRIES, signal }: ShrinkOptions = {},
): Promise<Configuration> {
  const judge = fails ?? asBefore(invariants ?? (await violated(configuration, signal)), signal);
  let left = tries;
  let smallest = configuration;
  for (let candidates = smaller(smallest); ;) {
    const next = candidates.next();
    if (next.done === true || left-- <= 0 || signal?.aborted === true) return smallest;
    if (!(await judge(next.value))) continue;
    smallest = next.value;
    candidates = smaller(smallest);
  }
}

const asBefore =
  (first: readonly number[], signal: AbortSignal | undefined) =>
  async (one: Configuration): Promise<boolean> =>
    // one that cannot be run does not fail alike
    (await violated(one, signal).catch((): number[] => [])).some((invariant) => first.includes(invariant));

/** None when it was given up. */
async function violated(
  configuration: Configuration,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  try {
    const report = await simulate(signal === undefined ? configuration : { ...configuration, signal });
    return report.violations.map(({ invariant }) => invariant);
  } catch (error) {
    if (signal?.aborted === true) return [];
    throw error;
  }
}

/** What may be tried instead, the smallest first. */
function* smaller(from: Configuration): Generator<Configuration> {
  const { faults, nodes, clients, duration, workload } = from;
  if (duration >= 2 * SHORTEST) {
    const half = Math.floor(duration / 2);
    yield {
      ...from,
      duration: half,
      faults: faults.filter(({ at }) => at <= half),
      workload: { ...workload, calls: Math.ceil(workload.calls / 2) },
    };
  }
  if (from.split > 0) yield { ...from, split: 0 };
  if (nodes > 1) yield { ...from, nodes: Math.floor(nodes / 2) };
  if (clients > 0) yield { ...from, clients: Math.floor(clients / 2) };
  for (let part = Math.ceil(faults.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let start = 0; start < faults.length; start += part)
      yield { ...from, faults: faults.toSpliced(start, part) };
  }
  for (const what of ['calls', 'changes', 'bursts'] as const) {
    if (workload[what] > 0)
      yield { ...from, workload: { ...workload, [what]: Math.floor(workload[what] / 2) } };
  }
}
