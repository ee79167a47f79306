/**
 * Moves a tunnel whose ends have proven themselves onto a connection of their own, where both can (`passage.ts`).
 *
 * In the streams of the tunnel all is encrypted for the other end, and once more for each hop; on their own connection it is encrypted
 * once, and the relay only passes it on. An end that cannot says so; when the connection does not come about in time both go on in the
 * streams. Who asked for the tunnel offers it with a first byte, and dials when the other one has answered with the same. The offer is
 * taken up by the first byte on the connection, and taken back by `STAY` in the tunnel.
 */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Clock, TimerId } from '../../../actor/clock.ts';
import type { Link } from '../../../transport/transport.ts';
import type { Role } from '../secure/proof.ts';
import type { StreamDuplex } from '../secure/stream-duplex.ts';
import { TunnelError } from '../tunnel-error.ts';
import { BEAT, join } from './joined.ts';
import { Passage, type Means } from './passage.ts';

const STAY = 0;
const OFFER = 1;

/** Milliseconds for the connection, at most; and at most half of what there is for all: four round trips, one of them for the Retry. */
const PATIENCE = 5_000;

export interface EndToEndOptions {
  readonly role: Role;
  /** Undefined: we cannot. */
  readonly means: Means | undefined;
  /** Milliseconds without a byte in its streams after which the relay closes the tunnel. */
  readonly idle: number;
  readonly clock: Clock;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** What is used from now on. */
export interface Clear {
  readonly stream: Duplex;
  /** The connection of their own; undefined: it is the stream of the tunnel. */
  readonly link: Link | undefined;
}

/** Takes over `tunnel`, encrypted and proven, and read by nobody. Rejects with `TunnelError`; it is destroyed then. */
export const endToEnd = (tunnel: Duplex, options: EndToEndOptions): Promise<Clear> =>
  new Promise((resolve, reject) => {
    new Moving(tunnel, options, resolve, reject).begin();
  });

class Moving {
  readonly #tunnel: Duplex;
  readonly #options: EndToEndOptions;
  readonly #resolve: (clear: Clear) => void;
  readonly #reject: (error: TunnelError) => void;
  readonly #timers: TimerId[] = [];
  #passage: Passage | undefined;
  /** Of the connection, when it is there. */
  #stream: StreamDuplex | undefined;
  /** The connection has failed. */
  #failed = false;
  /** The other end has agreed, or has offered. */
  #agreed = false;
  #over = false;

  constructor(
    tunnel: Duplex,
    options: EndToEndOptions,
    resolve: (clear: Clear) => void,
    reject: (error: TunnelError) => void,
  ) {
    this.#tunnel = tunnel;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const { role, means, timeout, signal } = this.#options;
    const tunnel = this.#tunnel;
    if (signal.aborted) {
      this.#aborted();
      return;
    }
    if (tunnel.destroyed || tunnel.readableEnded) {
      this.#gone();
      return;
    }
    tunnel.on('end', this.#gone);
    tunnel.on('close', this.#gone);
    tunnel.on('readable', this.#look);
    signal.addEventListener('abort', this.#aborted, { once: true });
    this.#after(timeout, () => this.#fail('timeout', `the other end has not gone on within ${timeout} ms`));
    if (role === 'initiator') this.#say(means === undefined ? STAY : OFFER);
    if (role === 'initiator' && means === undefined) this.#stay();
  }

  /** Dials, or waits for who does. False: we cannot. */
  #try(): boolean {
    const { role, means } = this.#options;
    if (means === undefined) return false;
    this.#passage = Passage.begin(role, means, {
      opened: (stream) => {
        this.#stream = stream;
        this.#conclude();
      },
      ended: () => undefined,
      moves: () => undefined,
      closed: () => {
        this.#failed = true;
        this.#conclude();
      },
    });
    return this.#passage !== undefined;
  }

  /** What follows the bytes that are ours to read belongs to whoever uses the tunnel. */
  readonly #look = (): void => {
    while (!this.#over) {
      const bytes = this.#tunnel.read(1) as Buffer | null;
      if (bytes === null) return;
      this.#heard(bytes[0]);
    }
  };

  #heard(byte: number | undefined): void {
    // who has the connection already says that it is in use
    if (byte === BEAT && this.#agreed) return;
    if (byte === STAY) this.#stay();
    else if (byte !== OFFER || this.#agreed) this.#fail('reset', `the other end has said ${byte}`);
    else if (this.#options.role === 'acceptor') this.#answer();
    else this.#dial();
  }

  #answer(): void {
    this.#agreed = this.#try();
    this.#say(this.#agreed ? OFFER : STAY);
    if (!this.#agreed) this.#stay();
  }

  #dial(): void {
    this.#agreed = true;
    this.#failed = !this.#try();
    this.#after(Math.min(PATIENCE, this.#options.timeout / 2), () => this.#passage?.close());
    this.#conclude();
  }

  #conclude(): void {
    if (this.#over || !this.#agreed) return;
    const [passage, stream] = [this.#passage, this.#stream];
    if (this.#failed) {
      // who offers takes it back; the other one waits for that
      if (this.#options.role === 'acceptor') return;
      this.#say(STAY);
      this.#stay();
    } else if (passage !== undefined && stream !== undefined) {
      this.#settle();
      const { clock, idle } = this.#options;
      join({ tunnel: this.#tunnel, passage, stream, clock, idle });
      this.#resolve({ stream, link: passage.link });
    }
  }

  #stay(): void {
    this.#settle();
    this.#passage?.close();
    this.#resolve({ stream: this.#tunnel, link: undefined });
  }

  #fail(failure: TunnelError['failure'], message: string): void {
    if (this.#over) return;
    this.#settle();
    this.#passage?.close();
    this.#tunnel.destroy();
    this.#reject(new TunnelError(failure, message));
  }

  #say(byte: number): void {
    this.#tunnel.write(Buffer.of(byte));
  }

  #after(milliseconds: number, act: () => void): void {
    this.#timers.push(this.#options.clock.setTimer(Math.max(1, milliseconds), act));
  }

  #settle(): void {
    const { clock, signal } = this.#options;
    const tunnel = this.#tunnel;
    this.#over = true;
    for (const timer of this.#timers) clock.clear(timer);
    signal.removeEventListener('abort', this.#aborted);
    tunnel.off('readable', this.#look);
    tunnel.off('end', this.#gone);
    tunnel.off('close', this.#gone);
  }

  readonly #gone = (): void => {
    const { errored } = this.#tunnel;
    if (errored instanceof TunnelError) this.#fail(errored.failure, errored.message);
    else this.#fail('reset', 'the other end has given up');
  };

  readonly #aborted = (): void => this.#fail('aborted', 'nobody wants the tunnel any more');
}
