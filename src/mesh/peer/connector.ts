/**
 * The peer connector: messages to any node, over the connection that is there or a new one (seed 002).
 *
 * Promises for users above the pool's calls; `planRoutes` says which ways are tried. A message whose connection died
 * before it was sent goes once more by itself; one that may have arrived does not. One deadline covers the name
 * lookup, the dial and the answer.
 */
import { isIP } from 'node:net';
import { offAbort, onAbort } from '../../actor/abort-listeners.ts';
import type { CallFailure } from '../../actor/call.ts';
import { checkWaiting, type Checked } from '../client/check.ts';
import type { WaitOptions } from '../client/client.ts';
import { Patience } from '../client/patience.ts';
import { shared, type MeshContext } from '../context.ts';
import type { Resolve } from '../dht/bootstrap.ts';
import { fromHex } from '../dht/node-id.ts';
import { RpcError } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { addressText, parseEndpoint } from './endpoint-text.ts';
import { questionOf } from './peer-message.ts';
import {
  PeerRequest,
  REFUSED,
  type PeerAnswer,
  type PeerOutcome,
  type PeerQuestion,
} from './peer-request.ts';
import type { NatHints } from './nat-connector.ts';
import type { PeerTarget } from './peer-target.ts';
import { poolStats } from './pool-table.ts';
import type { PeerInfo, PoolStats } from './pool-view.ts';
import { toPeer } from './to-peer.ts';

/** What may be sent, by the name of its type: those of the DHT, and a ping. */
export type PeerMessageType = 'ping' | 'find_node' | 'find_value' | 'store' | `dht_${DhtType}`;
type DhtType = 'find_node' | 'find_value' | 'store';

/** `{ target }` of a find_node, `{ key }` of a find_value, `{ key, value }` of a store. */
export interface PeerMessage {
  /** Node id: 32 bytes or hex. */
  readonly target?: Uint8Array | string;
  /** 32 bytes, or a name, which is hashed. */
  readonly key?: Uint8Array | string;
  /** A signed record. */
  readonly value?: { readonly record: Uint8Array; readonly sig: Uint8Array };
}

/** `pong`, `find_node_reply`, `find_value_reply` or `store_reply`, and what it says. */
export interface PeerReply {
  readonly type: PeerAnswer['type'];
  readonly message: Readonly<Record<string, unknown>>;
}

export interface NatAwareOptions extends WaitOptions {
  /** Where the node is: tried first, and the DHT is not asked. */
  readonly endpoint?: string;
  /** `host:port` of the one relay to use when no direct way leads there. Default: those that the node has attached to. */
  readonly relayEndpoint?: string;
  /** Make no attempt to punch a hole: a relayed connection stays relayed. */
  readonly skipHolePunch?: boolean;
}

/**
 * The nodes and clients that are connected, and messages to nodes anywhere. All promises reject with `RpcError`:
 * `invalid_args`, `connection_error`, `unauthorized`, `timeout`, `overloaded`, `canceled`. Default timeout 5,000 ms.
 */
export interface Peers {
  list(): readonly PeerInfo[];
  stats(): PoolStats;
  /** Resolves when the message is with the transport: handed over, not delivered. `endpoint` is `host:port`. */
  sendMessage(
    endpoint: string,
    type: PeerMessageType,
    message?: PeerMessage,
    options?: WaitOptions,
  ): Promise<void>;
  /** Resolves with the answer. */
  sendMessageAndWait(
    endpoint: string,
    type: PeerMessageType,
    message?: PeerMessage,
    options?: WaitOptions,
  ): Promise<PeerReply>;
  /** As `sendMessage`, to a node by its id in hex; where it is, is looked up in the DHT when nobody says it. */
  sendNatAware(
    nodeId: string,
    type: PeerMessageType,
    message?: PeerMessage,
    options?: NatAwareOptions,
  ): Promise<void>;
}

/** Milliseconds for a message, as for a call. */
const TIMEOUT = 5_000;

export class Connector implements Peers {
  readonly #context: MeshContext;
  readonly #resolve: Resolve;

  constructor(context: MeshContext, resolve: Resolve) {
    this.#context = context;
    this.#resolve = resolve;
  }

