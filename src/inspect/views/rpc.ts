/**
 * The view `rpc`: procedures that are served here or were called, who serves them, and how calls went.
 *
 * Procedures that were called come first, in the order in which they are counted.
 */
import type { Process } from '../../actor/process.ts';
import { shared, type MeshContext } from '../../mesh/context.ts';
import type { Provider, ServiceTable } from '../../mesh/registry/service-table.ts';
import {
  counted,
  fine,
  listed,
  ms,
  nodeId,
  RESTARTING,
  text,
  within,
  type NodeId,
  type Rows,
  type Section,
} from './plain.ts';
import { rowsOf, type CallSummary, type ViewSource } from './source.ts';

export interface RpcView {
  readonly procedures: Section<Rows<ProcedureRow>>;
  /** Hits of all that asked the cache of providers since the start, 0 to 1; 0 when nobody did. */
  readonly cacheHitRatio: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly calls: CallTotals;
}

export interface CallTotals {
  /** Begun through the API here, and not over. */
  readonly open: number;
  /** Frames of calls to peers and from peers since the start. */
  readonly out: number;
  readonly in: number;
  /** Replies to nobody, and calls that came twice. */
  readonly lateReplies: number;
  readonly duplicates: number;
}

export interface ProcedureRow {
  readonly procedure: string;
  /** Those at this node, connected clients included. */
  readonly here: Rows<HereRow>;
  /** Providers elsewhere that the cache knows; null: it knows nothing of this name. */
  readonly elsewhere: number | null;
  /** Null: it was not called, or nobody counts. */
  readonly called: CalledFigures | null;
}

/** Since the start. */
export interface CalledFigures {
  readonly calls: number;
  /** ms; null: not known. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** By `ok` or the tag of a failure, and by where the provider was found. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly routes: Readonly<Record<string, number>>;
}

export interface HereRow {
  readonly kind: 'handler' | 'client';
  /** This node, or the client that is connected to it. */
  readonly node: NodeId;
  readonly exclusive: boolean;
  /** ms that its record lives without being repeated. */
  readonly ttl: number;
  /** Ms since 1970. */
  readonly advertisedAt: number;
  /** Calls given to it that are not settled. */
  readonly inFlight: number;
  /** A handler's; null: a client's, or its process is being restarted. */
  readonly load: HandlerLoad | null;
}

export interface HandlerLoad {
  /** Its process. */
  readonly actor: string;
  readonly running: number;
  readonly waiting: number;
  readonly served: number;
  readonly crashed: number;
  readonly refused: number;
  /** Null: without bound. */
  readonly maxConcurrent: number | null;
  readonly maxQueue: number | null;
}

export function rpcView(source: ViewSource): RpcView {
  const { context } = source;
  const { cacheHitRatio, hits, misses } = context.discovery.cache.stats();
  const { callsOut, callsIn, lateReplies, duplicateCalls } = context.counters;
  const table = shared(context, 'serviceRegistry');
  return {
    procedures: table === undefined ? RESTARTING : proceduresOf(source, table),
    cacheHitRatio,
    cacheHits: hits,
    cacheMisses: misses,
    calls: {
      open: context.calls.size,
      out: callsOut,
      in: callsIn,
      lateReplies,
      duplicates: duplicateCalls,
    },
  };
}

function proceduresOf(source: ViewSource, table: ServiceTable): Rows<ProcedureRow> {
  const { context, calls } = source;
  const most = rowsOf(source);
  const figures = new Map<string, CallSummary>();
  let total = table.names;
  for (const summary of calls?.() ?? []) {
    if (table.attached(summary.procedure).length === 0) total++;
    figures.set(summary.procedure, summary);
  }
  const names = function* (): Generator<string> {
    yield* figures.keys();
    for (const procedure of table.procedures()) if (!figures.has(procedure)) yield procedure;
  };
  const share = within(Math.min(most, total));
  return listed(names(), total, most, (procedure) => ({
    procedure: text(procedure),
    here: hereOf(context, table, procedure, share),
    elsewhere: elsewhereOf(context, procedure),
    called: calledOf(figures.get(procedure)),
  }));
}

function hereOf(context: MeshContext, table: ServiceTable, procedure: string, most: number): Rows<HereRow> {
  const all = table.attached(procedure);
  const identity = shared(context, 'identity');
  const own = identity === undefined ? '' : Buffer.from(identity.nodeId).toString('hex');
  return counted(all, most, (provider) => hereRow(context, provider, own));
}

function hereRow(context: MeshContext, provider: Provider, own: string): HereRow {
  const { target, exclusive, ttl, advertisedAt, inFlight } = provider;
  const isHandler = target.kind === 'handler';
  return {
    kind: isHandler ? 'handler' : 'client',
    node: nodeId(isHandler ? own : target.nodeId),
    exclusive,
    ttl: 1_000 * ttl,
    advertisedAt: Math.round(advertisedAt),
    inFlight,
    load: isHandler ? loadOf(context.scope.whereis(target.name) as Process | undefined) : null,
  };
}

/** What a procedure's process tells of itself in the tree. */
function loadOf(process: Process | undefined): HandlerLoad | null {
  if (process?.alive !== true) return null;
  const told = process.behavior.inspect?.(process) ?? {};
  const figure = (name: string): number => ms(told[name] as number | undefined) ?? 0;
  return {
    actor: String(process),
    running: figure('running'),
    waiting: figure('waiting'),
    served: figure('served'),
    crashed: figure('crashed'),
    refused: figure('refused'),
    maxConcurrent: ms(told['maxConcurrent'] as number | undefined),
    maxQueue: ms(told['maxQueue'] as number | undefined),
  };
}

const elsewhereOf = ({ discovery, runtime }: MeshContext, procedure: string): number | null =>
  discovery.cache.peek(procedure, runtime.clock.now())?.providers.length ?? null;

function calledOf(summary: CallSummary | undefined): CalledFigures | null {
  if (summary === undefined) return null;
  const { calls, p50, p99, outcomes = {}, routes = {} } = summary;
  return { calls, p50: fine(p50), p99: fine(p99), outcomes: counts(outcomes), routes: counts(routes) };
}

const counts = (given: Readonly<Partial<Record<string, number>>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(given).map(([key, count]) => [text(key), count ?? 0]));
