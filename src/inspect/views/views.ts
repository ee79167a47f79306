/**
 * The component views of a node or client: what the tree does not show, as plain data.
 *
 * Nothing of it is kept up to date: each call looks anew. A view never throws, never waits longer than its questions to
 * actors may take, and holds no argument, result, key, cookie or metadata.
 */
import { distView, type DistView } from './dist.ts';
import { dhtView, type DhtView } from './dht.ts';
import { KeyNames } from './key-names.ts';
import { peersView, type PeersView } from './peers.ts';
import type { Section } from './plain.ts';
import { registryView, type RegistryView } from './registry.ts';
import { mayRelay, relayView, type RelayView } from './relay.ts';
import { rpcView, type RpcView } from './rpc.ts';
import type { ViewSource } from './source.ts';

/** By name; `{ unavailable }` in place of one that failed. */
export interface ViewData {
  readonly rpc: Section<RpcView>;
  readonly registry: Section<RegistryView>;
  readonly dht: Section<DhtView>;
  readonly peers: Section<PeersView>;
  readonly relay: Section<RelayView>;
  readonly dist: Section<DistView>;
}

export type ViewName = keyof ViewData;

export type Views = { readonly [Name in ViewName]?: () => Promise<ViewData[Name]> };

/** Those that make sense for it: `dht` where it takes part in one, `relay` where there may be relays, `dist` with one. */
export function viewsOf(source: ViewSource): Views {
  const { context, dist } = source;
  const names = new KeyNames();
  const view =
    <Data>(make: () => Data | Promise<Data>) =>
    (): Promise<Section<Data>> =>
      guarded(source, make);
  return {
    rpc: view(() => rpcView(source)),
    registry: view(() => registryView(source)),
    ...(context.settings.dht ? { dht: view(() => dhtView(source, names)) } : {}),
    peers: view(() => peersView(source)),
    ...(mayRelay(source) ? { relay: view(() => relayView(source)) } : {}),
    ...(dist === undefined ? {} : { dist: view(() => distView(source, dist)) }),
  };
}

/** A fault of a view is told where others are, and ends nobody who looks. */
async function guarded<Data>(
  { context }: ViewSource,
  make: () => Data | Promise<Data>,
): Promise<Section<Data>> {
  try {
    return await make();
  } catch (error) {
    context.runtime.defect(error);
    return { unavailable: 'it could not be made' };
  }
}
