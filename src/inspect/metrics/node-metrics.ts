/**
 * The metrics of one node or client as text: what is counted elsewhere is read here, when somebody asks.
 *
 * No args, results, messages or state are in it: numbers, names of procedures and words of ours.
 */
import type { Clock } from '../../actor/clock.ts';
import type { Process } from '../../actor/process.ts';
import { childrenOf } from '../../actor/tree.ts';
import { actor, shared, type MeshContext } from '../../mesh/context.ts';
import { OUTCOMES, ROUTES } from '../../mesh/events/call-statistics.ts';
import type { Standing } from '../../mesh/peer/standings.ts';
import { inSlices } from '../slices.ts';
import { ACTOR_METRICS, each, SECONDS, type ActorSource, type Read } from './actor-metrics.ts';
import { METRICS, PREFIX, type MetricName } from './catalogue.ts';
import { family, type Sample } from './exposition.ts';
import { Mailboxes } from './mailboxes.ts';

const NAMES = Object.keys(METRICS) as readonly MetricName[];

interface Source extends ActorSource {
  readonly context: MeshContext;
}

const made = new WeakMap<MeshContext, NodeMetrics>();

/** Those of a node or client: one for all who ask, for some of what they tell is counted when somebody does. */
export function metricsOf(context: MeshContext): NodeMetrics {
  let metrics = made.get(context);
  if (metrics === undefined) made.set(context, (metrics = new NodeMetrics(context)));
  return metrics;
}

class NodeMetrics {
  readonly #context: MeshContext;
  readonly #mailboxes = new Mailboxes();

  constructor(context: MeshContext) {
    this.#context = context;
  }

  /** Prometheus text, of type `METRICS_TYPE`, as of now. */
  text(): string {
    const work = this.#write();
    for (let step = work.next(); ; step = work.next()) if (step.done === true) return step.value;
  }

  /** The same while everything else goes on: a scrape of 10,000 procedures blocks nobody. */
  scrape(clock: Pick<Clock, 'now' | 'later'> = this.#context.runtime.clock): Promise<string> {
    return inSlices(this.#write(), clock);
  }

  *#write(): Generator<undefined, string> {
    const context = this.#context;
    const mailboxes = this.#mailboxes;
    const root = context.scope.whereis('root') as Process | undefined;
    const { runtime } = context;
    const source: Source = { context, runtime, mailboxes, sampled: yield* mailboxes.look(root) };
    const pieces: string[] = [];
    for (const name of NAMES) {
      for (const piece of family(`${PREFIX}${name}`, METRICS[name], READ[name](source))) {
        pieces.push(piece);
        yield;
      }
    }
    return pieces.join('');
  }
}

/** One number without labels. */
const value =
  (read: (source: Source) => number): Read<Source> =>
  (source) => [{ value: read(source) }];

const counter = (name: keyof MeshContext['counters']): Read<Source> =>
  value(({ context }) => context.counters[name]);

const READ: Readonly<Record<MetricName, Read<Source>>> = {
  ...ACTOR_METRICS,
  rpc_calls_total: calls,
  rpc_duration_seconds: ({ context }) =>
    context.events.calls.statistics.rows.map(({ procedure, durations }) => ({
      labels: { procedure },
      histogram: durations,
      unit: SECONDS,
    })),
  rpc_inflight: value(({ context }) => context.events.calls.statistics.inFlight),
  rpc_sent_total: counter('callsOut'),
  rpc_received_total: counter('callsIn'),
  rpc_late_replies_total: counter('lateReplies'),
  rpc_duplicates_total: counter('duplicateCalls'),
  discovery_cache_hits_total: value(({ context }) => context.discovery.cache.stats().hits),
  discovery_cache_misses_total: value(({ context }) => context.discovery.cache.stats().misses),
  discovery_cache_hit_ratio: value(({ context }) => context.discovery.cache.stats().cacheHitRatio),
  dht_lookup_seconds: ({ context }) => [{ histogram: context.dht.took, unit: SECONDS }],
  dht_lookup_hops: ({ context }) => [{ histogram: context.dht.hops, unit: 1 }],
  dht_bucket_peers: buckets,
  dht_records: value(({ context }) => context.records.records),
  dht_records_refused_total: counter('recordsRefused'),
  dht_questions_dropped_total: counter('droppedQuestions'),
  peer_connections: connections,
  peer_connections_opened_total: counter('connectionsOpened'),
  peer_connections_closed_total: counter('connectionsClosed'),
  peer_pool_hits_total: counter('poolHits'),
  peer_pool_misses_total: counter('poolMisses'),
  peer_pool_evictions_total: counter('poolEvictions'),
  frames_rejected_total: counter('rejectedFrames'),
  frames_unexpected_total: counter('unexpectedFrames'),
  nat_attempts_total: attempts,
  relay_tunnels: value(({ context }) => context.relays.passed?.stats.sessions ?? 0),
  relay_bytes_total: value(({ context }) => context.relays.passed?.stats.bytes ?? 0),
  relay_dropped_total: value(({ context }) => {
    const { overRate = 0, foreign = 0 } = context.relays.passed?.stats ?? {};
    return overRate + foreign;
  }),
};

function* calls({ context }: Source): Generator<Sample> {
  for (const row of context.events.calls.statistics.rows) {
    const { procedure } = row;
    for (const route of ROUTES)
      for (const outcome of OUTCOMES) {
        const count = row.calls(route, outcome);
        if (count > 0) yield { labels: { procedure, route, outcome }, value: count };
      }
  }
}

function* buckets({ context }: Source): Generator<Sample> {
  for (const [bucket, peers] of shared(context, 'routingTable')?.bucketSizes() ?? [])
    yield { labels: { bucket: String(bucket) }, value: peers };
}

function connections({ context }: Source): readonly Sample[] {
  const states = { opening: 0, hello: 0, ready: 0, suspect: 0, leaving: 0 };
  const supervisor = actor(context, 'connections');
  for (const process of supervisor === undefined ? [] : childrenOf(supervisor)) {
    const standing = context.standings.find(process);
    states[standing === undefined ? 'opening' : stateOf(standing)]++;
  }
  return each('state', states);
}

function stateOf({ leaving, readySince, doubtful }: Standing): 'hello' | 'ready' | 'suspect' | 'leaving' {
  if (leaving) return 'leaving';
  if (readySince === undefined) return 'hello';
  return doubtful ? 'suspect' : 'ready';
}

function attempts({ context }: Source): readonly Sample[] {
  const { counters } = context;
  const of = (method: string, ok: number, failed: number): readonly Sample[] => [
    { labels: { method, outcome: 'ok' }, value: ok },
    { labels: { method, outcome: 'failed' }, value: failed },
  ];
  return [
    ...of('direct', counters.dialsWon, counters.dialsLost),
    ...of('relay', counters.relaysWon, counters.relaysLost),
    ...of('punch', counters.punchesWon, counters.punchesLost),
  ];
}
