/**
 * The NAT connector: finds ways to nodes that no address of their own leads to, and wins relayed connections a direct path.
 *
 * Attempts and punches are its children and end with it; connections and relay sessions are not, and go on without it. A
 * successor finds relayed connections by looking, and goes on. Source: DESIGN §3, SPEC §8.6.
 */
import { Down } from '../../../actor/monitor.ts';
import type { Process, Self } from '../../../actor/process.ts';
import { seconds } from '../../../actor/clock.ts';
import { startServerLink, type GenServer } from '../../../otp/gen-server.ts';
import { noReply, reply } from '../../../otp/result.ts';
import type { MeshContext } from '../../context.ts';
import { WayFound, type NatConnector, type NatWish } from '../../peer/nat-connector.ts';
import { dropLostRelays, leaveRelay } from '../../relay/relay-end.ts';
import { attemptServer, StationFound, type AttemptArgs } from './attempt.ts';
import { candidateStations } from './candidate-stations.ts';
import { isRelayed } from './peer-paths.ts';
import { RelayKeeper, SEEKING, SeekingDue } from './relay-keeper.ts';
import { StationWatch } from './station-watch.ts';
import { UpgradeDue, Upgrades, type UpgradeStatus } from './upgrades.ts';

/** Milliseconds after which a session that no connection uses is given back. */
const UNUSED = seconds(15);
const SWEEP = seconds(1);
/** Milliseconds after a call in which a peer is talked to. */
const TALKING = seconds(10);
/** Attempts at once; as many as peers that the pool wishes for. */
const ATTEMPTS = 1_024;
/** Milliseconds in which a station that was not reached is not tried again. */
const UNREACHED = seconds(30);
/** Peers that are remembered not to be punched for, and those whose stations are. */
const REMEMBERED = 1_000;

interface State {
  readonly context: MeshContext;
  readonly self: Self;
  readonly upgrades: Upgrades;
  readonly keeper: RelayKeeper;
  readonly watch: StationWatch;
  readonly attempts: Set<Process>;
  /** By hex id: `host:port` of stations that have led to a node, or might. */
  readonly stations: Map<string, readonly string[]>;
  /** Stations that could not be reached, and until when they are not tried, clock ms. */
  readonly unreached: Map<string, number>;
  /** Hex ids of peers to whom nobody wants a hole punched. */
  readonly unpunched: Map<string, true>;
}

/** What it is busy with. */
export interface NatConnectorStatus {
  /** Ways through stations that are sought now. */
  readonly attempts: number;
  /** Connections that are kept a way through a station. */
  readonly kept: number;
  /** Stations that could not be reached a moment ago. */
  readonly unreached: number;
  /** Relayed connections that want a direct path, and those of them that are told of. */
  readonly upgrades: number;
  readonly upgrading: readonly UpgradeStatus[];
}

export interface NatConnectorCalls {
  /** @param most upgrades that are told of. */
  status(wanted: { readonly most: number }): NatConnectorStatus;
}

/** A connection goes through a station now, or does no more. */
export class PathChanged {
  readonly connection: Process;
  constructor(connection: Process) {
    this.connection = connection;
  }
}

class Sweep {
  /** Clock ms. */
  readonly due: number;
  constructor(due: number) {
    this.due = due;
  }
}

