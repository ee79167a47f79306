/**
 * What the bench and its processes tell each other. JSON.
 */
import type { NetworkPlan } from './plan.ts';

/** In this order. `quarter` and `half`: looked up after so many of all nodes have died silently. */
export type StepName = 'build' | 'announce' | 'lookUp' | 'quarter' | 'half';

/** A network to build, by whom, and what to do with it. */
export interface Order extends NetworkPlan {
  readonly tag: 'network';
  readonly contender: string;
  readonly seed: number;
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
