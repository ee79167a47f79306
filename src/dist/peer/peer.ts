/**
 * The actor of one connection to another node: sets it up, keeps it alive, and is its end.
 *
 * Whatever ends this actor ends the connection: what was linked, monitored or called there hears `noconnection`, and listeners hear
 * one `nodedown`. It is a child of the net kernel.
 */
import type { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, started, stop } from '../../otp/result.ts';
import type { Carrier, DistStream, DistStreamEvents, Incoming, SetupResult } from '../carrier.ts';
import type { DistContext } from '../context.ts';
import { setUp } from './ways.ts';
import { Packets } from '../protocol/packets.ts';
import { Channel, type Partner } from './channel.ts';
import type { Verdict } from './decide.ts';
import { Handshake } from './handshake.ts';
import { handle } from './incoming.ts';
import { sweepCalls } from './signals.ts';
import type { HandshakeFailure } from '../protocol/handshake-machine.ts';
import type { Introduction } from '../protocol/handshake-messages.ts';

/** Parts of the tick time after which a silent connection gets a tick, as in Erlang. */
const TICKS = 4;
/** Milliseconds that somebody with a wrong cookie waits for nothing. */
const SLOW_DOWN = 1_000;
/** Bytes that wait before a connection is up while the peer is held back no more: more than the longest message. */
const WAITING = 131_072;

export interface PeerArgs {
  readonly context: DistContext;
  /** The way that was asked for, or the connection that came in. */
  readonly way:
    | { readonly tag: 'dial'; readonly node: string; readonly ways: readonly Carrier[] }
    | { readonly tag: 'accept'; readonly incoming: Incoming };
  readonly decide: (them: Introduction, self: Process) => Verdict;
  /** In the turn in which it happens. */
  readonly up: (node: string, self: Process) => void;
}

interface State extends PeerArgs {
  stream: DistStream | undefined;
  readonly packets: Packets;
  handshake: Handshake | undefined;
  channel: Channel | undefined;
  readonly events: DistStreamEvents;
  /** A `Work` is on its way. */
  working: boolean;
  /** The peer is held back until the handshake is over. */
  paused: boolean;
  /** Our attempt gave way to the peer's, which is waited for. */
  yielding: boolean;
  /** The stream is over, and what came by it is still being taken. */
  finishing: boolean;
  /** What was seen at the last tick. */
  written: number;
  arrivals: number;
}

class Work {
  readonly work = true;
}
class Dialed {
  readonly result: SetupResult;
  constructor(result: SetupResult) {
    this.result = result;
  }
}
/** The time to find a way there is over. */
class SetupOver {
  readonly over = true;
}
class Tick {
  readonly tick = true;
}
/** The connection is to end; `reason` is what `nodedown` says. */
export class Disconnect {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export const peerServer: GenServer<PeerArgs, State> = {
  label: 'peer',
  trapExit: true,

  init: (args, self) => {
    const process = self as Process;
    const { context, way } = args;
    const packets = new Packets(context.settings.packet);
    const state: State = {
      ...args,
      stream: undefined,
      packets,
      handshake: undefined,
      channel: undefined,
      events: {
        onData: (bytes) => {
          if (state.channel !== undefined) state.channel.receive(bytes);
          else keep(state, process, bytes);
        },
        onDrain: () => {},
        onClosed: () => void self.send(process, new Disconnect(CLOSED)),
      },
      working: false,
      paused: false,
      yielding: false,
      finishing: false,
      written: 0,
      arrivals: 0,
    };
    // also when it is killed
    context.runtime.onExit(process, (reason) => lost(state, reason));
    if (way.tag === 'accept') begin(state, process, way.incoming.accept(state.events));
    return started(state, { continue: 'connect' });
  },

  handleContinue: (_connect, state, self) => {
    const { way, context, events } = state;
    if (way.tag === 'dial') {
      self.label = `peer ${way.node}`;
      const { setupTime } = context.settings;
      const setup = setUp(way.ways, context.runtime.clock, {
        node: way.node,
        timeout: setupTime,
        expectedId: context.keyOf(way.node),
        signal: self.signal,
        events,
      });
      const told = (result: SetupResult): void => {
        if (!self.send(self.pid, new Dialed(result)) && result.ok) result.stream.close();
        else if (!(self as Process).alive && result.ok) result.stream.close();
      };
      setup.then(told, (error: unknown) =>
        told({ ok: false, reason: 'connect_failed', detail: String(error) }),
      );
      (self as Process).sendAfter(setupTime, new SetupOver());
    }
    return noReply(state);
  },

