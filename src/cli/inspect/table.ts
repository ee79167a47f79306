/**
 * Actors as lines of a table that fits a width: what matters least is left out first. Pure.
 */
import { clean } from '../../inspect/text.ts';
import { duration } from '../duration.ts';
import type { Paint } from '../terminal.ts';
import { pathOf, type Entry } from './entries.ts';
import { cutEnd, cutStart, padEnd, padStart, widthOf, type Line, type Span } from './line.ts';
import type { Model } from './model.ts';
import type { Row } from './row.ts';
import type { Sort } from './view.ts';

interface Column {
  readonly heading: string;
  /** Cells it takes at least; numbers have room to grow, so that nothing jumps. */
  readonly width: number;
  /** The same where nothing can jump; default: as above. */
  readonly printed?: number;
  readonly right?: boolean;
  /** As wide as all there are need it, shown or not: who comes and goes moves nothing. */
  readonly steady?: boolean;
  readonly sort?: Sort;
  readonly cell: (row: Row) => Span;
}

export interface Table {
  readonly heading: Line;
  readonly line: (entry: Entry) => Line;
}

export interface TableOptions {
  /** Cells; Infinity: as wide as it gets. */
  readonly width: number;
  readonly mode: 'tree' | 'list';
  readonly sort: Sort | undefined;
  /** Names take no more than they need, and what a kind tells of itself stands behind. */
  readonly compact?: boolean;
}

const GAP = '  ';
/** Cells that a name should have before another column is shown: in 40 there are two more. */
const NAME = 21;
/** Cells of a name and of any other column, at most. */
const WIDEST = 100;
const BROADEST = 24;
/** Cells without which details say nothing. */
const LEAST_DETAILS = 16;
/** Details shown of one actor. */
const DETAILS = 8;
/** Milliseconds; from the second on a message that is handled is worth a color. */
const SECOND = 1_000;
const LONG = 10_000;
/** Length of a mailbox, as part of its bound, from which it is worth a color. */
const FULL = { warn: 0.5, fail: 0.9 } as const;

/** In the order in which they get room. */
const COLUMNS: readonly Column[] = [
  { heading: 'MAILBOX', width: 7, right: true, sort: 'mailbox', cell: mailboxOf },
  {
    heading: 'MSG/S',
    width: 8,
    right: true,
    sort: 'rate',
    cell: ({ rate }) => number(perSecond(rate.handled), rate.handled),
  },
  {
    heading: 'RESTARTS',
    width: 8,
    right: true,
    sort: 'restarts',
    cell: ({ restarts }) => number(String(restarts), restarts, 'warn'),
  },
  { heading: 'STATUS', width: 10, cell: statusOf },
  { heading: 'ID', width: 8, steady: true, cell: ({ id }) => ({ text: clean(id), style: 'dim' }) },
  { heading: 'KIND', width: 18, cell: ({ rules, type }) => ({ text: clean(rules === '' ? type : rules) }) },
  {
    heading: 'CRASHES',
    width: 7,
    right: true,
    cell: ({ crashes }) => number(String(crashes), crashes, 'fail'),
  },
  { heading: 'OUT/S', width: 8, right: true, cell: ({ rate }) => number(perSecond(rate.out), rate.out) },
  { heading: 'HANDLING', width: 20, printed: 8, cell: handlingOf },
];
/** As they stand, from left to right. */
const PLACES: readonly string[] = [
  'ID',
  'KIND',
  'STATUS',
  'MAILBOX',
  'MSG/S',
  'OUT/S',
  'RESTARTS',
  'CRASHES',
  'HANDLING',
];

