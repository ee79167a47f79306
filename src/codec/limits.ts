/**
 * How large and how deep a CBOR value may be. The same figures bound what is read and what is written.
 *
 * Pure. Source: SECURITY §6.2 (defaults) and §8 (the encoder obeys the decoder's limits).
 */

export interface CborLimits {
  /** Nesting of arrays and maps, inclusive; a scalar has depth 0. At most `MAX_DEPTH`. */
  readonly depth: number;
  /** Data items in all, inclusive: scalars, containers and map keys alike. */
  readonly items: number;
  /** Pairs in one map, inclusive. */
  readonly pairs: number;
  /** Bytes of one text or byte string (reading), of the whole encoding (writing), inclusive. */
  readonly bytes: number;
  /** Refuse integers and lengths that are not in their shortest form: signed records only. */
  readonly canonical: boolean;
}

/** The deepest nesting any limit may ask for: the scan's stack has a fixed size and cbor-x recurses. */
export const MAX_DEPTH = 64;

/** The frame cap of an rpc stream, 1 MiB (DESIGN §8 "Sizes"). */
export const RPC_FRAME_CAP = 1_048_576;

/** The frame cap of the control and dht streams, 64 KiB (DESIGN §8 "Sizes"). */
export const CONTROL_FRAME_CAP = 65_536;

export const DEFAULT_LIMITS: CborLimits = {
  depth: 32,
  items: 65_536,
  pairs: 4_096,
  bytes: RPC_FRAME_CAP,
  canonical: false,
};

/** Limits for signed records: the same figures, shortest forms only. */
export const CANONICAL_LIMITS: CborLimits = { ...DEFAULT_LIMITS, canonical: true };
