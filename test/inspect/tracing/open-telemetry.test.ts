/** Spans of calls, made with a real SDK. */
import { SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/actor/clock.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import type { TracePayload } from '../../../src/codec/payloads.ts';
import { err } from '../../../src/mesh/errors/rpc-error.ts';
import type { HandlerContext } from '../../../src/mesh/handlers/handler.ts';
import { openTelemetry } from '../../../src/inspect/tracing/open-telemetry.ts';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import { startNode, type Node } from '../../../src/node.ts';
import { memoryNetwork } from '../../../src/transport/memory/network.ts';
import { closeAtEnd, contextOf, gate, meshWorld, runtimeOf } from '../../mesh-world.ts';
import { sdk } from './sdk.ts';

const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;
const find = (spans: readonly ReadableSpan[], name: string, kind: SpanKind): ReadableSpan | undefined =>
  spans.find((span) => span.name === name && span.kind === kind);
/** Two clients of one station, which alone does not trace. */
async function scene() {
  const world = meshWorld();
  const station = await world.node({ station: true });
  const caller = await world.client(station);
  const provider = await world.client(station);
  closeAtEnd(world, caller, provider, station);
  const faults: unknown[] = [];
  // not by the option: to import takes real time, and would be too late
  for (const client of [caller, provider])
    contextOf(client).tracer = await openTelemetry((error) => faults.push(error));
  return { world, station, caller, provider, faults };
}

/** In real time, and without a network. */
async function started(options: NodeOptions): Promise<Node> {
  const transport = memoryNetwork({ clock: systemClock, random: seededRandom('tracing') }).transport();
  const node = await startNode({ logLevel: 'silent', listen: '127.0.0.1:1', transport, ...options });
  onTestFinished(() => node.close());
  return node;
}

describe('one trace', () => {
  test('from the application to what the handler calls, through a station that knows no SDK', async () => {
    const spans = sdk();
    const { world, station, caller, provider } = await scene();
    let inside: string | undefined;
    await station.advertise('a.inner', () => 1);
    await world.settle(
      provider.advertise('a.outer', async () => {
        await Promise.resolve();
        inside = trace.getActiveSpan()?.spanContext().spanId;
        return provider.call('a.inner');
      }),
    );
    await trace.getTracer('app').startActiveSpan('app', async (span) => {
      await world.settle(caller.call('a.outer'));
      span.end();
    });
    const all = spans();
    const [app, client, server, inner] = [
      all.find(({ name }) => name === 'app'),
      find(all, 'a.outer', SpanKind.CLIENT),
      find(all, 'a.outer', SpanKind.SERVER),
      find(all, 'a.inner', SpanKind.CLIENT),
    ];
    // the station does not trace: of the inner call there is the caller's side only
    expect(all).toHaveLength(4);
    expect(new Set(all.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect([parentOf(client), parentOf(server), parentOf(inner)]).toEqual([
      idOf(app),
      idOf(client),
      idOf(server),
    ]);
    expect(inside).toBe(idOf(server));
    expect(server?.attributes).toEqual({
      'rpc.system': 'espalier',
      'rpc.method': 'a.outer',
      'espalier.caller': caller.id,
    });
    expect(client?.attributes).toMatchObject({ 'rpc.method': 'a.outer', 'espalier.route': 'direct' });
  });

  test('goes on over a handler without an SDK that passes its trace on', async () => {
    const spans = sdk();
    const { world, station, caller, provider } = await scene();
    await world.settle(provider.advertise('a.last', () => 1));
    await station.advertise('a.middle', (_args, { trace: passed }) =>
      station.call('a.last', {}, passed === undefined ? {} : { trace: passed }),
    );
    await world.settle(caller.call('a.middle'));
    const all = spans();
    expect(all.map(({ name, kind }) => [name, kind])).toEqual([
      ['a.last', SpanKind.SERVER],
      ['a.middle', SpanKind.CLIENT],
    ]);
    expect(parentOf(all[0])).toBe(idOf(all[1]));
    expect(all[0]?.spanContext().traceId).toBe(all[1]?.spanContext().traceId);
  });

  test('begins where the caller says, instead of the span it is in; tracestate travels along', async () => {
    const spans = sdk();
    const { world, caller, provider } = await scene();
    const seen: (TracePayload | undefined)[] = [];
    await world.settle(provider.advertise('a.b', (_args, context) => void seen.push(context.trace)));
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    await trace.getTracer('app').startActiveSpan('app', async (span) => {
      await world.settle(
        caller.call('a.b', {}, { trace: { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'v=1' } }),
      );
      span.end();
    });
    const client = find(spans(), 'a.b', SpanKind.CLIENT);
    const server = find(spans(), 'a.b', SpanKind.SERVER);
    expect([client?.spanContext().traceId, parentOf(client), parentOf(server)]).toEqual([
      traceId,
      spanId,
      idOf(client),
    ]);
    expect(seen).toEqual([{ traceparent: `00-${traceId}-${idOf(server)}-01`, tracestate: 'v=1' }]);
  });

  test('a trace that is not sampled stays so', async () => {
    const spans = sdk();
    const { world, caller, provider } = await scene();
    const seen: (TracePayload | undefined)[] = [];
    await world.settle(provider.advertise('a.b', (_args, context) => void seen.push(context.trace)));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    await world.settle(caller.call('a.b', {}, { trace: { traceparent } }));
    expect(spans()).toEqual([]);
    expect(seen[0]?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(TraceFlags.NONE).toBe(0);
  });

  test('what came is passed on byte by byte where there is no SDK, and where it is no trace', async () => {
    const { world, caller, provider } = await scene();
    const seen: (TracePayload | undefined)[] = [];
    await world.settle(provider.advertise('a.b', (_args, context) => void seen.push(context.trace)));
    const all = [
      {
        traceparent: '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-more',
        tracestate: 'a=b , c=d',
      },
      { traceparent: 'something of a later day' },
    ];
    for (const one of all) await world.settle(caller.call('a.b', {}, { trace: one }));
    await world.settle(caller.call('a.b'));
    expect(seen).toEqual([...all, undefined]);
  });
});

describe('a span', () => {
  test('tells the tag of a failure, and nothing of args, results, reasons or what was thrown', async () => {
    const spans = sdk();
    const { world, caller, provider } = await scene();
    const secret = 'canary-4711';
    await world.settle(provider.advertise('a.err', () => err(secret)));
    await world.settle(
      provider.advertise('a.throw', () => {
        throw new Error(secret);
      }),
    );
    await world.settle(provider.advertise('a.ok', () => secret));
    for (const name of ['a.err', 'a.throw', 'a.ok']) await world.settle(caller.tryCall(name, { secret }));
    await world.settle(caller.tryCall('a.nobody'));
    const told = spans().map(({ name, kind, status, attributes }) => [
      name,
      SpanKind[kind],
      attributes['error.type'],
      status.code === SpanStatusCode.ERROR,
    ]);
    expect(told).toEqual([
      ['a.err', 'SERVER', 'handler_error', true],
      ['a.err', 'CLIENT', 'handler_error', true],
      ['a.throw', 'SERVER', 'handler_crash', true],
      ['a.throw', 'CLIENT', 'handler_crash', true],
      ['a.ok', 'SERVER', undefined, false],
      ['a.ok', 'CLIENT', undefined, false],
      ['a.nobody', 'CLIENT', 'procedure_not_found', true],
    ]);
    for (const { attributes, status, events, name } of spans())
      expect(JSON.stringify([attributes, status, events, name])).not.toContain(secret);
  });

  test('ends with the call of one whose caller gives up, or whose handler is killed', async () => {
    const spans = sdk();
    const { world, caller, provider } = await scene();
    const held = gate();
    const contexts: HandlerContext[] = [];
    await world.settle(
      provider.advertise('a.slow', (_args, context) => {
        contexts.push(context);
        return held.promise;
      }),
    );
    await world.failure(caller.call('a.slow', {}, { timeout: 500 }));
    const controller = new AbortController();
    const canceled = caller.tryCall('a.slow', {}, { signal: controller.signal });
    await world.clock.advance(50);
    controller.abort();
    await world.settle(canceled);
    const killed = caller.tryCall('a.slow');
    await world.clock.advance(50);
    runtimeOf(provider).exit(contexts[2]!.self.pid, 'kill');
    await world.settle(killed);
    await world.clock.advance(50);
    const server = spans().filter(({ kind }) => kind === SpanKind.SERVER);
    expect(server.map(({ attributes }) => attributes['error.type'])).toEqual([
      'timeout',
      'canceled',
      'handler_crash',
    ]);
    const client = spans().filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(client.map(({ attributes }) => attributes['error.type'])).toEqual([
      'timeout',
      'canceled',
      'handler_crash',
    ]);
  });

  test('is told the handler of a procedure that asks who may call, too', async () => {
    const spans = sdk();
    const { world, caller, provider } = await scene();
    await world.settle(provider.advertise('a.b', () => 1, { authorize: () => true }));
    await world.settle(provider.advertise('a.c', () => 1, { authorize: () => false }));
    await world.settle(caller.call('a.b'));
    await world.settle(caller.tryCall('a.c'));
    expect(spans().map(({ name, kind }) => [name, SpanKind[kind]])).toEqual([
      ['a.b', 'SERVER'],
      ['a.b', 'CLIENT'],
      ['a.c', 'CLIENT'],
    ]);
  });
});

describe('tracing', () => {
  test('an SDK that throws is reported, and harms no call', async () => {
    const broken = {
      onStart: () => {
        throw new Error('a broken exporter');
      },
      onEnd: () => undefined,
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    sdk(broken);
    const { world, caller, provider, faults } = await scene();
    await world.settle(provider.advertise('a.b', (_args, context) => context.trace));
    const given = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    expect(await world.settle(caller.call('a.b', {}, { trace: given }))).toEqual(given);
    expect(faults.map(String)).toEqual(['Error: a broken exporter', 'Error: a broken exporter']);
  });

  test('ends each span once, however often it is told to', async () => {
    const ended: string[] = [];
    const api = {
      trace: {
        getTracer: () => ({
          startSpan: (name: string) => ({
            spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
            setAttributes: () => undefined,
            setStatus: () => undefined,
            end: () => ended.push(name),
          }),
        }),
        setSpan: (context: object) => context,
      },
      context: { active: () => ({}), with: (_context: object, work: () => unknown) => work() },
      SpanKind: {},
      SpanStatusCode: {},
    };
    const tracer = await openTelemetry(
      () => undefined,
      () => Promise.resolve(api),
    );
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    contextOf(node).tracer = tracer;
    await node.advertise('a.b', () => 1);
    await world.settle(node.call('a.b'));
    expect(ended).toEqual(['a.b', 'a.b']);
  });

  test('is an option: without it there are no spans', async () => {
    const spans = sdk();
    for (const tracing of [true, false]) {
      const node = await started({ tracing });
      await node.advertise('a.b', () => 1);
      await node.call('a.b');
      await node.close();
    }
    expect(spans().map(({ kind }) => SpanKind[kind])).toEqual(['SERVER', 'CLIENT']);
    await expect(started({ tracing: 'yes' as never })).rejects.toThrow('tracing');
  });

  test('needs its package: without it nothing starts, and the reason says what to install', async () => {
    const absent = openTelemetry(
      () => undefined,
      () => Promise.reject(new Error('not found')),
    );
    await expect(absent).rejects.toThrow('npm install @opentelemetry/api');
    await expect(absent).rejects.toMatchObject({ failure: { tag: 'invalid_args', field: 'tracing' } });
  });
});
