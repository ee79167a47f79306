/**
 * One attempt to find a way to a node through a station: the first that takes us, and where the node agrees.
 *
 * A child of the NAT connector. The pool is told the way as soon as the station was asked, since that passes on from
 * then; when the node refuses, or is not attached there, the next station is tried, and when there is none, or the time is over,
 * the attempt ends with the reason and gives its session back. Its death costs no call that has found its way. Source: SPEC §8.6.
 */
import { Down } from '../../../actor/monitor.ts';
import type { Process } from '../../../actor/process.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply, started, stop, type NoReply, type Stop } from '../../../otp/result.ts';
import type { MeshContext } from '../../context.ts';
import { isLate, shortChance } from '../../connection/liveness.ts';
import { ask } from '../../dht/ask.ts';
import { describeFailure } from '../../errors/rpc-failure.ts';
import { parseAddress } from '../../peer/endpoint-text.ts';
import { standingAt, type Candidate } from './candidate-stations.ts';
import { Unwanted, WayFound, WayLost, type NatWish } from '../../peer/nat-connector.ts';
import type { Standing } from '../../peer/standings.ts';
import { noteWay } from '../../peer/way-notes.ts';
import { askRelay, leaveRelay, RelayAnswered } from '../../relay/relay-end.ts';
import type { OwnSession } from '../../relay/relays.ts';

/** Milliseconds for a connection to a station (SPEC §2.3). */
const STATION = 3_000;
/** Milliseconds in which a station of our own that was lost is dialed again by whoever keeps us attached: the first pause and a handshake. */
const COMING_BACK = 500;

export interface AttemptArgs {
  readonly context: MeshContext;
  readonly wanted: NatWish;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  readonly pool: Process;
  /** In order. */
  readonly stations: readonly Candidate[];
  /** A station that could not be reached. */
  readonly unreached: (station: string) => void;
}

interface State extends AttemptArgs {
  readonly left: Candidate[];
  session: OwnSession | undefined;
  /** The connection to the station that was asked. */
  asked: Process | undefined;
  /** `host:port` of the station that is being dialed, or will be, and whether over TLS where UDP is blocked. */
  dialing: string | undefined;
  tls: boolean;
  /** Why the last one was no use. */
  why: string;
  /** The station that is being tried, and since when, clock ms. */
  trying: { readonly station: string; readonly since: number } | undefined;
}

/** A station is connected: what failed for want of one may succeed. */
export class StationFound {
  readonly found = true;
}

class Go {
  readonly go = true;
}

/** Nobody waits any longer. */
class TimeOver {
  readonly over = true;
}

/** Time to see whether a station that was asked has sent anything since. */
class Heard {
  readonly session: OwnSession;
  /** Packets that had come when it was asked. */
  readonly arrivals: number;
  /** Clock ms. */
  readonly due: number;
  constructor(session: OwnSession, arrivals: number, due: number) {
    this.session = session;
    this.arrivals = arrivals;
    this.due = due;
  }
}

/** A station of our own has had its time to come back. */
class Awaited {
  readonly station: string;
  constructor(station: string) {
    this.station = station;
  }
}

/** A station was dialed. */
class Dialed {
  readonly station: string;
  constructor(station: string) {
    this.station = station;
  }
}

export const attemptServer: GenServer<AttemptArgs, State> = {
  label: 'nat attempt',

  init: (args, self) => {
    self.sendAfter(args.timeout, new TimeOver());
    const idle = {
      session: undefined,
      asked: undefined,
      dialing: undefined,
      tls: false,
      why: 'no station is known',
      trying: undefined,
    };
    return started({ ...args, ...idle, left: [...args.stations] }, { continue: new Go() });
  },

  handleContinue: (_go, state, self) => next(state, self as Process),

  handleInfo: (message, state, self) => {
    const process = self as Process;
    if (message instanceof StationFound && state.dialing !== undefined) {
      const found = standingAt(state.context, state.dialing);
      return found === undefined ? noReply(state) : begin(state, process, found);
    }
    if (message instanceof Awaited && message.station === state.dialing) {
      dial(state, process, message.station);
      return noReply(state);
    }
    if (message instanceof Dialed && message.station === state.dialing) {
      const found = standingAt(state.context, message.station);
      if (found !== undefined) return begin(state, process, found);
      state.unreached(message.station);
      state.why = 'the station cannot be reached';
      return next(state, process);
    }
    if (message instanceof RelayAnswered && message.session === state.session) {
      // it is the connection's now
      if (message.failure === undefined) {
        state.context.counters.relaysWon++;
        return leave(state);
      }
      state.why = describeFailure(message.failure);
      return next(state, process);
    }
    if (message instanceof Heard && message.session === state.session) return heard(state, process, message);
    if (message instanceof Down && message.pid === state.asked) {
      state.why = 'the station is gone';
      return next(state, process);
    }
    if (message instanceof Unwanted) {
      tried(state, 'given_up', 'another way was faster');
      return leave(state);
    }
    if (message instanceof TimeOver) {
      tried(state, 'failed', 'there was no time left');
      return lose(state, 'no relay in time');
    }
    return noReply(state);
  },

  terminate: (_reason, state) => {
    giveBack(state);
  },
};

