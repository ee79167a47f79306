/**
 * What callers give us, judged before anything is sent. Never throws, whatever it is given: getters and proxies
 * that do are the caller's mistake too. Pure but for those.
 */
import { encodeCbor } from '../../codec/cbor.ts';
import { DEFAULT_LIMITS, type CborLimits } from '../../codec/limits.ts';
import { isText, RECORD_ITEMS } from '../../codec/field.ts';
import { isValueMap, type ValueMap } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { ProcedureLimits } from '../handlers/handler.ts';
import { checkProcedureName, type NameMode } from '../topic/procedure-name.ts';
import { copied } from '../call/value-limits.ts';

/** Longest timeout, milliseconds (2^31 - 1). */
export const MAX_TIMEOUT = 2_147_483_647;
/** Milliseconds a call has when it does not say. */
export const CALL_TIMEOUT = 5_000;
/** Seconds an advertisement lives (DESIGN §8, Args). */
const TTL = { least: 30, most: 86_400, default: 300 } as const;
/** Bytes and data items of encoded metadata, and bytes of a description, that fit a record beside its other fields. */
const METADATA_BYTES = 3_072;
const METADATA_ITEMS = RECORD_ITEMS - 64;
const DESCRIPTION_BYTES = 512;
/** It lies in the record. */
const METADATA_LIMITS: CborLimits = {
  ...DEFAULT_LIMITS,
  depth: DEFAULT_LIMITS.depth - 1,
  items: METADATA_ITEMS,
  bytes: METADATA_BYTES,
};

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: RpcFailure };

const ok = <T>(value: T): Checked<T> => ({ ok: true, value });

export const invalid = (
  field: string,
  detail: string,
): { readonly ok: false; readonly failure: RpcFailure } => ({
  ok: false,
  failure: { tag: 'invalid_args', field, detail },
});

/** Refuses the first own option with a name that is not `known`; undefined is absent. Allocates nothing. */
export function unknownOption(
  options: object,
  known: ReadonlySet<string>,
  within = '',
): ReturnType<typeof invalid> | undefined {
  for (const name in options) {
    if (known.has(name) || !Object.hasOwn(options, name)) continue;
    if ((options as Record<string, unknown>)[name] !== undefined) {
      return invalid(`${within}${name}`, 'is not an option');
    }
  }
  return undefined;
}

/** Runs a check of values that belong to somebody else. */
export function guarded<T>(field: string, check: () => Checked<T>): Checked<T> {
  try {
    return check();
  } catch {
    return invalid(field, 'cannot be read');
  }
}

export function checkName(procedure: unknown, mode: NameMode): Checked<string> {
  const result = checkProcedureName(procedure, mode);
  return result.ok
    ? ok(procedure as string)
    : invalid('procedure', NAME_HINTS[result.error.reason] ?? result.error.reason);
}

const NAME_HINTS: Readonly<Record<string, string>> = {
  not_a_string: 'must be a string',
  too_long: 'is longer than 255 bytes',
  reserved: 'names that begin with _ are reserved',
  dotted_refused: 'dotted names are refused here (names: canonical)',
  grammar: 'must be 2 to 10 segments [a-z0-9][a-z0-9_]* joined by dots, or realm/org/app/domain/name_vN',
};

/** A plain object; omitted is `{}`. The result is a frozen copy. */
export function checkArgs(args: unknown, limits: CborLimits = DEFAULT_LIMITS): Checked<ValueMap> {
  if (args === undefined) return ok(EMPTY);
  if (typeof args !== 'object' || args === null) return NOT_PLAIN;
  const copy = copied(args, limits, 'args');
  if (copy.ok) return isValueMap(copy.value) ? ok(copy.value) : NOT_PLAIN;
  const { failure } = copy;
  return failure.tag === 'unencodable' && failure.path === '$' && failure.detail === 'args: instance'
    ? NOT_PLAIN
    : copy;
}

const EMPTY: ValueMap = Object.freeze({});
const NOT_PLAIN = invalid('args', 'must be a plain object');

export function checkTimeout(timeout: unknown, fallback: number): Checked<number> {
  if (timeout === undefined) return ok(fallback);
  return typeof timeout === 'number' && timeout >= 1 && timeout <= MAX_TIMEOUT
    ? ok(timeout)
    : invalid('timeout', `must be 1 … ${MAX_TIMEOUT} milliseconds`);
}

