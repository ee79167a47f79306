/**
 * The net kernel: which nodes there are connections to, who is asked to make one, who may come in.
 *
 * One at a time per node: of two nodes that dial each other at once, the one with the greater name goes on. Connections are made
 * when something is sent to a node, and by `connect`; they are children of this actor. Source: Erlang/OTP `net_kernel`.
 */
import type { NameScope } from '../../actor/names.ts';
import type { Process, Self } from '../../actor/process.ts';
import { Exit } from '../../actor/monitor.ts';
import { replyTo, startServerLink, type From, type GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { Carrier, Incoming } from '../carrier.ts';
import { isNodeName } from '../node-name.ts';
import type { DistContext } from '../context.ts';
import { verdictOn, type Verdict } from '../peer/decide.ts';
import { Disconnect, peerServer, type PeerArgs } from '../peer/peer.ts';
import { isCapable } from '../protocol/flags.ts';
import type { Introduction } from '../protocol/handshake-messages.ts';
import type { Outgoing } from './outgoing.ts';

/** Handshakes of strangers at once; further ones are refused. */
const STRANGERS = 64;
/** Connections at once. */
const CONNECTIONS = 4_096;
/** Milliseconds in which a node that was out of reach is not dialed again for a message. */
const QUIET = 1_000;

/** Its name in the scope of the distribution. */
export const NET_KERNEL = 'netKernel';

export interface NetKernelArgs {
  readonly scope: NameScope;
  readonly context: DistContext;
  readonly carriers: readonly Carrier[];
  readonly outgoing: Outgoing;
}

export interface NetKernelCalls {
  /** Whether there is a connection now. */
  connect(node: string): boolean;
  disconnect(node: string): boolean;
  /** @param most nodes of each kind that are named. */
  status(wanted: { readonly most: number }): NetKernelStatus;
}

/** Connections that are not up yet. */
export interface NetKernelStatus {
  /** Connections that are up. */
  readonly up: number;
  /** Connections that came in and have not said who they are. */
  readonly strangers: number;
  /** Nodes that dial us and may go on. */
  readonly accepting: number;
  readonly dialing: number;
  readonly dialed: readonly DialStatus[];
  /** Nodes that were out of reach; not dialed for messages for a moment. */
  readonly unreached: number;
}

export interface DialStatus {
  readonly node: string;
  /** Callers of `connect` that wait for it. */
  readonly waiting: number;
}

/** Something waits for a connection to that node. */
export class Wanted {
  readonly node: string;
  constructor(node: string) {
    this.node = node;
  }
}

/** A connection that came in. */
export class Arrived {
  readonly incoming: Incoming;
  constructor(incoming: Incoming) {
    this.incoming = incoming;
  }
}

interface State extends NetKernelArgs {
  /** Nodes that we dial. */
  readonly dialing: Map<string, Process>;
  readonly waiting: Map<string, From[]>;
  readonly strangers: Set<Process>;
  /** Nodes that dial us and may go on. */
  readonly accepting: Map<string, Process>;
  /** Nodes that are wanted here and dial us: what comes of that is waited for. */
  readonly deferred: Set<string>;
  /** Actors of connections that are up. */
  readonly peers: Map<string, Process>;
  /** When a node was last found out of reach, clock ms. */
  readonly unreached: Map<string, number>;
}

export const netKernelServer: GenServer<NetKernelArgs, State, NetKernelCalls> = {
  label: 'netKernel',
  trapExit: true,
  mailbox: 16_384,

  init: (args, self) => {
    const { scope } = args;
    // a predecessor may not have ended yet
    scope.unregister(NET_KERNEL);
    scope.register(NET_KERNEL, self.pid);
    // what waited for a predecessor that was killed
    args.outgoing.failAll();
    return {
      ...args,
      dialing: new Map(),
      waiting: new Map(),
      strangers: new Set(),
      accepting: new Map(),
      deferred: new Set(),
      peers: new Map(),
      unreached: new Map(),
    };
  },

  handleCall: {
    connect: (node, state, self, from) => {
      if (state.context.channels.has(node)) return reply(true, state);
      if (!dial(state, self, node)) return reply(false, state);
      const froms = state.waiting.get(node);
      if (froms === undefined) state.waiting.set(node, [from]);
      else froms.push(from);
      return noReply(state);
    },
    disconnect: (node, state) => {
      const peer = state.peers.get(node);
      if (peer === undefined) return reply(false, state);
      state.context.runtime.send(peer, new Disconnect('disconnect'));
      return reply(true, state);
    },
    status: ({ most }, state) => reply(statusOf(state, most), state),
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Wanted) wanted(state, self, message.node);
    else if (message instanceof Arrived) arrived(state, self, message.incoming);
    else if (message instanceof Exit) ended(state, self, message.from as Process);
    return noReply(state);
  },

  terminate: (_reason, { outgoing }) => outgoing.failAll(),
};

