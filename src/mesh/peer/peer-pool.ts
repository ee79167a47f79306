/**
 * The peer pool: which peers are connected, one connection each.
 *
 * A newer connection of the same identity takes over; the older one is closed and told so (DESIGN §8, One
 * identity twice). Supervised by `peers`; a crash loses nothing: the connections live on, and introduce
 * themselves to its successor.
 */
import { Down } from '../../actor/monitor.ts';
import type { Process } from '../../actor/process.ts';
import { childrenOf } from '../../actor/tree.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import { CloseCode } from '../../transport/transport.ts';
import { Close, Introduce } from '../connection/messages.ts';
import { actor, hex, type MeshContext } from '../context.ts';

/** Messages queued at most, as the router's. */
const POOL_MAILBOX = 16_384;

interface State {
  readonly context: MeshContext;
  readonly byId: Map<string, Connected>;
  readonly byProcess: Map<Process, string>;
}

export interface PoolCalls {
  /** Hex ids of connected peers. */
  peers(): readonly string[];
}

export interface Connected {
  readonly nodeId: string;
  readonly connection: Process;
  /** The peer's process; undefined when we dialed it. */
  readonly epoch: Uint8Array | undefined;
}

export interface PoolCasts {
  connected(what: Connected): void;
}

export const peerPoolServer: GenServer<MeshContext, State, PoolCalls, PoolCasts> = {
  label: 'peerPool',
  mailbox: POOL_MAILBOX,
  init: (context, self) => {
    const connections = actor(context, 'connections');
    if (connections !== undefined) {
      for (const connection of childrenOf(connections)) self.send(connection, new Introduce());
    }
    return { context, byId: new Map(), byProcess: new Map() };
  },
  handleCall: {
    peers: (_none, state) => reply([...state.byId.keys()], state),
  },
  handleCast: {
    connected: (what, state, self) => {
      const { nodeId, connection } = what;
      const { context } = state;
      const known = state.byId.get(nodeId);
      if (known?.connection === connection || !connection.alive) return noReply(state);
      if (known !== undefined) {
        // after our restart they introduce themselves in any order
        const newer = since(state, known.connection) > since(state, connection);
        const older = newer ? connection : known.connection;
        // whoever reads its own epoch there has replaced itself
        const { epoch = context.epoch } = newer ? known : what;
        self.send(older, new Close(CloseCode.duplicate, hex(epoch)));
        if (newer) return noReply(state);
        state.byProcess.delete(older);
      }
      state.byId.set(nodeId, what);
      state.byProcess.set(connection, nodeId);
      self.monitor(connection);
      return noReply(state);
    },
  },
  handleInfo: (message, state) => {
    if (message instanceof Down) {
      const process = message.pid as Process;
      const nodeId = state.byProcess.get(process);
      if (nodeId !== undefined) {
        state.byProcess.delete(process);
        if (state.byId.get(nodeId)?.connection === process) state.byId.delete(nodeId);
      }
    }
    return noReply(state);
  },
};

/** When its hello was accepted. */
const since = ({ context }: State, connection: Process): number =>
  context.standings.find(connection)?.readySince ?? -Infinity;