/** A real `AbortSignal`: whatever only looks like one throws when it is asked. */
export const isSignal = (value: unknown): value is AbortSignal => {
  try {
    return (
      value instanceof AbortSignal &&
      typeof Reflect.get(AbortSignal.prototype, 'aborted', value) === 'boolean'
    );
  } catch {
    return false;
  }
};

/** How long somebody is ready to wait. */
export interface Waiting {
  readonly timeout: number;
  /** Whether `timeout` was said, not the default. */
  readonly said: boolean;
  readonly signal: AbortSignal | undefined;
}

/** `{ timeout, signal }` among the options of anything asynchronous. */
export function checkWaiting(options: unknown, fallback: number): Checked<Waiting> {
  return guarded('options', () => {
    if (options === undefined) return ok({ timeout: fallback, said: false, signal: undefined });
    if (typeof options !== 'object' || options === null) return invalid('options', 'must be an object');
    const { timeout: wanted, signal } = options as Record<string, unknown>;
    const timeout = checkTimeout(wanted, fallback);
    if (!timeout.ok) return timeout;
    if (signal !== undefined && !isSignal(signal)) return invalid('signal', 'must be an AbortSignal');
    return ok({ timeout: timeout.value, said: wanted !== undefined, signal });
  });
}

export function checkTtl(ttl: unknown): Checked<number> {
  if (ttl === undefined) return ok(TTL.default);
  return typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= TTL.least && ttl <= TTL.most
    ? ok(ttl)
    : invalid('ttl', `must be ${TTL.least} … ${TTL.most} whole seconds`);
}

export function checkMetadata(metadata: unknown): Checked<ValueMap> {
  if (metadata === undefined) return ok(EMPTY);
  const copy = copied(metadata, METADATA_LIMITS, 'metadata');
  if (!copy.ok && copy.failure.tag === 'unencodable') {
    const { detail } = copy.failure;
    return invalid('metadata', detail === 'metadata: items' ? TOO_MUCH : detail);
  }
  if (copy.ok && !isValueMap(copy.value)) return invalid('metadata', 'must be a plain object');
  const encoded = copy.ok ? encodeCbor(copy.value) : undefined;
  return encoded?.ok === true && encoded.bytes.length <= METADATA_BYTES
    ? ok((copy as { readonly value: ValueMap }).value)
    : invalid('metadata', TOO_MUCH);
}

const TOO_MUCH = `must encode to at most ${METADATA_BYTES} bytes and ${METADATA_ITEMS} data items`;

export function checkDescription(description: unknown): Checked<string | undefined> {
  return description === undefined ||
    (isText(description as never, DESCRIPTION_BYTES) && isWellFormed(description))
    ? ok(description as string | undefined)
    : invalid('description', `must be a string of at most ${DESCRIPTION_BYTES} bytes`);
}

const LIMITS: ReadonlySet<string> = new Set<keyof ProcedureLimits>(['maxConcurrent', 'maxQueue']);

export function checkLimits(limits: unknown): Checked<ProcedureLimits | undefined> {
  if (limits === undefined) return ok(undefined);
  return guarded('limits', () => {
    if (typeof limits !== 'object' || limits === null) return invalid('limits', 'must be an object');
    const unknown = unknownOption(limits, LIMITS, 'limits.');
    if (unknown !== undefined) return unknown;
    const { maxConcurrent, maxQueue } = limits as Record<string, unknown>;
    if (maxConcurrent !== undefined && !isCount(maxConcurrent, 1)) {
      return invalid('limits.maxConcurrent', 'must be an integer ≥ 1');
    }
    if (maxQueue !== undefined && !isCount(maxQueue, 0)) {
      return invalid('limits.maxQueue', 'must be an integer ≥ 0');
    }
    return ok({
      ...(maxConcurrent === undefined ? {} : { maxConcurrent }),
      ...(maxQueue === undefined ? {} : { maxQueue }),
    });
  });
}

const isCount = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;

/** `String.prototype.isWellFormed`, which our TypeScript library level does not know yet. */
export const isWellFormed = (text: unknown): boolean => (text as { isWellFormed(): boolean }).isWellFormed();
