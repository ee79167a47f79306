/**
 * Nodes that ask each other over connections of the peer pool.
 */
import { onTestFinished } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { childrenOf } from '../../../src/actor/tree.ts';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import { actor, shared } from '../../../src/mesh/context.ts';
import { PeerRequest, type PeerOutcome, type PeerQuestion } from '../../../src/mesh/peer/peer-request.ts';
import type { PeerTarget } from '../../../src/mesh/peer/peer-target.ts';
import type { PeerInfo, PoolStats } from '../../../src/mesh/peer/pool-view.ts';
import { toPeer } from '../../../src/mesh/peer/to-peer.ts';
import { RpcCall } from '../../../src/mesh/router/rpc-call.ts';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import type { Value } from '../../../src/codec/value.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, runtimeOf, type MeshWorld } from '../../mesh-world.ts';

export const PING: PeerQuestion = { type: 'ping' };

/** Nodes that take part in no DHT: nothing dials but the test. Closed when it is over. */
export async function nodesOf(
  world: MeshWorld,
  count: number,
  options: NodeOptions = {},
): Promise<readonly Node[]> {
  const nodes: Node[] = [];
  for (let n = 0; n < count; n++) nodes.push(await world.node({ dht: false, ...options }));
  onTestFinished(async () => {
    for (const node of nodes) await world.settle(node.close({ timeout: 1 }).catch(() => undefined));
  });
  return nodes;
}

export const addressOf = (node: Node): string => new URL(node.url).host;

export const targetOf = (node: Node): PeerTarget => ({ nodeId: node.id, addresses: [addressOf(node)] });

export const ask = (
  from: Node,
  target: PeerTarget,
  question: PeerQuestion = PING,
  timeout = 5_000,
): Promise<PeerOutcome> =>
  new Promise((resolve) => {
    toPeer(contextOf(from), new PeerRequest(target, question, resolve), target, timeout);
  });

/** What a failed question says, short. */
export const endOf = (outcome: PeerOutcome): unknown => {
  if (outcome.ok) return outcome.answer.type;
  const { failure } = outcome;
  return failure.tag === 'exit' ? failure.reason : failure.tag;
};

class TargetedCall extends RpcCall {
  readonly target: PeerTarget;
  readonly #done: (outcome: CallOutcome) => void;
  constructor(
    from: Node,
    target: PeerTarget,
    procedure: string,
    timeout: number,
    done: (outcome: CallOutcome) => void,
  ) {
    super({
      procedure,
      args: {},
      timeout,
      deadline: runtimeOf(from).clock.now() + timeout,
      caller: { nodeId: from.id, local: true },
      trace: undefined,
      fromPeer: false,
    });
    this.target = target;
    this.#done = done;
  }
  protected onValue(value: Value): void {
    this.#done({ ok: true, value });
  }
  protected onRefused(failure: RpcFailure): void {
    this.#done({ ok: false, failure });
  }
}

export type CallOutcome =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: RpcFailure };

/** A procedure call to one peer; `over`: on a connection that was chosen before. */
export const callPeer = (
  from: Node,
  target: PeerTarget,
  procedure: string,
  timeout = 5_000,
  over?: Process,
): Promise<CallOutcome> =>
  new Promise((resolve) => {
    const call = new TargetedCall(from, target, procedure, timeout, resolve);
    if (over === undefined) toPeer(contextOf(from), call, target, timeout);
    else runtimeOf(from).call(over, call, timeout);
  });

export function connectionsOf(node: Node): readonly Process[] {
  const connections = actor(contextOf(node), 'connections');
  return connections === undefined ? [] : [...childrenOf(connections)];
}

export const peersOf = (node: Node): readonly PeerInfo[] => shared(contextOf(node), 'peerPool')?.list() ?? [];

export function statsOf(node: Node): PoolStats {
  const view = shared(contextOf(node), 'peerPool');
  if (view === undefined) throw new Error('no peer pool');
  return view.stats();
}
