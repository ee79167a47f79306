/**
 * What discovery remembers of a node: it outlives the death of the actors that write it, like an ETS table with an
 * heir.
 */
import type { Notice } from './notices.ts';
import { ProviderCache } from './provider-cache.ts';
import type { Publication } from './publication.ts';

export class DiscoveryMemory {
  /** What the mesh said about others; the service registry writes it. */
  readonly cache: ProviderCache = new ProviderCache();
  /** Records of ours that are in the mesh, or should be, by procedure; the advertiser writes it. */
  readonly publications: Map<string, Publication> = new Map();
  /** What other parts of the node have the mesh know, by name; each writes its own. */
  readonly notices: Map<string, Notice> = new Map();
  /** Lookups of providers begun. */
  lookups = 0;
  /** Sequence number of the last record that was signed. */
  seq = 0;
  /** Names to be known before they are called, sorted. */
  interests: readonly string[];

  constructor(interests: readonly string[] = []) {
    this.interests = interests;
  }
}
