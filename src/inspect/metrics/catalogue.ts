/**
 * Every metric of a node or client: its kind, its labels and its meaning (INSPECTOR §6).
 *
 * The name of the text is `espalier_` and the one here. docs/operations.md shows them to users; a test compares the
 * two. Labels come from small fixed sets, but for `procedure`, which is bounded by `call-statistics.ts`.
 */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels?: readonly string[];
  readonly meaning: string;
}

export const METRICS = {
  actor_running: {
    type: 'gauge',
    meaning: 'actors alive in the tree of the node, at most 100,000 are counted',
  },
  actor_restarts_total: {
    type: 'counter',
    labels: ['strategy'],
    meaning: 'restarts that supervisors have begun, by their strategy',
  },
  actor_crashes_total: {
    type: 'counter',
    labels: ['kind'],
    meaning:
      'crashes, handlers among them: `error` was thrown, `exit` is any other reason, `killed` in the middle of a call, `oom` in a thread',
  },
  dead_letters_total: {
    type: 'counter',
    meaning:
      'messages to actors that were gone, and those that waited when their actor ended; calls are none',
  },
  mailbox_length: {
    type: 'histogram',
    meaning: 'messages waiting per actor, of all actors at each scrape',
  },
  mailbox_length_max: {
    type: 'gauge',
    meaning: 'messages waiting for the actor that has most of them, at this scrape',
  },
  mailbox_wait_seconds: {
    type: 'histogram',
    meaning: 'from when an actor is ready to its turn, of one turn for every 256 messages',
  },
  message_handle_seconds: {
    type: 'histogram',
    meaning: 'what a message takes in such a turn, with what its callback awaits',
  },
  rpc_calls_total: {
    type: 'counter',
    labels: ['procedure', 'route', 'outcome'],
    meaning:
      'settled calls, made here or by peers; `outcome` is `ok` or the tag of the failure, 100 procedures have their name and the rest is `other`',
  },
  rpc_duration_seconds: {
    type: 'histogram',
    labels: ['procedure'],
    meaning:
      'what settled calls took; of those that take less than a turn of the event loop, one in 16 is timed',
  },
  rpc_inflight: {
    type: 'gauge',
    meaning: 'calls that have begun here or came from peers, and are not settled',
  },
  rpc_sent_total: {
    type: 'counter',
    meaning: 'calls sent to peers, repeats and those passed on for others among them',
  },
  rpc_received_total: { type: 'counter', meaning: 'calls that came from peers' },
  rpc_late_replies_total: { type: 'counter', meaning: 'replies of peers that nobody waited for any more' },
  rpc_duplicates_total: { type: 'counter', meaning: 'calls of peers that had come before, and were dropped' },
  discovery_cache_hits_total: {
    type: 'counter',
    meaning: 'looks into the cache of providers that found some, or that there are none',
  },
  discovery_cache_misses_total: {
    type: 'counter',
    meaning: 'looks into the cache of providers that found nothing',
  },
  discovery_cache_hit_ratio: { type: 'gauge', meaning: 'hits of all looks since the start, 0 … 1' },
  dht_lookup_seconds: { type: 'histogram', meaning: 'what lookups in the DHT took' },
  dht_lookup_hops: { type: 'histogram', meaning: 'longest chain of referrals of a lookup' },
  dht_bucket_peers: {
    type: 'gauge',
    labels: ['bucket'],
    meaning:
      'contacts in a bucket of the routing table, of those that have any; `bucket` counts the bits shared with our id',
  },
  dht_records: {
    type: 'gauge',
    meaning: 'records kept here for the DHT, those of withdrawn services among them',
  },
  dht_records_refused_total: {
    type: 'counter',
    meaning: 'records that peers wanted kept here, and that were not believed or had no room',
  },
  dht_questions_dropped_total: {
    type: 'counter',
    meaning: 'questions of peers not answered, there were too many',
  },
  peer_connections: {
    type: 'gauge',
    labels: ['state'],
    meaning:
      'connections: `opening` until the peer is proven, then `hello`, `ready`, `suspect` while silent, `leaving`',
  },
  peer_connections_opened_total: {
    type: 'counter',
    meaning: 'connections that were accepted, by us or by the peer',
  },
  peer_connections_closed_total: { type: 'counter', meaning: 'those of them that have ended' },
  peer_pool_hits_total: { type: 'counter', meaning: 'calls to another node that found a connection' },
  peer_pool_misses_total: { type: 'counter', meaning: 'calls to another node that needed a new one' },
  peer_pool_evictions_total: { type: 'counter', meaning: 'connections closed to make room for others' },
  frames_rejected_total: { type: 'counter', meaning: 'frames of peers that break the rules of the protocol' },
  frames_unexpected_total: { type: 'counter', meaning: 'frames of peers that had no use where they came' },
  nat_attempts_total: {
    type: 'counter',
    labels: ['method', 'outcome'],
    meaning:
      'tries to reach a peer: `direct` dials of an address, `relay` ways through a station, `punch` direct paths in place of one; `ok` or `failed`',
  },
  relay_tunnels: {
    type: 'gauge',
    meaning: 'relay sessions that this station passes on, tunnels of this dist relay',
  },
  relay_bytes_total: { type: 'counter', meaning: 'bytes passed on for others, at a station or dist relay' },
  relay_dropped_total: {
    type: 'counter',
    meaning: 'datagrams of relay sessions dropped: too many, or from elsewhere',
  },
} as const;

export type MetricName = keyof typeof METRICS;

/** What all names begin with. */
export const PREFIX = 'espalier_';
