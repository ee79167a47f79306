/**
 * How a distribution without a mesh is started, judged before anything is. Pure.
 *
 * A `TypeError` for a value of the wrong kind and for an option that does not exist, a `RangeError` for a number or a text out of
 * range, as `otp/arguments.ts` has it. The figures are those of a node's option `dist`. A cookie is never shown.
 */
import { isWellFormedText } from '../codec/utf8.ts';
import { isObject, wrongArgument, wrongBound, wrongObject } from '../otp/arguments.ts';
import { ProcessGroups } from '../otp/process-groups.ts';
import { isNodeName } from './node-name.ts';
import type { DistSetup } from './options.ts';

/** Longest cookie and longest name of a scope, characters: those of an atom. */
const LONGEST = 255;

/** Inclusive. Times in ms, sizes in bytes. */
const BOUNDS = {
  tickTime: [100, 2_147_483_647],
  setupTime: [100, 600_000],
  maxPacket: [65_536, 68_157_440],
  busyLimit: [65_536, 1_073_741_824],
} as const;

export type Judge = (value: unknown) => Error | undefined;
/** One for each option. */
export type Rules<Option extends string> = { readonly [Each in Option]: Judge };

const RULES: Rules<keyof DistSetup | 'name' | 'carriers'> = {
  name: (name) => wrongNode('name', name),
  cookie: (cookie) => (typeof cookie === 'function' ? undefined : wrongCookie(cookie)),
  carriers: (carriers) => wrongList('carriers', carriers, 'carriers', isCarrier),
  allowed: (allowed) =>
    typeof allowed === 'function' ? undefined : wrongList('allowed', allowed, 'names of nodes', isName),
  keys: wrongIds,
  exports: (exports) => wrongList('exports', exports, 'names', (one) => typeof one === 'string'),
  functions: wrongFunctions,
  groups: wrongGroups,
  tickTime: (value) => wrongNumber('tickTime', value),
  setupTime: (value) => wrongNumber('setupTime', value),
  maxPacket: (value) => wrongNumber('maxPacket', value),
  busyLimit: (value) => wrongNumber('busyLimit', value),
};

const NEEDED: readonly string[] = ['name', 'cookie', 'carriers'];

/** The error of options that make no sense. What is undefined is left out. */
export const wrongDistribution = (options: unknown): Error | undefined =>
  wrongOptions('options', options, RULES, NEEDED);

/** The same of any options: each is judged by its rule, those that are needed also when they are undefined. */
export function wrongOptions(
  what: string,
  options: unknown,
  rules: Readonly<Record<string, Judge>>,
  needed: readonly string[] = [],
): Error | undefined {
  const wrong = wrongObject(what, 'an object', options);
  if (wrong !== undefined) return wrong;
  const given = options as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(rules, key));
  if (unknown !== undefined) return new TypeError(`${what}: there is no ${unknown}`);
  for (const [key, judge] of Object.entries(rules)) {
    const value = given[key];
    const error = value === undefined && !needed.includes(key) ? undefined : judge(value);
    if (error !== undefined) return error;
  }
  return undefined;
}

/** The error of what cannot be a cookie. */
export function wrongCookie(cookie: unknown, what = 'cookie'): Error | undefined {
  if (typeof cookie !== 'string') return wrongArgument(what, 'a string or a function', cookie);
  if (cookie === '') return new RangeError(`${what} must not be empty`);
  if (cookie.length > LONGEST) return new RangeError(`${what} must have at most ${LONGEST} characters`);
  return isWellFormedText(cookie) ? undefined : new TypeError(`${what} must be well-formed text`);
}

/** The error of what is no name of a node. */
export function wrongNode(what: string, name: unknown): Error | undefined {
  if (typeof name !== 'string') return wrongArgument(what, 'a string', name);
  return isNodeName(name) ? undefined : new RangeError(`${what} must be name@host or port@host`);
}

const isName = (one: unknown): boolean => typeof one === 'string' && isNodeName(one);

const isCarrier = (one: unknown): boolean =>
  isObject(one) &&
  ['isNodeName', 'select', 'setup', 'childSpecs'].every(
    (method) => typeof (one as Readonly<Record<string, unknown>>)[method] === 'function',
  );

/** The error of what is no list of such things. */
export function wrongList(
  what: string,
  list: unknown,
  expected: string,
  accepts: (one: unknown) => boolean,
): Error | undefined {
  if (!Array.isArray(list)) return wrongArgument(what, `an array of ${expected}`, list);
  const at = list.findIndex((one) => !accepts(one));
  return at === -1 ? undefined : wrongArgument(`${what}[${at}]`, `one of the ${expected}`, list[at]);
}

/** The error of what cannot be the keys of nodes. */
export function wrongIds(keys: unknown): Error | undefined {
  if (typeof keys === 'function') return undefined;
  if (!isObject(keys)) return wrongArgument('keys', 'ids by the names of nodes, or a function', keys);
  for (const [node, id] of Object.entries(keys) as [string, unknown][]) {
    const wrong = wrongNode('keys: a name', node);
    if (wrong !== undefined) return wrong;
    if (typeof id !== 'string') return wrongArgument(`keys.${node}`, 'a string', id);
    if (!/^[0-9a-f]{64}$/.test(id)) return new RangeError(`keys.${node} must be 64 lower-case hex digits`);
  }
  return undefined;
}

function wrongFunctions(functions: unknown): Error | undefined {
  if (!isObject(functions)) return wrongArgument('functions', 'functions by module and name', functions);
  for (const [module, members] of Object.entries(functions) as [string, unknown][]) {
    if (!isObject(members)) return wrongArgument(`functions.${module}`, 'functions by name', members);
    for (const [name, run] of Object.entries(members) as [string, unknown][])
      if (typeof run !== 'function') return wrongArgument(`functions.${module}.${name}`, 'a function', run);
  }
  return undefined;
}

function wrongGroups(groups: unknown): Error | undefined {
  if (!isObject(groups)) return wrongArgument('groups', 'process groups by the names of scopes', groups);
  for (const [scope, members] of Object.entries(groups) as [string, unknown][]) {
    if (scope === '' || scope.length > LONGEST)
      return new RangeError(`groups: the name of a scope has 1 to ${LONGEST} characters`);
    if (!(members instanceof ProcessGroups))
      return wrongArgument(`groups.${scope}`, 'ProcessGroups', members);
  }
  return undefined;
}

const wrongNumber = (key: keyof typeof BOUNDS, value: unknown): Error | undefined =>
  wrongWithin(key, BOUNDS[key], value);

/** The error of what is no integer between these, both included. */
export function wrongWithin(
  what: string,
  [least, most]: readonly [number, number],
  value: unknown,
): Error | undefined {
  const wrong = wrongBound(what, least, value);
  if (wrong !== undefined) return wrong;
  return (value as number) > most
    ? new RangeError(`${what} must be at most ${most}, not ${String(value)}`)
    : undefined;
}
