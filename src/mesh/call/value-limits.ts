/**
 * How large and deep args, results and reasons may be, so that what works locally works remotely. Pure.
 */
import { normalizeValue } from '../../codec/cbor.ts';
import { DEFAULT_LIMITS, type CborLimits } from '../../codec/limits.ts';
import type { Unencodable } from '../../codec/normalize.ts';
import type { Value } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

/** Data items that a frame's own fields take at most, with room for a few new ones. */
const ENVELOPE_ITEMS = 64;

/** @param levels containers around the value in its frame. */
const within = (maxBody: number, levels: number): CborLimits => ({
  ...DEFAULT_LIMITS,
  depth: DEFAULT_LIMITS.depth - levels,
  items: DEFAULT_LIMITS.items - ENVELOPE_ITEMS,
  bytes: maxBody,
});

/** Args and results lie directly in their frame. */
export const valueLimits = (maxBody: number): CborLimits => within(maxBody, 1);

/** A declared reason lies in `error.details.reason`. */
export const reasonLimits = (maxBody: number): CborLimits => within(maxBody, 3);

export type Copied =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: RpcFailure };

/** A frozen copy as the other side would see it, or the failure that says why there is none. */
export function copied(value: unknown, limits: CborLimits, what: string): Copied {
  const copy = normalizeValue(value, limits);
  return copy.ok ? copy : { ok: false, failure: uncopied(copy.error, limits, what) };
}

export const uncopied = (error: Unencodable, limits: CborLimits, what: string): RpcFailure =>
  error.reason === 'size'
    ? { tag: 'frame_too_large', limit: limits.bytes }
    : { tag: 'unencodable', path: error.path, detail: `${what}: ${error.reason}` };
