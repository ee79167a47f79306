/**
 * An actor as the inspector's API tells of it, read from what came over the wire. Pure.
 *
 * The other end may be anything that listens at the port: what is missing or of another kind gets a plain value, so that
 * nothing behind this file has to ask again. Names stay as they came; whoever shows them cleans them.
 */

/** Text, numbers and facts that a kind of actor tells of itself. */
export type Details = Readonly<Record<string, string | number | boolean>>;

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly status: string;
  readonly parent: string | null;
  /** The sibling before it; null for the first. */
  readonly after: string | null;
  readonly mailbox: { readonly length: number; readonly max: number; readonly dropped: number };
  readonly crashes: number;
  readonly restarts: number;
  /** Messages per second. */
  readonly rate: { readonly in: number; readonly out: number; readonly handled: number };
  /** What it handles just now; undefined: nothing that takes time. */
  readonly handling: { readonly type: string; readonly forMs: number } | undefined;
  /** Of a supervisor, as `restForOne 3/5s`; else empty. */
  readonly rules: string;
  readonly details: Details;
  /** False for the inspector's own actors: they count in no ranking. */
  readonly busy: boolean;
  /** As it came, for those who read JSON. */
  readonly raw: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Longest id, characters; ours have about 10. */
const MAX_ID = 256;

/** Undefined: it has no id or no place in a tree. */
export function readRow(value: unknown): Row | undefined {
  const raw = fieldsOf(value);
  const { id, parent } = raw;
  if (!isId(id) || !(parent === null || isId(parent))) return undefined;
  const mailbox = fieldsOf(raw['mailbox']);
  const rate = fieldsOf(raw['rate']);
  const counters = fieldsOf(raw['counters']);
  const message = fieldsOf(raw['currentMessage']);
  const type = textOf(message['type']);
  return {
    id,
    name: textOf(raw['name']),
    type: textOf(raw['type']),
    status: textOf(raw['status']),
    parent,
    after: isId(raw['after']) ? raw['after'] : null,
    mailbox: {
      length: numberOf(mailbox['length']),
      max: numberOf(mailbox['max']),
      dropped: numberOf(mailbox['dropped']),
    },
    crashes: numberOf(counters['crashes']),
    restarts: numberOf(counters['restarts']),
    rate: { in: numberOf(rate['in']), out: numberOf(rate['out']), handled: numberOf(rate['handled']) },
    handling: type === '' ? undefined : { type, forMs: numberOf(message['forMs']) },
    rules: rulesOf(raw),
    details: detailsOf(raw['details']),
    busy: raw['busy'] !== false,
    raw,
  };
}

/** The row with the fields that changed; undefined when it has no place any more. */
export const changedRow = (row: Row, change: Fields): Row | undefined =>
  readRow({ ...row.raw, ...change, id: row.id });

export const isId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_ID;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** At least 0 and finite. */
export const numberOf = (value: unknown): number =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0;

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function rulesOf(raw: Fields): string {
  const strategy = textOf(raw['strategy']);
  const { intensity, period } = fieldsOf(raw['restart']);
  return strategy === '' || intensity === undefined
    ? strategy
    : `${strategy} ${numberOf(intensity)}/${numberOf(period) / 1_000}s`;
}

function detailsOf(value: unknown): Details {
  const told = Object.entries(fieldsOf(value)).filter(([, detail]) =>
    ['string', 'number', 'boolean'].includes(typeof detail),
  );
  return Object.fromEntries(told) as Details;
}