function statusOf(state: State, most: number): NetKernelStatus {
  const { peers, strangers, accepting, dialing, waiting, unreached, context } = state;
  const now = context.runtime.clock.now();
  const dialed: DialStatus[] = [];
  for (const node of dialing.keys()) {
    if (dialed.length >= most) break;
    dialed.push({ node, waiting: waiting.get(node)?.length ?? 0 });
  }
  return {
    up: peers.size,
    strangers: strangers.size,
    accepting: accepting.size,
    dialing: dialing.size,
    dialed,
    unreached: [...unreached.values()].filter((since) => now - since < QUIET).length,
  };
}

/** For a message: a node that was out of reach a moment ago still is. */
function wanted(state: State, self: Self, node: string): void {
  if (state.context.channels.has(node)) return;
  const since = state.unreached.get(node);
  const quiet = since !== undefined && self.clock.now() - since < QUIET;
  if (quiet || !dial(state, self, node)) state.outgoing.fail(node);
}

/** False when no carrier takes it. */
function dial(state: State, self: Self, node: string): boolean {
  const { context, carriers, dialing, accepting, deferred, peers } = state;
  if (dialing.has(node)) return true;
  // with an attempt of each at once both could come up, and each end take the other's for the newer one
  if (accepting.has(node)) {
    deferred.add(node);
    return true;
  }
  if (node === context.name || dialing.size + peers.size >= CONNECTIONS || context.allowed?.(node) === false)
    return false;
  const ways = carriers.filter((one) => one.select(node));
  if (ways.length === 0 || context.cookie(node) === undefined) return false;
  const process = start(state, self, { tag: 'dial', node, ways });
  if (process !== undefined) dialing.set(node, process);
  return process !== undefined;
}

function arrived(state: State, self: Self, incoming: Incoming): void {
  const { strangers, peers } = state;
  const room = strangers.size < STRANGERS && peers.size < CONNECTIONS;
  const process = room ? start(state, self, { tag: 'accept', incoming }) : undefined;
  if (process === undefined) incoming.refuse();
  else strangers.add(process);
}

function start(state: State, self: Self, way: PeerArgs['way']): Process | undefined {
  const { context } = state;
  const args: PeerArgs = {
    context,
    way,
    decide: (them, peer) => decide(state, them, peer),
    up: (node, peer) => up(state, node, peer),
  };
  const result = startServerLink(self, peerServer, args, {});
  return result instanceof Promise || result.tag !== 'ok' ? undefined : (result.pid as Process);
}

/** In the turn of a connection that has heard who dials. */
function decide({ context, dialing, accepting }: State, them: Introduction, peer: Process): Verdict {
  const { name } = them;
  const verdict = verdictOn({
    us: context.name,
    them: name,
    allowed: isNodeName(name) && context.allowed?.(name) !== false,
    capable: isCapable(them.flags),
    up: context.channels.has(name),
    dialing: dialing.has(name),
  });
  if (verdict !== 'nok' && verdict !== 'not_allowed' && !accepting.has(name)) accepting.set(name, peer);
  return verdict;
}

/** In the turn of a connection that is up. */
function up(state: State, node: string, peer: Process): void {
  const { context, dialing, strangers, accepting, deferred, waiting, peers, unreached, outgoing } = state;
  const own = dialing.get(node);
  dialing.delete(node);
  strangers.delete(peer);
  accepting.delete(node);
  deferred.delete(node);
  unreached.delete(node);
  peers.set(node, peer);
  // our own attempt gave way
  if (own !== undefined && own !== peer) context.runtime.die(own, { shutdown: 'simultaneous' });
  const froms = waiting.get(node) ?? [];
  waiting.delete(node);
  const channel = context.channels.get(node);
  if (channel !== undefined) outgoing.flush(channel);
  for (const from of froms) replyTo(from, true);
}

function ended(state: State, self: Self, process: Process): void {
  const { context, dialing, strangers, peers, unreached } = state;
  if (strangers.delete(process)) refusedOrLost(state, self, process);
  for (const [node, peer] of peers) if (peer === process) peers.delete(node);
  for (const [node, peer] of dialing) {
    if (peer !== process) continue;
    dialing.delete(node);
    if (!context.channels.has(node)) unreached.set(node, context.runtime.clock.now());
    settle(state, node);
  }
  if (unreached.size > CONNECTIONS) unreached.clear();
}

/** A node that dialed us has not come up. Whoever waited for it has it dialed now. */
function refusedOrLost(state: State, self: Self, process: Process): void {
  const { context, accepting, deferred } = state;
  for (const [node, peer] of accepting) {
    if (peer !== process) continue;
    accepting.delete(node);
    if (!deferred.delete(node) || context.channels.has(node) || dial(state, self, node)) continue;
    settle(state, node);
  }
}

/** There is a connection to that node, or there will be none. */
function settle({ context, waiting, outgoing }: State, node: string): void {
  const there = context.channels.has(node);
  const froms = waiting.get(node) ?? [];
  waiting.delete(node);
  if (!there) outgoing.fail(node);
  for (const from of froms) replyTo(from, there);
}
