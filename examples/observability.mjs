/**
 * What a service tells its operators: spans of calls for OpenTelemetry, and metrics for Prometheus.
 *
 *   npm install @opentelemetry/api @opentelemetry/sdk-trace-base @opentelemetry/context-async-hooks
 *   npm install parse-prometheus-text-format
 *   node examples/observability.mjs
 *
 * A shop asks a warehouse, through a station that traces nothing; both sides are one trace all the same, for the trace
 * context travels in the call. Here spans are kept and printed; a real application exports them.
 */
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { connect, err, startNode } from 'espalier';

// the SDK first, as in any application with OpenTelemetry
const kept = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(kept)] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const station = await startNode({ listen: '127.0.0.1:0', inspector: true });
const warehouse = await connect(station.url, { tracing: true });
const shop = await connect(station.url, { tracing: true });

await warehouse.advertise('stock.reserve', ({ item, count }) => {
  // a span of the application's own, inside that of the call
  return trace.getTracer('warehouse').startActiveSpan('look at the shelf', (span) => {
    span.end();
    return count > 10 ? err('not_enough') : { item, reserved: count };
  });
});

await trace.getTracer('shop').startActiveSpan('an order', async (span) => {
  await shop.call('stock.reserve', { item: 'hammer', count: 2 });
  await shop.tryCall('stock.reserve', { item: 'hammer', count: 99 });
  span.end();
});

const spans = kept.getFinishedSpans();
const print = (parent, indent) => {
  for (const span of spans.filter((one) => one.parentSpanContext?.spanId === parent)) {
    const failed = span.attributes['error.type'];
    console.log(
      `${indent}${span.name} (${SpanKind[span.kind].toLowerCase()}${failed === undefined ? '' : `, ${failed}`})`,
    );
    print(span.spanContext().spanId, `${indent}  `);
  }
};
console.log(`traces: ${new Set(spans.map((span) => span.spanContext().traceId)).size}`);
print(undefined, '');

// as Prometheus would: the token of the inspector is the bearer
const { address, token } = station.inspector;
const answer = await fetch(`${address}/metrics`, { headers: { Authorization: `Bearer ${token}` } });
const families = parsePrometheusTextFormat(await answer.text());
console.log(`scraped: ${answer.status}, ${answer.headers.get('content-type')}`);
for (const { labels, value } of families.find(({ name }) => name === 'espalier_rpc_calls_total').metrics)
  console.log(`${labels.procedure} ${labels.outcome}: ${value}`);

await shop.disconnect();
await warehouse.disconnect();
await station.close();
await provider.shutdown();
