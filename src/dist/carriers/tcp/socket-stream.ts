/**
 * A TCP connection as a distribution stream.
 */
import type { Socket } from 'node:net';
import { systemClock } from '../../../actor/clock.ts';
import type { DistStream, DistStreamEvents } from '../../carrier.ts';

/** Milliseconds until a socket that has nothing in flight asks whether the other end lives. */
const KEEP_ALIVE = 15_000;
/** And for what was written to leave, when it is closed. */
const LINGER = 5_000;

export class SocketStream implements DistStream {
  readonly peer: string;
  readonly #socket: Socket;
  #over = false;

  constructor(socket: Socket, events: DistStreamEvents) {
    this.#socket = socket;
    this.peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    socket.on('data', (bytes: Buffer) => {
      if (!this.#over) events.onData(bytes);
    });
    socket.on('drain', () => events.onDrain());
    let why = 'closed';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      why = error.code ?? 'error';
    });
    socket.on('close', () => {
      if (this.#over) return;
      this.#over = true;
      events.onClosed(why);
    });
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (!this.#over) this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  admit(): void {}

  close(): void {
    if (this.#over) return;
    this.#over = true;
    const socket = this.#socket;
    if (socket.writableLength === 0) {
      socket.destroy();
      return;
    }
    // what still comes is nobody's: unread it would have the other end drop what is on its way
    socket.resume();
    socket.end(() => socket.destroy());
    // a peer that takes nothing any more is not waited for, whatever it says
    const timer = systemClock.setTimer(LINGER, () => socket.destroy());
    socket.once('close', () => systemClock.clear(timer));
  }
}
