/**
 * The peer pool: which peers are connected, one connection each, and the way to those that are not.
 *
 * A newer connection of the same identity takes over; the older one is closed and told so (DESIGN §8, One identity
 * twice). Connections to other nodes that nobody uses leave, and so do those used least when there are too many; they
 * say goodbye first, so that nothing is lost. Supervised by `peers`; a crash loses only the calls that waited for a
 * connection, which fail as not sent: connections live on, and introduce themselves to its successor.
 */
import { Down } from '../../actor/monitor.ts';
import type { Process, Self } from '../../actor/process.ts';
import { childrenOf } from '../../actor/tree.ts';
import { Request } from '../../otp/server-ref.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import { CloseCode } from '../../transport/transport.ts';
import { wayOf } from '../../transport/way.ts';
import { Close, Doubted, Drain, Greet, Introduce, Verified } from '../connection/messages.ts';
import { actor, hex, type MeshContext } from '../context.ts';
import { LookupDone } from '../dht/lookup-request.ts';
import { RpcCall } from '../router/rpc-call.ts';
import { sessionAt } from '../relay/relays.ts';
import { Dialing, type DialingStatus } from './dialing.ts';
import { shownAddress } from '../events/path-events.ts';
import { parseAddress } from './endpoint-text.ts';
import { WayFound, WayLost } from './nat-connector.ts';
import { CLEANUP, PoolTable, poolStats, type Use } from './pool-table.ts';
import type { PeerInfo, PoolView } from './pool-view.ts';
import type { Standing } from './standings.ts';
import { isForPeer, unreachable, type PeerCallable } from './to-peer.ts';
import { AttemptOver, HeadStartOver, WaitOver } from './wish.ts';

/** Messages queued at most, as the router's. */
const POOL_MAILBOX = 16_384;
/** Connections to one peer that end when what is in flight on them is answered; a further one ends at once. */
const DRAINING = 4;
/** Milliseconds for what a peer began on a connection in the moment in which it left. */
const LEAVE = 30_000;

interface State {
  readonly context: MeshContext;
  readonly table: PoolTable<Process>;
  /** Of the dialers that are peers. */
  readonly epochs: WeakMap<Process, Uint8Array>;
  readonly dialing: Dialing;
  /** The next look for connections that nobody uses will come. */
  cleaning: boolean;
}

export interface Connected {
  readonly nodeId: string;
  readonly connection: Process;
  /** Of the dialer, when that is the peer; undefined when we dialed it. */
  readonly epoch: Uint8Array | undefined;
  /** The peer has an older connection to us, and may answer on it. */
  readonly holds: boolean;
}

export interface PoolCalls {
  /** What it is dialing. @param most wishes that are told of. */
  status(wanted: { readonly most: number }): DialingStatus;
}

export interface PoolCasts {
  connected(what: Connected): void;
}

/** Time to look for connections that nobody uses. */
class CleanUp {
  readonly cleanUp = true;
}

export const peerPoolServer: GenServer<MeshContext, State, PoolCalls, PoolCasts> = {
  label: 'peerPool',
  mailbox: POOL_MAILBOX,

  init: (context, self) => {
    const table = new PoolTable<Process>();
    context.scope.share('peerPool', self as Process, viewOf(context, table));
    const connections = actor(context, 'connections');
    if (connections !== undefined) {
      for (const connection of childrenOf(connections)) {
        self.send(connection, new Introduce());
        // a predecessor's dial waits to be told; a client's wait for its uplink
        if (context.role === 'node') self.send(connection, new Greet());
      }
    }
    return {
      context,
      table,
      epochs: new WeakMap(),
      dialing: new Dialing(context, self),
      cleaning: false,
    };
  },

  handleRequest: (term, state) => {
    if (isForPeer(term)) give(state, term);
    else if (term instanceof RpcCall) {
      term.refuse({ tag: 'connection_error', sent: false, detail: 'no peer is named' });
    }
    return noReply(state);
  },

  handleCall: {
    status: ({ most }, state) => reply(state.dialing.status(most), state),
  },

  handleCast: {
    connected: (what, state, self) => {
      onConnected(state, self, what);
      return noReply(state);
    },
  },

  handleInfo: (message, state, self) => {
    const { dialing, table } = state;
    if (message instanceof Verified) dialing.verified(message.connection);
    else if (message instanceof Doubted) {
      if (message.why === 'trusted') dialing.trusted(message.connection);
    } else if (message instanceof Down) {
      const process = message.pid as Process;
      table.remove(process);
      dialing.ended(process, message.reason);
      dialing.found(process, undefined);
    } else if (message instanceof WayFound) dialing.racing.wayFound(message);
    else if (message instanceof WayLost) dialing.racing.wayLost(message);
    else if (message instanceof LookupDone) dialing.found(message.lookup, message.outcome);
    else if (message instanceof AttemptOver) dialing.racing.attemptOver(message.attempt);
    else if (message instanceof HeadStartOver) dialing.racing.headStartOver(message);
    else if (message instanceof WaitOver) dialing.waitOver(message.wish);
    else if (message instanceof CleanUp) {
      state.cleaning = false;
      evict(state, self);
    }
    // `Ready` says what `connected` says, which we are told of those too that we did not dial
    return noReply(state);
  },
};

/** A call for a peer that was not connected when it was sent. */
function give({ context, table, dialing }: State, call: PeerCallable): void {
  if (call.settled) return;
  const { nodeId, addresses } = call.target;
  const ready = nodeId === undefined ? readyAt(context, table, addresses) : context.standings.ready(nodeId);
  if (ready !== undefined) context.runtime.call(ready.process, call, Infinity);
  else if (context.phase.closing) unreachable(call, 'the node is closing');
  else dialing.want(call);
}

