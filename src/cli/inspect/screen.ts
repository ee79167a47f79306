/**
 * The live view as lines for a terminal of so many columns and rows. Pure.
 */
import { clean } from '../../inspect/text.ts';
import { duration } from '../duration.ts';
import { entriesOf, type Entry, type Limits } from './entries.ts';
import { cutLine, cutStart, plain, spread, widthOf, type Line, type Span } from './line.ts';
import type { Model } from './model.ts';
import { perSecond, tableOf } from './table.ts';
import type { View } from './view.ts';

/** What the header tells beside the tree. */
export interface Status {
  /** When the node began, milliseconds since 1970; 0: not known. */
  readonly startedAt: number;
  readonly pid: number;
  /** Milliseconds since the tree was told. */
  readonly age: number;
  /** Crashes known, and whether there may have been more. */
  readonly crashes: number;
  readonly more: boolean;
  readonly lastCrash?: LastCrash;
  /** Why there is no connection, while there is none. */
  readonly lost?: string;
}

export interface LastCrash {
  readonly at: number;
  readonly path: string;
  readonly reason: string;
  /** What its supervisor did about it; empty: nobody knows. */
  readonly decision: string;
  /** Its supervisor's restarts in its window then; 0: it had none. */
  readonly restarts: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Screen {
  /** At most as many as there are rows, none wider than the columns. */
  readonly lines: readonly Line[];
  /** Actors that fit, and that there are: what scrolling needs. */
  readonly page: number;
  readonly total: number;
  readonly top: number;
}

/** Columns below which words are left out. */
const NARROW = 60;
/** Cells of a path that say something. */
const LEAST_PATH = 10;
const GAP = '  ';
/** Rows from which there is room for the last crash. */
const TALL = 10;

export function screenOf(model: Model, view: View, status: Status, size: Size, limits: Limits = {}): Screen {
  const { columns, rows } = size;
  const entries = entriesOf(model, view, limits);
  const above = [title(model, status, view, columns), facts(model, status, columns)];
  if (status.lastCrash !== undefined && rows >= TALL)
    above.push(crashLine(status.lastCrash, model, status, columns));
  const page = Math.max(0, rows - above.length - 2);
  const top = Math.max(0, Math.min(view.top, entries.length - page));
  const shown = entries.slice(top, top + page);
  const table = tableOf(model, shown, { width: columns, mode: view.mode, sort: view.sort });
  const body = shown.map((entry) => table.line(entry));
  if (shown.length === 0 && page > 0) body.push([{ text: empty(view), style: 'dim' }]);
  while (body.length < page) body.push([]);
  const below = footer(view, { top, shown: shown.length, total: entries.length }, columns);
  const lines = [...above, table.heading, ...body, below].map((line) => cutLine(line, columns));
  return { lines: lines.slice(0, rows), page, total: entries.length, top };
}

/** Whether it is live is always said; the rest as far as there is room. */
function title(model: Model, { startedAt, pid, age, lost }: Status, { paused }: View, columns: number): Line {
  const state = stateOf(paused, lost);
  const room = columns - widthOf(state.text) - 1;
  const left: Span[] = [{ text: 'espalier', style: 'bold' }, { text: ` ${clean(model.node)}` }];
  const more: Span[] = [];
  if (startedAt > 0) more.push({ text: `  up ${duration(Math.max(0, model.at + age - startedAt))}` });
  if (pid > 0) more.push({ text: `  pid ${pid}`, style: 'dim' });
  for (const span of more) if (widthOf(plain([...left, span])) <= room) left.push(span);
  return spread(cutLine(left, room), [state], columns);
}

function stateOf(paused: boolean, lost: string | undefined): Span {
  if (lost !== undefined) return { text: 'not connected', style: 'fail' };
  return paused ? { text: 'paused', style: 'warn' } : { text: 'live', style: 'ok' };
}

function facts(model: Model, { crashes, more, lost }: Status, columns: number): Line {
  if (lost !== undefined) return [{ text: clean(lost), style: 'fail' }];
  let [received, handled, waiting] = [0, 0, 0];
  for (const { rate, mailbox, busy } of model.rows.values()) {
    if (!busy) continue;
    received += rate.in;
    handled += rate.handled;
    waiting += mailbox.length;
  }
  const all: readonly Span[] = [
    { text: `actors ${model.rows.size}` },
    { text: `crashes ${crashes}${more ? '+' : ''}`, ...(crashes === 0 ? {} : { style: 'warn' as const }) },
    { text: `in ${perSecond(received)}/s` },
    { text: `handled ${perSecond(handled)}/s` },
    { text: `waiting ${waiting}` },
  ];
  const line: Span[] = [];
  for (const fact of all) {
    const gap = line.length === 0 ? [] : [{ text: '   ' }];
    if (widthOf(plain([...line, ...gap, fact])) > columns) break;
    line.push(...gap, fact);
  }
  return line;
}

function crashLine(
  { at, path, reason, decision, restarts }: LastCrash,
  model: Model,
  { age }: Status,
  columns: number,
): Line {
  const ago = duration(Math.max(0, model.at + age - at));
  const lead = columns < NARROW ? 'crash ' : 'last crash ';
  const why = `: ${clean(reason)}`;
  // who it was and why says more than where it stood, and that more than what came of it
  const room = columns - widthOf(`${lead}${ago} ago  ${why}`);
  const who = cutStart(pathText(path), Math.max(LEAST_PATH, room));
  const outcome = outcomeOf(decision, restarts);
  const left = room - widthOf(who) - GAP.length;
  return [
    { text: lead, style: 'dim' },
    { text: `${ago} ago  ` },
    { text: `${who}${why}`, style: 'warn' },
    ...(outcome === '' || widthOf(outcome) > left
      ? []
      : [{ text: `${GAP}${outcome}`, style: 'dim' as const }]),
  ];
}

/** Each name is cut by itself: all together may be long. */
const pathText = (path: string): string => path.split('/').map(clean).join('/');

const DECISIONS: Readonly<Record<string, string>> = {
  restarted: 'restarted',
  not_restarted: 'not restarted',
  given_up: 'its supervisor gave up',
};

/** `restarted, 2 in the window`: how often its supervisor has restarted somebody of late. */
function outcomeOf(decision: string, restarts: number): string {
  const what = Object.hasOwn(DECISIONS, decision) ? DECISIONS[decision] : undefined;
  if (what === undefined) return '';
  return restarts === 0 ? what : `${what}, ${restarts} in the window`;
}

interface Shown {
  readonly top: number;
  readonly shown: number;
  readonly total: number;
}

function footer(view: View, { top, shown, total }: Shown, columns: number): Line {
  if (view.typing)
    return spread([{ text: `/${clean(view.filter)}` }, { text: '█', style: 'dim' }], [], columns);
  const where = total === 0 ? '0' : `${top + 1}-${top + shown} of ${total}`;
  const by = view.sort === undefined ? '' : ` by ${view.sort}`;
  const filter = view.filter === '' ? '' : ` /${clean(view.filter)}`;
  const right = `${where}${by}${filter}`;
  const keys = ['q quit', 'm/r/s/n sort', view.mode === 'tree' ? 't list' : 't tree', 'p pause', '/ filter'];
  const room = columns - widthOf(right) - 1;
  let left = '';
  for (const key of keys) {
    const longer = left === '' ? key : `${left}  ${key}`;
    if (widthOf(longer) > room) break;
    left = longer;
  }
  return spread([{ text: left, style: 'dim' }], [{ text: right }], columns);
}

const empty = ({ filter }: View): string =>
  filter === '' ? 'no actors' : 'nothing matches the filter (Esc clears it)';

export type { Entry };
