/**
 * What is used of the package `@opentelemetry/api`, 1.x, described by its shape: it is an optional peer, so nobody needs it to read our
 * types.
 */

/** Opaque: made and read by the package. */
export type Context = object;

interface TraceState {
  serialize(): string;
}

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean;
  readonly traceState?: TraceState;
}

export interface Span {
  spanContext(): SpanContext;
  setAttributes(attributes: Readonly<Record<string, string>>): unknown;
  setStatus(status: { readonly code: number; readonly message: string }): unknown;
  end(): void;
}

interface SpanOptions {
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Tracer {
  startSpan(name: string, options: SpanOptions, context: Context): Span;
}

export interface Api {
  readonly trace: {
    getTracer(name: string): Tracer;
    setSpan(context: Context, span: Span): Context;
    setSpanContext(context: Context, spanContext: SpanContext): Context;
  };
  readonly context: {
    active(): Context;
    with<T>(context: Context, work: () => T): T;
  };
  readonly ROOT_CONTEXT: Context;
  readonly SpanKind: { readonly CLIENT: number; readonly SERVER: number };
  readonly SpanStatusCode: { readonly ERROR: number };
  createTraceState(tracestate: string): TraceState;
}
