/**
 * The carrier for nodes that cannot reach each other, with its tree of actors.
 *
 * ```ts
 * const tunnels = new TunnelCarrier(runtime, { relays: 'quic://relay.example:4434' });
 * const dist = await startDistribution(runtime, { name: 'a@anywhere', cookie: 'secret', carriers: [tunnels] });
 * ```
 */
import { relayClient } from '../supervisors/relay-client.ts';
import type { Runtime } from './actor/runtime.ts';
import { RelayedCarrier, type TunnelMaking } from './dist/carriers/tunnel/tunnel.ts';

export type { TunnelCarrierOptions } from './dist/carriers/tunnel/tunnel.ts';

export class TunnelCarrier extends RelayedCarrier {
  /** Throws a `TypeError` or `RangeError` for options that make no sense. */
  constructor(runtime: Runtime, options: TunnelMaking) {
    super(runtime, options, relayClient);
  }
}
