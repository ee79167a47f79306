/**
 * Wants a direct path for one relayed connection: has the station coordinate a punch, offers the addresses to the link, and
 * ends as soon as packets go directly, or with the reason why they do not.
 *
 * A child of the NAT connector, the states of `punch-machine.ts`. The link itself probes and changes its path, so that
 * the death of this actor costs a try and no call.
 */
import { Down } from '../../../actor/monitor.ts';
import type { Process } from '../../../actor/process.ts';
import type { PunchCoordinatePayload } from '../../../codec/payloads.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply, stop } from '../../../otp/result.ts';
import { createMachineCell, type MachineCell } from '../../../xstate/cell.ts';
import { shared, type MeshContext } from '../../context.ts';
import type { Standing } from '../../peer/standings.ts';
import { sessionKey } from '../../relay/session-key.ts';
import { isDirect, isNear, offerPunched } from '../traversal/peer-paths.ts';
import { punchMachine, type PunchAction } from './punch-machine.ts';
import type { PunchFailure } from './punch-session.ts';

/** Of a punch of ours: where the peer is. */
export class PunchCoordinated {
  readonly payload: PunchCoordinatePayload;
  /** Hex id of who says so. */
  readonly from: string;
  constructor(payload: PunchCoordinatePayload, from: string) {
    this.payload = payload;
    this.from = from;
  }
}

/** Of a punch of ours: the station has ended it. */
export class PunchEnded {
  readonly reason: PunchFailure | undefined;
  readonly from: string;
  constructor(reason: PunchFailure | undefined, from: string) {
    this.reason = reason;
    this.from = from;
  }
}

/** The connection's packets may go another way now. */
export class PathMoved {
  readonly moved = true;
}

/** The machine has come to its end by itself: the station has not said anything for too long. */
class Over {
  readonly over = true;
}

export interface PunchingArgs {
  readonly context: MeshContext;
  /** The relayed connection. */
  readonly connection: Process;
  /** Hex id of the station that both are attached to. */
  readonly stationId: string;
  /** Milliseconds for each try of the addresses. */
  readonly trying: number;
  /** Ports that our NAT may use next. */
  readonly ports: readonly number[];
}

interface State extends PunchingArgs {
  readonly session: Uint8Array;
  readonly cell: MachineCell;
  place: PunchCoordinatePayload | undefined;
}

export const punchingServer: GenServer<PunchingArgs, State> = {
  label: 'hole punch',
  trapExit: true,

  init: (args, self) => {
    const process = self as Process;
    const { context, trying } = args;
    const session = context.runtime.random.bytes(16);
    context.relays.punches.set(sessionKey(session), process);
    context.runtime.onExit(process, () => context.relays.punches.delete(sessionKey(session)));
    self.monitor(args.connection);
    let state: State | undefined;
    const cell = createMachineCell(process, punchMachine, {
      input: { trying },
      perform: (action, running) => {
        state ??= { ...args, session, cell: running, place: undefined };
        perform(state, process, action.type as PunchAction);
      },
      onDone: () => {
        self.send(process, new Over());
      },
    });
    return (state ??= { ...args, session, cell, place: undefined });
  },

  handleInfo: (message, state) => {
    const { cell, stationId } = state;
    if (message instanceof PunchCoordinated) {
      if (message.from !== stationId) return noReply(state);
      state.place = message.payload;
      cell.send({ type: 'coordinated' });
    } else if (message instanceof PunchEnded) {
      // a peer that has won the path already says so before our own link does
      if (message.reason !== undefined && message.from === stationId)
        cell.send({ type: 'refused', reason: message.reason });
    } else if (message instanceof PathMoved) {
      if (isDirect(linkOf(state))) cell.send({ type: 'direct' });
    } else if (message instanceof Down) cell.send({ type: 'gone' });
    if (!cell.done) return noReply(state);
    return cell.matches('won') ? stop('normal', state) : stop({ shutdown: cell.output }, state);
  },

  terminate: (_reason, { cell }) => {
    cell.stop();
  },
};

function perform(state: State, self: Process, action: PunchAction): void {
  const { context, session: session_id } = state;
  const standing = context.standings.find(state.connection);
  const station = stationOf(state);
  switch (action) {
    case 'ask': {
      const identity = shared(context, 'identity');
      const asked =
        identity !== undefined &&
        standing !== undefined &&
        station?.say('punch_request', {
          session_id,
          requester_id: identity.nodeId,
          target_id: new Uint8Array(Buffer.from(standing.peerId, 'hex')),
          ...(state.ports.length > 0 ? { ports: state.ports } : {}),
        });
      if (asked !== true) self.send(self, new PunchEnded('peer_gone', state.stationId));
      return;
    }
    case 'offer':
      station?.say('punch_execute', { session_id });
      if (state.place !== undefined && standing !== undefined)
        offerPunched(context, linkOf(state), state.place, isNear(context, standing.peerId));
      return;
    case 'report':
      station?.say('punch_result', { session_id, success: false, reason: 'unreachable' });
      return;
    case 'win':
      station?.say('punch_result', { session_id, success: true });
      return;
    case 'lose':
      return;
  }
}

const stationOf = ({ context, stationId }: State): Standing | undefined =>
  context.standings.ready(stationId, false);

const linkOf = ({ context, connection }: State): ReturnType<Standing['link']> =>
  context.standings.find(connection)?.link();
