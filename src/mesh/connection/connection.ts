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
import { CloseCode, type CloseReason, type Link, type PhysicalAddress } from '../../transport/transport.ts';
import { createMachineCell, type MachineCell } from '../../xstate/cell.ts';
import { shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { connectionEnded, connectionOpened, peerDoubted } from '../events/connection-events.ts';
import { Registered } from '../registry/registered.ts';
import { RpcCall } from '../router/rpc-call.ts';
import { ControlHandler } from './control.ts';
import { ConnectionCore, type CoreOwner, type Rejected } from './core.ts';
import { lifecycleMachine, type LifecycleAction } from './machine.ts';
import {
  Answered,
  Ask,
  Close,
  Doubted,
  Drain,
  Ended,
  Farewell,
  Greet,
  Introduce,
  Ready,
  Replay,
  Verified,
  Watch,
} from './messages.ts';

/** Messages queued at most (DESIGN §8, Mailboxes). */
const CONNECTION_MAILBOX = 16_384;

/** Milliseconds a closing connection waits for the answer to its goodbye. */
const FAREWELL = 1_000;

export interface ConnectionCalls {
  /** Tells the peer whether this client serves a procedure now; undefined when it was accepted. */
  announce(procedure: string): RpcFailure | undefined;
}

export interface ConnectionArgs {
  readonly context: MeshContext;
  readonly core: ConnectionCore;
  /** Dial this; undefined for an accepted link. */
  readonly dial:
    { readonly address: PhysicalAddress; readonly expectedId: Uint8Array | undefined } | undefined;
  readonly watcher: Process | undefined;
  /** Wait with the hello until told: `Verified`, then `Greet`. */
  readonly hold?: boolean;
}

export class ConnectionState implements CoreOwner {
  readonly context: MeshContext;
  readonly core: ConnectionCore;
  readonly process: Process;
  watcher: Process | undefined;
  readonly lifecycle: MachineCell;
  readonly control: ControlHandler;
  refusal: RpcFailure | undefined;
  /** The hello waits to be let go. */
  hold: boolean;
  drainCode: CloseCode = CloseCode.normal;
  /** The peer has answered our goodbye. */
  #farewell = false;

  constructor(args: ConnectionArgs, process: Process) {
    this.context = args.context;
    this.core = args.core;
    this.process = process;
    this.watcher = args.watcher;
    this.hold = args.hold === true;
    this.control = new ControlHandler(this);
    this.lifecycle = createMachineCell(process, lifecycleMachine, {
      input: { helloTimeout: args.context.settings.helloTimeout },
      perform: (action) => this.#perform(action.type as LifecycleAction),
    });
  }

  onControl(frame: Parameters<CoreOwner['onControl']>[0]): void {
    this.control.onFrame(frame);
  }

  onRejectedControl(event: Rejected): void {
    this.control.onRejected(event);
  }

  onDoubted(why: Doubted['why']): void {
    const standing = this.context.standings.find(this.process);
    if (standing !== undefined) standing.doubtful = why === 'suspect';
    if (why !== 'gone') {
      this.control.trust(why === 'trusted');
      peerDoubted(this.core, why === 'suspect');
    }
    this.#tell(new Doubted(this.process, why));
  }

  onVerified(): void {
    const { context, core, process } = this;
    context.standings.add({
      process,
      peerId: core.peerId,
      dialed: core.link?.role === 'dialer',
      epoch: undefined,
      greeted: false,
      readySince: undefined,
      doubtful: false,
      replace: () => core.close(CloseCode.duplicate),
    });
  }

  /** At once: the link may go on to flush what was written, but nobody waits for that here. */
  close(code: CloseCode): void {
    this.core.close(code);
    this.core.end({ tag: 'local', code, reason: '' });
  }

  /** The hello may go now. */
  greet(): void {
    if (!this.hold) return;
    this.hold = false;
    if (this.lifecycle.matches('greeting.hello')) this.control.hello();
  }

  /** One last question to the peer. */
  ask(): void {
    this.core.prober.ask(this.process, (alive) => {
      const standing = this.context.standings.find(this.process);
      if (standing !== undefined) standing.doubtful = !alive;
      this.#tell(new Answered(this.process, alive));
    });
  }

  #tell(message: unknown): void {
    if (this.watcher !== undefined) this.process.send(this.watcher, message);
  }

  onEnded(reason: CloseReason): void {
    this.context.standings.remove(this.process);
    this.context.counters.connectionsClosed++;
    connectionEnded(this.core, reason, this.refusal);
    this.control.end();
    this.lifecycle.send({ type: 'closed' });
    this.context.runtime.stop(this.process, { shutdown: new Ended(reason, this.refusal) });
  }

  onFarewell(): void {
    this.#farewell = true;
    this.checkIdle();
  }

  /** A draining connection with nothing in flight, here or on its way to us, is done. */
  checkIdle(): void {
    const { incoming, outgoing, outbox } = this.core;
    const idle = this.#farewell && incoming.inFlight + outgoing.inFlight + outbox.size === 0;
    if (idle && this.lifecycle.matches('draining')) this.lifecycle.send({ type: 'idle' });
  }

  refuse(failure: RpcFailure, code: CloseCode, message: string): void {
    this.refusal = failure;
    this.core.close(code, message);
  }

  /** Says who is connected; a newcomer may have missed it. */
  introduce(): void {
    if (!this.core.ready) return;
    this.control.introduce();
    this.tellWatcher();
  }

  /** While nobody watched, this connection could not be found: what was advertised then was not said. */
  rewatched(): void {
    if (!this.core.ready) return;
    this.control.enroll();
    this.tellWatcher();
  }

  tellWatcher(): void {
    this.#tell(new Ready(this.process, this.core.peerId));
  }

  #perform(action: LifecycleAction): void {
    const { core } = this;
    switch (action) {
      case 'sendHello':
        if (this.hold) this.#tell(new Verified(this.process));
        else this.control.hello();
        return;
      case 'announce': {
        this.context.counters.connectionsOpened++;
        connectionOpened(core);
        const standing = this.context.standings.find(this.process);
        if (standing !== undefined) standing.readySince = core.now();
        core.begin();
        this.control.enroll();
        this.introduce();
        return;
      }
      case 'helloTimedOut':
        core.close(CloseCode.helloTimeout, '');
        return;
      case 'finish':
        core.incoming.draining = true;
        this.control.goodbye();
        // a peer that does not answer has nothing to say
        this.context.runtime.workAfter(FAREWELL, this.process, () => this.onFarewell());
        return;
      case 'drained':
        core.close(this.drainCode);
        return;
    }
  }
}

export const connectionServer: GenServer<ConnectionArgs, ConnectionState, ConnectionCalls> = {
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
      const { address, expectedId } = dial;
      core.link = endpoint.dial(
        { address, protocol: 'macula', ...(expectedId === undefined ? {} : { expectedId }) },
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
    if (term instanceof RpcCall) state.core.send(term);
    return noReply(state);
  },

  handleInfo: (message, state) => {
    if (message instanceof Registered) state.control.answerRegistration(message);
    else if (message instanceof Drain) {
      state.drainCode = message.code;
      state.lifecycle.send({ type: 'drain', timeout: message.timeout } as never);
    } else if (message instanceof Close) state.close(message.code);
    else if (message instanceof Replay) state.control.replay();
    else if (message instanceof Farewell) state.control.farewell();
    else if (message instanceof Introduce) state.introduce();
    else if (message instanceof Ask) state.ask();
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
