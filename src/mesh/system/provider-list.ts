/**
 * Providers as the answer of `_mesh.discover`, and in that of `_mesh.lookup`. Pure.
 *
 * Bounded by what one reply holds: so many providers, and so much metadata. Whoever's metadata has no room keeps its
 * place without it, for it can be called all the same.
 */
import { normalizeValue } from '../../codec/cbor.ts';
import { DEFAULT_LIMITS } from '../../codec/limits.ts';
import { isValueMap, type Value, type ValueMap } from '../../codec/value.ts';
import { isText, NAME_BYTES } from '../../codec/field.ts';
import { weightOf } from '../connection/weight.ts';
import type { Route } from '../errors/rpc-error.ts';
import type { Provider } from '../registry/provider.ts';

const ROUTES: ReadonlySet<unknown> = new Set<Route>(['local', 'cache', 'dht', 'direct']);

/** Providers told of at most. */
const MOST = 256;
/**
 * Share of a reply for their metadata, as it weighs in memory: text may take three bytes on the wire for one of these.
 */
const METADATA = 0.25;
/** Share of a reply for all else: ids and addresses. */
const PLACES = 0.25;
/** The longest reply that is made use of, bytes. */
const REPLY = 1_048_576;
/** A provider without addresses and metadata, and what is around an address: bytes on the wire. */
const PLACE = 160;
const AROUND_ADDRESS = 3;

/** What metadata may be, with the reply, its result, the list and the provider around it. */
const SHOWN = { ...DEFAULT_LIMITS, depth: DEFAULT_LIMITS.depth - 4 };

const NOTHING: ValueMap = Object.freeze({});

/** @param maxBody bytes that the whole reply may have. */
export function encodeProviders(providers: readonly Provider[], maxBody: number): Value {
  const whole = Math.min(maxBody, REPLY);
  let metadataLeft = whole * METADATA;
  let placesLeft = whole * PLACES;
  const told: Value[] = [];
  for (const { nodeId, endpoints, metadata, advertisedAt, ttl, route } of providers.slice(0, MOST)) {
    placesLeft -= endpoints.reduce((sum, { length }) => sum + length + AROUND_ADDRESS, PLACE);
    if (placesLeft < 0) break;
    const weight = weightOf(metadata as ValueMap);
    const fits = weight <= metadataLeft && normalizeValue(metadata, SHOWN).ok;
    if (fits) metadataLeft -= weight;
    const shown = fits ? (metadata as ValueMap) : NOTHING;
    told.push({ node_id: nodeId, endpoints, metadata: shown, advertised_at: advertisedAt, ttl, route });
  }
  return told;
}

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
