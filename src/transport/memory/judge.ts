/**
 * What a test gives to the test kit, judged at the call: a fault that silently is none lets a test pass for the
 * wrong reason.
 *
 * Pure. A check throws `RangeError`, the same for a wrong name, type or range: which option, what it must be, what
 * was given. As an option, undefined is as good as absent. Units: ms, bytes, probabilities 0 … 1.
 */
import { isIP } from 'node:net';

import { MAX_DELAY, type Clock } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
import { MAX_PORT, isPort } from '../address.ts';
import type { PhysicalAddress } from '../transport.ts';
import type { Delay, RawFaults, Reordering } from './route.ts';

/** Throws when `value` is not what the option `name` must be; `name` is its whole path, '' for the options object. */
export type Check = (name: string, value: unknown) => void;

/** Longest text of a caller that an error repeats. */
const SHOWN = 40;

export function refuse(name: string, must: string, value: unknown): never {
  throw new RangeError(`${name} must be ${must}, not ${shown(value)}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** A number, both ends included; `unit` is for people. */
export const between =
  (least: number, most: number, unit: string = ''): Check =>
  (name, value) => {
    if (!(typeof value === 'number' && value >= least && value <= most))
      refuse(name, `${least} to ${most}${unit}`, value);
  };

/** Undefined too, where it takes a fault away. */
export const optional =
  (check: Check): Check =>
  (name, value) => {
    if (value !== undefined) check(name, value);
  };

/** One of these values. */
export const oneOf =
  (...values: readonly (string | boolean)[]): Check =>
  (name, value) => {
    if (!values.some((one) => one === value)) refuse(name, values.map(shown).join(' or '), value);
  };

/** An object with these fields, no others; those of `required` are there. */
export const fields =
  <T>(
    checks: Readonly<Record<keyof T & string, Check>>,
    required: readonly (keyof T & string)[] = [],
  ): Check =>
  (name, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      refuse(name === '' ? 'options' : name, 'an object', value);
    const path = (field: string): string => (name === '' ? field : `${name}.${field}`);
    const given = value as Readonly<Record<string, unknown>>;
    for (const field of Object.keys(given)) {
      if (given[field] === undefined || Object.hasOwn(checks, field)) continue;
      throw new RangeError(`${path(field)} is not an option; there are ${Object.keys(checks).join(', ')}`);
    }
    for (const [field, check] of Object.entries<Check>(checks)) {
      const one = given[field];
      if (one !== undefined || required.some((must) => must === field)) check(path(field), one);
    }
  };

/** What answers to these methods: a clock, a source of chance. */
const able =
  <T>(what: string, methods: readonly (keyof T & string)[]): Check =>
  (name, value) => {
    const given = value as Partial<Record<string, unknown>> | null | undefined;
    if (methods.some((method) => typeof given?.[method] !== 'function')) refuse(name, what, value);
  };

export const share: Check = between(0, 1);
export const ms: Check = between(0, MAX_DELAY, ' ms');
/** Bytes per second, or how many bytes: nothing a test does is more than a double counts. */
export const bytesPerSecond: Check = between(1, Number.MAX_SAFE_INTEGER, ' bytes per second');
export const bytes: Check = between(0, Number.MAX_SAFE_INTEGER, ' bytes');
export const yesOrNo: Check = oneOf(true, false);

export const clock: Check = able<Clock>('a Clock, as virtualClock() makes', [
  'now',
  'wall',
  'setTimer',
  'clear',
  'hold',
  'soon',
  'later',
]);
export const random: Check = able<Random>('a Random, as seededRandom(seed) makes', [
  'u32',
  'float',
  'bytes',
  'fork',
]);

export const callback: Check = (name, value) => {
  if (typeof value !== 'function') refuse(name, 'a function', value);
};

const numeric: Check = (name, value) => {
  if (typeof value !== 'string' || isIP(value) === 0) refuse(name, 'a numeric address', value);
};

/** A machine's own address: the wildcards are no machine's, so that nothing between them would ever happen. */
export const host: Check = (name, value) => {
  if (value === '0.0.0.0' || value === '::') refuse(name, 'the address of one host', value);
  numeric(name, value);
};

/** One host at least: nothing is cut off from nobody. */
export const hosts: Check = (name, value) => {
  if (!Array.isArray(value) || value.length === 0) refuse(name, 'a list of hosts, one at least', value);
  for (const [at, one] of value.entries()) host(`${name}[${at}]`, one);
};

const port: Check = (name, value) => {
  if (typeof value !== 'number' || !isPort(value)) refuse(name, `a port, 1 to ${MAX_PORT}`, value);
};

const anyPort: Check = (name, value) => {
  if (value !== 0 && (typeof value !== 'number' || !isPort(value)))
    refuse(name, `a port, 1 to ${MAX_PORT}, or 0 for a free one`, value);
};

/** Where datagrams can be sent. */
export const destination: Check = fields<PhysicalAddress>({ host: numeric, port }, ['host', 'port']);
/** Where a socket can be bound. */
export const place: Check = fields<PhysicalAddress>({ host: numeric, port: anyPort }, ['host', 'port']);

export const rawFaults: Check = fields<RawFaults>({ loss: share, duplicate: share, reorder: share });
export const reordering: Check = fields<Reordering>({ share, window: ms }, ['share', 'window']);

const uniform = fields<Extract<Delay, { min: number }>>({ min: ms, max: ms }, ['min', 'max']);
const jittered = fields<Extract<Delay, { base: number }>>({ base: ms, jitter: ms }, ['base', 'jitter']);

export const delay: Check = (name, value) => {
  if (typeof value === 'function') return;
  if (typeof value === 'number') {
    ms(name, value);
  } else if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(name, 'ms, { min, max }, { base, jitter } or a function', value);
  } else if ('base' in value || 'jitter' in value) {
    jittered(name, value);
  } else {
    uniform(name, value);
    const { min, max } = value as Extract<Delay, { min: number }>;
    if (max < min) refuse(`${name}.max`, `at least ${name}.min (${min})`, max);
  }
};
