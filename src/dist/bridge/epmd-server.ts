/**
 * An EPMD for the Erlang nodes of this host that live behind a bridge: it knows them, and where to connect for those that live
 * elsewhere (DIST §8, way A).
 *
 * ```text
 * ERL_EPMD_PORT=7701 erl -start_epmd false -name a@127.0.0.1 -setcookie C
 * ```
 * Supervised by whoever has the bridge (permanent). Its end frees the port and cuts all connections, but not the nodes: they live on,
 * and their connections to others with them. So the desk is not told that they went. OTP 24 and later, and the last releases of 23,
 * register again within 2 s; earlier ones never do. Until then the successor answers for them from memory, and looks now and then
 * whether anybody listens where they did. The memory lives as long as the object.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { seconds } from '../../actor/clock.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, stop } from '../../otp/result.ts';
import { worker } from '../../otp/supervisor.ts';
import { listen, notListening } from '../carriers/tcp/listening.ts';
import { guard, serveEpmd, type EpmdDesk } from './epmd-connection.ts';
import { EpmdTable, type Registered } from './epmd-table.ts';

export type { EpmdDesk } from './epmd-connection.ts';

export interface EpmdOptions {
  /** Default 127.0.0.1: who reaches it learns which nodes there are, and where they listen. */
  readonly host?: string;
  /** 0: any one, and the same for its successors. */
  readonly port: number;
}

/** Connections at once, those of registered nodes among them. */
export const MOST_CONNECTIONS = 256;
/** Registrations at once: half of the connections are for those who ask. */
export const MOST_NODES = 128;
/** ms until the nodes of a predecessor are looked for, which have had time to register again; and between further looks. */
export const LOOK: { readonly first: number; readonly then: number } = {
  first: seconds(5),
  then: seconds(30),
};
/** ms for a node of this host to take a connection. */
const REACH = seconds(2);
const LOOPBACK = ['127.0.0.1', '::1'];

class Look {
  readonly look = true;
}

export class EpmdServer {
  readonly #desk: EpmdDesk;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #table: EpmdTable | undefined;
  #port: number;
  #full = false;

  constructor(desk: EpmdDesk, { host = '127.0.0.1', port }: EpmdOptions) {
    this.#desk = desk;
    this.#host = host;
    this.#port = port;
  }

  /** Where it listens, once it has. */
  get address(): { readonly host: string; readonly port: number } {
    return { host: this.#host, port: this.#port };
  }

  /** The nodes of this host. */
  get nodes(): readonly Registered[] {
    return Array.from(this.#table?.nodes ?? []);
  }

  /** Fails to start with `{ shutdown: CarrierError }`. */
  childSpec(): ChildSpec {
    return worker('epmd', this.#server(), undefined);
  }

  #server(): GenServer<undefined, null> {
    return {
      label: 'epmd',
      init: async (_none, self) => {
        const process = self as Process;
        const table = this.#known(self);
        const server = this.#listener(process, table);
        self.runtime.onExit(self.pid, () => {
          server.close();
          table.letGo();
          for (const socket of this.#sockets) socket.destroy();
        });
        try {
          await listen(server, this.#host, this.#port);
        } catch (error) {
          return stop({ shutdown: notListening(error, `${this.#host}:${this.#port}`) }, null);
        }
        server.on('error', () => {});
        // killed meanwhile: its successor needs the port
        if (!process.alive) {
          server.close();
          return null;
        }
        this.#port = (server.address() as { readonly port: number }).port;
        if (table.unclaimed().length > 0) self.sendAfter(LOOK.first, new Look());
        return null;
      },
      handleInfo: async (message, state, self) => {
        if (message instanceof Look && (await this.#look(self as Process, this.#known(self))))
          self.sendAfter(LOOK.then, new Look());
        return noReply(state);
      },
    };
  }

  #known({ random }: Self): EpmdTable {
    return (this.#table ??= new EpmdTable(MOST_NODES, random.u32()));
  }

  #listener(process: Process, table: EpmdTable): Server {
    const { clock, runtime } = process;
    const fault = (error: unknown): void => runtime.crash(process, error);
    const server = createServer({ noDelay: true }, (socket) => {
      this.#full = false;
      this.#keep(socket);
      // it may have come before the end, and be told of after it
      if (process.alive) serveEpmd(socket, { clock, desk: this.#desk, table, fault });
      else socket.destroy();
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.on('drop', (from) => {
      const peer = `${from?.remoteAddress ?? '?'}:${from?.remotePort ?? 0}`;
      // once, until there is room again
      if (!this.#full) guard({ fault }, () => this.#desk.refused(peer, 'too many connections'));
      this.#full = true;
    });
    return server;
  }

  /** Forgets nodes without a connection that are gone. True: there are others. */
  async #look(process: Process, table: EpmdTable): Promise<boolean> {
    const nodes = table.unclaimed();
    const there = await Promise.all(nodes.map((node) => this.#listens(node.port)));
    // its own connections were cut: they say nothing
    if (!process.alive) return false;
    const gone = nodes.filter((node, index) => there[index] === false && table.forget(node));
    for (const { name } of gone) this.#desk.unregistered(name);
    return table.unclaimed().length > 0;
  }

  async #listens(port: number): Promise<boolean> {
    for (const host of LOOPBACK) if (await this.#reaches(host, port)) return true;
    return false;
  }

  #reaches(host: string, port: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = this.#keep(connect({ host, port, timeout: REACH }));
      socket.once('timeout', () => socket.destroy());
      socket.once('connect', () => {
        resolve(true);
        socket.destroy();
      });
      socket.once('close', () => resolve(false));
    });
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