export const natConnectorServer: GenServer<MeshContext, State, NatConnectorCalls> = {
  label: 'natConnector',
  // an attempt that fails is no reason to end
  trapExit: true,

  init: (context, self) => {
    const state: State = {
      context,
      self,
      upgrades: new Upgrades(context, self),
      keeper: new RelayKeeper(context, self, (nodeId) =>
        attempt(state, { nodeId, stations: state.stations.get(nodeId) ?? [] }, SEEKING, self as Process),
      ),
      watch: new StationWatch(context),
      attempts: new Set(),
      stations: new Map(),
      unreached: new Map(),
      unpunched: new Map(),
    };
    const shared: NatConnector = {
      attempt: (wanted, timeout, pool) => attempt(state, wanted, timeout, pool),
    };
    context.scope.share('natConnector', self as Process, shared);
    for (const { process } of context.standings.all()) onPath(state, process);
    sweepLater(self);
    return state;
  },

  handleCall: {
    status: ({ most }, state) => {
      const { attempts, keeper, upgrades, unreached, context } = state;
      const now = context.runtime.clock.now();
      const status: NatConnectorStatus = {
        attempts: attempts.size,
        kept: keeper.size,
        unreached: [...unreached.values()].filter((until) => until > now).length,
        upgrades: upgrades.size,
        upgrading: upgrades.status(most),
      };
      return reply(status, state);
    },
  },

  handleInfo: (message, state, self) => {
    const { upgrades, keeper, watch, attempts } = state;
    if (message instanceof PathChanged) {
      onPath(state, message.connection);
      if (state.context.standings.find(message.connection)?.doubtful === true) keeper.look();
    } else if (message instanceof UpgradeDue) upgrades.due(message);
    else if (message instanceof WayFound) keeper.found(message);
    else if (message instanceof SeekingDue) keeper.look();
    else if (message instanceof StationFound) {
      for (const process of attempts) state.context.runtime.send(process, message);
      keeper.again();
    } else if (message instanceof Down) {
      const process = message.pid as Process;
      attempts.delete(process);
      keeper.ended(process, message.reason);
      upgrades.ended(process, message.reason);
    } else if (message instanceof Sweep) {
      sweep(state.context);
      dropLostRelays(state.context);
      keepMappings(state.context);
      watch.look(message.due);
      keeper.look();
      sweepLater(self);
    }
    return noReply(state);
  },
};

const sweepLater = (self: Self): void => {
  self.sendAfter(SWEEP, new Sweep(self.clock.now() + SWEEP));
};

/** Runs in the turn of whoever wants the way. */
function attempt(state: State, wanted: NatWish, timeout: number, pool: Process): Process | undefined {
  const { context, self, attempts } = state;
  const { nodeId, skipHolePunch } = wanted;
  if (skipHolePunch === true) remember(state.unpunched, nodeId, true);
  if (wanted.stations.length > 0) remember(state.stations, nodeId, wanted.stations);
  const now = context.runtime.clock.now();
  const stations = candidateStations(context, wanted, (station) => (state.unreached.get(station) ?? 0) > now);
  if (stations.length === 0 || attempts.size >= ATTEMPTS || !(self as Process).alive) return undefined;
  const unreached = (station: string): void => {
    remember(state.unreached, station, context.runtime.clock.now() + UNREACHED);
  };
  const args: AttemptArgs = { context, wanted, timeout, pool, stations, unreached };
  const result = startServerLink(self, attemptServer, args, {});
  if (result instanceof Promise || result.tag !== 'ok') return undefined;
  const process = result.pid as Process;
  attempts.add(process);
  self.monitor(process);
  return process;
}

/** The oldest is forgotten. */
function remember<T>(known: Map<string, T>, nodeId: string, what: T): void {
  known.delete(nodeId);
  const oldest = known.size < REMEMBERED ? undefined : known.keys().next().value;
  if (oldest !== undefined) known.delete(oldest);
  known.set(nodeId, what);
}

/** Whether a connection needs somebody who wins it a direct path, and somebody who keeps it the relayed one. */
function onPath({ context, self, upgrades, keeper, unpunched }: State, connection: Process): void {
  const standing = context.standings.find(connection);
  // our own network is another one: what failed may succeed
  if (standing?.isStation === true && context.relays.stations.has(standing.peerId)) upgrades.again();
  if (standing?.readySince === undefined) return;
  const relayed = isRelayed(standing.link());
  if (relayed && keeper.keep(standing)) self.monitor(connection);
  // who was dialed is told by the station when it is time
  if (!standing.dialed) return;
  if (!relayed) upgrades.won(connection);
  else if (!unpunched.has(standing.peerId)) upgrades.want(connection);
}

/**
 * While a peer is talked to, our NAT is kept from forgetting the way to us, and what it has forgotten is found out within a
 * second: a node that only answers calls would not notice.
 */
function keepMappings({ relays, standings, runtime }: MeshContext): void {
  const now = runtime.clock.now();
  const stations = new Set<string>();
  for (const { peerId, stationId } of relays.own.values()) {
    const peer = standings.ready(peerId, false);
    if (peer !== undefined && now - peer.usedAt < TALKING) stations.add(stationId);
  }
  for (const stationId of stations) standings.ready(stationId, false)?.link()?.ping();
}

/** Gives back sessions with peers that are not connected. */
function sweep(context: MeshContext): void {
  const { relays, standings, runtime } = context;
  const now = runtime.clock.now();
  for (const session of relays.own.values()) {
    const used = standings.of(session.peerId).size > 0;
    if (!used && now - session.since >= UNUSED) leaveRelay(context, session, 'unused');
  }
}
