/**
 * What a tracer of calls is to the mesh. Without one a call costs one comparison here, and its trace context is passed
 * on as it is. The one for OpenTelemetry is in `inspect/tracing`.
 *
 * None of its methods may throw.
 */
import type { TracePayload } from '../../codec/payloads.ts';
import type { Outcome } from './call-statistics.ts';

/** One call, as its caller or its handler sees it. Only the first `end` counts. */
export interface CallSpan {
  /** What travels on: to the provider, or to what the handler calls itself. */
  readonly trace: TracePayload | undefined;
  end(outcome: Outcome, facts?: SpanFacts): void;
}

export interface HandlerSpan extends CallSpan {
  /** Runs `work`, and whatever it awaits, inside the span. */
  run<T>(work: () => T): T;
}

/** Known at the end only. */
export interface SpanFacts {
  readonly route: string;
  /** Hex id of the node that served the call. */
  readonly node: string;
}

export interface CallTracer {
  /** A call begins. `parent`: what its caller has named, instead of the span it is in. */
  calling(procedure: string, parent: TracePayload | undefined): CallSpan;
  /** A handler of ours begins. `parent`: what came with the call; `caller`: hex id of the node that asks. */
  handling(procedure: string, parent: TracePayload | undefined, caller: string): HandlerSpan;
}
