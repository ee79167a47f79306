/**
 * Calls as spans of OpenTelemetry: one of the kind client where a call is made, one of the kind server where its handler
 * runs. Both are in one trace, whatever is between: the trace context travels in the call itself (TOOLS §10).
 *
 * The package `@opentelemetry/api` is an optional peer, imported when `tracing: true` asks for it and never before. What
 * is done with spans is the business of the SDK that the application has registered; without one nothing is recorded, and
 * the trace context is passed on as it came. A span tells names, route and outcome, never args, results or messages.
 */
import { isText, TRACESTATE_BYTES } from '../../codec/field.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import { RpcError } from '../../mesh/errors/rpc-error.ts';
import type { Outcome } from '../../mesh/events/call-statistics.ts';
import type { CallSpan, CallTracer, HandlerSpan, SpanFacts } from '../../mesh/events/call-tracer.ts';
import type { Api, Context, Span, Tracer } from './api.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

/** A name in a variable: whoever bundles or checks types needs no package that is optional. */
const PACKAGE: string = '@opentelemetry/api';

/**
 * Throws `RpcError` `invalid_args` when the package is not there.
 * @param onFault what the SDK has thrown, which harms no call.
 * @param load gives the package.
 */
export async function openTelemetry(
  onFault: (error: unknown) => void,
  load: () => Promise<unknown> = () => import(PACKAGE),
): Promise<CallTracer> {
  try {
    return new OpenTelemetry((await load()) as Api, onFault);
  } catch (cause) {
    const detail = `needs the package ${PACKAGE}: npm install ${PACKAGE}`;
    throw new RpcError({ tag: 'invalid_args', field: 'tracing', detail }, undefined, { cause });
  }
}

class OpenTelemetry implements CallTracer {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #onFault: (error: unknown) => void;

  constructor(api: Api, onFault: (error: unknown) => void) {
    this.#api = api;
    this.#tracer = api.trace.getTracer('espalier');
    this.#onFault = onFault;
  }

  calling(procedure: string, parent: TracePayload | undefined): CallSpan {
    const { context, SpanKind } = this.#api;
    try {
      const from = parent === undefined ? context.active() : this.#remote(parent);
      const attributes = { 'rpc.system': 'espalier', 'rpc.method': procedure };
      const span = this.#tracer.startSpan(procedure, { kind: SpanKind.CLIENT, attributes }, from);
      return this.#traced(span, parent, from);
    } catch (error) {
      return this.#untraced(parent, error);
    }
  }

  handling(procedure: string, parent: TracePayload | undefined, caller: string): HandlerSpan {
    const { trace, SpanKind } = this.#api;
    try {
      const from = this.#remote(parent);
      const attributes = { 'rpc.system': 'espalier', 'rpc.method': procedure, 'espalier.caller': caller };
      const span = this.#tracer.startSpan(procedure, { kind: SpanKind.SERVER, attributes }, from);
      return this.#traced(span, parent, trace.setSpan(from, span));
    } catch (error) {
      return this.#untraced(parent, error);
    }
  }

  #traced(span: Span, parent: TracePayload | undefined, inside: Context): HandlerSpan {
    let ended = false;
    return {
      trace: this.#traceOf(span, parent),
      run: (work) => this.#api.context.with(inside, work),
      end: (outcome, facts) => {
        if (ended) return;
        ended = true;
        try {
          this.#end(span, outcome, facts);
        } catch (error) {
          this.#onFault(error);
        }
      },
    };
  }

  /** An SDK that throws is reported; the call goes on without it. */
  #untraced(trace: TracePayload | undefined, error: unknown): HandlerSpan {
    this.#onFault(error);
    return { trace, run: (work) => work(), end: () => undefined };
  }

  #end(span: Span, outcome: Outcome, facts: SpanFacts | undefined): void {
    if (facts !== undefined)
      span.setAttributes({ 'espalier.route': facts.route, 'espalier.node': facts.node });
    if (outcome !== 'ok') {
      span.setAttributes({ 'error.type': outcome });
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: outcome });
    }
    span.end();
  }

  /** The context that a call came with, and nothing of where we are. */
  #remote(parent: TracePayload | undefined): Context {
    const { trace, ROOT_CONTEXT, createTraceState } = this.#api;
    const ids = parent === undefined ? undefined : parseTraceparent(parent.traceparent);
    if (parent === undefined || ids === undefined) return ROOT_CONTEXT;
    const { traceId, spanId, flags } = ids;
    const { tracestate } = parent;
    return trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: flags,
      isRemote: true,
      ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
    });
  }

  /** What to pass on: the span, or what came when nobody records here. */
  #traceOf(span: Span, parent: TracePayload | undefined): TracePayload | undefined {
    const { traceId, spanId, traceFlags: flags, traceState } = span.spanContext();
    const traceparent = formatTraceparent({ traceId, spanId, flags });
    if (parseTraceparent(traceparent) === undefined) return parent;
    if (parent !== undefined && parseTraceparent(parent.traceparent)?.spanId === spanId) return parent;
    const tracestate = traceState?.serialize() ?? '';
    return Object.freeze(
      isText(tracestate, TRACESTATE_BYTES) && tracestate !== ''
        ? { traceparent, tracestate }
        : { traceparent },
    );
  }
}
