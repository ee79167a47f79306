/**
 * Providers as the answer of `_mesh.discover`. Pure.
 */
import { isValueMap, type Value, type ValueMap } from '../../codec/value.ts';
import { isText, NAME_BYTES } from '../../codec/field.ts';
import type { Route } from '../errors/rpc-error.ts';
import type { Provider } from '../registry/provider.ts';

const ROUTES: ReadonlySet<unknown> = new Set<Route>(['local', 'cache', 'dht', 'direct']);

export const encodeProviders = (providers: readonly Provider[]): Value =>
  providers.map(({ nodeId, endpoints, metadata, advertisedAt, ttl, route }) => ({
    node_id: nodeId,
    endpoints,
    metadata: metadata as ValueMap,
    advertised_at: advertisedAt,
    ttl,
    route,
  }));

/** Undefined when it is not such a list. */
export function decodeProviders(value: Value): readonly Provider[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const providers: Provider[] = [];
  for (const each of value as readonly Value[]) {
    if (!isValueMap(each)) return undefined;
    const { node_id: nodeId, endpoints, metadata, advertised_at: advertisedAt, ttl, route } = each;
    if (!isText(nodeId, NAME_BYTES) || !isTexts(endpoints) || !isValueMap(metadata)) return undefined;
    if (typeof advertisedAt !== 'number' || typeof ttl !== 'number' || !ROUTES.has(route)) return undefined;
    providers.push({ nodeId, endpoints, metadata, advertisedAt, ttl, route: route as Route });
  }
  return providers;
}

const isTexts = (value: Value | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => isText(each, NAME_BYTES));
