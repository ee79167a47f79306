/**
 * What was measured, as figures by name and as rows of the report. Pure.
 */
import { row, type Row } from '../harness/report.ts';
import type { Session } from '../rpc/session.ts';
import { CASES, type Figures } from './cases.ts';
import { ESPALIER, type ERL, type ERLANG_JS } from './names.ts';

/** Whether those are there that some rows need. */
export type There = Readonly<Record<typeof ERL | typeof ERLANG_JS, boolean>>;

/** Rows that need what is not there are left out. */
export function rowsOf(rounds: readonly Figures[], there: There): readonly Row[] {
  const of = (name: string): (number | undefined)[] => rounds.map((figures) => figures[name]);
  return CASES.filter(({ needs }) => needs === undefined || there[needs]).map((one) =>
    row(
      { ...one, ours: ESPALIER },
      of(one.figure),
      new Map(Object.entries(one.than).map(([name, figure]) => [name, of(figure)])),
    ),
  );
}

/** A step that stalled has no figure. */
export function figuresOf(name: string, { steps: { inFlight, apart, huge } }: Session): Figures {
  const found: Figures = {};
  if (inFlight?.stalled === false) found[`${name}/inFlight`] = inFlight.perSecond;
  if (apart?.stalled === false && apart.p50 !== undefined) found[`${name}/apart`] = apart.p50;
  if (huge?.stalled === false && huge.p50 !== undefined) found[`${name}/huge`] = huge.p50 / 1_000;
  return found;
}
