/**
 * One actor and crashes as lines for people. Pure.
 *
 * The other end may be anything: what is missing or of another kind is left out, what could steer a terminal is replaced.
 */
import { clean as cleanName } from '../../inspect/text.ts';
import { duration } from '../duration.ts';
import { clean } from '../terminal.ts';
import { padEnd, widthOf, type Line } from './line.ts';
import { lineOf, type Model } from './model.ts';
import { fieldsOf, numberOf, textOf, type Fields } from './row.ts';

/** Crashes of one actor that are told with it, and places of a stack. */
const CRASHES = 5;
const PLACES = 4;
/** Cells of what a line is about, and of the same below a crash. */
const LABEL = 12;
const SHORT = 8;
const GAP = '  ';

/** A list may take several lines. */
type Fact = readonly [label: string, told: string | readonly string[]];

/** @param width cells of a line; Infinity: as long as it gets. */
export function detailLines(model: Model, id: string, details: Fields, width: number): readonly Line[] {
  const row = fieldsOf(details['row']);
  const status = fieldsOf(details['status']);
  const mailbox = fieldsOf(row['mailbox']);
  const counters = fieldsOf(row['counters']);
  const [type, module] = [textOf(row['type']), textOf(row['module'])];
  const age = duration(Math.max(0, model.at - numberOf(row['startedAt'])));
  const max = numberOf(mailbox['max']);
  const facts: readonly Fact[] = [
    ['id', id],
    [
      'path',
      lineOf(model, id)
        .map(({ name }) => cleanName(name))
        .join(' > '),
    ],
    ['kind', ['', type, textOf(row['name'])].includes(module) ? type : `${type} (${cleanName(module)})`],
    ['status', `${textOf(row['status'])}, for ${age}`],
    ['strategy', strategyOf(row)],
    ['restart', textOf(fieldsOf(row['restart'])['policy'])],
    ['restarts', String(numberOf(counters['restarts']))],
    ['crashes', String(numberOf(counters['crashes']))],
    [
      'messages',
      `${numberOf(counters['in'])} in, ${numberOf(counters['handled'])} handled, ${numberOf(counters['out'])} sent`,
    ],
    [
      'mailbox',
      `${numberOf(mailbox['length'])}${max === 0 ? '' : ` of ${max}`} waiting, ${numberOf(mailbox['dropped'])} dropped`,
    ],
    ['state', kindText(status['state'])],
    ['handles', handlesText(status['currentMessage'])],
    ['details', pairs(row['details'])],
    ['names', listIn(status, 'names')],
    ['links', listIn(row, 'links')],
    ['monitors', listIn(row, 'monitors')],
    ['monitored by', listIn(row, 'monitoredBy')],
    ['traps exits', row['trapExit'] === true ? 'yes' : ''],
    ['debug', listIn(status, 'debug')],
    ['shows', textOf(fieldsOf(status['state'])['shown']).split('\n')],
  ];
  const crashes = mapsIn(details, 'crashes').slice(0, CRASHES);
  return [
    ...facts.flatMap((fact) => linesOf(fact, LABEL, width)),
    ...crashes.flatMap((crash) => [[], ...crashLines(crash, width)]),
  ];
}

/** When, where and why; then what is known of the circumstances. */
export function crashLines(crash: Fields, width: number): readonly Line[] {
  const decision = textOf(crash['decision']).replaceAll('_', ' ');
  const by = cleanName(textOf(crash['supervisor']));
  const facts: readonly Fact[] = [
    ['cause', listIn(crash, 'cause')],
    ['handling', kindText(crash['lastMessage'])],
    ['then', decision === '' || by === '' ? decision : `${decision} by ${by}${within(crash)}`],
    ['id', textOf(crash['id'])],
  ];
  return [
    [
      { text: `${timeText(numberOf(crash['at']))}${GAP}` },
      { text: `${oneLine(placeOf(crash))}${GAP}`, style: 'bold' },
      { text: oneLine(textOf(crash['reason'])), style: 'fail' },
    ],
    ...facts.flatMap((fact) =>
      linesOf(fact, SHORT, width - 2 * GAP.length).map((line): Line => [{ text: GAP.repeat(2) }, ...line]),
    ),
    ...listIn(crash, 'stack')
      .slice(0, PLACES)
      .map((place): Line => [{ text: `${GAP.repeat(2)}${oneLine(place)}`, style: 'dim' }]),
  ];
}

/** Names without the root, as paths are told everywhere. */
export const placeOf = (crash: Fields): string =>
  [...listIn(crash, 'path').slice(1), textOf(crash['label'])].map(cleanName).join('/');

/** Nothing of what is not known. A list goes on below its first line where there is no room. */
function linesOf([label, told]: Fact, cells: number, width: number): readonly Line[] {
  const room = width - cells - GAP.length;
  const rows: string[] = [];
  const all = (typeof told === 'string' ? [told] : told).filter((text) => text !== '').map(oneLine);
  for (const [at, text] of all.entries()) {
    const item = label === 'shows' || at === all.length - 1 ? text : `${text},`;
    const last = rows.at(-1);
    const longer = `${last} ${item}`;
    if (last === undefined || label === 'shows' || widthOf(longer) > room) rows.push(item);
    else rows[rows.length - 1] = longer;
  }
  return rows.map((text, at) => [
    { text: padEnd(at === 0 ? label : '', cells), style: 'dim' },
    { text: `${GAP}${text}` },
  ]);
}

function strategyOf(row: Fields): string {
  const strategy = textOf(row['strategy']);
  const { intensity, period } = fieldsOf(row['restart']);
  return strategy === '' || intensity === undefined
    ? strategy
    : `${strategy}, ${numberOf(intensity)} restarts in ${numberOf(period) / 1_000} s`;
}

/** `object, 5`. */
function kindText(value: unknown): string {
  const { type, size } = fieldsOf(value);
  return typeof size === 'number' ? `${textOf(type)}, ${size}` : textOf(type);
}

/** `call lookup, for 3 s`. */
function handlesText(value: unknown): string {
  const { type, forMs } = fieldsOf(value);
  const ms = numberOf(forMs);
  return textOf(type) === '' ? '' : `${textOf(type)}, for ${ms < 1_000 ? `${ms} ms` : duration(ms)}`;
}

/** How often its supervisor had restarted somebody of late, with what this crash led to. */
function within(crash: Fields): string {
  const restarts = numberOf(crash['restarts']);
  return restarts === 0 ? '' : `, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'} in its window`;
}

const pairs = (value: unknown): readonly string[] =>
  Object.entries(fieldsOf(value))
    .filter(([, detail]) => ['string', 'number', 'boolean'].includes(typeof detail))
    .map(([name, detail]) => `${cleanName(name)} ${cleanName(String(detail))}`);

const listIn = (fields: Fields, key: string): readonly string[] => {
  const value = fields[key];
  return Array.isArray(value) ? (value as unknown[]).map(textOf) : [];
};

export const mapsIn = (fields: Fields, key: string): readonly Fields[] => {
  const value = fields[key];
  return Array.isArray(value) ? (value as unknown[]).map(fieldsOf) : [];
};

const oneLine = (text: string): string => clean(text).replaceAll(/[\n\t]/g, ' ');

const TIME = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' });
/** Milliseconds since 1970 that a date can have. */
const LATEST = 8.64e15;

/** As `2026-01-01 12:00:00 UTC`: clocks of machines differ, so what is "ago" here may not be there. */
const timeText = (at: number): string => `${TIME.format(Math.min(at, LATEST))} UTC`;
