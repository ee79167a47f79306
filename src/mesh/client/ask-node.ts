/**
 * Asks a node about itself: a client its own node, over its connection; a node itself, or any other one by its id.
 */
import type { ValueMap } from '../../codec/value.ts';
import type { MeshContext } from '../context.ts';
import type { Result } from '../errors/rpc-error.ts';
import type { PeerTarget } from '../peer/peer-target.ts';
import { toPeer } from '../peer/to-peer.ts';
import type { CallInit, Caller } from '../router/rpc-call.ts';
import { toRouter } from '../router/router.ts';
import { ApiCall } from './api-call.ts';

/** @param procedure one whose name begins with `_`. */
export function askNode(
  context: MeshContext,
  caller: Caller,
  procedure: string,
  args: ValueMap,
  timeout: number,
  settle: (result: Result) => void,
): ApiCall {
  const call = new ApiCall(initOf(context, caller, procedure, args, timeout), settle);
  toRouter(context, call);
  return call;
}

/** For the peer pool, which may have to dial. */
class PeerCall extends ApiCall {
  declare readonly target: PeerTarget;

  constructor(init: CallInit, target: PeerTarget, settle: (result: Result) => void) {
    super(init, settle);
    this.target = target;
  }
}

/** Asks the node with that id, in hex; where it is, is looked up in the DHT. For nodes only. */
export function askPeer(
  context: MeshContext,
  caller: Caller,
  nodeId: string,
  procedure: string,
  args: ValueMap,
  timeout: number,
  settle: (result: Result) => void,
): ApiCall {
  if (nodeId === caller.nodeId) return askNode(context, caller, procedure, args, timeout, settle);
  const target: PeerTarget = { nodeId, addresses: [], nat: {} };
  const call = new PeerCall(initOf(context, caller, procedure, args, timeout), target, settle);
  toPeer(context, call, target, timeout);
  return call;
}

const initOf = (
  { runtime, events }: MeshContext,
  caller: Caller,
  procedure: string,
  args: ValueMap,
  timeout: number,
): CallInit => ({
  procedure,
  args: Object.freeze(args),
  timeout,
  deadline: runtime.clock.now() + timeout,
  caller,
  fromPeer: false,
  trace: undefined,
  idempotent: true,
  observer: events.calls,
});
