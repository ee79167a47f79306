/**
 * The router: gives every call, from here or from a peer, to someone who can answer it.
 *
 * A handler of ours, when it is the only one here, gets the call at once and no frame is sent; a client asks its
 * node; everything else becomes a journey. It holds no call longer than it takes to choose. Supervised by
 * `services`; a crash loses nothing: calls that wait for it go on by themselves, and journeys need it no more.
 */
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply } from '../../otp/result.ts';
import { actor, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { systemProcedure } from '../system/system-procedures.ts';
import { ownId, processOf } from './candidates.ts';
import { mayFailOver } from './failover.ts';
import { give } from './give.ts';
import { Journey } from './journey.ts';
import { RpcCall, type Rescuer } from './rpc-call.ts';

/** Messages queued at most (DESIGN §8, Mailboxes). */
const ROUTER_MAILBOX = 16_384;

export const routerServer: GenServer<MeshContext, MeshContext> = {
  label: 'router',
  mailbox: ROUTER_MAILBOX,
  init: (context) => context,
  handleRequest: (term, context) => {
    if (term instanceof RpcCall && !term.settled) route(context, term);
    return noReply(context);
  },
  handleInfo: (_message, context) => noReply(context),
};

/** Has a fresh call routed; without a router it goes its way all the same. */
export function toRouter(context: MeshContext, call: RpcCall): void {
  call.rescuer = rescuerOf(context);
  const router = actor(context, 'router');
  if (router === undefined) routeAlone(context, call);
  else context.runtime.call(router, call, call.timeout);
}

/** Nobody holds it, and it may have no deadline yet. */
function routeAlone(context: MeshContext, call: RpcCall): void {
  const { timers, clock } = context.runtime;
  call.detach();
  if (call.bucket === null) timers.set(call, Math.max(0, call.deadline - clock.now()));
  route(context, call);
}

function route(context: MeshContext, call: RpcCall): void {
  if (systemProcedure(context, call)) return;
  if (call.plan === undefined && (handHere(context, call) || handToNode(context, call))) return;
  new Journey(context, call).go();
}

/** The only provider here is a handler of ours. */
function handHere(context: MeshContext, call: RpcCall): boolean {
  const providers = shared(context, 'serviceRegistry')?.providers(call.procedure);
  const provider = providers?.[0];
  if (provider?.target.kind !== 'handler' || providers?.length !== 1) return false;
  const process = processOf(context, provider);
  if (process === undefined) return false;
  call.route = 'local';
  call.servedBy = ownId(context);
  give(context, call, provider, process);
  return true;
}

/** A client that serves it not knows nobody but its node. */
function handToNode(context: MeshContext, call: RpcCall): boolean {
  if (context.role !== 'client' || call.fromPeer) return false;
  const providers = shared(context, 'serviceRegistry')?.providers(call.procedure);
  const connection = shared(context, 'uplink')?.connection;
  if (providers?.length !== 0 || connection?.alive !== true) return false;
  call.rescuer = null;
  call.route = 'direct';
  context.runtime.call(connection, call, Infinity);
  return true;
}

/** One for all calls, made with the first. */
const rescuerOf = (context: MeshContext): Rescuer =>
  (context.routing.rescuer ??= { rescue: (call, failure) => rescue(context, call, failure) });

/** A call that its handler did not take, or whose router died, goes on if it may. */
function rescue(context: MeshContext, call: RpcCall, failure: RpcFailure | undefined): boolean {
  if (context.phase.closing) return false;
  if (failure === undefined) {
    routeAlone(context, call);
    return true;
  }
  if (call.procedure.startsWith('_')) return false;
  if (call.reach === 'here' || !mayFailOver(failure, call.idempotent)) return false;
  new Journey(context, call).goAround(failure);
  return true;
}
