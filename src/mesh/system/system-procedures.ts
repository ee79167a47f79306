/**
 * What a node answers about itself: procedures whose names begin with `_`, which users can neither serve nor call.
 *
 * A client asks its own node by them, as an ordinary call over its connection.
 */
import type { Call } from '../../actor/call.ts';
import { isLoopback } from '../../transport/address.ts';
import { checkName } from '../client/check.ts';
import { actor, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { parseAddress } from '../peer/endpoint-text.ts';
import { discover, refusalOf } from '../registry/discovery.ts';
import { findProviders } from '../registry/find-providers.ts';
import { localProviders, remoteProviders } from '../registry/provider.ts';
import { askerOf, type RpcCall } from '../router/rpc-call.ts';
import { encodeLookup } from './lookup-answer.ts';
import { encodePeers } from './peer-list.ts';
import { encodeProviders } from './provider-list.ts';

/** Who serves `procedure`; `force_refresh`: whatever the node's cache knows. Gives a list of providers. */
export const DISCOVER = '_mesh.discover';
/** Looks `procedure` up in the DHT; gives who serves it and what the lookup took. */
export const LOOKUP = '_mesh.lookup';
/** Who is connected to the node, the asker left out. */
export const PEERS = '_mesh.peers';

/** What the inspector of the node shows, for those that its owner has named. */
export const INSPECT = '_mesh.inspect';

const PROCEDURES: ReadonlyMap<string, (context: MeshContext, call: RpcCall) => void> = new Map([
  [DISCOVER, discoverFor],
  [LOOKUP, lookUpFor],
  [PEERS, peersFor],
  [INSPECT, inspectFor],
]);

/** Whether a name is one of these. */
export const isSystemProcedure = (name: string): boolean => PROCEDURES.has(name);

/**
 * Whether a call was for this node itself: then it is answered, now or later, or refused. A client has none of these:
 * what it is asked to call goes to its node, and nobody asks it.
 */
export function systemProcedure(context: MeshContext, call: RpcCall): boolean {
  if (!call.procedure.startsWith('_') || context.role !== 'node') return false;
  const answer = PROCEDURES.get(call.procedure);
  if (answer === undefined) call.refuse({ tag: 'service_not_found' });
  else answer(context, call);
  return true;
}

function discoverFor(context: MeshContext, call: RpcCall): void {
  const procedure = nameIn(context, call);
  if (procedure === undefined) return;
  const forceRefresh = call.args['force_refresh'] === true;
  const options = { forceRefresh, timeout: call.timeout, asker: askerOf(call) };
  const question = findProviders(context, procedure, options, (found) => {
    if (found.ok) call.reply(encodeProviders(found.providers, context.settings.maxBody));
    else call.refuse(found.failure);
  });
  cancelWith(call, question);
}

/** Whoever hangs up does not go on waiting for the answer. */
function cancelWith(call: RpcCall, question: Call | undefined): void {
  if (question !== undefined) call.worker = { onAbandoned: () => void question.cancel(undefined) };
}

/** Those who ask for one name at once share one lookup, as callers do. */
function lookUpFor(context: MeshContext, call: RpcCall): void {
  const procedure = nameIn(context, call);
  if (procedure === undefined) return;
  const refusal = onlyForClients(context, call);
  if (refusal !== undefined) {
    call.refuse(refusal);
    return;
  }
  const { clock } = context.runtime;
  const begun = clock.now();
  const options = { forceRefresh: true, timeout: call.timeout, asker: askerOf(call) };
  const question = discover(context, procedure, options, (discovery) => {
    if (discovery.tag === 'unreachable') {
      call.refuse(refusalOf(discovery));
      return;
    }
    const { asked = 0, answered = 0, failed = 0, hops = 0 } = discovery.stats ?? {};
    const providers = [...localProviders(context, procedure), ...remoteProviders(discovery)];
    const answer = { providers, asked, answered, failed, hops, ms: clock.now() - begun };
    call.reply(encodeLookup(answer, context.settings.maxBody));
  });
  cancelWith(call, question);
}

function peersFor(context: MeshContext, call: RpcCall): void {
  const refusal = onlyForClients(context, call) ?? onlyAmongFriends(context, call);
  if (refusal !== undefined) {
    call.refuse(refusal);
    return;
  }
  const pool = shared(context, 'peerPool');
  if (pool === undefined || actor(context, 'peerPool') === undefined) {
    call.refuse({ tag: 'connection_error', sent: false, detail: 'the peer pool is being restarted' });
    return;
  }
  call.reply(encodePeers(pool.list().filter(({ nodeId }) => nodeId !== call.caller.nodeId)));
}

/** Who is not named is not told whether there is an inspector. */
function inspectFor(context: MeshContext, call: RpcCall): void {
  const { caller } = call;
  const inspection = shared(context, 'inspector')?.remote;
  // nobody's word counts for who asks: the handshake must have shown it
  const named = caller.local || (caller.via === undefined && inspection?.allows(caller.nodeId) === true);
  if (inspection === undefined || !named) {
    call.refuse({ tag: 'unauthorized', detail: 'this node lets only those inspect it that it has named' });
    return;
  }
  inspection.answer(call.args, (answer) => {
    if (answer === 'nothing')
      call.refuse({ tag: 'invalid_args', field: 'what', detail: 'nothing of that name' });
    else if (answer === 'overloaded') call.refuse({ tag: 'overloaded', bound: 'inspector' });
    else call.reply(answer);
  });
}

/** The name asked for; refuses the call when it is none. */
function nameIn(context: MeshContext, call: RpcCall): string | undefined {
  const name = checkName(call.args['procedure'], context.settings.names);
  if (name.ok) return name.value;
  call.refuse(name.failure);
  return undefined;
}

/** Other nodes have a registry and a pool of their own. */
function onlyForClients({ standings }: MeshContext, { caller }: RpcCall): RpcFailure | undefined {
  if (caller.local || standings.ready(caller.nodeId, false)?.isNode === false) return undefined;
  return { tag: 'unauthorized', detail: "only the node's clients may ask this" };
}

/** Where clients are is nobody's business who only knows the realm's name. */
function onlyAmongFriends({ settings, standings }: MeshContext, { caller }: RpcCall): RpcFailure | undefined {
  if (caller.local || settings.closed !== undefined) return undefined;
  const address = parseAddress(standings.ready(caller.nodeId, false)?.address ?? '');
  if (address !== undefined && isLoopback(address.host)) return undefined;
  return { tag: 'unauthorized', detail: 'in an open realm this is answered on loopback only' };
}
