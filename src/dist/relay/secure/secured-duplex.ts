/**
 * The clear side of a TLS session in a tunnel.
 *
 * Both halves end by themselves, as TLS 1.3 has it: an end that the other end has not said in TLS is no end but an error,
 * because anybody on the way can end the stream below. Whatever goes wrong destroys it with `TunnelError` `reset`, and
 * nobody has to listen for that: what a peer does ends no process.
 */
import type { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

import type { Clock } from '../../../actor/clock.ts';
import { TunnelError } from '../tunnel-error.ts';
import { pieces } from './pieces.ts';
import type { Wire } from './wire.ts';

/** Bytes that wait to be read, or to be encrypted, before who sends them is held back. */
const HIGH_WATER = 131_072;

/** Bytes encrypted at once: eight records, which node:tls hands to the stream below in one go. */
const PIECE = 131_072;

type Done = (error?: Error | null) => void;

export class SecuredDuplex extends Duplex {
  readonly #tls: TLSSocket;
  readonly #wire: Wire;
  #peerEnded = false;
  #ended = false;
  #refused = false;

  /** Takes over a session whose handshake is done. */
  constructor(tls: TLSSocket, wire: Wire, clock: Clock) {
    super({ allowHalfOpen: true, highWaterMark: HIGH_WATER });
    this.#tls = tls;
    this.#wire = wire;
    this.on('error', () => undefined);
    // TLS is never held back itself: what it was given it has decrypted, so that nothing waits in there unseen
    tls.on('data', (chunk: Buffer) => {
      if (!this.destroyed && !this.push(chunk)) wire.hold();
    });
    tls.on('end', () => {
      this.#peerEnded = true;
      if (!this.destroyed) this.push(null);
    });
    tls.on('error', (cause) => {
      this.#fail('what came is not what the other end has sent', cause);
    });
    tls.on('close', () => {
      if (!this.#peerEnded || !this.#ended) this.#fail('the TLS session is over');
    });
    wire.events = {
      onPlain: () => undefined,
      onEnded: () => {
        // what TLS makes of the last bytes comes before
        clock.later(() => {
          if (!this.#peerEnded) this.#fail('the stream has ended, and the other end has not said so');
        });
      },
      onLost: (error) => {
        if (error instanceof TunnelError) this.destroy(error);
        else this.#fail('the stream below is gone', error);
      },
    };
  }

  /** Destroys it, but what was written still leaves: an end that is refused learns why, and then that it is cut off. */
  refuse(): void {
    this.#refused = true;
    this.destroy();
  }

  override _read(): void {
    this.#wire.release();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#send(pieces([chunk], PIECE), 0, done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    const all = chunks.map(({ chunk }) => chunk);
    this.#send(pieces(all, PIECE), 0, done);
  }

  override _final(done: Done): void {
    this.#tls.end(() => {
      this.#ended = true;
      done();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#tls.destroy();
    if (this.#refused || (error === null && this.#ended && this.#peerEnded)) this.#wire.part();
    else this.#wire.cut();
    done(error);
  }

  #send(all: readonly Uint8Array[], at: number, done: Done): void {
    const bytes = all[at];
    if (bytes === undefined) {
      done();
      return;
    }
    this.#tls.write(bytes, (error) => {
      if (error !== undefined && error !== null) done(error);
      else this.#send(all, at + 1, done);
    });
  }

  #fail(message: string, cause?: unknown): void {
    if (this.destroyed) return;
    this.destroy(new TunnelError('reset', message, cause === undefined ? undefined : { cause }));
  }
}
