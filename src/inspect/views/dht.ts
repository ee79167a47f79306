/**
 * The view `dht`: how full the buckets are, who is in them, which records are kept here, and the last lookups.
 *
 * A look makes the lookups of the next minute keep whom they ask.
 */
import { childrenOf } from '../../actor/tree.ts';
import { actor, shared, type MeshContext } from '../../mesh/context.ts';
import type { Bucket } from '../../mesh/dht/bucket.ts';
import { K } from '../../mesh/dht/contact.ts';
import type { RecordStore } from '../../mesh/dht/record-store.ts';
import type { ServiceRecord } from '../../mesh/dht/record.ts';
import type { Entry } from '../../mesh/dht/row.ts';
import type { RoutingTable } from '../../mesh/dht/routing-table.ts';
import type { AskedNote, LookupNote } from '../../mesh/events/recent.ts';
import type { KeyNames } from './key-names.ts';
import {
  counted,
  fine,
  listed,
  ms,
  nodeId,
  RESTARTING,
  since,
  text,
  until,
  type NodeId,
  type Rows,
  type Section,
} from './plain.ts';
import { rowsOf, type ViewSource } from './source.ts';

/** Names of each kind that keys are compared with. */
const NAMES = 200;
/** Addresses of one record that are told of; the newest lookups that say whom they asked. */
const ENDPOINTS = 4;
const TRACES = 10;

export interface DhtView {
  /** This node has found its place; there is nobody else; ms since nobody is in reach, null: somebody is. */
  readonly joined: boolean;
  readonly alone: boolean;
  readonly unreachableFor: number | null;
  readonly table: Section<TableFigures>;
  readonly records: Section<RecordFigures>;
  readonly lookups: LookupFigures;
}

export interface TableFigures {
  /** Contacts, without spares. */
  readonly contacts: number;
  /** Contacts that a bucket holds at most. */
  readonly capacity: number;
  /** Those that were ever used, farthest first. */
  readonly buckets: Rows<BucketRow>;
  /** Nearest first. */
  readonly known: Rows<ContactRow>;
  /** Contacts that did not answer any more, and questions that failed a moment ago. */
  readonly lost: number;
  readonly failing: number;
}

export interface BucketRow {
  /** Bits that its contacts have in common with this node. */
  readonly index: number;
  readonly contacts: number;
  /** Wait for a place. */
  readonly spares: number;
  /** ms since an id in it was looked up; null: never. */
  readonly lookedUp: number | null;
}

export interface ContactRow {
  readonly node: NodeId;
  readonly address: string;
  readonly bucket: number;
  /** ms since it last answered. */
  readonly seen: number | null;
  /** ms; of its connection, else what its answers take; null: not known. */
  readonly rtt: number | null;
  readonly connected: boolean;
}

export interface RecordFigures {
  /** Records kept for others, tombstones among them; bytes of them; sequence numbers of records that are gone. */
  readonly records: number;
  readonly bytes: number;
  readonly marks: number;
  /** Records of peers that were not believed or had no room, since the start. */
  readonly refused: number;
  readonly kept: Rows<RecordRow>;
}

export interface RecordRow {
  readonly key: NodeId;
  /** Of which procedure; empty: its name is not known here. */
  readonly procedure: string;
  readonly publisher: NodeId;
  readonly seq: number;
  /** ms until it is over, and that it was made for. */
  readonly left: number | null;
  readonly ttl: number | null;
  /** The first four. */
  readonly endpoints: readonly string[];
  readonly bytes: number;
  /** A tombstone: that node serves the procedure no more. */
  readonly removed: boolean;
}

export interface LookupFigures {
  /** Since the start, and now. */
  readonly begun: number;
  readonly running: number;
  /** Questions of peers that were not answered because there were too many, since the start. */
  readonly dropped: number;
  /** Newest first. */
  readonly last: Rows<LookupRow>;
}

export interface LookupRow {
  /** When it ended, ms since 1970. */
  readonly at: number;
  readonly kind: LookupNote['kind'];
  readonly key: NodeId;
  /** Empty: no procedure, or none that is known here. */
  readonly procedure: string;
  readonly outcome: LookupNote['outcome'];
  /** Nodes or providers found, or nodes that keep the record. */
  readonly found: number;
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  readonly hops: number;
  readonly took: number;
  /** In the order in which they were asked; null: nobody was looking, or ten others are newer. */
  readonly trace: Rows<AskedRow> | null;
}

export interface AskedRow {
  readonly node: NodeId;
  readonly address: string;
  /** Referrals from us to it; 1: we knew it. */
  readonly depth: number;
  /** Who named it; null: we knew it. */
  readonly by: NodeId | null;
  /** ms from the beginning of the lookup to the question. */
  readonly after: number;
  readonly outcome: AskedNote['outcome'];
}

