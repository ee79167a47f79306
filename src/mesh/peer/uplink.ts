/**
 * A client's one connection to its node, or to one of several stations: dials it, and dials again with backoff when it
 * is lost; the next station first, when there are several (`station-ring.ts`).
 *
 * When the connection is in doubt, another is dialed beside it, at the next station if there is one, and whichever
 * proves alive stays; the rule is in `succession.ts`. A refusal (wrong realm, wrong key) is final for its station: no
 * loop. So is being replaced by a newer connection of the same identity: two that take turns would serve nobody, and no
 * station speaks for the others. When all are lost so, that is the end. Supervised by `peers`; a crash loses nothing: its successor takes over a connection that is alive, or dials.
 *
 * Longer than other files: all that it hears changes one state. What can be decided without that state is in files beside it.
 */
import { Down } from '../../actor/monitor.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import { childrenOf } from '../../actor/tree.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import type { From, GenServer } from '../../otp/gen-server.ts';
import { noReply, reply, started } from '../../otp/result.ts';
import { CloseCode, type PhysicalAddress } from '../../transport/transport.ts';
import { connectionSpec } from '../connection/connection.ts';
import { ConnectionCore } from '../connection/core.ts';
import {
  Answered,
  Ask,
  Close,
  Doubted,
  Greet,
  Ready,
  Verified,
  Watch,
  Yield,
} from '../connection/messages.ts';
import { actor, hex, type MeshContext, type UplinkView } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { uplinkLost, uplinkReady, uplinkRetry } from '../events/uplink-events.ts';
import { delay } from './backoff.ts';
import { addressText } from './endpoint-text.ts';
import { judgeLoss } from './loss.ts';
import { Pulse } from './pulse.ts';
import { StationRing } from './station-ring.ts';
import { isStuck, succeed, type Event, type Phase, type Step } from './succession.ts';

