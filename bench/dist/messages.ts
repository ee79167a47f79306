/**
 * What the bench and its processes tell each other. JSON.
 */
import type { Phase } from '../harness/load.ts';

/** To a node of ours among Erlang's. */
export type NodeOrder =
  | { readonly tag: 'start'; readonly name: string; readonly epmd: number }
  /** Calls of the server of another node. */
  | {
      readonly tag: 'run';
      readonly node: string;
      readonly lanes: number;
      readonly size: number;
      readonly phase: Phase;
    };

export type NodeWord =
  | { readonly tag: 'started' }
  | {
      readonly tag: 'ran';
      readonly perSecond: number;
      readonly failed: number;
      readonly failure: string | undefined;
    }
  | { readonly tag: 'failed'; readonly reason: string };

/** To the process of the codecs, which does everything with each of them, in that order. */
export interface CodecOrder {
  readonly codecs: readonly string[];
  /** Milliseconds before counting, and counted. */
  readonly warm: number;
  readonly window: number;
}

export type CodecWord =
  /** Thousands per second of CPU time, by codec and what was done. */
  | { readonly tag: 'rates'; readonly rates: Readonly<Record<string, Readonly<Record<string, number>>>> }
  | { readonly tag: 'failed'; readonly reason: string };