export function dhtView(source: ViewSource, names: KeyNames): DhtView {
  const { context } = source;
  const { dht, runtime, recent } = context;
  const most = rowsOf(source);
  recent.watch(runtime.clock.now());
  learn(context, names);
  const table = shared(context, 'routingTable');
  const store = shared(context, 'recordStore');
  return {
    joined: dht.joined,
    alone: dht.alone,
    unreachableFor: since(runtime, dht.lostAt),
    table: table === undefined ? RESTARTING : tableOf(context, table, most),
    records: store === undefined ? RESTARTING : recordsOf(context, store, names, most),
    lookups: lookupsOf(context, names, most),
  };
}

/** What is served, sought and known here. */
function learn(context: MeshContext, names: KeyNames): void {
  const { discovery } = context;
  names.tidy();
  names.learn(discovery.publications.keys(), NAMES);
  names.learn(discovery.interests, NAMES);
  names.learn(discovery.cache.names(), NAMES);
}

function tableOf(context: MeshContext, table: RoutingTable, most: number): TableFigures {
  const { dht, runtime } = context;
  const buckets = [...table.buckets()];
  const entries = function* (): Generator<readonly [index: number, entry: Entry]> {
    for (const [index, bucket] of buckets.toReversed())
      for (const entry of bucket.contacts.entries) yield [index, entry];
  };
  return {
    contacts: table.size,
    capacity: K,
    buckets: listed(buckets, buckets.length, most, ([index, bucket]) => bucketRow(context, index, bucket)),
    known: listed(entries(), table.size, most, ([bucket, { contact, seenAt }]) => {
      const standing = context.standings.ready(contact.nodeId, false);
      return {
        node: nodeId(contact.nodeId),
        address: text(contact.address),
        bucket,
        seen: since(runtime, seenAt),
        rtt: fine(standing?.rtt() || dht.times.meanOf(contact.nodeId)),
        connected: standing !== undefined,
      };
    }),
    lost: dht.lost.size,
    failing: dht.failures.size,
  };
}

const bucketRow = ({ runtime }: MeshContext, index: number, bucket: Bucket): BucketRow => ({
  index,
  contacts: bucket.contacts.length,
  spares: bucket.spares.length,
  lookedUp: since(runtime, bucket.lookedUpAt),
});

function recordsOf(context: MeshContext, store: RecordStore, names: KeyNames, most: number): RecordFigures {
  const { records, bytes, marks } = store;
  return {
    records,
    bytes,
    marks,
    refused: context.counters.recordsRefused,
    kept: listed(store.all(), records, most, ({ record, until: end }) =>
      recordRow(context, record, end, names),
    ),
  };
}

function recordRow(
  { runtime }: MeshContext,
  { key, nodeId: publisher, seq, issuedAt, expiresAt, endpoints, payload, removed }: ServiceRecord,
  end: number,
  names: KeyNames,
): RecordRow {
  const byWall = expiresAt - runtime.clock.wall();
  return {
    key: nodeId(key),
    procedure: text(names.nameOf(key)),
    publisher: nodeId(publisher),
    seq,
    left: ms(Math.max(0, Math.min(byWall, until(runtime, end) ?? 0))),
    ttl: ms(Math.max(0, expiresAt - issuedAt)),
    endpoints: endpoints.slice(0, ENDPOINTS).map(text),
    bytes: payload.record.length + payload.sig.length,
    removed,
  };
}

function lookupsOf(context: MeshContext, names: KeyNames, most: number): LookupFigures {
  const { counters, recent } = context;
  const lookups = actor(context, 'lookups');
  let running = 0;
  if (lookups !== undefined) for (const _each of childrenOf(lookups)) running++;
  return {
    begun: counters.lookups,
    running,
    dropped: counters.droppedQuestions,
    last: counted(recent.lookups.toReversed().entries(), most, ([at, note]) =>
      lookupRow(note, names, at < TRACES),
    ),
  };
}

function lookupRow(note: LookupNote, names: KeyNames, isTraced: boolean): LookupRow {
  const { key, procedure, trace, ...figures } = note;
  return {
    ...figures,
    key: nodeId(key),
    procedure: text(procedure === '' ? names.nameOf(key) : procedure),
    trace:
      trace === undefined || !isTraced
        ? null
        : listed(trace, Math.max(trace.length, figures.asked), trace.length, askedRow),
  };
}

const askedRow = ({ node, address, depth, by, after, outcome }: AskedNote): AskedRow => ({
  node: nodeId(node),
  address: text(address),
  depth,
  by: by === '' ? null : nodeId(by),
  after,
  outcome,
});
