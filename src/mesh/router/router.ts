/**
 * The router: gives every call, from here or from a peer, to someone who can answer it.
 *
 * Local providers first (no frame is sent), then, on a client, its node. It holds no call longer than it takes
 * to choose. Supervised by `services`; a crash fails the calls that were waiting to be routed, none that run.
 */
import type { Process } from '../../actor/process.ts';
import type { Identity } from '../../identity/identity.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply } from '../../otp/result.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Provider } from '../registry/service-table.ts';
import { RpcCall } from './rpc-call.ts';
import { powerOfTwo } from './select.ts';

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

function route(context: MeshContext, call: RpcCall): void {
  const table = shared(context, 'serviceRegistry');
  if (table === undefined) {
    call.refuse({ tag: 'connection_error', sent: false, detail: 'the service registry is being restarted' });
    return;
  }
  const all = table.providers(call.procedure);
  let candidates = all;
  while (candidates.length > 0) {
    const provider = powerOfTwo(candidates, context.runtime.random) as Provider;
    const process = processOf(context, provider);
    if (process !== undefined) {
      give(context, call, provider, process);
      return;
    }
    // its process is being restarted: the others are as good
    candidates = candidates.filter((other) => other !== provider);
  }
  if (all.some(({ target }) => target.kind === 'handler')) {
    call.refuse({ tag: 'connection_error', sent: false, detail: 'the procedure is being restarted' });
  } else if (context.role === 'client' && !call.fromPeer) toNode(context, call);
  else call.refuse(notFound(context, call));
}

function processOf(context: MeshContext, { target }: Provider): Process | undefined {
  if (target.kind === 'handler') return context.scope.whereis(target.name) as Process | undefined;
  return target.connection.alive ? target.connection : undefined;
}

function give(context: MeshContext, call: RpcCall, provider: Provider, process: Process): void {
  call.assign(provider);
  call.route = 'local';
  call.servedBy = provider.target.kind === 'peer' ? provider.target.nodeId : ownId(context);
  context.runtime.call(process, call, Infinity);
}

/** A client's own last step: its node knows more than it does. */
function toNode(context: MeshContext, call: RpcCall): void {
  const uplink = shared(context, 'uplink');
  const connection = uplink?.connection ?? null;
  if (connection === null || !connection.alive) {
    call.refuse(
      uplink?.refusal ?? { tag: 'connection_error', sent: false, detail: 'not connected to the node' },
    );
    return;
  }
  call.route = 'direct';
  context.runtime.call(connection, call, Infinity);
}

function notFound(context: MeshContext, call: RpcCall): RpcFailure {
  // a node that asks its client believes the client has a handler
  return context.role === 'client' && call.fromPeer ? { tag: 'no_handler' } : { tag: 'service_not_found' };
}

/** Hex ids by identity: asked for each call, made once. */
const ids = new WeakMap<Identity, string>();

function ownId(context: MeshContext): string {
  const identity = shared(context, 'identity');
  if (identity === undefined) return '';
  let id = ids.get(identity);
  if (id === undefined) {
    id = hex(identity.nodeId);
    ids.set(identity, id);
  }
  return id;
}
