/**
 * Where local nodes knock who want to reach one node elsewhere: a port of this host, behind which a tunnel is asked for.
 *
 * Supervised by the bridge, temporary: a door that nobody uses closes, and one that is gone is opened anew when somebody asks for the
 * node again. Erlang asks before each attempt.
 */
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply, stop } from '../../otp/result.ts';
import { listen } from '../carriers/tcp/listening.ts';
import { tuned } from '../carriers/tcp/socket-stream.ts';
import type { DistRelayClient } from '../relay/client/relay-client.ts';
import { TunnelError } from '../relay/tunnel-error.ts';
import { splice } from './splice.ts';

/** Milliseconds for a tunnel: an Erlang node waits 7 s for all of its handshake. */
const TUNNEL = 7_000;
/** Connections to one node at once: one is used, others are attempts. */
const MOST = 16;
/** Milliseconds without a connection, and without a question for it, after which it closes. */
const IDLE = 60_000;

export interface DoorArgs {
  /** Names of the node that is reached through it, in the order in which they are tried: whole, or the part before the `@`. */
  readonly targets: readonly string[];
  readonly host: string;
  readonly client: DistRelayClient;
  /** A tunnel could not be had. */
  readonly failed: (why: string) => void;
}

export interface DoorCalls {
  port(): number;
}

class Look {
  readonly look = true;
}

interface State {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  /** Somebody may be on the way, since the last look. */
  asked: boolean;
}

export const doorServer: GenServer<DoorArgs, State, DoorCalls> = {
  label: 'door',

  init: async (args, self) => {
    const process = self as Process;
    process.label = `door to ${args.targets[0] ?? ''}`;
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
      if (process.alive) enter(args, socket, process).catch((error: unknown) => self.runtime.defect(error));
      else socket.destroy();
    });
    server.maxConnections = MOST;
    self.runtime.onExit(self.pid, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    try {
      await listen(server, args.host, 0);
    } catch (error) {
      return stop({ shutdown: error }, { port: 0, sockets, asked: false });
    }
    server.on('error', () => {});
    if (!process.alive) server.close();
    const port = (server.address() as { readonly port: number } | null)?.port ?? 0;
    process.sendAfter(IDLE, new Look());
    return { port, sockets, asked: true };
  },

  handleCall: {
    port: (_none, state) => {
      state.asked = true;
      return reply(state.port, state);
    },
  },

  handleInfo: (message, state, self) => {
    if (!(message instanceof Look)) return noReply(state);
    if (!state.asked && state.sockets.size === 0) return stop({ shutdown: 'idle' }, state);
    state.asked = false;
    (self as Process).sendAfter(IDLE, message);
    return noReply(state);
  },
};

async function enter(
  { targets, client, failed }: DoorArgs,
  socket: Socket,
  { clock, signal }: Process,
): Promise<void> {
  tuned(socket).pause();
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  socket.once('close', leave);
  try {
    const both = AbortSignal.any([signal, gone.signal]);
    const stream = await tunnelTo(client, targets, both);
    splice(socket, stream, clock);
  } catch (error) {
    socket.destroy();
    if (!gone.signal.aborted) failed(error instanceof Error ? error.message : String(error));
  } finally {
    socket.off('close', leave);
  }
}

/** To the first of these that a relay knows. */
async function tunnelTo(
  client: DistRelayClient,
  targets: readonly string[],
  signal: AbortSignal,
): Promise<Duplex> {
  let last: unknown;
  for (const target of targets) {
    try {
      return (await client.requestTunnel(target, { timeout: TUNNEL, signal })).stream;
    } catch (error) {
      last = error;
      if (!(error instanceof TunnelError) || error.failure !== 'target_not_connected') break;
    }
  }
  throw last;
}
