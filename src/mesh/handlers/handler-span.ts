/**
 * The span of an invocation: it begins with the handler, and ends with the handler or with its process, whichever is first.
 *
 * Only while calls are traced.
 */
import { isShutdown } from '../../actor/exit-reason.ts';
import type { Process } from '../../actor/process.ts';
import type { Outcome } from '../events/call-statistics.ts';
import type { CallTracer, HandlerSpan } from '../events/call-tracer.ts';
import type { RpcCall } from '../router/rpc-call.ts';

const spans = new WeakMap<Process, HandlerSpan>();

export function openSpan(tracer: CallTracer, process: Process, call: RpcCall): HandlerSpan {
  const span = tracer.handling(call.procedure, call.trace, call.caller.nodeId);
  spans.set(process, span);
  // whose caller gave up, or who is killed, comes to no end of its own
  process.runtime.onExit(process, (reason) => {
    span.end(outcomeOf(reason));
  });
  return span;
}

/** The handler is done. */
export function endSpan(process: Process, outcome: Outcome): void {
  spans.get(process)?.end(outcome);
}

/** An invocation that was given up ends with `{ shutdown: why }`. */
function outcomeOf(reason: unknown): Outcome {
  const why = isShutdown(reason) ? reason.shutdown : undefined;
  if (why === 'timeout' || why === 'canceled') return why;
  return reason === 'killed' ? 'handler_crash' : 'connection_error';
}
