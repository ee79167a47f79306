/**
 * What callers give us, judged before anything is sent. Pure; never throws, whatever it is given.
 */
import { encodeCbor, normalizeValue } from '../../codec/cbor.ts';
import { isValueMap, type ValueMap } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { ProcedureLimits } from '../handlers/handler.ts';
import { checkProcedureName, type NameMode } from '../topic/procedure-name.ts';

/** Longest timeout, milliseconds (2^31 - 1). */
export const MAX_TIMEOUT = 2_147_483_647;
/** Seconds an advertisement lives (DESIGN §8, Args). */
export const TTL = { least: 30, most: 86_400, default: 300 } as const;
/** Bytes of encoded metadata that fit a 4 KiB record beside its other fields. */
const METADATA_BYTES = 3_072;

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: RpcFailure };

const invalid = (field: string, detail: string): { readonly ok: false; readonly failure: RpcFailure } => ({
  ok: false,
  failure: { tag: 'invalid_args', field, detail },
});

export function checkName(procedure: unknown, mode: NameMode): Checked<string> {
  const result = checkProcedureName(procedure, mode);
  return result.ok
    ? { ok: true, value: procedure as string }
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
export function checkArgs(args: unknown): Checked<ValueMap> {
  if (args === undefined) return { ok: true, value: EMPTY };
  if (typeof args !== 'object' || args === null) return invalid('args', 'must be a plain object');
  const copy = normalizeValue(args);
  if (!copy.ok) {
    return copy.error.reason === 'instance' && copy.error.path === '$'
      ? invalid('args', 'must be a plain object')
      : {
          ok: false,
          failure: { tag: 'unencodable', path: copy.error.path, detail: `args: ${copy.error.reason}` },
        };
  }
  return isValueMap(copy.value) ? { ok: true, value: copy.value } : invalid('args', 'must be a plain object');
}

const EMPTY: ValueMap = Object.freeze({});

export function checkTimeout(timeout: unknown, fallback: number): Checked<number> {
  if (timeout === undefined) return { ok: true, value: fallback };
  return typeof timeout === 'number' && timeout >= 1 && timeout <= MAX_TIMEOUT
    ? { ok: true, value: timeout }
    : invalid('timeout', `must be 1 … ${MAX_TIMEOUT} milliseconds`);
}

export function checkTtl(ttl: unknown): Checked<number> {
  if (ttl === undefined) return { ok: true, value: TTL.default };
  return typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= TTL.least && ttl <= TTL.most
    ? { ok: true, value: ttl }
    : invalid('ttl', `must be ${TTL.least} … ${TTL.most} whole seconds`);
}

export function checkMetadata(metadata: unknown): Checked<ValueMap> {
  if (metadata === undefined) return { ok: true, value: EMPTY };
  const copy = normalizeValue(metadata);
  if (!copy.ok || !isValueMap(copy.value))
    return invalid('metadata', 'must be a plain object that can be encoded');
  const encoded = encodeCbor(copy.value);
  return encoded.ok && encoded.bytes.length <= METADATA_BYTES
    ? { ok: true, value: copy.value }
    : invalid('metadata', `must encode to at most ${METADATA_BYTES} bytes`);
}

export function checkLimits(limits: ProcedureLimits | undefined): Checked<ProcedureLimits | undefined> {
  if (limits === undefined) return { ok: true, value: undefined };
  const { maxConcurrent = 1, maxQueue = 0 } = limits;
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1)
    return invalid('limits.maxConcurrent', 'must be an integer ≥ 1');
  if (!Number.isInteger(maxQueue) || maxQueue < 0)
    return invalid('limits.maxQueue', 'must be an integer ≥ 0');
  return { ok: true, value: limits };
}
