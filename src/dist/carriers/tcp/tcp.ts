/**
 * Erlang's own carrier: TCP, with EPMD or at ports that are known otherwise. Not encrypted, so on loopback unless it is said otherwise.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ChildSpec } from '../../../otp/child-spec.ts';
import { worker } from '../../../otp/supervisor.ts';
import { isOrderly } from '../../../actor/exit-reason.ts';
import type { Process } from '../../../actor/process.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply, stop } from '../../../otp/result.ts';
import { CarrierError } from '../../carrier-error.ts';
import type {
  Carrier,
  DistStream,
  DistStreamEvents,
  Incoming,
  Listening,
  NetAddress,
  Setup,
  SetupResult,
} from '../../carrier.ts';
import { aliveOf, hostOf, isNodeName, splitNodeName, type SplitName } from '../../node-name.ts';
import { EPMD_PORT, portOfNode, registerAtEpmd, type EpmdAddress, type Registration } from './epmd.ts';
import { listen, notListening } from './listening.ts';
import { peerOf, socketStream } from './socket-stream.ts';

export interface TcpOptions {
  /** Where it listens. Default 127.0.0.1 and any port. */
  readonly listen?: { readonly host?: string; readonly port?: number };
  /** Where EPMD is; false: there is none. Default: port 4369 of this host, and of the host of each node that is dialed. */
  readonly epmd?: Partial<EpmdAddress> | false;
  /** At which port a node listens, where EPMD is not asked. */
  readonly portOf?: (node: string) => number | undefined;
  /** Connects only. Default false. */
  readonly dialOnly?: boolean;
}

const LOOPBACK = '127.0.0.1';
/** Milliseconds for EPMD, and between two tries to register again. */
const EPMD = 5_000;

interface State {
  readonly server: Server;
  registration: Registration | undefined;
}

class EpmdLost {
  readonly lost = true;
}

export class TcpCarrier implements Carrier {
  readonly name = 'tcp';
  readonly #options: TcpOptions;
  #address: NetAddress | undefined;
  #bound: number | undefined;
  /** All there are, of both directions. */
  readonly #sockets = new Set<Socket>();
  /** Of these: those that nobody has accepted. */
  readonly #waiting = new Set<Socket>();

  constructor(options: TcpOptions = {}) {
    this.#options = options;
  }

  isNodeName(name: string): boolean {
    return isNodeName(name);
  }

  splitName(name: string): SplitName {
    return splitNodeName(name);
  }

  select(name: string): boolean {
    return isNodeName(name);
  }

  address(): NetAddress | undefined {
    return this.#address;
  }

  childSpecs(listening: Listening): readonly ChildSpec[] {
    return this.#options.dialOnly === true
      ? []
      : [worker('tcpListener', this.#listener(listening), undefined)];
  }

  async setup({ node, timeout, signal, events }: Setup): Promise<SetupResult> {
    if (!isNodeName(node)) return { ok: false, reason: 'invalid_node_name', detail: node };
    const host = hostOf(node).replace(/^\[|\]$/g, '');
    try {
      const port = this.#options.portOf?.(node) ?? (await this.#askEpmd(host, aliveOf(node), timeout));
      if (port === undefined)
        return { ok: false, reason: 'connect_failed', detail: `EPMD does not know ${node}` };
      const socket = this.#keep(await open(host, port, timeout, signal));
      return { ok: true, stream: socketStream(socket, events) };
    } catch (error) {
      return {
        ok: false,
        reason: 'connect_failed',
        detail: innermost(error),
      };
    }
  }

  async #askEpmd(host: string, alive: string, timeout: number): Promise<number | undefined> {
    const { epmd } = this.#options;
    if (epmd === false) return undefined;
    return portOfNode(
      { host: epmd?.host ?? host, port: epmd?.port ?? EPMD_PORT },
      alive,
      Math.min(timeout, EPMD),
    );
  }

  #listener(listening: Listening): GenServer<undefined, State> {
    return {
      label: 'tcp listener',
      init: async (_none, self) => {
        const server = createServer({ noDelay: true }, (socket) => {
          this.#waiting.add(this.#keep(socket));
          listening.accept(new Waiting(socket, () => this.#waiting.delete(socket)));
        });
        const state: State = { server, registration: undefined };
        const { host = LOOPBACK, port = 0 } = this.#options.listen ?? {};
        self.runtime.onExit(self.pid, (reason) => {
          this.#address = undefined;
          server.close();
          state.registration?.close();
          // told to end, the net kernel is too: with it connections end, and what they have taken leaves first
          for (const socket of isOrderly(reason) ? this.#waiting : this.#sockets) socket.destroy();
        });
        const again = this.#bound !== undefined;
        try {
          await listen(server, host, this.#bound ?? port);
        } catch (error) {
          return stop({ shutdown: notListening(error, `${host}:${this.#bound ?? port}`) }, state);
        }
        server.on('error', () => {});
        // killed meanwhile: its successor needs the port
        if (!(self as Process).alive) {
          server.close();
          return state;
        }
        const bound = server.address() as {
          readonly address: string;
          readonly port: number;
          readonly family: string;
        };
        this.#bound = bound.port;
        this.#address = {
          host: bound.address,
          port: bound.port,
          protocol: 'tcp',
          family: bound.family === 'IPv6' ? 'inet6' : 'inet',
        };
        try {
          await this.#register(state, listening.name, self as Process);
        } catch (error) {
          // who has been there before waits for EPMD to come back
          if (!again) return stop({ shutdown: error }, state);
          self.send(self.pid, new EpmdLost());
        }
        return state;
      },
      handleInfo: async (message, state, self) => {
        if (!(message instanceof EpmdLost)) return noReply(state);
        try {
          await this.#register(state, listening.name, self as Process);
        } catch {
          self.sendAfter(EPMD, new EpmdLost());
        }
        return noReply(state);
      },
    };
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(socket);
    });
    return socket;
  }

  async #register(state: State, name: string, self: Process): Promise<void> {
    const { epmd } = this.#options;
    if (epmd === false || this.#address === undefined) return;
    const at = { host: epmd?.host ?? LOOPBACK, port: epmd?.port ?? EPMD_PORT };
    const lost = (): void => void self.send(self, new EpmdLost());
    try {
      const registration = await registerAtEpmd(at, aliveOf(name), this.#address.port, EPMD, lost);
      // killed meanwhile: its successor needs the name
      if (self.alive) state.registration = registration;
      else registration.close();
    } catch (cause) {
      if (cause instanceof CarrierError) throw cause;
      throw new CarrierError('no_epmd', `no EPMD at ${at.host}:${at.port}: ${innermost(cause)}`, { cause });
    }
  }
}

class Waiting implements Incoming {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #accepted: () => void;
  constructor(socket: Socket, accepted: () => void) {
    this.#socket = socket;
    this.#accepted = accepted;
    this.peer = peerOf(socket);
  }
  accept(events: DistStreamEvents): DistStream {
    this.#accepted();
    return socketStream(this.#socket, events);
  }
  refuse(): void {
    this.#socket.destroy();
  }
}

const innermost = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function open(host: string, port: number, timeout: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const end = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const aborted = (): void => end(new Error('nobody wants it any more'));
    signal.addEventListener('abort', aborted, { once: true });
    socket.setTimeout(timeout, () => end(new Error('no answer in time')));
    socket.once('error', end);
    socket.once('connect', () => {
      signal.removeEventListener('abort', aborted);
      socket.off('error', end);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
