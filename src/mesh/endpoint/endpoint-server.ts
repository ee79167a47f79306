/**
 * The endpoint actor: owns the socket, turns verified inbound links into connections.
 *
 * Supervised first below `transport`; a crash takes every connection along. On a kill the socket is freed
 * without a word to the peers, who notice by their idle timeouts; its successor listens on the same port.
 */
import type { Process } from '../../actor/process.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import type { Identity } from '../../identity/identity.ts';
import { noReply, reply, stop } from '../../otp/result.ts';
import {
  CloseCode,
  TransportError,
  type Endpoint,
  type EndpointLimits,
  type EndpointStats,
  type Link,
  type LinkEvents,
  type PhysicalAddress,
  type Transport,
} from '../../transport/transport.ts';
import { acceptedCore, connectionSpec } from '../connection/connection.ts';
import { actor, shared, type MeshContext } from '../context.ts';

/** Messages queued at most (DESIGN §8, Mailboxes). */
const ENDPOINT_MAILBOX = 16_384;

export interface EndpointArgs {
  readonly context: MeshContext;
  readonly transport: Transport;
  readonly bind: PhysicalAddress;
  /** Whether peers may dial us. */
  readonly listens: boolean;
  readonly limits: EndpointLimits | undefined;
}

export interface EndpointCalls {
  address(): PhysicalAddress;
  stats(): EndpointStats;
}

export const endpointServer: GenServer<EndpointArgs, Endpoint, EndpointCalls> = {
  label: 'endpoint',
  mailbox: ENDPOINT_MAILBOX,
  trapExit: true,

  init: async (args, self) => {
    const { context } = args;
    const identity = shared(context, 'identity');
    if (identity === undefined) throw new Error('the endpoint needs an identity');
    let endpoint: Endpoint;
    try {
      endpoint = await open(args, identity);
    } catch (error) {
      // a port that is taken is the user's to know, not a crash
      if (error instanceof TransportError) return stop({ shutdown: error }, undefined);
      throw error;
    }
    context.runtime.onExit(self.pid, () => {
      endpoint.destroy();
    });
    context.scope.share('endpoint', self as Process, endpoint);
    if (args.listens) context.phase.bound = endpoint.local;
    return endpoint;
  },

  handleCall: {
    address: (_none, endpoint) => reply(endpoint.local, endpoint),
    stats: (_none, endpoint) => reply(endpoint.stats(), endpoint),
  },
  handleInfo: (_message, endpoint) => noReply(endpoint),

  terminate: (_reason, endpoint) => endpoint.close(CloseCode.shuttingDown, ''),
};

function open(args: EndpointArgs, identity: Identity): Promise<Endpoint> {
  const { context, transport, bind, listens, limits } = args;
  return transport.open({
    clock: context.runtime.clock,
    random: context.runtime.random,
    identity,
    bind: context.phase.bound ?? bind,
    accept: listens ? ['macula'] : [],
    onLink: (link) => accept(context, link),
    ...(limits === undefined ? {} : { limits }),
  });
}

function accept(context: MeshContext, link: Link): LinkEvents | CloseCode {
  const connections = actor(context, 'connections');
  if (connections === undefined || context.phase.closing) return CloseCode.shuttingDown;
  const core = acceptedCore(context, link);
  const result = startDynamicChild(
    connections,
    connectionSpec({ context, core, dial: undefined, watcher: undefined }),
  );
  return !(result instanceof Promise) && result.tag === 'ok' ? core : CloseCode.shuttingDown;
}
