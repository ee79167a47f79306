/**
 * The connections of an inspector: how many, whose, and one answer at a time on each.
 *
 * Whoever was let in on a connection keeps it. The others, whom any user of this machine may open, make room for newer ones, so that they
 * cannot hold all places. Requests that came together are answered one after the other: what waits for a reader is one answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections at once; ours are kept for a while, so that a page does not open one for each question. */
const CONNECTIONS = 64;
/** Requests of one connection that wait: browsers send the next when they have the answer. */
const WAITING = 16;

interface Line {
  /** Whether somebody is being answered. */
  busy: boolean;
  readonly waiting: (() => void)[];
}

export class Connections {
  readonly #lines = new Map<Socket, Line>();
  /** On which nobody was let in so far, the oldest first. */
  readonly #strangers = new Set<Socket>();

  opened(socket: Socket): void {
    if (this.#lines.size >= CONNECTIONS) {
      const [oldest = socket] = this.#strangers;
      oldest.destroy();
      if (oldest === socket) return;
      this.#closed(oldest);
    }
    this.#lines.set(socket, { busy: false, waiting: [] });
    this.#strangers.add(socket);
    socket.once('close', () => this.#closed(socket));
  }

  /** Somebody was let in on it. */
  admitted(socket: Socket): void {
    this.#strangers.delete(socket);
  }

  /** Calls `answer` when all that was asked before on the same connection has its answer; not when that has ended meanwhile. */
  inTurn({ socket }: IncomingMessage, response: ServerResponse, answer: () => void): void {
    const line = this.#lines.get(socket);
    if (line === undefined || line.waiting.length >= WAITING) {
      socket.destroy();
      return;
    }
    const begin = (): void => {
      line.busy = true;
      response.once('close', () => {
        line.busy = false;
        const next = line.waiting.shift();
        if (!socket.destroyed) next?.();
      });
      answer();
    };
    if (line.busy) line.waiting.push(begin);
    else begin();
  }

  #closed(socket: Socket): void {
    this.#lines.delete(socket);
    this.#strangers.delete(socket);
  }
}
