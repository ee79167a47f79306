/**
 * The way of a call or question to a peer: over the connection that is there, else by the peer pool, which makes one.
 *
 * No message goes to the pool for a peer that is connected. Whoever holds the call refuses it when the peer cannot be
 * reached: an `RpcCall` with `connection_error` that was not sent, a `PeerRequest` with exit `noconnection`, or
 * `unauthorized` when the peer refuses us.
 */
import type { Process } from '../../actor/process.ts';
import { actor, type MeshContext } from '../context.ts';
import { describeFailure, type RpcFailure } from '../errors/rpc-failure.ts';
import { RpcCall } from '../router/rpc-call.ts';
import { PeerRequest, REFUSED } from './peer-request.ts';
import type { PeerTarget } from './peer-target.ts';

/** Anything that is sent to a peer. The pool reads `target` when it has to dial. */
export type PeerCallable = PeerRequest | (RpcCall & { readonly target: PeerTarget });

export const isForPeer = (term: unknown): term is PeerCallable =>
  term instanceof PeerRequest || (term instanceof RpcCall && 'target' in term && term.target !== undefined);

/** `timeout`: ms, Infinity for a call that has its deadline already. */
export function toPeer(
  context: MeshContext,
  call: PeerCallable,
  { nodeId }: PeerTarget,
  timeout: number,
): void {
  const { runtime, counters } = context;
  const ready = nodeId === undefined ? undefined : readyPeer(context, nodeId);
  if (ready !== undefined) {
    counters.poolHits++;
    runtime.call(ready, call, timeout);
    return;
  }
  counters.poolMisses++;
  const pool = actor(context, 'peerPool');
  if (pool === undefined) {
    unreachable(call, 'the peer pool is being restarted');
    return;
  }
  if (!(call instanceof RpcCall) && timeout !== Infinity) call.deadline = runtime.clock.now() + timeout;
  runtime.call(pool, call, timeout);
}

/** The connection for something new to this peer: ready, trusted, and not about to leave. */
export const readyPeer = (context: MeshContext, nodeId: string): Process | undefined =>
  context.standings.ready(nodeId)?.process;

/** Ends a call that has not left, because its peer cannot be reached. */
export function unreachable(call: PeerCallable, detail: string): void {
  if (call instanceof RpcCall) call.refuse({ tag: 'connection_error', sent: false, detail });
  else call.fail({ tag: 'exit', reason: 'noconnection', holder: null });
}

/** The same, because we have no room for it. */
export function overloaded(call: PeerCallable): void {
  if (call instanceof RpcCall) call.refuse({ tag: 'overloaded', bound: 'pool' });
  else call.fail({ tag: 'overloaded', bound: 'pool' });
}

/** The same, because it refuses us. To a call it is a provider that is not there: another one may take it. */
export function refused(call: PeerCallable, why: RpcFailure): void {
  if (call instanceof RpcCall) unreachable(call, `the node refuses: ${describeFailure(why)}`);
  else call.fail({ tag: 'exit', reason: REFUSED, holder: null });
}
