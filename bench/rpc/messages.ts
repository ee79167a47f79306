/**
 * What the bench and the processes of a peer tell each other. JSON.
 */
import type { Phase } from '../harness/load.ts';
import type { Info } from './peer.ts';

/** To a child. */
export type Order =
  | { readonly tag: 'serve' }
  | { readonly tag: 'connect'; readonly info: Info; readonly size: number }
  /** `size`: bytes of a payload. */
  | { readonly tag: 'run'; readonly lanes: number; readonly size: number; readonly phase: Phase }
  /** How much CPU time have you used? */
  | { readonly tag: 'cpu' };

/** From a child. */
export type Word =
  | { readonly tag: 'serving'; readonly info: Info }
  /**
   * Milliseconds from the first line of a user's program after its imports to the first answer, and the same once
   * more in the same process; undefined when that failed.
   */
  | { readonly tag: 'connected'; readonly fresh: number; readonly loaded: number | undefined }
  | { readonly tag: 'cpu'; readonly micros: number }
  /** The counted window begins or ends now. */
  | { readonly tag: 'mark'; readonly at: 'begin' | 'end' }
  | { readonly tag: 'figures'; readonly figures: Figures }
  | { readonly tag: 'failed'; readonly reason: string };

/** What a client measured in one step. */
export interface Figures {
  readonly answered: number;
  readonly perSecond: number;
  /** CPU µs of the client process per call. */
  readonly cpuPerCall: number;
  /** µs; with one call at once only. */
  readonly p50?: number;
  readonly p99?: number;
  readonly failed: number;
  readonly failure?: string | undefined;
  readonly unanswered: number;
  readonly stalled: boolean;
}
