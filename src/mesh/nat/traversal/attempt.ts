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
import { ask } from '../../dht/ask.ts';
import { describeFailure } from '../../errors/rpc-failure.ts';
import { parseAddress } from '../../peer/endpoint-text.ts';
import { standingAt, type Candidate } from './candidate-stations.ts';
import { Unwanted, WayFound, WayLost, type NatWish } from '../../peer/nat-connector.ts';
import type { Standing } from '../../peer/standings.ts';
import { askRelay, leaveRelay, RelayAnswered } from '../../relay/relay-end.ts';
import type { OwnSession } from '../../relay/relays.ts';

/** Milliseconds for a connection to a station (SPEC §2.3). */
const STATION = 3_000;

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
  /** Why the last one was no use. */
  why: string;
}

class Go {
  readonly go = true;
}

/** Nobody waits any longer. */
class TimeOver {
  readonly over = true;
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
    const state = { ...args, left: [...args.stations], session: undefined, asked: undefined };
    return started({ ...state, why: 'no station is known' }, { continue: new Go() });
  },

  handleContinue: (_go, state, self) => next(state, self as Process),

  handleInfo: (message, state, self) => {
    const process = self as Process;
    if (message instanceof Dialed) {
      const found = standingAt(state.context, message.station);
      if (found !== undefined) return begin(state, process, found);
      state.unreached(message.station);
      state.why = 'the station cannot be reached';
      return next(state, process);
    }
    if (message instanceof RelayAnswered && message.session === state.session) {
      // it is the connection's now
      if (message.failure === undefined) return leave(state);
      state.why = describeFailure(message.failure);
      return next(state, process);
    }
    if (message instanceof Down && message.pid === state.asked) {
      state.why = 'the station is gone';
      return next(state, process);
    }
    if (message instanceof Unwanted) return leave(state);
    if (message instanceof TimeOver) return stop({ shutdown: `no relay in time: ${state.why}` }, state);
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

function giveBack(state: State): void {
  if (state.session !== undefined) leaveRelay(state.context, state.session, 'given up');
  state.session = state.asked = undefined;
}

/** On to the next station. */
function next(state: State, self: Process): NoReply<State> | Stop<State> {
  const { context, left, pool, session } = state;
  giveBack(state);
  if (session !== undefined) context.runtime.send(pool, new WayLost(self, session.address.host));
  const candidate = left.shift();
  if (candidate === undefined) return stop({ shutdown: `no relay: ${state.why}` }, state);
  const { station, tls } = candidate;
  const ready = standingAt(context, station);
  if (ready !== undefined) return begin(state, self, ready);
  if (parseAddress(station) === undefined) return next(state, self);
  const told = (): void => {
    context.runtime.send(self, new Dialed(station));
  };
  const target = { nodeId: undefined, addresses: [station], station: tls };
  ask(context, self, target, { type: 'ping' }, Math.min(STATION, state.timeout), { told });
  return noReply(state);
}

function begin(state: State, self: Process, station: Standing): NoReply<State> | Stop<State> {
  const { context, wanted } = state;
  const usable = station.isStation && station.peerId !== wanted.nodeId;
  state.session = usable ? askRelay(context, station, wanted.nodeId, self) : undefined;
  if (state.session === undefined) {
    state.why = usable ? 'the station cannot be asked' : 'that node is no station';
    return next(state, self);
  }
  state.asked = station.process;
  self.monitor(station.process);
  context.runtime.send(state.pool, new WayFound(self, state.session.address.host));
  return noReply(state);
}