/** Whoever is at one of these addresses and has proven an id. */
function readyAt(
  { standings }: MeshContext,
  table: PoolTable<Process>,
  addresses: readonly string[],
): Standing | undefined {
  for (const peer of table.peers()) {
    const standing = standings.ready(peer);
    if (standing !== undefined && addresses.includes(standing.address)) return standing;
  }
  return undefined;
}

function onConnected(state: State, self: Self, what: Connected): void {
  const { nodeId, connection, epoch, holds } = what;
  const { context, table, epochs, dialing } = state;
  const known = table.get(nodeId);
  const standing = context.standings.find(connection);
  if (known === connection || !connection.alive || standing === undefined) return;
  if (epoch !== undefined) epochs.set(connection, epoch);
  if (known !== undefined) {
    // after our restart they introduce themselves in any order
    const newer = since(context, known) > since(context, connection);
    const older = newer ? connection : known;
    // whoever reads its own epoch there has replaced itself
    const reason = hex(epochs.get(newer ? known : connection) ?? context.epoch);
    const old = context.standings.find(older);
    // both have it still: what is in flight on it may be answered, and what the peer has sent is perhaps not here yet
    const draining = [...context.standings.of(nodeId)].filter(({ leaving }) => leaving).length >= DRAINING;
    if (old?.leaving === true || (holds && !newer && !draining))
      self.send(older, new Drain(LEAVE, CloseCode.duplicate));
    else self.send(older, new Close(CloseCode.duplicate, reason));
    if (newer) return;
  }
  table.put(nodeId, connection);
  self.monitor(connection);
  dialing.connected(nodeId, connection, standing.address);
  if (standing.dht && context.settings.dht && parseAddress(standing.address) !== undefined)
    introduce(context, standing);
  if (!standing.isNode) return;
  // who looks at all of them for each newcomer looks at n² while n connect
  if (table.size > context.settings.pool.size) evict(state, self, connection);
  else cleanLater(state, self);
}

/** The routing table takes only whom somebody has reached: this one was. */
function introduce(context: MeshContext, { peerId, address }: Standing): void {
  const routingTable = actor(context, 'routingTable');
  if (routingTable === undefined) return;
  const contact = { id: new Uint8Array(Buffer.from(peerId, 'hex')), nodeId: peerId, address };
  context.runtime.cast(routingTable, new Request('seen', { contact }));
}

function evict(state: State, self: Self, newcomer?: Process): void {
  const { context, table } = state;
  // a client has one connection, and looks after it itself
  if (context.role === 'client') return;
  const { settings, standings, counters } = context;
  const use = (one: Process): Use => useOf(context, standings.find(one));
  for (const connection of table.leavers(settings.pool, self.clock.now(), use, newcomer)) {
    counters.poolEvictions++;
    table.remove(connection);
    self.send(connection, new Drain(LEAVE, CloseCode.idle));
  }
  cleanLater(state, self);
}

/** Looks for those that nobody uses, while there are any that may leave. */
function cleanLater(state: State, self: Self): void {
  const { context, table } = state;
  if (context.role === 'client' || state.cleaning) return;
  if (!table.some((one) => context.standings.find(one)?.isNode === true)) return;
  state.cleaning = true;
  self.sendAfter(CLEANUP, new CleanUp());
}

const useOf = (context: MeshContext, standing: Standing | undefined): Use => ({
  mayLeave: standing !== undefined && mayLeave(context, standing),
  dialed: standing?.dialed === true,
  idle: standing?.idle() === true,
  usedAt: standing?.usedAt ?? 0,
});

/** Whom a node has attached to, or passes its packets on, stays; and so does at a station whoever came to attach. */
const mayLeave = ({ relays }: MeshContext, { isNode, leaving, kept, dialed, peerId }: Standing): boolean =>
  isNode && !leaving && !kept && !(relays.passed !== undefined && !dialed) && relays.through(peerId) === 0;

/** When its hello was accepted. */
const since = ({ standings }: MeshContext, connection: Process): number =>
  standings.find(connection)?.readySince ?? -Infinity;

const viewOf = (context: MeshContext, table: PoolTable<Process>): PoolView => ({
  stats: () => poolStats(context.counters, table.size),
  list: () => {
    const now = context.runtime.clock.now();
    const peers: PeerInfo[] = [];
    for (const peer of table.peers()) {
      const connection = table.get(peer);
      const standing = connection === undefined ? undefined : context.standings.find(connection);
      if (standing !== undefined) peers.push(infoOf(context, standing, now));
    }
    return peers;
  },
});

/** What is told of a connection to a peer that has proven who it is. */
export const infoOf = (context: MeshContext, standing: Standing, now: number): PeerInfo => ({
  nodeId: standing.peerId,
  direction: standing.dialed ? 'out' : 'in',
  kind: standing.isNode ? 'node' : 'client',
  dht: standing.dht,
  ...wayTo(context, standing),
  rtt: standing.rtt(),
  inFlight: standing.inFlight(),
  age: Math.max(0, now - (standing.readySince ?? now)),
  unused: Math.max(0, now - standing.usedAt),
  suspect: standing.doubtful,
});

/** Along which path packets go now. */
function wayTo(
  context: MeshContext,
  { link, address }: Standing,
): Pick<PeerInfo, 'path' | 'address' | 'via' | 'tls'> {
  const active = link()?.paths.find((path) => path.active);
  if (active === undefined) return { path: 'direct', address, via: '', tls: false };
  const via = sessionAt(context.relays, active.address)?.stationId ?? '';
  const tls = wayOf(active.address) === 'tls';
  // who came to us over TLS has no address that means anything
  const at = tls ? address : shownAddress(context, active.address);
  return { path: active.kind, address: parseAddress(at) === undefined ? '' : at, via, tls };
}
