/**
 * What was measured, as rows of the report. Pure.
 */
import type { Figures } from '../harness/goal.ts';
import { row, type Row } from '../harness/report.ts';
import { GOALS, OURS, SIZES, type WorkloadName } from './cases.ts';
import type { Cost } from './messages.ts';

/** Costs by round; undefined where a contender could not do it. */
export type Measured = (contender: string, workload: WorkloadName) => readonly (Cost | undefined)[];

type Figure = (cost: Cost) => number | undefined;

/** Fewer operations prove nothing, not even that it runs. */
const LEAST = 64;
const LATENCY = 'restart latency, mean wall time';
/** What a restart may take, µs. */
const LATENCY_GOAL = 1_000;
const GROWTH = 'dynamic children, cost at 100,000 ÷ at 10,000';
/** Linear time: ten times as many cost ten times as much. The larger heap is what the rest is for. */
const GROWTH_GOAL = 2;
const FEW: WorkloadName = 'dynamic children, 10,000 at a time';
const MANY: WorkloadName = 'dynamic children, 100,000 at a time';
const RESTART: WorkloadName = 'restart, oneForOne';

/** Operations of a workload in a run that does this part of the full size. */
export const sizeOf = (workload: WorkloadName, part: number): number =>
  Math.max(LEAST, Math.round(SIZES[workload] * part));

/** One row for each workload, and what is computed from them. `contenders`: ours and those who were in the run. */
export function rowsOf(measured: Measured, contenders: readonly string[], part: number): readonly Row[] {
  const figures = (contender: string, workload: WorkloadName, figure: Figure): Figures =>
    measured(contender, workload).map((cost) => cost && figure(cost));
  const others = (of: (contender: string) => Figures): ReadonlyMap<string, Figures> =>
    new Map(
      contenders
        .filter((name) => name !== OURS)
        .map((name) => [name, of(name)] as const)
        .filter(([, values]) => values.some((value) => value !== undefined)),
    );
  const workloads = (Object.keys(SIZES) as WorkloadName[]).map((workload) => {
    const isBytes = workload.startsWith('bytes ');
    const of = (name: string): Figures =>
      figures(name, workload, isBytes ? bytesEach : perSecond(sizeOf(workload, part)));
    const unit = isBytes ? 'bytes' : 'k/CPU s';
    return row({ name: workload, unit, ours: OURS, goals: GOALS[workload] }, of(OURS), others(of));
  });
  const latency = row(
    { name: LATENCY, unit: 'µs', ours: OURS, goals: [{ atMost: LATENCY_GOAL }] },
    figures(OURS, RESTART, wallEach(sizeOf(RESTART, part))),
    new Map(),
  );
  const growthOf = (name: string): Figures => {
    const many = figures(name, MANY, perSecond(sizeOf(MANY, part)));
    return figures(name, FEW, perSecond(sizeOf(FEW, part))).map((few, round) => over(few, many[round]));
  };
  const growth = row(
    { name: GROWTH, unit: 'times', ours: OURS, goals: [{ atMost: GROWTH_GOAL }] },
    growthOf(OURS),
    others(growthOf),
  );
  return [...workloads, latency, growth];
}

/** Operations per CPU second of the best repeat, in thousands. */
const perSecond =
  (n: number): Figure =>
  (cost) =>
    cost.tag === 'times' ? (n / Math.min(...cost.runs.map(({ cpu }) => cpu))) * 1_000 : undefined;

/** Microseconds of wall time for one operation of the best repeat. */
const wallEach =
  (n: number): Figure =>
  (cost) =>
    cost.tag === 'times' ? Math.min(...cost.runs.map(({ wall }) => wall)) / n : undefined;

const bytesEach: Figure = (cost) => (cost.tag === 'bytes' ? cost.bytes : undefined);

const over = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one / other;
