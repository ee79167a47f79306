/**
 * `espalier`: a node, its clients, and what they exchange. QUIC, xstate and effect load when a node or client
 * is made, not on import.
 */
import type { Client } from './mesh/client/client.ts';
import type { ConnectOptions, NodeOptions } from './mesh/client/options.ts';
import { RpcError } from './mesh/errors/rpc-error.ts';
import type { Node, RemoteClient } from './node.ts';

/**
 * Starts a node: listens, serves, routes calls. Default `127.0.0.1:9443` in the open realm of loopback.
 * Throws `RpcError` `invalid_args` for a wrong option, `TransportError`, `CarrierError` or `InspectorError` when it cannot listen,
 * `IdentityError` for a damaged key file, `StartError` (of `espalier/otp`) when one of its `children` does not start, `RpcError`
 * `timeout` or `canceled` when it is not up in time; then nothing of it is left running.
 */
export async function startNode(options?: NodeOptions): Promise<Node> {
  const { startNode: start } = await import('./node.ts');
  return start(options);
}

/**
 * Connects to a node, outbound only; resolves when the node accepted us. `url` is `https://host:port`. With several, to
 * the first of these stations that accepts us; when it is lost, the next one takes its place.
 * Throws `RpcError`: `invalid_args`, `connection_error`, `unauthorized`, `timeout`, `canceled`.
 */
export async function connect(
  url: string | readonly string[],
  options?: ConnectOptions,
): Promise<RemoteClient> {
  const { connect: dial } = await import('./node.ts');
  return dial(url, options);
}

/** A client of a node in this process, without a network between. Throws `RpcError` `invalid_args`. */
export function connectLocal(node: Node): Client {
  const invalid = { tag: 'invalid_args', field: 'node', detail: 'must be a node made by startNode' } as const;
  try {
    const { local } = (node ?? {}) as Partial<Node>;
    if (typeof local === 'function') return local.call(node);
  } catch (cause) {
    throw new RpcError(invalid, undefined, { cause });
  }
  throw new RpcError(invalid);
}

export {
  err,
  Err,
  isNotFound,
  type Result,
  type Route,
  type RpcErrorOptions,
} from './mesh/errors/rpc-error.ts';
export { RpcError };
export {
  describeFailure,
  isRetryable,
  type CrashKind,
  type RpcFailure,
  type RpcFailureTag,
} from './mesh/errors/rpc-failure.ts';
export type { NatOptions } from './mesh/nat/detection/nat-profile.ts';
export type { NatReport } from './mesh/nat/detection/report.ts';
export type {
  NatAwareOptions,
  PeerMessage,
  PeerMessageType,
  PeerReply,
  Peers,
} from './mesh/peer/connector.ts';
export type { PeerInfo, PoolStats } from './mesh/peer/pool-view.ts';
export { server, type ServerHandler } from './mesh/handlers/server-handler.ts';
export {
  appFact,
  appHope,
  buildTopic,
  orgFact,
  orgHope,
  realmFact,
  realmHope,
} from './mesh/topic/builders.ts';
export {
  isSystemTopic,
  parseTopic,
  validateTopic,
  type ParseResult,
  type Tier,
  type Topic,
  type TopicError,
  type TopicKind,
  type TopicParts,
} from './mesh/topic/topic.ts';
export {
  procedure,
  type ContractArgs,
  type ContractHandler,
  type ContractOptions,
  type ProcedureContract,
} from './mesh/contract/procedure-contract.ts';
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from './mesh/contract/standard-schema.ts';
export { lintName, type NameHint, type NameRule } from './mesh/topic/lint-name.ts';
export type { Authorize, Handler, HandlerContext, ProcedureLimits } from './mesh/handlers/handler.ts';
export type { WorkerContext, WorkerOptions } from './mesh/handlers/worker-handler.ts';
export type {
  AdvertiseOptions,
  Advertisement,
  AdvertisementState,
  CallArgs,
  CallOptions,
  Client,
  DiscoverOptions,
  LeaveOptions,
  RetryOptions,
  WaitOptions,
} from './mesh/client/client.ts';
export type { RegistryStats, ServiceCache } from './mesh/client/discovering.ts';
export type { Provider } from './mesh/registry/provider.ts';
export type { ConnectOptions, NodeDistOptions, NodeOptions } from './mesh/client/options.ts';
export { CarrierError, type CarrierFailure } from './dist/carrier-error.ts';
export type { Distribution } from './dist/distribution.ts';
export type { Attempt, Explanation } from './mesh/router/explanation.ts';
export type { Location } from './mesh/router/location.ts';
export type { Caller } from './mesh/router/rpc-call.ts';
export type { CustomStrategy, ProviderView, Strategy, StrategyName } from './mesh/router/strategy.ts';
export type { Node, RemoteClient } from './node.ts';
export type { EventFields, EventName } from './mesh/events/catalogue.ts';
export type { ListenOptions, NodeEvent, NodeEventListener, NodeEvents } from './mesh/events/node-events.ts';
export type { CurrentMessage } from './actor/current-message.ts';
export type { Delta } from './inspect/delta.ts';
export type { ObserveOptions } from './inspect/observe.ts';
export type { RemoteDelta, RemoteInspector, RemoteObserveOptions } from './inspect/remote-client.ts';
export type { ActorChange, ActorRow } from './inspect/row.ts';
export type { ActorNode, ActorStatus, Counters, TreeSnapshot } from './inspect/snapshot.ts';
export { InspectorError, type InspectorFailure } from './inspect/inspector-error.ts';
export { renderTree, type TextOptions } from './inspect/text.ts';
export { TransportError, type TransportFailure } from './transport/transport.ts';
export type { Identity } from './identity/identity.ts';
export { IdentityError, type IdentityFailure } from './identity/identity-error.ts';
