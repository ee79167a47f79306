/**
 * A client's one connection to its node: dials it, and dials again with backoff when it is lost.
 *
 * A refusal (wrong realm, wrong key) is final: no loop. So is being replaced by a newer connection of the same
 * identity: two that take turns would serve nobody. Supervised by `peers`; a crash loses nothing: its successor
 * takes over a connection that is alive, or dials.
 */
import { Down } from '../../actor/monitor.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import { childrenOf } from '../../actor/tree.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import type { From, GenServer } from '../../otp/gen-server.ts';
import { noReply, reply, started } from '../../otp/result.ts';
import { CloseCode, type CloseReason, type PhysicalAddress } from '../../transport/transport.ts';
import { connectFailure } from '../connection/close.ts';
import { connectionSpec } from '../connection/connection.ts';
import { ConnectionCore } from '../connection/core.ts';
import { Ended, Ready, Watch } from '../connection/messages.ts';
import { actor, type MeshContext, type UplinkView } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { delay, nextAttempt } from './backoff.ts';

export interface UplinkArgs {
  readonly context: MeshContext;
  readonly address: PhysicalAddress;
  /** Refuse any other node. */
  readonly expectedId: Uint8Array | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface State extends UplinkArgs {
  readonly view: Mutable<UplinkView>;
  /** The connection that is there or on its way. */
  current: Process | undefined;
  /** Who waits for the first connection. */
  waiting: From | undefined;
  attempt: number;
  readySince: number | undefined;
}

export interface UplinkCalls {
  /** Waits for the first connection: the node's hex id, or why there is none. One caller at a time. */
  ready():
    { readonly ok: true; readonly nodeId: string } | { readonly ok: false; readonly failure: RpcFailure };
}

/** Time to dial. */
class Dial {
  readonly dial = true;
}

export const uplinkServer: GenServer<UplinkArgs, State, UplinkCalls> = {
  label: 'uplink',

  init: (args, self) => {
    const view = { connection: null, peerId: '', refusal: undefined };
    args.context.scope.share('uplink', self as Process, view);
    const state: State = {
      ...args,
      view,
      current: undefined,
      waiting: undefined,
      attempt: 0,
      readySince: undefined,
    };
    return started(state, { continue: new Dial() });
  },

  handleContinue: (_dial, state, self) => {
    if (!takeOver(state, self)) dial(state, self);
    return noReply(state);
  },

  handleCall: {
    ready: (_none, state, _self, from) => {
      const { connection, peerId, refusal } = state.view;
      if (connection !== null) return reply({ ok: true as const, nodeId: peerId }, state);
      if (refusal !== undefined) return reply({ ok: false as const, failure: refusal }, state);
      state.waiting = from;
      return noReply(state);
    },
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Dial) dial(state, self);
    else if (message instanceof Ready) onReady(state, self, message);
    else if (message instanceof Down && message.pid === state.current) onLost(state, self, message.reason);
    return noReply(state);
  },
};

/** A connection that outlived our predecessor is as good as a new one. */
function takeOver(state: State, self: Self): boolean {
  const connections = actor(state.context, 'connections');
  const [connection] = connections === undefined ? [] : [...childrenOf(connections)].reverse();
  if (connection === undefined) return false;
  state.current = connection;
  self.monitor(connection);
  self.send(connection, new Watch(self as Process));
  return true;
}

function dial(state: State, self: Self): void {
  const { context, address, expectedId } = state;
  const connections = actor(context, 'connections');
  const result =
    connections === undefined
      ? undefined
      : startDynamicChild(
          connections,
          connectionSpec({
            context,
            core: new ConnectionCore(context),
            dial: { address, expectedId },
            watcher: self as Process,
          }),
        );
  if (result === undefined || result instanceof Promise || result.tag !== 'ok') {
    again(state, self);
    return;
  }
  state.current = result.pid as Process;
  self.monitor(result.pid);
}

function onReady(state: State, self: Self, { connection, peerId }: Ready): void {
  if (connection !== state.current) return;
  state.view.connection = connection;
  state.view.peerId = peerId;
  state.readySince ??= self.clock.now();
  state.waiting?.reply({ ok: true, nodeId: peerId });
  state.waiting = undefined;
}

function onLost(state: State, self: Self, reason: ExitReason): void {
  state.current = undefined;
  state.view.connection = null;
  if (state.readySince !== undefined) {
    state.attempt = nextAttempt(state.attempt, self.clock.now() - state.readySince);
  }
  state.readySince = undefined;
  const { failure, final } = judge(reason);
  // the first connection decides about `connect`; later ones are tried for ever
  state.waiting?.reply({ ok: false, failure });
  state.waiting = undefined;
  if (final) state.view.refusal = failure;
  else again(state, self);
}

function again(state: State, self: Self): void {
  self.sendAfter(delay(state.attempt++, self.random), new Dial());
}

/** Why it is lost, and whether trying again could end otherwise. */
function judge(reason: ExitReason): { readonly failure: RpcFailure; readonly final: boolean } {
  const ended =
    typeof reason === 'object' && reason !== null && 'shutdown' in reason ? reason.shutdown : undefined;
  if (!(ended instanceof Ended)) {
    return {
      failure: { tag: 'connection_error', sent: false, detail: 'the connection was lost' },
      final: false,
    };
  }
  const failure = ended.refusal ?? connectFailure(ended.close);
  const final = failure.tag === 'unauthorized' || failure.tag === 'protocol_error' || isReplaced(ended.close);
  return { failure, final };
}

const isReplaced = (close: CloseReason): boolean =>
  close.tag === 'remote' && close.code === CloseCode.duplicate;
