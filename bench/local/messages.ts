/**
 * What the bench and its process tell each other. JSON.
 */
export interface Round {
  /** Milliseconds before counting, of each contender. */
  readonly warm: number;
  /** Milliseconds counted, of each contender. */
  readonly window: number;
}

export interface Order {
  readonly contenders: readonly string[];
  readonly round: Round;
}

/** µs per call. */
export interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

export type Word =
  | { readonly tag: 'costs'; readonly costs: Readonly<Record<string, Cost>> }
  | { readonly tag: 'failed'; readonly reason: string };
