/**
 * Data that nobody has designed a picture for, as something to draw. Pure.
 *
 * Views grow with the node, and what a page does not know of it is read by its shape:
 * `{ rows, more }` is a table, `{ id, short }` a node, `{ unavailable }` a part that is being restarted. Names of fields
 * say what unit a figure has.
 */
import { ago, bytes, count, dayTime, duration, exact, percent } from './format.ts';
import type { Cell, Look, Section } from './sections.ts';

type Fields = Readonly<Record<string, unknown>>;

const MAX_ROWS = 500;
const MAX_COLUMNS = 14;
const MAX_DEPTH = 4;
/** Entries of a bucket of the routing table (SPEC: k). */
const BUCKET = 20;

/** Fields whose figure is a span in ms, beside those whose name ends with `Ms`. */
const SPANS = new Set(
  'ms left age rtt took after lookedUp seen ttl next keptFor p50 p99 unreachableFor idle since uptime delay for'.split(
    ' ',
  ),
);
/** Too wide for a column: shown below the row. */
const BELOW = new Set(['trace', 'attempts', 'steps', 'failed', 'capabilities']);

export function sectionsOf(data: unknown, now: number): readonly Section[] {
  return sections('', data, now, 0);
}

function sections(title: string, data: unknown, now: number, depth: number): readonly Section[] {
  const rows = rowsOf(data);
  if (rows !== undefined) return [list(title, rows.rows, rows.more, now, depth)];
  if (!isFields(data)) return [{ tag: 'facts', title, facts: [[title, cellOf(title, data, now)]] }];
  if (typeof data['unavailable'] === 'string') return [{ tag: 'note', title, text: data['unavailable'] }];
  const facts: (readonly [string, Cell])[] = [];
  const others: Section[] = [];
  for (const [key, value] of Object.entries(data)) {
    const inner = rowsOf(value);
    const name = words(key);
    if (inner !== undefined || (isFields(value) && !isNode(value) && splitOf(value) === undefined)) {
      if (depth < MAX_DEPTH) others.push(...sections(name, value, now, depth + 1));
    } else facts.push([name, cellOf(key, value, now)]);
  }
  return facts.length === 0 ? others : [{ tag: 'facts', title, facts }, ...others];
}

function list(title: string, all: readonly unknown[], left: number, now: number, depth: number): Section {
  const rows = all.slice(0, MAX_ROWS);
  const more = left + all.length - rows.length;
  const records = rows.filter(isFields).map(spread);
  if (title === 'buckets' && records.length === rows.length) return buckets(title, records);
  const columns = records.length === 0 ? ['value'] : columnsOf(records);
  return {
    tag: 'table',
    title,
    columns: columns.map((name) => ({ name: words(name) })),
    more,
    rows: rows.map((given, index) => {
      const row = isFields(given) ? spread(given) : given;
      return {
        key: keyOf(row, index),
        cells: columns.map((column) => cellOf(column, isFields(row) ? row[column] : row, now)),
        below: isFields(row) && depth < MAX_DEPTH ? belowOf(row, columns, now, depth) : [],
      };
    }),
  };
}

/** A record within a row has its figures in columns of their own. */
function spread(row: Fields): Fields {
  const all: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(row)) {
    const inner = isFields(value) && !isNode(value) && rowsOf(value) === undefined;
    if (!inner || typeof value['unavailable'] === 'string' || splitOf(value) !== undefined) all[key] = value;
    else
      for (const [name, part] of Object.entries(value))
        all[Object.hasOwn(row, name) ? `${key} ${name}` : name] = part;
  }
  return all;
}

function columnsOf(records: readonly Fields[]): readonly string[] {
  const columns = new Set<string>();
  for (const record of records)
    for (const key of Object.keys(record)) if (!BELOW.has(key) || !isList(record[key])) columns.add(key);
  // what is nothing in every row needs no column, unless nothing would be left
  const some = [...columns].filter((key) => records.some((record) => (record[key] ?? null) !== null));
  return (some.length === 0 ? [...columns] : some).slice(0, MAX_COLUMNS);
}

/** What a cell can only count, and what had no column. */
function belowOf(row: Fields, columns: readonly string[], now: number, depth: number): readonly Section[] {
  return Object.entries(row).flatMap(([key, value]) => {
    const items = rowsOf(value);
    if (items !== undefined) {
      return items.rows.some(isFields) || items.rows.length > 3
        ? sections(words(key), value, now, depth + 1)
        : [];
    }
    if (isFields(value) && !isNode(value) && splitOf(value) === undefined) {
      return sections(words(key), value, now, depth + 1);
    }
    return columns.includes(key) || value === null || value === undefined
      ? []
      : [{ tag: 'facts', title: '', facts: [[words(key), cellOf(key, value, now)]] }];
  });
}

