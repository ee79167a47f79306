/**
 * Results for people. Pure.
 */
import { goalText, verdictText, type Judged } from './goal.ts';
import type { Report, Row } from './report.ts';
import type { Spread } from './statistics.ts';
import { table } from './table.ts';

/** Columns with figures. */
const NUMERIC: ReadonlySet<number> = new Set([2, 3, 4, 5]);

export function printed(report: Report): string {
  const { bench, what, node, cpus, rounds, load, placement, skipped, incidents, notes } = report;
  const lines: (readonly string[])[] = [['case', 'who', 'median', 'min', 'max', 'ours÷it', 'goal', 'met']];
  for (const row of report.rows) lines.push(...cells(row));
  return [
    `${bench}: ${what}; node ${node}, ${cpus} CPUs, ${rounds} rounds${report.quick ? ', QUICK: rough' : ''}`,
    '',
    table(lines, NUMERIC),
    '',
    `load ${load[0]} before, ${load[1]} after, on ${cpus} CPUs; ${placement}`,
    ...(Math.max(...load) > cpus + 1 ? ['BUSY: others want these CPUs too; read ratios, not figures'] : []),
    ...Object.entries(notes).map(([name, note]) => `${name}: ${note}`),
    ...skipped.map(({ peer, reason }) => `SKIPPED ${peer}: ${reason}`),
    ...incidents.map(({ peer, rounds: where, what: told }) => `${peer}, round ${where.join(', ')}: ${told}`),
  ].join('\n');
}

/** All goals of several benches on one page. */
export function summary(reports: readonly Report[]): string {
  const lines: (readonly string[])[] = [['bench', 'case', 'than', 'goal', 'met']];
  for (const { bench, rows } of reports)
    for (const { case: name, unit, goal } of rows)
      for (const judged of goal)
        lines.push([bench, name, judged.than ?? unit, goalText(judged), verdictText(judged)]);
  const judgements = reports.flatMap(({ rows }) => rows.flatMap(({ goal }) => goal));
  const count = (wanted: boolean | null): number => judgements.filter(({ met }) => met === wanted).length;
  return [
    table(lines, new Set()),
    '',
    `${count(true)} goals met, ${count(false)} missed, ${count(null)} open`,
  ].join('\n');
}

function cells(row: Row): (readonly string[])[] {
  const own = row.goal.filter(({ than }) => than === undefined);
  const first = [`${row.case}, ${row.unit}`, 'ours', ...spreadCells(row.ours), '', ...goalCells(own)];
  const others = Object.entries(row.peers)
    .filter(([, figures]) => figures !== null)
    .map(([name, figures]) => [
      '',
      name,
      ...spreadCells(figures),
      row.ratios[name] === undefined ? '' : String(row.ratios[name].median),
      ...goalCells(row.goal.filter(({ than }) => than === name)),
    ]);
  const missing = row.goal
    .filter(({ than }) => than !== undefined && (row.peers[than] ?? null) === null)
    .map((goal) => ['', goal.than ?? '', '–', '–', '–', '', goalText(goal), verdictText(goal)]);
  return [first, ...others, ...missing];
}

const spreadCells = (found: Spread | null): readonly string[] =>
  found === null ? ['–', '–', '–'] : [found.median, found.min, found.max].map(String);

const goalCells = (goals: readonly Judged[]): readonly string[] => [
  goals.map(goalText).join(', '),
  goals.map(verdictText).join(', '),
];
