/**
 * What was found, as rows of the report. Pure.
 */
import { row, type Row } from '../harness/report.ts';
import { tunnelCases } from './cases.ts';
import type { Figures } from './scenario.ts';

/** By scenario and round. */
export type Found = Map<string, { readonly figures: Figures[]; readonly troubles: string[][] }>;

export function rowsOf(found: Found, erlang: boolean): readonly Row[] {
  const of = (figure: string): (number | undefined)[] => {
    const cut = figure.indexOf('/');
    const name = figure.slice(cut + 1);
    return (found.get(figure.slice(0, cut))?.figures ?? []).map((figures) => figures[name]);
  };
  return tunnelCases(erlang).map((one) => {
    const theirs = Object.entries(one.than).map(([name, figure]) => [name, of(figure)] as const);
    return row(one, of(one.figure), new Map(theirs));
  });
}
