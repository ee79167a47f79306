/**
 * How large and how deep a term may be; the same figures bound what is read and what is written. Pure.
 * Source: DESIGN §8 "ETF"; SECURITY §13.
 */
export interface EtfLimits {
  /** Nesting, inclusive; an atom has depth 0. */
  readonly depth: number;
  /** Terms in one term, itself and the keys of maps included, inclusive. A byte of a string counts nothing. */
  readonly elements: number;
  /** Bytes of one integer, inclusive: 65,536 are 157,826 digits. */
  readonly integer: number;
  /** Bytes that a compressed term may say it has, inclusive. */
  readonly inflated: number;
}

export const ETF_LIMITS: EtfLimits = {
  depth: 64,
  elements: 1_000_000,
  integer: 65_536,
  inflated: 16_777_216,
};

/** Which rule a term breaks. */
export type EtfRule =
  /** More is announced than there is. */
  | 'truncated'
  /** Bytes behind the term. */
  | 'trailing'
  /** Not version 131. */
  | 'version'
  /** An unknown tag. */
  | 'tag'
  | 'depth'
  | 'elements'
  | 'integer'
  /** A float that is no number. */
  | 'float'
  | 'atom'
  | 'utf8'
  /** A bit string, a fun, a reference whose fields contradict each other. */
  | 'malformed'
  | 'compressed';
