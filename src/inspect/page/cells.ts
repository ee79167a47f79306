/** Cells that several views have: a unit for each figure, a word for each state. Pure. */
import { ago, bytes, countdown, dayTime, duration, exact, rate as perSecondText } from './format.ts';
import type { NodeRef } from './reader.ts';
import type { Cell, Chip, Column, Section, TableRow, Tone } from './sections.ts';

export const NOTHING: Cell = { text: '–', kind: 'nothing' };

export const text = (said: string, title?: string): Cell =>
  said === '' ? NOTHING : { text: said, kind: 'text', ...(title === undefined ? {} : { title }) };

export const figure = (value: number | null, title?: string): Cell =>
  value === null
    ? NOTHING
    : { text: exact(value), kind: 'figure', ...(title === undefined ? {} : { title }) };

/** A figure that is nothing to look at while it is 0. */
export const some = (value: number, title?: string): Cell => (value === 0 ? NOTHING : figure(value, title));

export const size = (value: number | null): Cell =>
  value === null ? NOTHING : { text: bytes(value), kind: 'figure', title: `${exact(value)} bytes` };

/** So many a second; nothing where nothing happens. */
export const often = (rate: number | null): Cell =>
  rate === null || !(rate > 0) ? NOTHING : { text: perSecondText(rate), kind: 'figure' };

/** Bytes in a second. */
export const perSecond = (value: number | null): Cell =>
  value === null
    ? NOTHING
    : { text: `${bytes(value)}/s`, kind: 'figure', title: `${exact(Math.round(value))} bytes/s` };

/** A number that is a name: its digits stand as they are. */
export const number = (value: number | null, title?: string): Cell =>
  value === null ? NOTHING : text(String(value), title);

/** Milliseconds. */
export const span = (value: number | null, title?: string): Cell =>
  value === null
    ? NOTHING
    : { text: duration(value), kind: 'figure', ...(title === undefined ? {} : { title }) };

/** @param at ms since 1970. */
export const when = (at: number | null, now: number): Cell =>
  at === null ? NOTHING : { text: ago(at, now), kind: 'text', title: dayTime(at) };

/** So long ago, milliseconds. */
export const since = (value: number | null): Cell =>
  value === null ? NOTHING : { text: ago(-value, 0), kind: 'figure' };

export const badge = (said: string, tone: Tone = 'plain', title?: string): Cell => ({
  text: said,
  kind: 'text',
  look: { tag: 'badge', tone },
  ...(title === undefined ? {} : { title }),
});

/** @param none where its id is not known. */
export const node = (known: NodeRef | undefined, none: string = ''): Cell =>
  known === undefined
    ? { ...NOTHING, text: none || '–' }
    : { text: known.short, kind: 'text', title: known.id };

/** @param left ms; @param whole what it lasts at most. */
export const left = (given: number | null, whole: number | null, now: number): Cell =>
  given === null
    ? NOTHING
    : {
        text: countdown(given),
        kind: 'figure',
        look: { tag: 'countdown', ends: now + given, whole: whole ?? undefined },
      };

export const chips = (all: readonly Chip[]): Cell =>
  all.length === 0
    ? NOTHING
    : { text: all.map((chip) => chip.text).join(', '), kind: 'text', look: { tag: 'chips', chips: all } };

export const track = (said: string, states: readonly string[], at: number, tone: Tone): Cell => ({
  text: said,
  kind: 'text',
  look: { tag: 'track', states, at, tone },
});

/** So many of so many. */
export function of(value: number, most: number | null): Cell {
  if (most === null || most <= 0) return figure(value);
  const part = Math.min(1, value / most);
  const tone: Tone = part >= 1 ? 'bad' : part >= 0.8 ? 'warn' : 'good';
  return { text: `${exact(value)} of ${exact(most)}`, kind: 'figure', look: { tag: 'meter', part, tone } };
}

/** Headings: what stands behind a `|` says it in full, `#` before it stands for figures. */
export const columns = (...names: readonly string[]): readonly Column[] =>
  names.map((given) => {
    const [name = '', title] = given.replace(/^#/, '').split('|');
    const isFigure = given.startsWith('#') ? { figure: true } : {};
    return { name, ...(title === undefined ? {} : { title }), ...isFigure };
  });

export interface TableParts {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly none: string;
}

/** A table whose rows have a key each, and cells in the order of its columns. */
export const table = (
  { title, columns: names, none }: TableParts,
  rows: readonly TableRow[],
  more: number,
): Section => ({ tag: 'table', title, columns: names, rows, more, none });

export const row = (key: string, cells: readonly Cell[], below: readonly Section[] = []): TableRow => ({
  key,
  cells,
  below,
});
