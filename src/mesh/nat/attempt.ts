/**
 * One attempt to find a way to a node through a station: the first that takes us, and where the node accepts.
 *
 * A temporary child of `natAttempts`. The pool is told the way as soon as the station was asked, since that passes on from
 * then; when the node refuses, or is not attached there, the next station is tried, and when there is none the attempt ends with the
 * reason. Its death costs the calls nothing that have found their way. Source: SPEC §8.6.
 */
import { Down } from '../../actor/monitor.ts';
import type { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, started, stop, type NoReply, type Stop } from '../../otp/result.ts';
import type { MeshContext } from '../context.ts';
import { ask } from '../dht/ask.ts';
import { describeFailure } from '../errors/rpc-failure.ts';
import { parseAddress } from '../peer/endpoint-text.ts';
import { WayFound, type NatWish } from '../peer/nat-connector.ts';
import type { Standing } from '../peer/standings.ts';
import { askRelay, leaveRelay, RelayAnswered } from '../relay/relay-end.ts';
import type { OwnSession } from '../relay/relays.ts';

/** Milliseconds for a connection to a station (SPEC §2.3). */
const STATION = 3_000;

export interface AttemptArgs {
  readonly context: MeshContext;
  readonly wanted: NatWish;
  /** Clock ms. */
  readonly deadline: number;
  readonly pool: Process;
  /** In order: `host:port`, or the hex id of one that is connected. */
  readonly stations: readonly string[];
}

interface State extends AttemptArgs {
  readonly left: string[];
  session: OwnSession | undefined;
  /** Why the last one was no use. */
  why: string;
}

class Go {
  readonly go = true;
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

  init: (args) =>
    started(
      { ...args, left: [...args.stations], session: undefined, why: 'no station is known' },
      { continue: new Go() },
    ),

  handleContinue: (_go, state, self) => next(state, self as Process),

  handleInfo: (message, state, self) => {
    const process = self as Process;
    if (message instanceof Dialed) {
      const found = standingAt(state.context, message.station);
      if (found !== undefined) return begin(state, process, found);
      state.why = 'the station cannot be reached';
      return next(state, process);
    }
    if (message instanceof RelayAnswered && message.session === state.session) {
      if (message.failure === undefined) return stop('normal', state);
      state.why = describeFailure(message.failure);
      return next(state, process);
    }
    if (message instanceof Down) return next(state, process);
    return noReply(state);
  },
};

/** On to the next station. */
function next(state: State, self: Process): NoReply<State> | Stop<State> {
  const { context, left, session } = state;
  if (session !== undefined) leaveRelay(context, session, 'given up');
  state.session = undefined;
  const station = left.shift();
  if (station === undefined || self.clock.now() >= state.deadline) {
    return stop({ shutdown: `no relay: ${state.why}` }, state);
  }
  const ready = standingAt(context, station);
  if (ready !== undefined) return begin(state, self, ready);
  if (parseAddress(station) === undefined) return next(state, self);
  const timeout = Math.max(1, Math.min(STATION, state.deadline - self.clock.now()));
  const told = (): void => {
    context.runtime.send(self, new Dialed(station));
  };
  ask(context, self, { nodeId: undefined, addresses: [station], station: true }, { type: 'ping' }, timeout, {
    told,
  });
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
  context.runtime.send(state.pool, new WayFound(self, state.session.address.host));
  return noReply(state);
}

/** Whoever is connected and is that station: by its address, or by its id. */
function standingAt({ standings }: MeshContext, station: string): Standing | undefined {
  const byId = standings.ready(station, false);
  if (byId !== undefined) return byId;
  for (const standing of standings.all()) {
    if (standing.address === station && standings.ready(standing.peerId, false) === standing) return standing;
  }
  return undefined;
}
