/**
 * `espalier/distribution`: Erlang's protocol without a mesh. A runtime whose processes are reached from other nodes, and reach them.
 *
 * ```ts
 * const dist = await startDistribution(runtime, { name: 'ts@127.0.0.1', cookie: 'secret', carriers: [new TcpCarrier()] });
 * await startServer(runtime, counter, 0, { name: 'counter', scope: dist.names });   // gen_server:call({counter, 'ts@127.0.0.1'}, …)
 * await dist.ping('erl@127.0.0.1');
 * ```
 * A node of the mesh has one by its option `dist`, over QUIC.
 */
import { dist as tree } from '../supervisors/dist.ts';
import type { DistBridgeOptions, DistRelayOptions } from './dist-relay.ts';
import type { DistBridge } from './bridge-handle.ts';
import type { DistRelay } from './relay-handle.ts';
import type { Runtime } from './actor/runtime.ts';
import type { Carrier } from './dist/carrier.ts';
import { CarrierError } from './dist/carrier-error.ts';
import type { Distribution } from './dist/distribution.ts';
import { wrongDistribution } from './dist/check-options.ts';
import { makeDistribution } from './dist/make.ts';
import type { DistSetup } from './dist/options.ts';
import { refuse, wrongRuntime } from './otp/arguments.ts';
import { causeOfStart } from './otp/errors.ts';
import { TransportError } from './transport/transport.ts';
import { startSupervisor, type SupervisorRef } from './otp/supervisor.ts';

export interface DistributionOptions extends DistSetup {
  /** This node: `name@host`. */
  readonly name: string;
  readonly carriers: readonly Carrier[];
}

/**
 * Starts listening, by every carrier that does. Throws `CarrierError` or `TransportError` when one cannot, a `TypeError` when the runtime has a
 * distribution, for an option of the wrong kind and one that does not exist, a `RangeError` for one out of range.
 */
export async function startDistribution(
  runtime: Runtime,
  options: DistributionOptions,
): Promise<Distribution> {
  refuse(wrongRuntime(runtime) ?? wrongDistribution(options));
  const { name } = options;
  let root: SupervisorRef | undefined;
  const made = makeDistribution({
    ...options,
    runtime,
    name: () => name,
    end: async () => {
      await root?.stop();
    },
  });
  try {
    root = await startSupervisor(runtime, tree(made.parts), { label: 'dist' });
  } catch (error) {
    made.over();
    const cause = causeOfStart(error);
    throw cause instanceof CarrierError || cause instanceof TransportError ? cause : error;
  }
  runtime.onExit(root.pid as Parameters<Runtime['onExit']>[0], () => made.over());
  return made.distribution;
}

/** Starts a dist relay (`dist-relay.ts`), which is loaded then. */
export const startDistRelay = async (options: DistRelayOptions = {}): Promise<DistRelay> =>
  (await import('./dist-relay.ts')).startDistRelay(options);

/** Starts a bridge for a stock Erlang node (`dist-relay.ts`), which is loaded then. */
export const startDistBridge = async (options: DistBridgeOptions): Promise<DistBridge> =>
  (await import('./dist-relay.ts')).startDistBridge(options);

export { TransportError } from './transport/transport.ts';
export {
  startRelayClient,
  startRelayClientLink,
  whereisClient,
  type RelayClientStart,
  type StandaloneRelayClientOptions,
} from './relay-client.ts';
export type { DistBridgeOptions, DistRelayOptions } from './dist-relay.ts';
export type { RelayInspectorOptions } from './relay-inspector.ts';
export type { InspectorPlace } from './mesh/context.ts';
export { InspectorError, type InspectorFailure } from './inspect/inspector-error.ts';
export { RemoteName } from './actor/pid.ts';
export { atom, Atom, isAtom } from './codec/etf/atom.ts';
export { decodeTerm } from './codec/etf/decode.ts';
export { encodeTerm } from './codec/etf/encode.ts';
export { PidTerm, PortTerm, ReferenceTerm } from './codec/etf/identities.ts';
export { Bitstring, ExternalFun, Float, ImproperList, OpaqueFun, tuple, Tuple } from './codec/etf/terms.ts';
export type {
  Carrier,
  DistStream,
  DistStreamEvents,
  Incoming,
  Listening,
  NetAddress,
  Setup,
  SetupFailure,
  SetupResult,
} from './dist/carrier.ts';
export { quicCarrier, type OwnEndpointOptions } from './dist/carriers/quic/own-endpoint.ts';
export { CarrierError, type CarrierFailure } from './dist/carrier-error.ts';
export { TcpCarrier, type TcpOptions } from './dist/carriers/tcp/tcp.ts';
export { TunnelCarrier, type TunnelCarrierOptions } from './tunnel-carrier.ts';
export type { BridgeStatus, DistBridge } from './bridge-handle.ts';
export { IncomingTunnel, type Kernel } from './dist/relay/client/client-tunnel.ts';
export type { RelayClientOptions } from './dist/relay/client/make-client.ts';
export {
  DistRelayClient,
  type ClientStatus,
  type OpenTunnel,
  type RelayStatus,
  type TunnelRequestOptions,
} from './dist/relay/client/relay-client.ts';
export type { DistRelay, DistRelayStatus } from './relay-handle.ts';
export type { DistRelayLimits } from './dist/relay/server/limits.ts';
export { TunnelError, type TunnelFailure } from './dist/relay/tunnel-error.ts';
export type { Distribution } from './dist/distribution.ts';
export { ErpcError, type ErpcFailure } from './dist/erpc.ts';
export type { NodeChange, NodeDown, NodeUp } from './dist/events.ts';
export type { ExportedFunction, ExportedFunctions } from './dist/exports.ts';
export type { MultiReply } from './dist/multi-call.ts';
export type { SplitName } from './dist/node-name.ts';
export { splitNodeName } from './dist/node-name.ts';
export type { DistSetup, SharedGroups } from './dist/options.ts';
export type { Spawned, SpawnMonitorOptions, SpawnOptions } from './dist/spawn.ts';
