/**
 * Options and where their values come from, as lines for people: those that are the same for several commands stand once. Pure.
 */
import { columns } from '../columns.ts';
import type { Effective } from './effective.ts';

const HEADING = ['option', 'value', 'from', 'commands'];
/** Cells of a value; the document has all of it. */
const WIDEST = 40;

/** The heading, then a line for each. */
export function optionTable(options: readonly Effective[]): readonly string[] {
  const rows = new Map<string, { readonly cells: readonly string[]; readonly commands: string[] }>();
  for (const { command, key, variable, value, source } of options) {
    const from = source === 'environment' ? (variable ?? source) : source;
    const cells = [key, value.length > WIDEST ? `${value.slice(0, WIDEST - 1)}…` : value, from];
    const same = JSON.stringify([key, variable, value, from]);
    const row = rows.get(same);
    if (row === undefined) rows.set(same, { cells, commands: [command] });
    else row.commands.push(command);
  }
  return columns([
    HEADING,
    ...[...rows.values()].map(({ cells, commands }) => [...cells, commands.join(', ')]),
  ]);
}
