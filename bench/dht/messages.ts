/**
 * What the bench and its processes tell each other. JSON.
 */

/** In this order. `quarter` and `half`: looked up after so many of all nodes have died silently. */
export type StepName = 'build' | 'announce' | 'lookUp' | 'quarter' | 'half';

/** A network to build and what to do with it. */
export interface Order {
  readonly tag: 'network';
  readonly contender: string;
  /** Nodes. */
  readonly size: number;
  readonly seed: number;
  /** Milliseconds to warm up, before announcing and before looking up. */
  readonly warm: number;
  /** Milliseconds at most until those that keep connections have them. */
  readonly connect: number;
  /** Records that are announced. */
  readonly keys: number;
  /** Lookups whose times count, of whole nodes and of those with deaths. */
  readonly lookups: number;
  readonly churnLookups: number;
  /** Lookups after deaths in all, for the share that succeeds; the first of them are those whose times count. */
  readonly churnTries: number;
}

/** The rules without network: times per operation. */
export interface TableOrder {
  readonly tag: 'table';
  /** Whether kademlia-routing-table is there. */
  readonly peer: boolean;
  /** Milliseconds counted, of each figure, after as many to warm up. */
  readonly window: number;
}

/** By name, with its unit. */
export type Figures = Readonly<Record<string, number>>;

export type Word =
  | { readonly tag: 'step'; readonly step: StepName; readonly figures: Figures }
  | { readonly tag: 'table'; readonly figures: Figures }
  | { readonly tag: 'over' }
  | { readonly tag: 'failed'; readonly reason: string };
