/**
 * What the views of a node or client may read.
 */
import type { DistParts } from '../../dist/make.ts';
import type { MeshContext } from '../../mesh/context.ts';

export interface ViewSource {
  readonly context: MeshContext;
  /** Undefined: it has no distribution. */
  readonly dist?: DistParts | undefined;
  /** What is known of calls, by procedure; undefined: nobody counts them. */
  readonly calls?: (() => Iterable<CallSummary>) | undefined;
  /** Rows of each list at most. Default 200. */
  readonly rows?: number | undefined;
}

/** What is known of the calls of one procedure. */
export interface CallSummary {
  readonly procedure: string;
  /** That have ended. */
  readonly calls: number;
  /** Milliseconds; absent: not known. */
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
  /** How many, by `ok` or the tag of a failure, and by where the provider was found. */
  readonly outcomes?: Readonly<Partial<Record<string, number>>> | undefined;
  readonly routes?: Readonly<Partial<Record<string, number>>> | undefined;
}

/** Rows of a list when nothing is said. */
const ROWS = 200;

export const rowsOf = ({ rows = ROWS }: ViewSource): number => rows;
