/**
 * Keeps this node connected to stations: a station to those it is peered with, a node to those it has attached to. Dials
 * each, and dials again with backoff when it is lost.
 *
 * A peering is an ordinary connection between two nodes, whoever dialed it: the peer pool makes it, and it leaves the
 * pool for want of use only when the other side wants that, which a ping now and then prevents. Supervised by
 * `station`; a crash loses nothing: connections live on, who is where stands in a list that outlives it, and its successor
 * finds both. Units: milliseconds.
 */
import { networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import { seconds } from '../../actor/clock.ts';
import { Down } from '../../actor/monitor.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, started } from '../../otp/result.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import type { Resolve } from '../dht/bootstrap.ts';
import { isRelayed } from '../nat/traversal/peer-paths.ts';
import { delay, nextAttempt } from '../peer/backoff.ts';
import { addressText } from '../peer/endpoint-text.ts';
import { judgeLoss } from '../peer/loss.ts';
import { PeerRequest } from '../peer/peer-request.ts';
import type { PeerTarget } from '../peer/peer-target.ts';
import type { Standing } from '../peer/standings.ts';
import { toPeer } from '../peer/to-peer.ts';
import { endpointOf, isWildcard } from '../registry/own-endpoints.ts';
import type { HostPort } from '../url.ts';
import type { PeeredStation, PeeredStations } from './peered-stations.ts';

/** For a dial with all addresses of a name, the hello included. */
const DIAL_TIMEOUT = seconds(10);
/** Between two pings: a third of the time after which an unused connection leaves the other side's pool. */
const HEARTBEAT = seconds(20);
/**
 * How long it is not dialed after it said that somebody else of our identity has taken our place: two that take turns
 * would serve nobody.
 */
const REPLACED = seconds(300);

export interface PeeringsArgs {
  readonly context: MeshContext;
  /** Where what is known of them stands; it outlives the actor. */
  readonly stations: PeeredStations;
  /** In the same order. */
  readonly hosts: readonly HostPort[];
  readonly resolve: Resolve;
  /** Told when a station is connected that was not. */
  readonly found?: () => void;
}

interface Peering extends HostPort {
  readonly station: PeeredStation;
  /** The connection; undefined while there is none. */
  process: Process | undefined;
  /** Since when it is there, clock ms. */
  since: number;
  /** Somebody is being dialed, or will be. */
  trying: boolean;
  attempt: number;
  /** It is not dialed before, clock ms. */
  restsUntil: number;
}

interface State {
  readonly context: MeshContext;
  readonly found: () => void;
  readonly resolve: Resolve;
  readonly all: readonly Peering[];
}

/** Time to see whether it is there, and to dial it if not. */
class Look {
  readonly peering: Peering;
  constructor(peering: Peering) {
    this.peering = peering;
  }
}

/** All are looked for. */
class Begin {
  readonly begin = true;
}

/** Time to show that they are used. */
class Beat {
  readonly beat = true;
}

export const peeringsServer: GenServer<PeeringsArgs, State> = {
  label: 'peerings',

  init: ({ context, hosts, resolve, stations, found = nothing }, self) => {
    if (stations.all.length === 0) stations.all = hosts.map(stationAt);
    const all = hosts.flatMap(({ host, port }, at) => {
      const station = stations.all[at];
      const idle = { process: undefined, since: 0, trying: false, attempt: 0, restsUntil: -Infinity };
      return station === undefined ? [] : [{ host: bare(host), port, station, ...idle }];
    });
    self.sendAfter(HEARTBEAT, new Beat());
    return started({ context, found, resolve, all }, { continue: new Begin() });
  },

  handleContinue: (_begin, state, self) => {
    for (const peering of state.all) look(state, self, peering);
    return noReply(state);
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Look) {
      message.peering.trying = false;
      look(state, self, message.peering);
    } else if (message instanceof Down) {
      for (const peering of state.all)
        if (peering.process === message.pid) lost(state, self, peering, message);
    } else if (message instanceof Beat) {
      for (const peering of state.all) beat(state, self, peering);
      self.sendAfter(HEARTBEAT, new Beat());
    }
    return noReply(state);
  },
};

const stationAt = ({ host, port }: HostPort): PeeredStation => ({
  name: `${host}:${port}`,
  nodeId: '',
  addresses: isIP(bare(host)) === 0 ? [] : [endpointOf(bare(host), port)],
  isSelf: false,
});

