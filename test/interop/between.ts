/** A wire between two nodes that can be held: what is sent is neither lost nor delivered. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class Between {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #held = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static start(): Promise<Between> {
    return new Promise((resolve) => {
      const server = createServer();
      const between = new Between(server);
      server.on('connection', (socket) => between.#accept(socket));
      server.listen(0, '127.0.0.1', () => resolve(between));
    });
  }

  /** The port that leads to another one. */
  to(port: number): number {
    this.#port = port;
    return (this.#server.address() as { readonly port: number }).port;
  }

  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Those that were held are gone; new ones go through. */
  release(): void {
    this.#held = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.release();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(one: Socket): void {
    const other = connect(this.#port, '127.0.0.1');
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        if (!this.#held) to.destroy();
      });
      from.on('data', (bytes) => void to.write(bytes));
    }
    if (this.#held) this.hold();
  }
}
