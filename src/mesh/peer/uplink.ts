/**
 * A client's one connection to its node: dials it, keeps what it should serve registered there, and dials
 * again with backoff when it is lost.
 *
 * A refusal (wrong realm, wrong key) is final: no loop. Supervised by `peers`; a crash loses nothing: its
 * successor takes over a connection that is alive, or dials.
 */
import { Down } from '../../actor/monitor.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import type { From, GenServer } from '../../otp/gen-server.ts';
import { noReply, reply, started } from '../../otp/result.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import type { PhysicalAddress } from '../../transport/transport.ts';
import { connectFailure } from '../connection/close.ts';
import { connectionSpec, type ConnectionCalls } from '../connection/connection.ts';
import { ConnectionCore } from '../connection/core.ts';
import { Ended, Ready } from '../connection/messages.ts';
import { actor, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { delay, nextAttempt } from './backoff.ts';

export interface UplinkArgs {
  readonly context: MeshContext;
  readonly address: PhysicalAddress;
  /** Refuse any other node. */
  readonly expectedId: Uint8Array | undefined;
}

interface State extends UplinkArgs {
  readonly shared: { connection: Process | null };
  /** Those who wait for the first connection. */
  waiting: From[];
  attempt: number;
  readySince: number | undefined;
  /** Hex id of the node, once proven. */
  peerId: string;
  /** A refusal: nothing more is tried. */
  refusal: RpcFailure | undefined;
}

export interface UplinkCalls {
  /** Waits for the first connection: the node's hex id, or why there is none. */
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
    const mine = { connection: null as Process | null };
    args.context.scope.share('uplink', self as Process, mine);
    const state: State = {
      ...args,
      shared: mine,
      waiting: [],
      attempt: 0,
      readySince: undefined,
      peerId: '',
      refusal: undefined,
    };
    return started(state, { continue: new Dial() });
  },

  handleContinue: (_dial, state, self) => {
    dial(state, self);
    return noReply(state);
  },

  handleCall: {
    ready: (_none, state, _self, from) => {
      if (state.shared.connection !== null) return reply({ ok: true as const, nodeId: state.peerId }, state);
      if (state.refusal !== undefined) return reply({ ok: false as const, failure: state.refusal }, state);
      state.waiting.push(from);
      return noReply(state);
    },
  },

  handleInfo: async (message, state, self) => {
    if (message instanceof Dial) dial(state, self);
    else if (message instanceof Ready) await onReady(state, self, message);
    else if (message instanceof Down) onLost(state, self, message.reason);
    return noReply(state);
  },
};

function dial(state: State, self: Self): void {
  const { context, address, expectedId } = state;
  const connections = actor(context, 'connections');
  const process = self as Process;
  const result =
    connections === undefined
      ? undefined
      : startDynamicChild(
          connections,
          connectionSpec({
            context,
            core: new ConnectionCore(context),
            dial: { address, expectedId },
            watcher: process,
          }),
        );
  if (result === undefined || result instanceof Promise || result.tag !== 'ok') again(state, self);
  else self.monitor(result.pid);
}

async function onReady(state: State, self: Self, message: Ready): Promise<void> {
  state.shared.connection = message.connection;
  state.peerId = message.peerId;
  state.readySince = self.clock.now();
  await replay(state, message.connection);
  for (const from of state.waiting) from.reply({ ok: true, nodeId: message.peerId });
  state.waiting = [];
}

/** Registers at the node what this client should serve. */
async function replay(state: State, connection: Process): Promise<void> {
  const ref = new ServerRef<ConnectionCalls>(state.context.runtime, connection);
  const names = new Set(
    [...(shared(state.context, 'intent')?.values() ?? [])].map((entry) => entry.procedure),
  );
  for (const procedure of names) {
    // a failure shows in the next reconnect, or in the user's own advertise; the connection's end ends the wait
    await ref.call('register', { procedure, remove: false }).catch(() => undefined);
  }
}

function onLost(state: State, self: Self, reason: ExitReason): void {
  const wasReady = state.readySince !== undefined;
  state.shared.connection = null;
  if (state.readySince !== undefined) {
    state.attempt = nextAttempt(state.attempt, self.clock.now() - state.readySince);
  }
  state.readySince = undefined;
  const failure = failureOf(reason);
  if (failure.tag === 'unauthorized' || failure.tag === 'protocol_error') state.refusal = failure;
  if (!wasReady) {
    // the first connection decides about `connect`; later ones are tried for ever
    for (const from of state.waiting) from.reply({ ok: false, failure });
    state.waiting = [];
  }
  if (state.refusal === undefined) again(state, self);
}

function again(state: State, self: Self): void {
  self.sendAfter(delay(state.attempt++, self.random), new Dial());
}

function failureOf(reason: ExitReason): RpcFailure {
  const ended =
    typeof reason === 'object' && reason !== null && 'shutdown' in reason ? reason.shutdown : undefined;
  if (ended instanceof Ended) return ended.refusal ?? connectFailure(ended.close);
  return { tag: 'connection_error', sent: false, detail: 'the connection was lost' };
}