/** Takes the connection that is there, or dials. */
function look(state: State, self: Self, peering: Peering): void {
  const { context, resolve } = state;
  if (context.phase.closing || peering.trying || peering.station.isSelf) return;
  if (peering.process !== undefined || taken(state, self, peering)) return;
  if (self.clock.now() < peering.restsUntil) {
    // it may come to us meanwhile
    again(self, peering);
    return;
  }
  peering.trying = true;
  const { host, port, station } = peering;
  const found = (hosts: readonly string[]): void => {
    station.addresses = hosts.map((each) => endpointOf(each, port));
    const own = ownAddresses(context);
    station.isSelf = station.addresses.some((address) => own.has(address));
    if (station.isSelf) peering.trying = false;
    else if (station.addresses.length === 0) again(self, peering);
    else dial(state, self, peering);
  };
  if (isIP(host) !== 0) {
    found([host]);
    return;
  }
  resolve(host).then(
    (hosts) => self.runtime.work(self as Process, () => found(hosts)),
    () => self.runtime.work(self as Process, () => again(self, peering)),
  );
}

/** Whoever answers there is the station, whichever connection the answer came on. */
function dial(state: State, self: Self, peering: Peering): void {
  const { context } = state;
  const { station } = peering;
  const request: PeerRequest = new PeerRequest(
    { nodeId: undefined, addresses: station.addresses, station: true },
    { type: 'ping' },
    ({ ok }) =>
      self.runtime.work(self as Process, () => {
        peering.trying = false;
        if (ok) station.nodeId = request.sentTo;
        if (!ok || !taken(state, self, peering)) again(self, peering);
      }),
  );
  toPeer(context, request, request.target, DIAL_TIMEOUT);
}

/** Whether there is a connection, without another station between: it is kept from now on. */
function taken({ context, found }: State, self: Self, peering: Peering): boolean {
  const { station } = peering;
  const standing = standingOf(context, station);
  if (standing === undefined || isRelayed(standing.link())) return false;
  station.nodeId = standing.peerId;
  peering.restsUntil = -Infinity;
  standing.kept = true;
  peering.process = standing.process;
  peering.since = self.clock.now();
  self.monitor(standing.process);
  found();
  return true;
}

/** It is used, and dialed anew when its packets have come to go through another station: they may stay there. */
function beat(state: State, self: Self, peering: Peering): void {
  const { station, process } = peering;
  if (process === undefined) return;
  if (isRelayed(state.context.standings.find(process)?.link())) {
    peering.process = undefined;
    look(state, self, peering);
  } else ping(state, station);
}

/** By its id, or by its address: whoever comes from there listens there. */
function standingOf({ standings }: MeshContext, { nodeId, addresses }: PeeredStation): Standing | undefined {
  const known = nodeId === '' ? undefined : standings.ready(nodeId, false);
  if (known?.isNode === true) return known;
  for (const { peerId, isNode, address } of standings.all()) {
    const ready = isNode && addresses.includes(address) ? standings.ready(peerId, false) : undefined;
    if (ready !== undefined) return ready;
  }
  return undefined;
}

/** Another connection may have taken its place already. */
function lost(state: State, self: Self, peering: Peering, { reason }: Down): void {
  peering.process = undefined;
  const isFinal = judgeLoss(reason, hex(state.context.epoch)).final;
  if (isFinal) peering.restsUntil = self.clock.now() + REPLACED;
  peering.attempt = nextAttempt(peering.attempt, self.clock.now() - peering.since);
  if (!taken(state, self, peering)) again(self, peering);
}

function again(self: Self, peering: Peering): void {
  peering.trying = true;
  self.sendAfter(delay(peering.attempt++, self.random), new Look(peering));
}

/** Nobody waits for the answer: whether a connection lives, it finds out itself. */
function ping({ context }: State, { nodeId }: PeeredStation): void {
  const target: PeerTarget = { nodeId, addresses: [] };
  if (context.standings.ready(nodeId) !== undefined)
    toPeer(context, new PeerRequest(target, { type: 'ping' }, nothing, true), target, DIAL_TIMEOUT);
}

function ownAddresses(context: MeshContext): ReadonlySet<string> {
  const local = shared(context, 'endpoint')?.local;
  const own = new Set(context.settings.announce);
  if (local === undefined) return own;
  own.add(addressText(local));
  if (!isWildcard(local.host)) return own;
  for (const all of Object.values(networkInterfaces()))
    for (const { address } of all ?? []) own.add(endpointOf(address, local.port));
  return own;
}

const nothing = (): void => {};

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
