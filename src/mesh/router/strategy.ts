/**
 * Which of several providers gets a call. Pure but for the round-robin counters it is given.
 *
 * `power_of_two` (default): of two random candidates the better by EWMA latency and calls in flight, our own plus
 * the `load` its replies tell; ties go to the first drawn. A latency counts where it is at least twice the other's:
 * below that it is noise, and the one with fewer calls is the better. So equal providers share equally, and a slow
 * one gets what the others leave. Source: SPEC §2.5, DESIGN §8 "Strategy".
 */
import type { Random } from '../../actor/random.ts';
import type { RoundRobin } from './round-robin.ts';
import { distance, locationIn, type Location } from './location.ts';

/** The strategies by name; a function is the custom one. */
export const STRATEGIES = [
  'power_of_two',
  'first',
  'random',
  'round_robin',
  'least_loaded',
  'lowest_latency',
  'nearest',
] as const;

export type StrategyName = (typeof STRATEGIES)[number];

export const DEFAULT_STRATEGY: StrategyName = 'power_of_two';

/** What is known of a provider when one is chosen. */
export interface ProviderView {
  /** Hex id of its node. */
  readonly nodeId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Smoothed milliseconds from call to reply; undefined: nothing is known, or nothing recent. */
  readonly latency: number | undefined;
  /** Calls of ours that it has not answered. */
  readonly inFlight: number;
  /** Calls it had in hand when it last answered us; 0 when that is long ago. */
  readonly load: number;
}

/** Chooses one of `providers`, which is never empty. Anything else it gives, or a throw, fails the call. */
export type CustomStrategy = (
  providers: readonly ProviderView[],
  call: { readonly procedure: string },
) => ProviderView;

export type Strategy = StrategyName | CustomStrategy;

/** What choosing needs beside the candidates. */
export interface Choosing {
  readonly procedure: string;
  readonly random: Random;
  readonly turns: RoundRobin;
  /** Where we are; undefined: nobody is nearer than another. */
  readonly location: Location | undefined;
}

/** A latency that is so many times another's is no noise. */
const SLOWER = 2;
/** Milliseconds below which nobody is faster than another: that is what a turn of the event loop takes. */
export const QUICK = 0.25;

export const isStrategyName = (value: unknown): value is StrategyName =>
  (STRATEGIES as readonly unknown[]).includes(value);

/** Undefined when there is nobody, or when a custom strategy chose none of them. Never throws. */
export function choose<T extends ProviderView>(
  strategy: Strategy,
  candidates: readonly T[],
  choosing: Choosing,
): T | undefined {
  if (typeof strategy === 'function') return custom(strategy, candidates, choosing);
  // round robin counts every call, also those with one candidate
  if (strategy === 'round_robin')
    return candidates[choosing.turns.next(choosing.procedure, candidates.length)];
  if (candidates.length < 2 || strategy === 'first') return candidates[0];
  const { random } = choosing;
  switch (strategy) {
    case 'power_of_two':
      return powerOfTwo(candidates, random);
    case 'random':
      return any(candidates, random);
    case 'least_loaded':
      return least(candidates, busy, random);
    case 'lowest_latency':
      // unknown ones first: else they would stay unknown
      return least(candidates, ({ latency }) => latency ?? 0, random);
    case 'nearest':
      return least(candidates, (view) => away(view, choosing.location), random);
  }
}

function powerOfTwo<T extends ProviderView>(candidates: readonly T[], random: Random): T {
  const count = candidates.length;
  const first = random.u32() % count;
  const second = (first + 1 + (random.u32() % (count - 1))) % count;
  const a = candidates[first] as T;
  const b = candidates[second] as T;
  return isBetter(b, a) ? b : a;
}

function isBetter(b: ProviderView, a: ProviderView): boolean {
  if (a.latency === undefined || b.latency === undefined) return busy(b) < busy(a);
  const [its, others] = [Math.max(QUICK, b.latency), Math.max(QUICK, a.latency)];
  const noise = Math.max(its, others) < SLOWER * Math.min(its, others);
  return noise ? busy(b) < busy(a) : its * (1 + busy(b)) < others * (1 + busy(a));
}

const busy = ({ inFlight, load }: ProviderView): number => inFlight + load;

const any = <T>(candidates: readonly T[], random: Random): T =>
  candidates[random.u32() % candidates.length] as T;

/** One of those with the least cost. */
function least<T>(candidates: readonly T[], cost: (candidate: T) => number, random: Random): T {
  let best: T[] = [];
  let lowest = Infinity;
  for (const candidate of candidates) {
    const its = cost(candidate);
    if (its < lowest) {
      lowest = its;
      best = [candidate];
    } else if (its === lowest) best.push(candidate);
  }
  return any(best, random);
}

function away({ metadata }: ProviderView, here: Location | undefined): number {
  const there = locationIn(metadata);
  return here === undefined || there === undefined ? Infinity : distance(here, there);
}

function custom<T extends ProviderView>(
  strategy: CustomStrategy,
  candidates: readonly T[],
  { procedure }: Choosing,
): T | undefined {
  if (candidates.length === 0) return undefined;
  const views = candidates.map(viewOf);
  try {
    const at = views.indexOf(strategy(views, { procedure }));
    return candidates[at];
  } catch {
    return undefined;
  }
}

/** A copy: what users are shown cannot reach our own. */
const viewOf = ({ nodeId, metadata, latency, inFlight, load }: ProviderView): ProviderView =>
  Object.freeze({ nodeId, metadata, latency, inFlight, load });
