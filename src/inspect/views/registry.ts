/**
 * The view `registry`: what is known of providers elsewhere, which names are wanted, and what of ours the mesh was told.
 */
import { shared, type MeshContext } from '../../mesh/context.ts';
import type { AdvertiserCalls } from '../../mesh/registry/advertiser.ts';
import { isPresence } from '../../mesh/registry/presence.ts';
import type { CacheEntry } from '../../mesh/registry/provider-cache.ts';
import type { Publication, PublicationState } from '../../mesh/registry/publication.ts';
import type { PublisherStatus } from '../../mesh/registry/publisher.ts';
import type { RemoteProvider } from '../../mesh/registry/remote-provider.ts';
import {
  ask,
  counted,
  listed,
  ms,
  nodeId,
  since,
  text,
  until,
  within,
  type NodeId,
  type Rows,
  type Section,
} from './plain.ts';
import { rowsOf, type ViewSource } from './source.ts';

/** Addresses of one provider that are told of. */
const ENDPOINTS = 4;

export interface RegistryView {
  readonly cache: CacheFigures;
  readonly entries: Rows<CacheRow>;
  /** Names to be known before they are called. */
  readonly interests: Rows<string>;
  /** Names that are served at this node. Null: the registry is being restarted. */
  readonly served: number | null;
  /** What users of this process advertise. */
  readonly advertised: Rows<AdvertisedRow>;
  /** What the mesh was told, or is about to be; of a client and a node without DHT nothing. */
  readonly published: Rows<PublishedRow>;
  /** Absent where nothing is published. */
  readonly publisher?: Section<PublisherStatus>;
}

export interface CacheFigures {
  /** Entries, those that are over and not pruned included. */
  readonly size: number;
  /** Hits of all that asked since the start, 0 to 1; 0 when nobody did. */
  readonly cacheHitRatio: number;
  readonly hits: number;
  readonly misses: number;
  /** Of the hits, those that said that nobody serves it. */
  readonly negativeHits: number;
  readonly evictions: number;
  /** Lookups of providers begun. */
  readonly lookups: number;
}

export interface CacheRow {
  readonly procedure: string;
  /** Nobody serves it, as far as the mesh knows. */
  readonly negative: boolean;
  /** ms since the answer. */
  readonly age: number | null;
  /** ms until it is over; 0: it is, and was not pruned yet. */
  readonly left: number | null;
  readonly providers: Rows<FoundRow>;
}

export interface FoundRow {
  readonly node: NodeId;
  /** `host:port`, best first: hints. The first four. */
  readonly endpoints: readonly string[];
  /** ms until its record is over. */
  readonly left: number | null;
}

export interface AdvertisedRow {
  readonly procedure: string;
  /** `node`, or the local client that advertised it. */
  readonly owner: string;
  /** `local`: nobody was told. */
  readonly state: PublicationState | 'local';
}

export interface PublishedRow {
  readonly name: string;
  /** `presence`: where this node is; `notice`: what another part of it has said. */
  readonly kind: 'procedure' | 'presence' | 'notice';
  readonly state: PublicationState;
  /** ms until it is said again; null: it is on its way, or waits for its turn. */
  readonly next: number | null;
  /** ms for which somebody may keep what was said; 0: nobody does. */
  readonly keptFor: number | null;
  /** Tries in a row that failed. */
  readonly tries: number;
}

export async function registryView(source: ViewSource): Promise<RegistryView> {
  const { context } = source;
  const most = rowsOf(source);
  const { discovery, advertised, settings } = context;
  const { cache, publications, interests } = discovery;
  const share = within(Math.min(most, cache.stats().size));
  const view: RegistryView = {
    cache: { ...cache.stats(), lookups: discovery.lookups },
    entries: listed(cache.entries(), cache.stats().size, most, ([procedure, entry]) =>
      cacheRow(context, procedure, entry, share),
    ),
    interests: listed(interests, interests.length, most, text),
    served: shared(context, 'serviceRegistry')?.names ?? null,
    advertised: listed(advertised.values(), advertised.size, most, ({ procedure, owner }) => ({
      procedure: text(procedure),
      owner: text(owner),
      state: publications.get(procedure)?.state ?? 'local',
    })),
    published: listed(publications.values(), publications.size, most, (one) => publishedRow(context, one)),
  };
  if (!settings.dht) return view;
  const publisher = await ask<AdvertiserCalls, PublisherStatus>(context, 'advertiser', (server, options) =>
    server.call('status', undefined, options),
  );
  return { ...view, publisher };
}

function cacheRow(context: MeshContext, procedure: string, entry: CacheEntry, most: number): CacheRow {
  const { runtime } = context;
  return {
    procedure: text(procedure),
    negative: entry.providers.length === 0,
    age: since(runtime, entry.since),
    left: until(runtime, entry.until),
    providers: counted(entry.providers, most, (provider) => foundRow(context, provider)),
  };
}

const foundRow = ({ runtime }: MeshContext, provider: RemoteProvider): FoundRow => ({
  node: nodeId(provider.nodeId),
  endpoints: provider.endpoints.slice(0, ENDPOINTS).map(text),
  left: ms(Math.max(0, provider.expiresAt - runtime.clock.wall())),
});

function publishedRow({ runtime, discovery }: MeshContext, publication: Publication): PublishedRow {
  const { procedure: name, state, due, attempt, until: kept, lookup } = publication;
  const isNotice = discovery.notices.has(name) || name.startsWith('_');
  return {
    name: text(name),
    kind: isPresence(name) ? 'presence' : isNotice ? 'notice' : 'procedure',
    state,
    next: state === 'publishing' || lookup !== undefined ? null : until(runtime, due),
    keptFor: ms(Math.max(0, kept - runtime.clock.wall())),
    tries: attempt,
  };
}
