/**
 * One actor looked at closely, and the crashes that a node remembers: as lines for people, or as JSON.
 */
import { ExitCode } from '../exit-code.ts';
import { documentText } from '../json-value.ts';
import { note, painted, print } from '../terminal.ts';
import { crashLines, detailLines, mapsIn, placeOf } from './closer-lines.ts';
import { rootOf } from './find-actor.ts';
import { InspectError } from './inspect-error.ts';
import type { Inspection } from './inspection.ts';
import type { Line } from './line.ts';
import { readTree } from './model.ts';
import { fieldsOf, textOf } from './row.ts';

export interface CloserFlags {
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

/** Throws `InspectError` `no_such_actor`, and what asking throws. */
export async function showDetails(
  inspection: Inspection,
  path: string,
  { json = false, ndjson = false }: CloserFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { url } = inspection;
  const model = readTree(await inspection.get('/api/tree', signal));
  if (model === undefined)
    throw new InspectError({ tag: 'strange', url, detail: 'it tells of no tree of schema 1' });
  const id = rootOf(model, path) ?? '';
  const details = await inspection.get(`/api/actor/${encodeURIComponent(id)}`, signal).catch(whenGone);
  if (details === undefined)
    throw new InspectError({ tag: 'no_such_actor', path, detail: 'it has just ended' });
  if (json || ndjson) print(documentText({ ok: true, node: model.node, ...fieldsOf(details) }));
  else tell(detailLines(model, id, fieldsOf(details), width()));
  return ExitCode.ok;
}

/** Over HTTP it is a refusal, through the mesh nothing. */
function whenGone(error: unknown): undefined {
  if (error instanceof InspectError && error.failure.tag === 'refused' && error.failure.status === 404)
    return undefined;
  throw error;
}

/** @param path of an actor: its crashes and those below it. Default: all. */
export async function showCrashes(
  inspection: Inspection,
  path: string | undefined,
  { json = false, ndjson = false }: CloserFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const node = textOf(fieldsOf(await inspection.get('/api/node', signal))['node']);
  const all = mapsIn(fieldsOf(await inspection.get('/api/crashes', signal)), 'crashes');
  const wanted = path?.replace(/^\/+|\/+$/g, '') ?? '';
  const crashes = all.filter((crash) => isBelow(placeOf(crash), wanted));
  if (json) print(documentText({ ok: true, node, crashes }));
  else if (ndjson) for (const crash of crashes) print(documentText(crash));
  else {
    tell(crashes.flatMap((crash, at) => [...(at === 0 ? [] : [[]]), ...crashLines(crash, width())]));
    const count = crashes.length === 0 ? 'no' : String(crashes.length);
    note(
      `${count} crash${crashes.length === 1 ? '' : 'es'} of ${node}${path === undefined ? '' : ` at ${path}`}`,
    );
  }
  return ExitCode.ok;
}

const isBelow = (place: string, path: string): boolean =>
  path === '' || place === path || place.startsWith(`${path}/`);

function width(): number {
  const { isTTY, columns } = process.stdout;
  return isTTY && columns > 0 ? columns : Infinity;
}

function tell(lines: readonly Line[]): void {
  for (const line of lines) print(painted(line));
}
