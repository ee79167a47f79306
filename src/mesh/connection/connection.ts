/**
 * The connection actor: one per peer, on top of one link.
 *
 * Its mailbox carries control only: calls to send, registrations, drain and close. Frames arrive by direct
 * calls into its core. States and deadlines are in `machine.ts`. Supervised by `connections`, temporary: a
 * crash loses the calls on this connection and nothing else; the link is closed with it.
 */
import type { Process } from '../../actor/process.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { startServerLink, type From, type GenServer } from '../../otp/gen-server.ts';
import { noReply, stop } from '../../otp/result.ts';
import { CloseCode, type Link } from '../../transport/transport.ts';
import { shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { NatRequest } from '../nat/detection/nat-request.ts';
import { PeerRequest } from '../peer/peer-request.ts';
import { isForPeer, toPeer } from '../peer/to-peer.ts';
import { Registered } from '../registry/registered.ts';
import { RpcCall } from '../router/rpc-call.ts';
import { ConnectionState, type ConnectionArgs } from './connection-state.ts';
import { ConnectionCore } from './core.ts';
import {
  Ask,
  Check,
  Close,
  Drain,
  Ended,
  Farewell,
  Greet,
  Introduce,
  Replay,
  Watch,
  Yield,
} from './messages.ts';

/** Messages queued at most (DESIGN §8, Mailboxes). */
const CONNECTION_MAILBOX = 16_384;

export interface ConnectionCalls {
  /** Tells the peer whether this client serves a procedure now; undefined when it was accepted. */
  announce(procedure: string): RpcFailure | undefined;
}

const connectionServer: GenServer<ConnectionArgs, ConnectionState, ConnectionCalls> = {
  label: 'connection',
  mailbox: CONNECTION_MAILBOX,
  trapExit: true,

  init: (args, self) => {
    const process = self as Process;
    const state = new ConnectionState(args, process);
    const { core, context, dial } = args;
    core.owner = state;
    context.runtime.onExit(process, () => {
      context.standings.remove(process);
      core.link?.close(CloseCode.internal, '');
      core.end({ tag: 'transport_error', detail: 'the connection was ended here' });
    });
    if (dial !== undefined) {
      const endpoint = shared(context, 'endpoint');
      if (endpoint === undefined) return stop({ shutdown: NO_ENDPOINT }, undefined);
      const { address, expectedId, tls } = dial;
      core.link = endpoint.dial(
        {
          address,
          protocol: 'macula',
          ...(expectedId === undefined ? {} : { expectedId }),
          ...(tls === true ? { fallback: 'tls' } : {}),
        },
        core,
      );
      process.label = `connection to ${address.host}:${address.port}`;
    } else if (core.link !== undefined) {
      const { host, port } = core.link.observed;
      process.label = `connection from ${host}:${port}`;
    }
    return state;
  },

  handleCall: {
    announce: (procedure, state, _self, from: From) => {
      state.control.announce(procedure, from);
      return noReply(state);
    },
  },

  handleRequest: (term, state) => {
    // what was sent here in the moment of a goodbye goes another way
    if (state.core.standing?.leaving === true && isForPeer(term)) {
      toPeer(state.context, term, term.target, Infinity);
    } else if (term instanceof RpcCall) state.send(term);
    else if (term instanceof PeerRequest) state.core.asking.send(term);
    else if (term instanceof NatRequest) state.control.nat.ask(term);
    return noReply(state);
  },

  handleInfo: (message, state) => {
    if (message instanceof Registered) state.control.answerRegistration(message);
    else if (message instanceof Drain) {
      state.drainCode = message.code;
      state.lifecycle.send({ type: 'drain', timeout: message.timeout } as never);
    } else if (message instanceof Close) state.close(message.code, message.reason);
    else if (message instanceof Replay) state.control.replay();
    else if (message instanceof Farewell) state.control.farewell();
    else if (message instanceof Introduce) state.introduce();
    else if (message instanceof Ask) state.ask(message.brief);
    else if (message instanceof Check) state.check();
    else if (message instanceof Yield) state.yieldTo(message.heir);
    else if (message instanceof Greet) state.greet();
    else if (message instanceof Watch) {
      state.watcher = message.watcher;
      state.greet();
      state.rewatched();
    }
    return noReply(state);
  },

  terminate: (_reason, state) => {
    state.lifecycle.stop();
    state.core.close(CloseCode.shuttingDown);
  },
};

const NO_ENDPOINT = new Ended(
  { tag: 'transport_error', detail: 'the endpoint is being restarted' },
  undefined,
);

/** A connection as a temporary child of `connections`. */
export function connectionSpec(args: ConnectionArgs): ChildSpec {
  return {
    id: 'connection',
    restart: 'temporary',
    start: (parent) => startServerLink(parent, connectionServer, args, {}),
  };
}

/** An accepted link becomes a connection. */
export function acceptedCore(context: MeshContext, link: Link): ConnectionCore {
  const core = new ConnectionCore(context);
  core.link = link;
  return core;
}