/** Its part is done: what it has found is up to whoever was told. */
function leave(state: State): Stop<State> {
  state.session = state.asked = undefined;
  return stop('normal', state);
}

/** There is no way: `what`, and why the last station was none. */
function lose(state: State, what: string): Stop<State> {
  state.context.counters.relaysLost++;
  return stop({ shutdown: `${what}: ${state.why}` }, state);
}

function giveBack(state: State): void {
  if (state.session !== undefined) leaveRelay(state.context, state.session, 'given up');
  state.session = state.asked = undefined;
}

/** The station that was tried does not lead to the node; whether one that agreed does, its dial tells. */
function tried(state: State, outcome: 'failed' | 'given_up', why: string): void {
  const { context, wanted, trying } = state;
  state.trying = undefined;
  if (trying === undefined) return;
  const way = { peer: wanted.nodeId, step: 'relay', where: trying.station } as const;
  noteWay(context, way, trying.since, outcome, why);
}

/** On to the next station. */
function next(state: State, self: Process): NoReply<State> | Stop<State> {
  const { context, left, pool, session } = state;
  tried(state, 'failed', state.why);
  giveBack(state);
  if (session !== undefined) context.runtime.send(pool, new WayLost(self, session.address.host));
  state.dialing = undefined;
  const candidate = left.shift();
  if (candidate === undefined) return lose(state, 'no relay');
  const { station } = candidate;
  state.trying = { station, since: context.runtime.clock.now() };
  state.tls = candidate.tls;
  const ready = standingAt(context, station);
  if (ready !== undefined) return begin(state, self, ready);
  if (parseAddress(station) === undefined) return next(state, self);
  state.dialing = station;
  // all who have lost it want it back: they come one by one, each after a pause of its own
  if (context.relays.stations.reached.includes(station))
    context.runtime.sendAfter(COMING_BACK, self, new Awaited(station));
  else dial(state, self, station);
  return noReply(state);
}

function dial({ context, timeout, tls }: State, self: Process, station: string): void {
  const told = (): void => {
    context.runtime.send(self, new Dialed(station));
  };
  const target = { nodeId: undefined, addresses: [station], station: tls };
  ask(context, self, target, { type: 'ping' }, Math.min(STATION, timeout), { told });
}

function begin(state: State, self: Process, station: Standing): NoReply<State> | Stop<State> {
  const { context, wanted } = state;
  state.dialing = undefined;
  const usable = station.isStation && station.peerId !== wanted.nodeId;
  state.session = usable ? askRelay(context, station, wanted.nodeId, self) : undefined;
  if (state.session === undefined) {
    state.why = usable ? 'the station cannot be asked' : 'that node is no station';
    return next(state, self);
  }
  state.asked = station.process;
  self.monitor(station.process);
  listen(state, self, station);
  context.runtime.send(state.pool, new WayFound(self, state.session.address.host));
  return noReply(state);
}

/** A station that is there acknowledges what it is asked, long before the node agrees. */
function listen({ context, session }: State, self: Process, { link, rtt }: Standing): void {
  const arrivals = link()?.stats().arrivals;
  if (session === undefined || arrivals === undefined) return;
  const { runtime } = context;
  const wait = shortChance(rtt());
  runtime.sendAfter(wait, self, new Heard(session, arrivals, runtime.clock.now() + wait));
}

/** One that says nothing at all may be gone: another has its turn, if there is one. */
function heard(state: State, self: Process, { arrivals, due }: Heard): NoReply<State> | Stop<State> {
  const { context, asked, left } = state;
  const station = asked === undefined ? undefined : context.standings.find(asked);
  const silent = station?.link()?.stats().arrivals === arrivals;
  if (!silent || left.length === 0) return noReply(state);
  if (isLate(due, context.runtime.clock.now())) {
    listen(state, self, station);
    return noReply(state);
  }
  state.why = 'the station does not answer';
  return next(state, self);
}
