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
  /** Runs at most. Default 100. */
  readonly tries?: number;
}

const TRIES = 100;
/** The storm is not shorter than this, milliseconds. */
const SHORTEST = 1_000;

/** Gives the given configuration when it does not fail, or cannot be smaller. */
export async function shrink(
  configuration: Configuration,
  { fails, tries = TRIES }: ShrinkOptions = {},
): Promise<Configuration> {
  const judge = fails ?? (await asBefore(configuration));
  let left = tries;
  let smallest = configuration;
  for (let candidates = smaller(smallest); ;) {
    const next = candidates.next();
    if (next.done === true || left-- <= 0) return smallest;
    if (!(await judge(next.value))) continue;
    smallest = next.value;
    candidates = smaller(smallest);
  }
}

async function asBefore(configuration: Configuration): Promise<(one: Configuration) => Promise<boolean>> {
  const first = new Set((await simulate(configuration)).violations.map(({ invariant }) => invariant));
  return async (one) => (await simulate(one)).violations.some(({ invariant }) => first.has(invariant));
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