export interface UplinkArgs {
  readonly context: MeshContext;
  /** One or more, in the order in which they are tried. */
  readonly addresses: readonly PhysicalAddress[];
  /** Refuse any other node. */
  readonly expectedId: Uint8Array | undefined;
  /** Milliseconds for the first dial of each, when there are several. */
  readonly patience: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Rival {
  readonly process: Process;
  /** Place of its station in the list. */
  readonly at: number;
  /** Undefined when a predecessor of ours dialed it. */
  readonly core: ConnectionCore | undefined;
  /** When it was dialed, clock ms. */
  readonly since: number;
}

interface State extends UplinkArgs {
  readonly view: Mutable<UplinkView>;
  readonly ring: StationRing;
  /** Of the current connection, when there are several stations. */
  readonly pulse: Pulse;
  /** Place of the current station in the list, or of the one that was dialed last. */
  at: number;
  /** The same of the last rival. */
  rivalAt: number;
  /** The connection that is there or on its way. */
  current: Process | undefined;
  /** Dialed beside a doubtful one. */
  rival: Rival | undefined;
  phase: Phase;
  /** Rivals that failed in a row. */
  rivals: number;
  /** Rivals given up as stuck in this doubt. */
  stuck: number;
  pause: TimerEntry | undefined;
  /** Who waits for the first connection. */
  waiting: From | undefined;
  readySince: number | undefined;
}

export interface UplinkCalls {
  /** Waits for the first connection: the node's hex id, or why there is none. One caller at a time. */
  ready():
    { readonly ok: true; readonly nodeId: string } | { readonly ok: false; readonly failure: RpcFailure };
}

/** Time to dial a station. */
class Dial {
  readonly at: number;
  constructor(at: number) {
    this.at = at;
  }
}

/** A dial has taken long: the next station's turn comes. */
class DialOver {
  readonly process: Process;
  constructor(process: Process) {
    this.process = process;
  }
}

/** Time to dial another rival. */
class Due {
  readonly due = true;
}

export const uplinkServer: GenServer<UplinkArgs, State, UplinkCalls> = {
  label: 'uplink',

  init: (args, self) => {
    const view = { connection: null, peerId: '', refusal: args.context.phase.refusal };
    args.context.scope.share('uplink', self as Process, view);
    const silent = (): void => step(state, self, 'suspect');
    const state: State = {
      ...args,
      view,
      ring: new StationRing(args.addresses.length),
      pulse: new Pulse(args.context, self as Process, silent),
      at: 0,
      rivalAt: 0,
      current: undefined,
      rival: undefined,
      phase: 'calm',
      rivals: 0,
      stuck: 0,
      pause: undefined,
      waiting: undefined,
      readySince: undefined,
    };
    return started(state, { continue: new Dial(0) });
  },

  handleContinue: (_dial, state, self) => {
    if (state.view.refusal === undefined && !takeOver(state, self)) dial(state, self, 0);
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
    if (message instanceof Dial) dial(state, self, message.at);
    else if (message instanceof DialOver) onDialOver(state, self, message.process);
    else if (message instanceof Ready) onReady(state, self, message);
    else if (message instanceof Down) onDown(state, self, message);
    else if (message instanceof Doubted) {
      if (message.connection === state.view.connection) onDoubted(state, self, message);
    } else if (message instanceof Verified) {
      if (message.connection === state.rival?.process) step(state, self, 'verified');
    } else if (message instanceof Answered) {
      onAnswered(state, self, message);
    } else if (message instanceof Due) step(state, self, 'due');
    return noReply(state);
  },
};

/**
 * A connection that outlived our predecessor is as good as a new one, unless it is doubtful and there is a better
 * one. A rival beside it is not needed, unless it has said hello: the node may have accepted that already.
 */
function takeOver(state: State, self: Self): boolean {
  const { standings } = state.context;
  const connections = actor(state.context, 'connections');
  const all = connections === undefined ? [] : [...childrenOf(connections)].reverse();
  const ready = all.filter((one) => standings.find(one)?.readySince !== undefined);
  const trusted = ready.find((one) => standings.find(one)?.doubtful === false);
  const connection = trusted ?? ready[0] ?? all[0];
  if (connection === undefined) return false;
  state.current = connection;
  state.at = state.rivalAt = placeOf(state, connection);
  for (const other of all) {
    if (other === connection) continue;
    const standing = standings.find(other);
    if (state.rival === undefined && standing?.greeted === true && standing.readySince === undefined) {
      state.rivalAt = placeOf(state, other);
      state.rival = { process: other, at: state.rivalAt, core: undefined, since: self.clock.now() };
      state.phase = 'replacing';
    } else end(self, other, CloseCode.normal);
  }
  for (const one of [connection, state.rival?.process]) {
    if (one === undefined) continue;
    self.monitor(one);
    self.send(one, new Watch(self as Process));
  }
  return true;
}

/** The station to which a connection leads that a predecessor of ours dialed. */
function placeOf({ context, addresses }: State, connection: Process): number {
  const at = context.standings.find(connection)?.address;
  return Math.max(
    0,
    addresses.findIndex((address) => addressText(address) === at),
  );
}

/** Starts a connection; undefined when there is nothing to start it on now. */
function connection(state: State, self: Self, at: number, hold: boolean): Rival | undefined {
  const { context, addresses, expectedId, ring, patience } = state;
  const connections = actor(context, 'connections');
  const address = addresses[at];
  if (connections === undefined || address === undefined || context.phase.closing) return undefined;
  const core = new ConnectionCore(context);
  const spec = connectionSpec({
    context,
    core,
    dial: { address, expectedId, tls: true },
    watcher: self as Process,
    hold,
  });
  const result = startDynamicChild(connections, spec);
  if (result instanceof Promise || result.tag !== 'ok') return undefined;
  self.monitor(result.pid);
  const process = result.pid as Process;
  if (ring.size > 1) {
    const time = ring.patience(at, patience, context.settings.helloTimeout);
    self.sendAfter(time, new DialOver(process));
  }
  return { process, at, core, since: self.clock.now() };
}

function dial(state: State, self: Self, at: number): void {
  if (state.context.phase.closing) return;
  state.at = state.rivalAt = at;
  state.current = connection(state, self, at, false)?.process;
  if (state.current !== undefined) return;
  state.ring.lost(at, self.clock.now(), undefined, self.random);
  again(state, self);
}

/** Whoever has not answered by now is not waited for while others may. */
function onDialOver(state: State, self: Self, process: Process): void {
  const dialing = process === state.current ? state.readySince === undefined : state.phase === 'dialing';
  if (dialing && (process === state.current || process === state.rival?.process))
    end(self, process, CloseCode.normal);
}

function onReady(state: State, self: Self, { connection: ready, peerId }: Ready): void {
  if (ready === state.rival?.process) step(state, self, 'ready');
  if (ready !== state.current) return;
  state.view.connection = ready;
  if (state.ring.size > 1) state.pulse.watch(ready);
  state.view.peerId = peerId;
  state.readySince ??= self.clock.now();
  uplinkReady(state.context, peerId);
  state.waiting?.reply({ ok: true, nodeId: peerId });
  state.waiting = undefined;
}

function onDoubted(state: State, self: Self, { why, rtt }: Doubted): void {
  const { phase, rival, stuck } = state;
  const arrivals = rival?.core?.link?.stats().arrivals ?? 0;
  const age = self.clock.now() - (rival?.since ?? 0);
  const isGone = why === 'gone' && phase === 'dialing' && isStuck({ age, arrivals, rtt, stuck });
  if (isGone) state.stuck++;
  step(state, self, isGone ? 'stuck' : why);
}

function onAnswered(state: State, self: Self, { connection: asked, alive }: Answered): void {
  if (asked === state.current) step(state, self, alive ? 'answered' : 'silent');
  // what it has not sent waits for this
  self.send(asked, new Yield(state.phase === 'replacing' ? state.rival?.process : undefined));
}

function onDown(state: State, self: Self, { pid, reason }: Down): void {
  const { rival } = state;
  if (pid === rival?.process) {
    state.rival = undefined;
    if (rival.at !== state.at && isFinal(state, reason)) state.ring.refuse(rival.at);
    step(state, self, 'rivalLost');
  } else if (pid === state.current) {
    state.current = undefined;
    state.view.connection = null;
    state.pulse.stop();
    const final = isFinal(state, reason);
    if (final) state.ring.refuse(state.at);
    if (final && rival?.at === state.at) {
      // it would take the place of whoever has replaced us
      perform(state, self, 'drop');
      step(state, self, 'rivalLost');
    }
    if (state.rival === undefined) onLost(state, self, reason);
    else state.readySince = undefined;
    step(state, self, 'currentLost');
  }
}

/** Nothing is left of the connection: whether and when to dial again. */
function onLost(state: State, self: Self, reason: ExitReason): void {
  const { ring } = state;
  rest(state, self);
  state.readySince = undefined;
  const loss = judgeLoss(reason, hex(state.context.epoch));
  const { failure } = loss;
  const final = loss.final && ring.closed;
  if (final || ring.exhausted) {
    // the first round decides about `connect`; later ones go on for ever
    state.waiting?.reply({ ok: false, failure });
    state.waiting = undefined;
  }
  if (final) state.view.refusal = state.context.phase.refusal = failure;
  uplinkLost(state.context, failure, final);
}

/** The station was lost: it rests. */
function rest({ ring, at, readySince }: State, self: Self): void {
  const now = self.clock.now();
  ring.lost(at, now, readySince === undefined ? undefined : now - readySince, self.random);
}

/** Whether that station is asked no more: it does not want us, or has somebody else of our identity. */
const isFinal = ({ context }: State, reason: ExitReason): boolean =>
  judgeLoss(reason, hex(context.epoch)).final;

function again(state: State, self: Self): void {
  const next = state.ring.next(state.at, self.clock.now(), self.random);
  if (next === undefined) return;
  uplinkRetry(state.context, next.wait);
  self.sendAfter(next.wait, new Dial(next.at));
}

function step(state: State, self: Self, event: Event): void {
  const next = succeed(state.phase, event);
  if (next === undefined) return;
  state.phase = next.phase;
  for (const one of next.steps) perform(state, self, one);
  if (state.phase === 'calm') state.rivals = state.stuck = 0;
}

function perform(state: State, self: Self, what: Step): void {
  switch (what) {
    case 'dial':
      state.rivalAt = state.ring.beside(state.rivalAt);
      state.rival = connection(state, self, state.rivalAt, true);
      if (state.rival === undefined) step(state, self, 'rivalLost');
      return;
    case 'drop':
      end(self, state.rival?.process, CloseCode.normal);
      state.rival = undefined;
      return;
    case 'ask':
      if (state.current !== undefined) self.send(state.current, new Ask(state.rivalAt !== state.at));
      return;
    case 'greet': {
      const greeted = state.rival?.process ?? state.current;
      if (greeted !== undefined) self.send(greeted, new Greet());
      return;
    }
    case 'adopt':
      uplinkLost(state.context, SILENT, false);
      end(self, state.current, CloseCode.duplicate);
      adopt(state, self);
      return;
    case 'pause':
      state.pause = self.sendAfter(delay(state.rivals++, self.random), new Due());
      return;
    case 'moment':
      state.pause = self.sendAfter(delay(0, self.random), new Due());
      return;
    case 'cancel':
      state.pause?.unset();
      return;
    case 'restart':
      if (state.view.refusal === undefined) again(state, self);
      return;
  }
}

/** The rival takes the place of the connection. */
function adopt(state: State, self: Self): void {
  const { rival } = state;
  state.current = rival?.process;
  state.rival = undefined;
  if (rival === undefined || rival.at === state.at) return;
  rest(state, self);
  state.at = rival.at;
  state.readySince = undefined;
}

/** Why a connection is not waited for any longer. */
const SILENT: RpcFailure = {
  tag: 'connection_error',
  sent: true,
  detail: 'the node fell silent; a new connection took over',
};

function end(self: Self, process: Process | undefined, code: CloseCode): void {
  if (process !== undefined) self.send(process, new Close(code));
}