  list(): readonly PeerInfo[] {
    return shared(this.#context, 'peerPool')?.list() ?? [];
  }

  stats(): PoolStats {
    return shared(this.#context, 'peerPool')?.stats() ?? poolStats(this.#context.counters, 0);
  }

  async sendMessage(endpoint: string, type: string, message?: unknown, options?: WaitOptions): Promise<void> {
    const patience = this.#patience(options);
    const question = need(questionOf(type, message));
    const addresses = await this.#addresses('endpoint', endpoint, patience);
    await this.#exchange({ nodeId: undefined, addresses }, question, patience, true);
  }

  async sendMessageAndWait(
    endpoint: string,
    type: string,
    message?: unknown,
    options?: WaitOptions,
  ): Promise<PeerReply> {
    const patience = this.#patience(options);
    const question = need(questionOf(type, message));
    const addresses = await this.#addresses('endpoint', endpoint, patience);
    const answer = await this.#exchange({ nodeId: undefined, addresses }, question, patience, false);
    const { request_id: _id, ...said } = answer.payload;
    return { type: answer.type, message: said };
  }

  async sendNatAware(
    nodeId: string,
    type: string,
    message?: unknown,
    options: NatAwareOptions = {},
  ): Promise<void> {
    const patience = this.#patience(options);
    const question = need(questionOf(type, message));
    const id = typeof nodeId === 'string' ? fromHex(nodeId) : undefined;
    if (id === undefined) throw invalid('nodeId', 'must be 64 hex digits');
    const { endpoint, relayEndpoint, skipHolePunch } = options;
    if (skipHolePunch !== undefined && typeof skipHolePunch !== 'boolean')
      throw invalid('skipHolePunch', 'must be true or false');
    const [relay] =
      relayEndpoint === undefined ? [] : await this.#addresses('relayEndpoint', relayEndpoint, patience);
    const addresses = endpoint === undefined ? [] : await this.#addresses('endpoint', endpoint, patience);
    const nat: NatHints = {
      ...(relay === undefined ? {} : { relay }),
      ...(skipHolePunch === undefined ? {} : { skipHolePunch }),
    };
    await this.#exchange({ nodeId: nodeId.toLowerCase(), addresses, nat }, question, patience, true);
  }

  #patience(options: unknown): Patience {
    const patience = new Patience(this.#context.runtime, need(checkWaiting(options, TIMEOUT)));
    patience.check();
    return patience;
  }

  async #addresses(field: string, endpoint: unknown, patience: Patience): Promise<readonly string[]> {
    const { host, port } = parsed(field, endpoint);
    const bare = host.replace(/^\[(.*)\]$/, '$1');
    const text = (each: string): string => addressText({ host: each, port });
    if (isIP(bare) !== 0) return [text(bare)];
    const unknown = (cause: unknown): never => {
      const detail = `the host ${bare} cannot be resolved`;
      throw new RpcError({ tag: 'connection_error', sent: false, detail }, undefined, { cause });
    };
    return (await patience.wait(this.#resolve(bare).catch(unknown))).map(text);
  }

  async #exchange(
    target: PeerTarget,
    question: PeerQuestion,
    patience: Patience,
    oneWay: boolean,
  ): Promise<PeerAnswer> {
    for (let again = false; ; again = true) {
      patience.check();
      const { request, outcome } = this.#ask(target, question, patience, oneWay);
      const answered = await outcome;
      if (answered.ok) return answered.answer;
      // nobody there is final, and so is a refusal; a connection that died under it is not
      const { failure } = answered;
      const final =
        failure.tag === 'exit' && (failure.reason === 'noconnection' || failure.reason === REFUSED);
      const lost = failure.tag === 'exit' && !final && !request.sent;
      if (again || !lost) throw new RpcError(explain(failure, request.sent, patience.timeout));
    }
  }

  #ask(target: PeerTarget, question: PeerQuestion, patience: Patience, oneWay: boolean): Exchange {
    const { signal } = patience;
    let settle: (outcome: PeerOutcome) => void = () => {};
    const outcome = new Promise<PeerOutcome>((resolve) => {
      settle = resolve;
    });
    const done = (told: PeerOutcome): void => {
      offAbort(signal, giveUp);
      settle(told);
    };
    const request = new PeerRequest(target, question, done, oneWay);
    const giveUp = (): void => {
      request.cancel(signal?.reason);
    };
    onAbort(signal, giveUp);
    toPeer(this.#context, request, target, Math.max(1, patience.left));
    return { request, outcome };
  }
}

interface Exchange {
  readonly request: PeerRequest;
  readonly outcome: Promise<PeerOutcome>;
}

function explain(failure: CallFailure, sent: boolean, timeout: number): RpcFailure {
  switch (failure.tag) {
    case 'timeout':
      return { tag: 'timeout', timeout, sent };
    case 'overloaded':
      return { tag: 'overloaded', bound: failure.bound };
    case 'canceled':
      return { tag: 'canceled' };
    case 'exit':
      if (failure.reason === REFUSED) return { tag: 'unauthorized', detail: 'the node refuses us' };
      return {
        tag: 'connection_error',
        sent,
        detail: failure.reason === 'noconnection' ? 'the node cannot be reached' : 'the connection was lost',
      };
  }
}

function need<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw new RpcError(checked.failure);
}

function parsed(field: string, endpoint: unknown): { readonly host: string; readonly port: number } {
  const result = typeof endpoint === 'string' ? parseEndpoint(endpoint) : undefined;
  if (result?.ok === true) return result.at;
  const reason = result?.error.reason ?? 'invalid_format';
  throw invalid(field, `${reason}: must be host:port, IPv6 in brackets`);
}

const invalid = (field: string, detail: string): RpcError =>
  new RpcError({ tag: 'invalid_args', field, detail });