  handleInfo: (message, state, self) => {
    const process = self as Process;
    if (message instanceof Work) {
      work(state);
    } else if (message instanceof Tick) {
      if (!tick(state)) return stop({ shutdown: 'net_tick_timeout' }, state);
      process.sendAfter(state.context.settings.tickTime / TICKS, new Tick());
    } else if (message instanceof Dialed) {
      const { result } = message;
      if (!result.ok) return stop({ shutdown: result.reason }, state);
      begin(state, process, result.stream);
      work(state);
    } else if (message instanceof SetupOver) {
      if (state.stream === undefined) return stop({ shutdown: 'timeout' }, state);
    } else if (message instanceof Disconnect) {
      if (state.yielding && message.reason === CLOSED) return noReply(state);
      if (message.reason === CLOSED && state.channel?.open === true && !state.finishing) {
        state.finishing = true;
        state.channel.finish(() => void self.send(process, message));
        return noReply(state);
      }
      const given = message.reason === 'simultaneous' ? 'simultaneous' : 'closed';
      if (state.channel === undefined && state.handshake !== undefined) state.handshake.fail(given);
      return stop({ shutdown: message.reason }, state);
    }
    return noReply(state);
  },
};

/** What comes before the connection is up. */
function keep(state: State, self: Process, bytes: Uint8Array): void {
  const { packets } = state;
  packets.push(bytes);
  packets.keep();
  if (packets.held > WAITING) hold(state);
  if (state.working) return;
  state.working = true;
  self.send(self, new Work());
}

function work(state: State): void {
  const { handshake } = state;
  state.working = false;
  handshake?.work();
  if (state.paused && handshake?.done === false) release(state);
}

function hold(state: State): void {
  if (!state.paused) state.stream?.pause();
  state.paused = true;
}

function release(state: State): void {
  if (state.paused) state.stream?.resume();
  state.paused = false;
}

function begin(state: State, self: Process, stream: DistStream): void {
  const { context, way, packets } = state;
  state.stream = stream;
  if (state.paused) stream.pause();
  const dialed = way.tag === 'dial' ? way.node : undefined;
  if (dialed === undefined) self.label = `peer at ${stream.peer}`;
  state.handshake = new Handshake({
    context,
    self,
    stream,
    packets,
    dialed,
    decide: (them) => state.decide(them, self),
    up: (partner) => up(state, self, partner),
    failed: (reason) => failed(state, self, reason),
  });
}

function failed(state: State, self: Process, reason: HandshakeFailure): void {
  const { context, stream, way } = state;
  hold(state);
  const node = way.tag === 'dial' ? { node: way.node } : {};
  // that both dial at once is no failure
  if (reason !== 'simultaneous')
    context.log.emit('dist.handshake_failed', { address: stream?.peer ?? '', ...node, reason });
  // whoever guesses cookies guesses slowly
  if (reason === 'wrong_cookie') self.sendAfter(SLOW_DOWN, new Disconnect(reason));
  else if (reason === 'simultaneous' && way.tag === 'dial') {
    // the net kernel ends this one as soon as the other is up
    state.yielding = true;
    stream?.close();
    self.sendAfter(context.settings.setupTime, new Disconnect(reason));
  } else self.send(self, new Disconnect(reason));
}

function up(state: State, self: Process, partner: Partner): void {
  const { context, packets, stream } = state;
  packets.up();
  stream?.admit();
  self.label = `peer ${partner.name}`;
  state.channel = new Channel({
    context,
    stream: stream as DistStream,
    packets,
    partner,
    handle,
    failed: (why, error) => {
      context.log.emit('dist.protocol_error', { node: partner.name, error });
      self.send(self, new Disconnect(why));
    },
    replaced: () => context.runtime.die(self, { shutdown: 'replaced' }),
  });
  self.sendAfter(context.settings.tickTime / TICKS, new Tick());
  context.channels.get(partner.name)?.replaced();
  context.channels.set(partner.name, state.channel);
  // what waited goes before what listeners send
  state.up(partner.name, self);
  context.log.emit('dist.nodeup', { node: partner.name, address: state.channel.peer });
  context.events.tell({ tag: 'nodeup', node: partner.name });
  // what came behind the handshake
  release(state);
  state.channel.work();
}

/** False when the peer has been silent for too long. */
function tick(state: State): boolean {
  const { channel } = state;
  if (channel === undefined) return true;
  const { outbox } = channel;
  if (outbox.written === state.written) {
    outbox.tick();
    channel.ticks++;
  }
  state.written = outbox.written;
  channel.silent = channel.arrivals === state.arrivals ? channel.silent + 1 : 0;
  state.arrivals = channel.arrivals;
  sweepCalls(channel);
  return channel.silent < TICKS;
}

/** The actor has ended. */
function lost(state: State, reason: unknown): void {
  const { channel, stream, handshake, context } = state;
  handshake?.stop();
  if (channel === undefined) {
    stream?.close();
    return;
  }
  channel.close();
  stream?.close();
  const { partner, relations, calls, spawns } = channel;
  const { runtime, channels } = context;
  if (channels.get(partner.name) === channel) channels.delete(partner.name);
  for (const [here, there] of Array.from(relations.links())) runtime.linkBroken(here, there, 'noconnection');
  for (const monitor of Array.from(relations.monitors.values()))
    runtime.monitorFired(monitor, 'noconnection');
  for (const { monitor } of relations.watched.values()) runtime.demonitor(monitor);
  for (const { call } of [...calls.drain(), ...spawns.drain()])
    call.fail({ tag: 'exit', reason: 'noconnection', holder: null });
  relations.watched.clear();
  const why = wordOf(reason);
  context.log.emit('dist.nodedown', { node: partner.name, reason: why });
  context.events.tell({ tag: 'nodedown', node: partner.name, reason: why });
}

const CLOSED = 'connection_closed';

const wordOf = (reason: unknown): string => {
  const why =
    typeof reason === 'object' && reason !== null && 'shutdown' in reason ? reason.shutdown : reason;
  return typeof why === 'string' ? why : CLOSED;
};