function buckets(title: string, records: readonly Fields[]): Section {
  const bars = records.map((record) => ({
    label: String(record['index'] ?? record['bucket'] ?? ''),
    value: Number(record['contacts'] ?? record['size'] ?? 0),
    most: Number(record['capacity'] ?? BUCKET),
  }));
  const titled = bars.map((bar) => ({ ...bar, title: `bucket ${bar.label}: ${bar.value} of ${bar.most}` }));
  return { tag: 'bars', title, bars: titled };
}

/** @param depth of records around it: what is deeper than a cell can say is an ellipsis. */
export function cellOf(key: string, value: unknown, now: number, depth: number = 0): Cell {
  if (value === null || value === undefined || value === '') return { text: '–', kind: 'nothing' };
  if (typeof value === 'boolean') return { text: value ? 'yes' : 'no', kind: 'flag' };
  if (typeof value === 'number') return figure(key, value, now);
  if (typeof value === 'string') return { text: value, kind: 'text' };
  const rows = rowsOf(value);
  if (rows !== undefined) return listCell(rows.rows, rows.more);
  if (!isFields(value)) return { text: String(value), kind: 'text' };
  if (isNode(value)) return { text: String(value['short']) || '–', kind: 'text', title: String(value['id']) };
  if (typeof value['unavailable'] === 'string') return { text: value['unavailable'], kind: 'text' };
  const split = splitOf(value);
  if (split !== undefined) {
    const parts = split.map(({ label, count: times }) => `${label} ${count(times)}`);
    const rest = parts.length > 2 ? ` +${parts.length - 2}` : '';
    const text = parts.slice(0, 2).join(' · ') + rest;
    return {
      text: text || '–',
      kind: 'text',
      title: parts.join(' · '),
      look: { tag: 'split', parts: split },
    };
  }
  if (depth > 1) return { text: '…', kind: 'nothing' };
  const parts = Object.entries(value).slice(0, 6);
  const text = parts
    .map(([name, part]) => `${words(name)} ${cellOf(name, part, now, depth + 1).text}`)
    .join(' · ');
  return { text: text || '–', kind: 'text' };
}

function listCell(items: readonly unknown[], more: number): Cell {
  const all = items.length + more;
  if (all === 0) return { text: '–', kind: 'nothing' };
  if (items.some(isFields)) return { text: count(all), kind: 'figure' };
  const text = items.slice(0, 3).map(String).join(', ');
  return { text: all > 3 ? `${text} +${all - 3}` : text, kind: 'text', title: items.slice(0, 40).join(', ') };
}

function figure(key: string, value: number, now: number): Cell {
  const kind = 'figure';
  if (key === 'at' || key.endsWith('At')) return { text: ago(value, now), kind, title: dayTime(value) };
  if (SPANS.has(key) || /(Ms|Rtt|Age|For)$/.test(key)) {
    return { text: key === 'left' && value <= 0 ? 'over' : duration(value), kind };
  }
  if (/bytes$/i.test(key)) return { text: bytes(value), kind, title: exact(value) };
  if (/ratio$/i.test(key)) return { text: percent(value), kind };
  if (Number.isInteger(value)) return { text: exact(value), kind };
  return { text: value.toFixed(value < 10 ? 2 : 1), kind };
}

/** A record of counts, such as `{ ok: 12, timeout: 1 }`, where it stands for parts of a whole. */
function splitOf(value: Fields): Extract<Look, { tag: 'split' }>['parts'] | undefined {
  const entries = Object.entries(value);
  const counts = entries.every(([, times]) => typeof times === 'number' && Number.isInteger(times));
  if (!counts || entries.length > 12) return undefined;
  // figures that have names of their own are facts
  if (entries.some(([key]) => SPANS.has(key) || /[A-Z]|bytes|size|max/.test(key))) return undefined;
  return entries
    .map(([label, times]) => ({ label, count: times as number }))
    .filter((part) => part.count > 0)
    .toSorted((a, b) => b.count - a.count);
}

function rowsOf(value: unknown): { readonly rows: readonly unknown[]; readonly more: number } | undefined {
  if (Array.isArray(value)) return { rows: value, more: 0 };
  if (!isFields(value) || !Array.isArray(value['rows'])) return undefined;
  return { rows: value['rows'], more: typeof value['more'] === 'number' ? value['more'] : 0 };
}

const isList = (value: unknown): boolean => rowsOf(value) !== undefined || isFields(value);

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNode = (value: Fields): boolean =>
  typeof value['id'] === 'string' && typeof value['short'] === 'string' && Object.keys(value).length === 2;

function keyOf(row: unknown, index: number): string {
  if (!isFields(row)) return String(index);
  for (const field of ['procedure', 'name', 'id', 'key', 'session', 'address', 'node', 'peer']) {
    const value = row[field];
    const id = isFields(value) ? value['id'] : value;
    if (typeof id === 'string' && id !== '') return `${id.slice(0, 200)} ${String(row['at'] ?? '')}`;
  }
  return String(index);
}

/** `lookedUp` → `looked up`. */
export const words = (key: string): string =>
  key
    .slice(0, 60)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/_/g, ' ')
    .toLowerCase();
