/**
 * The filter people type: words, all of which must be in the name, the id, the type or the module, and conditions.
 *
 * Pure. `is:crashed`, `is:busy`, `is:restarted`, `is:supervisor` and so on; `type:`, `name:`, `module:`;
 * `mailbox>10`, `crashes>0`, `restarts>0`, `rate>5`, `out>5`, `dropped>0`. What is no condition is a word.
 */
import type { ActorRow } from './wire.ts';

export type Test = (row: ActorRow) => boolean;

/** Of what is typed, and of how long a word may be. */
const MAX_LENGTH = 200;

const FIGURES: Readonly<Record<string, (row: ActorRow) => number>> = {
  mailbox: (row) => row.mailbox.length,
  dropped: (row) => row.mailbox.dropped,
  crashes: (row) => row.counters.crashes,
  restarts: (row) => row.counters.restarts,
  rate: (row) => row.rate.in,
  out: (row) => row.rate.out,
  handled: (row) => row.rate.handled,
};

const STATES: Readonly<Record<string, Test>> = {
  busy: (row) => row.busy !== false && (row.rate.in > 0 || row.mailbox.length > 0),
  restarted: (row) => row.counters.restarts > 0,
  supervisor: (row) => row.strategy !== undefined,
  starting: (row) => row.status === 'starting',
  running: (row) => row.status === 'running',
  suspended: (row) => row.status === 'suspended',
  stopping: (row) => row.status === 'stopping',
  crashed: (row) => row.status === 'crashed',
  restarting: (row) => row.status === 'restarting',
};

const FIELDS: Readonly<Record<string, (row: ActorRow) => string>> = {
  type: (row) => row.type,
  name: (row) => row.name,
  module: (row) => row.module,
  id: (row) => row.id,
};

/** `undefined` for nothing typed: everything is shown. */
export function parseFilter(typed: string): Test | undefined {
  const words = typed.slice(0, MAX_LENGTH).toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return undefined;
  const tests = words.map(testOf);
  return (row) => tests.every((test) => test(row));
}

function testOf(word: string): Test {
  const [, figure = '', operator = '', bound = ''] = /^([a-z]+)([<>=])(\d+)$/.exec(word) ?? [];
  const read = Object.hasOwn(FIGURES, figure) ? FIGURES[figure] : undefined;
  if (read !== undefined) {
    const limit = Number(bound);
    if (operator === '>') return (row) => read(row) > limit;
    return operator === '<' ? (row) => read(row) < limit : (row) => read(row) === limit;
  }
  const colon = word.indexOf(':');
  const key = word.slice(0, Math.max(0, colon));
  const value = word.slice(colon + 1);
  const state = key === 'is' && Object.hasOwn(STATES, value) ? STATES[value] : undefined;
  if (state !== undefined) return state;
  const field = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
  if (field !== undefined && value !== '') return (row) => field(row).toLowerCase().includes(value);
  return (row) =>
    row.name.toLowerCase().includes(word) ||
    row.id.toLowerCase().includes(word) ||
    row.type.toLowerCase().includes(word) ||
    row.module.toLowerCase().includes(word);
}