/** @param entries those that will be shown: the widths are theirs. */
export function tableOf(model: Model, entries: readonly Entry[], options: TableOptions): Table {
  const { width, mode, sort, compact = false } = options;
  const columns = fitting(width, sort).map((column) => ({
    ...column,
    width: widthIn(
      column.cell,
      compact ? (column.printed ?? column.width) : column.width,
      column.steady === true ? [...model.rows.values()] : entries.map(({ row }) => row),
    ),
  }));
  const taken = columns.reduce((sum, column) => sum + GAP.length + column.width, 0);
  const room = nameRoom(model, entries, { ...options, width: Math.max(0, width - taken) });
  const cut = mode === 'list' ? cutStart : cutEnd;
  const lineOf = (name: Span, spanOf: (column: Column) => Span): readonly Span[] => [
    { ...name, text: padEnd(cut(name.text, room), room) },
    ...columns.flatMap((column) => {
      const { text, ...style } = spanOf(column);
      const pad = column.right === true ? padStart : padEnd;
      return [{ text: GAP }, { text: pad(cutEnd(text, column.width), column.width), ...style }];
    }),
  ];
  const heading = lineOf({ text: 'NAME', style: 'dim' }, (column) => ({
    text: column.heading,
    style: column.sort !== undefined && column.sort === sort ? 'bold' : 'dim',
  }));
  return {
    heading,
    line: (entry) => {
      const line = lineOf({ text: nameOf(model, entry, mode) }, ({ cell }) => cell(entry.row));
      const left = width - taken - room - GAP.length;
      const details = compact && left >= LEAST_DETAILS ? detailsOf(entry.row) : '';
      return details === '' ? line : [...line, { text: GAP }, { text: details, style: 'dim' }];
    },
  };
}

const widthIn = (cell: Column['cell'], width: number, rows: readonly Row[]): number =>
  Math.min(
    BROADEST,
    rows.reduce((most, row) => Math.max(most, widthOf(cell(row).text)), width),
  );

function nameRoom(
  model: Model,
  entries: readonly Entry[],
  { width, mode, compact }: Pick<TableOptions, 'width' | 'mode' | 'compact'>,
): number {
  if (compact !== true) return width;
  const needed = entries.reduce(
    (most, entry) => Math.max(most, widthOf(nameOf(model, entry, mode))),
    'NAME'.length,
  );
  return Math.min(width, WIDEST, needed);
}

/** The column it is sorted by comes first: without it the order could not be understood. */
function fitting(width: number, sort: Sort | undefined): readonly Column[] {
  const wanted = [...COLUMNS].sort((one, other) => Number(other.sort === sort) - Number(one.sort === sort));
  const order = sort === undefined ? COLUMNS : wanted;
  const shown = new Set<string>();
  let left = width - NAME;
  for (const { heading, width: cells } of order) {
    left -= GAP.length + cells;
    if (left < 0) break;
    shown.add(heading);
  }
  return PLACES.filter((heading) => shown.has(heading)).flatMap((heading) =>
    COLUMNS.filter((column) => column.heading === heading),
  );
}

function nameOf(model: Model, { row, lead, hidden }: Entry, mode: 'tree' | 'list'): string {
  if (mode === 'list') return pathOf(model, row.id);
  return `${lead}${clean(row.name)}${hidden === 0 ? '' : ` (+${hidden})`}`;
}

/** What its kind tells of itself, as `served=5 crashed=1`; what never happens is not worth a word. */
const detailsOf = ({ details }: Row): string =>
  Object.entries(details)
    .filter(([, value]) => value !== 'never')
    .slice(0, DETAILS)
    .map(([name, value]) => `${clean(name)}=${clean(String(value))}`)
    .join(' ');

function mailboxOf({ mailbox: { length, max, dropped } }: Row): Span {
  const text = dropped === 0 ? String(length) : `${length} -${dropped}`;
  if (max > 0 && length >= max * FULL.fail) return { text, style: 'fail' };
  if (dropped > 0 || (max > 0 && length >= max * FULL.warn)) return { text, style: 'warn' };
  return number(text, length);
}

function statusOf({ status }: Row): Span {
  const text = clean(status);
  if (status === 'running') return { text, style: 'dim' };
  return { text, style: status === 'crashed' ? 'fail' : 'warn' };
}

/** `call lookup 3 s`: that for which its callback waits. */
function handlingOf({ handling }: Row): Span {
  if (handling === undefined) return { text: '' };
  const { type, forMs } = handling;
  const time = forMs < SECOND ? `${forMs} ms` : duration(forMs);
  return { text: `${clean(type)} ${time}`, ...(forMs < LONG ? {} : { style: 'warn' }) };
}

const number = (text: string, value: number, style?: Paint): Span => {
  if (value === 0) return { text, style: 'dim' };
  return style === undefined ? { text } : { text, style };
};

/** `0`, `0.4`, `12.4`, `12400`. */
export const perSecond = (value: number): string =>
  value === 0 || value >= 1_000 ? value.toFixed(0) : value.toFixed(1);
