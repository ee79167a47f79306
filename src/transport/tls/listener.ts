/**
 * A station's TCP side: takes TLS connections of nodes whose UDP is blocked (TRANSPORT §10, DESIGN §8).
 *
 * Counted by the same rules as inbound links before anything is read, judged by the same verdict before any record is
 * taken. It owns its sockets and frees them when it is closed.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';

import type { Identity } from '../../identity/identity.ts';
import type { Clock } from '../../actor/clock.ts';
import { Admission } from '../admission.ts';
import { TransportError, type PhysicalAddress } from '../transport.ts';
import { credentials, HANDSHAKE_TIMEOUT, shown, tune } from './credentials.ts';

export interface ListenerOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly bind: PhysicalAddress;
  /** Connections in total, those that are not judged yet, and how many may come per second. */
  readonly links: number;
  readonly halfOpen: number;
  readonly acceptRate: number;
  /** Whether the certificates (DER, leaf first) are a node's. Never throws. */
  judge(chain: readonly Uint8Array[]): boolean;
  /** A node is connected. */
  onSocket(socket: TLSSocket): void;
  drop(reason: string): void;
}

export class TlsListener {
  readonly #options: ListenerOptions;
  readonly #admission: Admission;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** TCP connections whose peers are not judged yet, by address and port, and in whose count they are. */
  readonly #waiting = new Map<string, { readonly host: string; readonly raw: Socket }>();

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const { links, halfOpen, acceptRate } = options;
    this.#admission = new Admission({ links, halfOpen, acceptRate });
    this.#server = createServer({
      ...credentials(options.identity),
      requestCert: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      pauseOnConnect: false,
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#connected(socket);
    });
    this.#server.on('secureConnection', (socket) => {
      this.#secured(socket);
    });
    this.#server.on('tlsClientError', (_error, socket) => {
      options.drop('tls_handshake');
      socket.destroy();
    });
    this.#server.on('error', () => {
      // a connection that could not be accepted is the dialer's loss
      options.drop('tls_accept');
    });
  }

  /** Binds. Throws `TransportError` `bind_failed`. */
  static async open(options: ListenerOptions): Promise<TlsListener> {
    const listener = new TlsListener(options);
    const server = listener.#server;
    const { host, port } = options.bind;
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: NodeJS.ErrnoException): void => {
        const code = cause.code ?? cause.message;
        const detail = `Cannot bind TCP ${host} port ${port}: ${code}`;
        reject(new TransportError({ tag: 'bind_failed', address: options.bind, code }, detail, { cause }));
      };
      server.once('error', refuse);
      server.listen({ host, port, exclusive: true, ipv6Only: host.includes(':') }, () => {
        server.off('error', refuse);
        resolve();
      });
    });
    return listener;
  }

  /** TCP connections, judged or not. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Those of them that are not judged yet. */
  get halfOpen(): number {
    return this.#admission.halfOpen;
  }

  /** Frees everything at once. */
  destroy(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes no more; resolves when the last connection has ended. Those that are not judged end now. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const { raw } of this.#waiting.values()) raw.destroy();
    await closed;
  }

  #connected(socket: Socket): void {
    const { clock, drop } = this.#options;
    const host = socket.remoteAddress;
    const name = peerName(socket);
    // its port is used again, and the end of the connection before it was not heard of yet
    const before = this.#waiting.get(name)?.raw;
    this.#settled(name);
    before?.destroy();
    const refusal =
      host === undefined ? 'gone' : this.#admission.refusal(host, this.#sockets.size, clock.now());
    if (host === undefined || refusal !== undefined) {
      drop(`tls_${refusal}`);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    this.#waiting.set(name, { host, raw: socket });
    this.#admission.started(host, clock.now());
    socket.on('error', () => {
      // it closes
    });
    socket.once('close', () => {
      if (this.#waiting.get(name)?.raw === socket) this.#settled(name);
      this.#sockets.delete(socket);
      this.#admission.ended(host, clock.now());
    });
  }

  #secured(socket: TLSSocket): void {
    const chain = shown(socket);
    if (chain === undefined || !this.#options.judge(chain)) {
      this.#options.drop('tls_refused');
      socket.destroy();
      return;
    }
    this.#settled(peerName(socket));
    tune(socket);
    this.#options.onSocket(socket);
  }

  #settled(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    this.#waiting.delete(name);
    this.#admission.settled(waiting.host);
  }
}

const peerName = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
