/**
 * The result for people. Pure.
 */
import { table } from '../harness/table.ts';
import type { Spread } from '../harness/statistics.ts';
import type { Judged, Row, RpcReport } from './report.ts';

/** Columns with figures. */
const NUMERIC: ReadonlySet<number> = new Set([2, 3, 4, 5]);

export function printed(report: RpcReport): string {
  const { node, cpus, rounds, size, load, placed, skipped, incidents, notes } = report;
  const lines: (readonly string[])[] = [['case', 'who', 'median', 'min', 'max', 'ours÷it', 'goal', 'met']];
  for (const row of report.rows) lines.push(...cells(row));
  return [
    `rpc: ${size} B echo over loopback between two processes; node ${node}, ${cpus} CPUs, ${rounds} rounds`,
    '',
    table(lines, NUMERIC),
    '',
    ...(load[0] > cpus
      ? [`BUSY: load ${load[0]} on ${cpus} CPUs before the first round; absolute figures mean little`]
      : []),
    ...(placed ? [] : ['NOT PLACED on CPUs: "two CPUs" and "one CPU" are what the system chose']),
    ...Object.entries(notes).map(([name, note]) => `${name}: ${note}`),
    ...skipped.map(({ peer, reason }) => `SKIPPED ${peer}: ${reason}`),
    ...incidents.map(({ peer, rounds: where, what }) => `${peer}, round ${where.join(', ')}: ${what}`),
  ].join('\n');
}

function cells(row: Row): (readonly string[])[] {
  const own = row.goal.filter(({ than }) => than === undefined);
  const first = [`${row.case}, ${row.unit}`, 'ours', ...spreadCells(row.ours), '', ...goalCells(own)];
  const others = Object.entries(row.peers).map(([name, figures]) => [
    '',
    name,
    ...spreadCells(figures),
    row.ratios[name] === undefined ? '' : String(row.ratios[name].median),
    ...goalCells(row.goal.filter(({ than }) => than === name)),
  ]);
  return [first, ...others];
}

const spreadCells = (found: Spread | null): readonly string[] =>
  found === null ? ['–', '–', '–'] : [found.median, found.min, found.max].map(String);

function goalCells(goals: readonly Judged[]): readonly string[] {
  const text = goals.map((goal) => ('atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`)).join(', ');
  const met = goals.map(({ met: is }) => (is === null ? 'open' : is ? 'yes' : 'NO')).join(', ');
  return [text, met];
}
