/**
 * One actor looked at closely, and the crashes that a node remembers: as lines for people, or as JSON.
 */
import { clean } from '../../inspect/text.ts';
import { duration } from '../duration.ts';
import { ExitCode } from '../exit-code.ts';
import { documentText } from '../json-value.ts';
import { clean as cleanLine, note, paint, print } from '../terminal.ts';
import { rootOf } from './find-actor.ts';
import { InspectError } from './inspect-error.ts';
import type { Inspection } from './inspection.ts';
import { lineOf, readTree, type Model } from './model.ts';
import { fieldsOf, numberOf, textOf, type Fields } from './row.ts';

export interface CloserFlags {
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

/** Crashes of one actor that are told with it, and places of a stack. */
const CRASHES = 5;
const PLACES = 4;
/** Cells of what a line is about. */
const LABEL = 12;

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
  else for (const line of detailLines(model, id, fieldsOf(details))) print(line);
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
  const all = listIn(fieldsOf(await inspection.get('/api/crashes', signal)), 'crashes').map(fieldsOf);
  const wanted = path?.replace(/^\/+|\/+$/g, '') ?? '';
  const crashes = all.filter((crash) => isBelow(placeOf(crash), wanted));
  if (json) print(documentText({ ok: true, node, crashes }));
  else if (ndjson) for (const crash of crashes) print(documentText(crash));
  else {
    crashes.forEach((crash, index) => {
      if (index > 0) print('');
      for (const line of crashLines(crash)) print(line);
    });
    note(
      `${crashes.length === 0 ? 'no' : crashes.length} crash${crashes.length === 1 ? '' : 'es'} of ${node}`,
    );
  }
  return ExitCode.ok;
}

const isBelow = (place: string, path: string): boolean =>
  path === '' || place === path || place.startsWith(`${path}/`);

/** Names without the root, as paths are told everywhere. */
const placeOf = (crash: Fields): string =>
  [...listIn(crash, 'path').slice(1), crash['label']].map((name) => clean(textOf(name))).join('/');

function detailLines(model: Model, id: string, details: Fields): readonly string[] {
  const row = fieldsOf(details['row']);
  const status = fieldsOf(details['status']);
  const mailbox = fieldsOf(row['mailbox']);
  const counters = fieldsOf(row['counters']);
  const restart = fieldsOf(row['restart']);
  const state = fieldsOf(status['state']);
  const path = lineOf(model, id).map(({ name }) => clean(name));
  const age = duration(Math.max(0, model.at - numberOf(row['startedAt'])));
  const { module, type, strategy } = row;
  const own = textOf(module) === '' || module === row['name'] ? '' : ` (${textOf(module)})`;
  const max = numberOf(mailbox['max']);
  const facts: readonly (readonly [string, string])[] = [
    ['id', id],
    ['path', path.join(' > ')],
    ['kind', `${textOf(type)}${own}`],
    ['status', `${textOf(row['status'])}, for ${age}`],
    ['strategy', textOf(strategy) === '' ? '' : rulesOf(textOf(strategy), restart)],
    ['restart', textOf(restart['policy'])],
    ['restarts', String(numberOf(counters['restarts']))],
    ['messages', `${numberOf(counters['in'])} in, ${numberOf(counters['handled'])} handled`],
    [
      'mailbox',
      `${numberOf(mailbox['length'])}${max === 0 ? '' : ` of ${max}`} waiting, ${numberOf(mailbox['dropped'])} dropped`,
    ],
    ['state', `${textOf(state['type'])}${typeof state['size'] === 'number' ? `, ${state['size']}` : ''}`],
    ['details', pairs(row['details'])],
    ['names', names(status, 'names')],
    ['links', names(row, 'links')],
    ['monitors', names(row, 'monitors')],
    ['monitored by', names(row, 'monitoredBy')],
    ['traps exits', row['trapExit'] === true ? 'yes' : ''],
    ['debug', names(status, 'debug')],
  ];
  const lines = facts.filter(([, text]) => text !== '').map(([label, text]) => lineFor(label, text));
  const shown = textOf(state['shown']);
  if (shown !== '')
    lines.push(...shown.split('\n').map((line, at) => lineFor(at === 0 ? 'shows' : '', line)));
  for (const crash of listIn(details, 'crashes').slice(0, CRASHES))
    lines.push('', ...crashLines(fieldsOf(crash)));
  return lines;
}

const rulesOf = (strategy: string, { intensity, period }: Fields): string =>
  `${strategy}, ${numberOf(intensity)} restarts in ${numberOf(period) / 1_000} s`;

const lineFor = (label: string, text: string): string => `${label.padEnd(LABEL)}  ${cleanLine(text)}`;

const names = (fields: Fields, key: string): string =>
  listIn(fields, key)
    .map((name) => clean(textOf(name)))
    .join(', ');

const pairs = (value: unknown): string =>
  Object.entries(fieldsOf(value))
    .map(([name, detail]) => `${clean(name)} ${clean(String(detail))}`)
    .join(', ');

const listIn = (fields: Fields, key: string): readonly unknown[] => {
  const value = fields[key];
  return Array.isArray(value) ? (value as unknown[]) : [];
};

/** When, where and why; then what is known of the circumstances. */
function crashLines(crash: Fields): readonly string[] {
  const message = fieldsOf(crash['lastMessage']);
  const decided = textOf(crash['decision']).replaceAll('_', ' ');
  const by = textOf(crash['supervisor']);
  const facts: readonly (readonly [string, string])[] = [
    ['cause', listIn(crash, 'cause').map(textOf).join(', ')],
    ['handling', textOf(message['type'])],
    ['then', decided === '' || by === '' ? decided : `${decided} by ${by}`],
    ['id', textOf(crash['id'])],
  ];
  return [
    `${timeText(numberOf(crash['at']))}  ${cleanLine(placeOf(crash))}  ${paint('fail', cleanLine(textOf(crash['reason'])))}`,
    ...facts
      .filter(([, text]) => text !== '')
      .map(([label, text]) => `    ${label.padEnd(8)}  ${cleanLine(text)}`),
    ...listIn(crash, 'stack')
      .slice(0, PLACES)
      .map((place) => paint('dim', `    ${cleanLine(textOf(place))}`)),
  ];
}

/** As `2026-01-01 12:00:00 UTC`: clocks of machines differ, so what is "ago" here may not be there. */
const timeText = (at: number): string =>
  `${new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' }).format(at)} UTC`;
