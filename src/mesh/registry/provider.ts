/**
 * A provider as users see it, wherever it was found.
 */
import { seconds } from '../../actor/clock.ts';
import type { Route } from '../errors/rpc-error.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import type { Discovery } from './discovery.ts';
import { shownMetadata } from './offer.ts';
import { endpointOf } from './own-endpoints.ts';
import type { RemoteProvider } from './remote-provider.ts';

export interface Provider {
  /** Hex id of the node, or of the client connected to it, that serves the procedure. */
  readonly nodeId: string;
  /** `host:port` of the node, best first: hints. */
  readonly endpoints: readonly string[];
  /** What it says of itself; a node with several providers lists them as `metadata.providers`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** When it said so last, ms since 1970. */
  readonly advertisedAt: number;
  /** Seconds that holds without being repeated. */
  readonly ttl: number;
  /** Where it was found: `local`, served by the node itself; `cache`; `dht`. */
  readonly route: Route;
}

/** Those at this node, a connected client under its own id. */
export function localProviders(context: MeshContext, procedure: string): readonly Provider[] {
  const attached = shared(context, 'serviceRegistry')?.attached(procedure) ?? [];
  if (attached.length === 0) return [];
  const identity = shared(context, 'identity');
  const own = identity === undefined ? '' : hex(identity.nodeId);
  const local = context.role === 'node' ? shared(context, 'endpoint')?.local : undefined;
  const { announce } = context.settings;
  const endpoints =
    announce.length > 0 ? announce : local === undefined ? [] : [endpointOf(local.host, local.port)];
  return attached.map((provider) => {
    const { advertisedAt, ttl, target } = provider;
    const nodeId = target.kind === 'peer' ? target.nodeId : own;
    return { nodeId, endpoints, metadata: shownMetadata(provider), advertisedAt, ttl, route: 'local' };
  });
}

export const remoteProviders = ({
  providers,
  from,
}: Extract<Discovery, { readonly tag: 'providers' }>): readonly Provider[] =>
  providers.map((provider) => shownAs(provider, from));

const shownAs = (
  { nodeId, endpoints, metadata, issuedAt, expiresAt }: RemoteProvider,
  route: Route,
): Provider => ({
  nodeId,
  endpoints,
  metadata,
  advertisedAt: issuedAt,
  ttl: Math.round((expiresAt - issuedAt) / seconds(1)),
  route,
});
