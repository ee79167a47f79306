/**
 * What users hand to the functions of this folder, judged where they hand it over: an argument that was forgotten is
 * named there and then, not by a property that cannot be read somewhere inside. Pure.
 *
 * The rule: a `TypeError` for a value of the wrong kind, a `RangeError` for a number out of range; a duration that makes
 * no sense is a `RangeError` whatever it is (`durations.ts`).
 */
import { Process } from '../actor/process.ts';
import { Runtime } from '../actor/runtime.ts';

/** Whether a value has properties that can be read. */
export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Says which argument is wrong, what it must be, and what it is. */
export function wrongArgument(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, not ${shown(value)}`);
}

/**
 * The error of a bound: a `TypeError` for what is no number, a `RangeError` for a number out of range.
 * @param kind whether Infinity and fractions will do.
 */
export function wrongBound(
  name: string,
  least: number,
  value: unknown,
  kind: 'integer' | 'number' = 'integer',
): TypeError | RangeError | undefined {
  const expected = `${kind === 'integer' ? 'an integer' : 'a number'} ≥ ${least}`;
  if (typeof value !== 'number') return wrongArgument(name, expected, value);
  if (value >= least && (kind === 'number' || Number.isInteger(value))) return undefined;
  return new RangeError(`${name} must be ${expected}, not ${value}`);
}

function shown(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number') return String(value);
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

/** The error when `value` is no runtime. */
export const wrongRuntime = (value: unknown): TypeError | undefined =>
  value instanceof Runtime ? undefined : wrongArgument('runtime', 'a Runtime (createRuntime())', value);

/** The error when `value` is no process of this program: only those have children and monitors. */
export const wrongSelf = (name: string, value: unknown): TypeError | undefined =>
  value instanceof Process ? undefined : wrongArgument(name, 'the process itself (Self)', value);

/** The error when `value` cannot be a definition or a record of options. */
export const wrongObject = (name: string, expected: string, value: unknown): TypeError | undefined =>
  isObject(value) ? undefined : wrongArgument(name, expected, value);

/** The error when `value` is no signal that can be listened to. */
export const wrongSignal = (name: string, value: unknown): TypeError | undefined =>
  isObject(value) && 'aborted' in value && 'addEventListener' in value
    ? undefined
    : wrongArgument(name, 'an AbortSignal', value);

/** The error when `value` is neither a boolean nor left out: what is not `true` would mean false, and say nothing. */
export const wrongBoolean = (name: string, value: unknown): TypeError | undefined =>
  value === undefined || typeof value === 'boolean' ? undefined : wrongArgument(name, 'true or false', value);

/** The error when `value` cannot be called. */
export const wrongFunction = (name: string, value: unknown): TypeError | undefined =>
  typeof value === 'function' ? undefined : wrongArgument(name, 'a function', value);

/** The error when `value` is not what a supervisor is started with: a specification, or what gives one. */
export const wrongInit = (name: string, value: unknown): TypeError | undefined =>
  isObject(value) || typeof value === 'function'
    ? undefined
    : wrongArgument(name, 'a specification, or a function that gives one', value);

/** Throws what one of the functions above found. */
export function refuse(wrong: Error | undefined): void {
  if (wrong !== undefined) throw wrong;
}
