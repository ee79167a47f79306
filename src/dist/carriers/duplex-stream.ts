/**
 * A Duplex of Node as a distribution stream: a TCP connection, or a tunnel.
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../actor/clock.ts';
import { nursery } from '../../transport/nursery.ts';
import type { DistStream, DistStreamEvents } from '../carrier.ts';

/** Milliseconds for what was written to leave, when it is closed. */
const LINGER = 5_000;

export interface DuplexStreamOptions {
  readonly clock: Clock;
  /** The other end, for people. */
  readonly peer: string;
  readonly peerId?: Uint8Array | undefined;
  /** What it has taken has left, as with a socket of the system; false: layers below may still have some of it. */
  readonly takenIsGone: boolean;
}

export class DuplexStream implements DistStream {
  readonly peer: string;
  readonly peerId: Uint8Array | undefined;
  readonly #duplex: Duplex;
  readonly #options: DuplexStreamOptions;
  #over = false;

  constructor(duplex: Duplex, options: DuplexStreamOptions, events: DistStreamEvents) {
    this.#duplex = duplex;
    this.#options = options;
    this.peer = options.peer;
    this.peerId = options.peerId;
    duplex.on('data', (bytes: Buffer) => {
      nursery.received(bytes.length);
      if (!this.#over) events.onData(bytes);
    });
    duplex.on('drain', () => events.onDrain());
    let why = duplex.errored === null ? 'closed' : reasonOf(duplex.errored);
    duplex.on('error', (error) => (why = reasonOf(error)));
    // half a connection is none
    duplex.on('end', () => duplex.end());
    const closed = (): void => {
      if (this.#over) return;
      this.#over = true;
      events.onClosed(why);
    };
    // one that waited to be taken may be over
    if (duplex.closed) options.clock.later(closed);
    else duplex.on('close', closed);
  }

  get queued(): number {
    return this.#duplex.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (!this.#over) this.#duplex.write(bytes);
  }

  pause(): void {
    this.#duplex.pause();
  }

  resume(): void {
    this.#duplex.resume();
  }

  admit(): void {}

  close(): void {
    if (this.#over) return;
    this.#over = true;
    const duplex = this.#duplex;
    const { clock, takenIsGone } = this.#options;
    if (takenIsGone && duplex.writableLength === 0) {
      duplex.destroy();
      return;
    }
    // what still comes is nobody's: unread it would have the other end drop what is on its way
    duplex.resume();
    if (takenIsGone) duplex.end(() => duplex.destroy());
    else duplex.end();
    // a peer that takes nothing any more is not waited for, whatever it says
    const timer = clock.setTimer(LINGER, () => duplex.destroy());
    duplex.once('close', () => clock.clear(timer));
  }
}

const reasonOf = (error: NodeJS.ErrnoException): string =>
  error.code ?? ('failure' in error && typeof error.failure === 'string' ? error.failure : 'error');
