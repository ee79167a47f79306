/**
 * One look at the tree: for people a table with the branches drawn, for programs a document or a line for each actor.
 *
 * Rates need two looks, so it stays for one interval.
 */
import { systemClock } from '../../actor/clock.ts';
import { ExitCode } from '../exit-code.ts';
import { documentText } from '../json-value.ts';
import { note, painted, print } from '../terminal.ts';
import { entriesOf, type Entry } from './entries.ts';
import type { ServerEvent } from './event-stream.ts';
import { rootOf } from './find-actor.ts';
import type { Inspection } from './inspection.ts';
import { InspectError } from './inspect-error.ts';
import { cutLine, type Line } from './line.ts';
import { applyDelta, readTree, type Model } from './model.ts';
import { tableOf } from './table.ts';
import type { Sort } from './view.ts';

export interface OnceFlags {
  readonly depth?: number;
  readonly sort?: Sort;
  readonly interval?: number;
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

/** Between two looks, milliseconds. */
const INTERVAL = 500;
/** The status when as many follow as may. */
const TOO_MANY = 429;
/** Until there must be a tree, milliseconds. */
const PATIENCE = 10_000;

export async function once(
  inspection: Inspection,
  path: string | undefined,
  flags: OnceFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const model = await twoLooks(inspection, flags.interval ?? INTERVAL, signal).catch((error: unknown) =>
    oneLook(error, inspection, signal),
  );
  const root = rootOf(model, path);
  const { depth, sort } = flags;
  const entries = entriesOf(model, { mode: 'tree', sort, filter: '' }, { root, depth });
  if (flags.json === true) {
    const { node, at } = model;
    print(documentText({ ok: true, schema: 1, node, at, root: nested(entries) ?? null }));
  } else if (flags.ndjson === true) for (const { row } of entries) print(documentText(row.raw));
  else tell(model, entries, sort);
  return ExitCode.ok;
}

/** The tree with rates: its first delta, or the snapshot alone when nothing changes. */
async function twoLooks(inspection: Inspection, interval: number, signal: AbortSignal): Promise<Model> {
  const { url, grace } = inspection;
  const over = new AbortController();
  let model: Model | undefined;
  const end = (): void => over.abort();
  let timer = systemClock.setTimer(PATIENCE, end);
  const onEvent = ({ name, data }: ServerEvent): void => {
    if (over.signal.aborted || (name !== 'snapshot' && name !== 'delta')) return;
    const body = jsonIn(data, url);
    if (name === 'snapshot') {
      model = readTree(body);
      if (model === undefined) throw strange(url);
      systemClock.clear(timer);
      // an idle tree never tells of a second look
      timer = systemClock.setTimer(interval + grace, end);
    } else if (model !== undefined) {
      const next = applyDelta(model, body);
      if (next !== 'gap') model = next;
      end();
    }
  };
  try {
    await inspection.follow({ signal: AbortSignal.any([signal, over.signal]), interval, onEvent });
  } finally {
    systemClock.clear(timer);
  }
  signal.throwIfAborted();
  if (model === undefined)
    throw new InspectError({ tag: 'unreachable', url, detail: `no tree within ${PATIENCE} ms` });
  return model;
}

/** When as many follow it as may, a tree without rates is better than none. */
async function oneLook(error: unknown, inspection: Inspection, signal: AbortSignal): Promise<Model> {
  const { failure } = error instanceof InspectError ? error : {};
  if (failure?.tag !== 'refused' || failure.status !== TOO_MANY) throw error;
  const model = readTree(await inspection.get('/api/tree', signal));
  if (model === undefined) throw strange(inspection.url);
  note(`warning: ${failure.detail}; rates are not known`);
  return model;
}

function jsonIn(text: string, url: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw strange(url, cause);
  }
}

const strange = (url: string, cause?: unknown): InspectError =>
  new InspectError({ tag: 'strange', url, detail: 'it tells of no tree of schema 1' }, { cause });

/** Rows as they came, each with its children; what a limit of depth left out is counted. */
export function nested(entries: readonly Entry[]): object | undefined {
  const nodes = new Map<string, { readonly children: object[] }>();
  let root: object | undefined;
  for (const { row, hidden } of entries) {
    const node = { ...row.raw, ...(hidden === 0 ? {} : { omitted: hidden }), children: [] as object[] };
    nodes.set(row.id, node);
    const parent = nodes.get(row.parent ?? '');
    if (parent === undefined) root ??= node;
    else parent.children.push(node);
  }
  return root;
}

function tell(model: Model, entries: readonly Entry[], sort: Sort | undefined): void {
  const { isTTY, columns } = process.stdout;
  const width = isTTY && columns > 0 ? columns : Infinity;
  const table = tableOf(model, entries, { width, mode: 'tree', sort, compact: true });
  const show = (line: Line): void => print(painted(cutLine(line, width)).trimEnd());
  show(table.heading);
  for (const entry of entries) show(table.line(entry));
  const { size } = model.rows;
  const shown = entries.length < size ? `${entries.length} of ${size}` : String(size);
  note(`${shown} actors of ${model.node}`);
}
