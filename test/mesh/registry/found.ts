/**
 * Providers as if the mesh had found them.
 */
import type { CacheEntry } from '../../../src/mesh/registry/provider-cache.ts';
import type { RemoteProvider } from '../../../src/mesh/registry/remote-provider.ts';

export const found = (nodeId: string, expiresAt: number): RemoteProvider => ({
  nodeId,
  endpoints: [],
  metadata: {},
  seq: 1,
  issuedAt: 0,
  expiresAt,
});

export const idsOf = (entry: CacheEntry | undefined): readonly string[] | undefined =>
  entry?.providers.map(({ nodeId }) => nodeId);
