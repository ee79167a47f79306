/**
 * One life for a tunnel and the connection that its ends have moved to.
 *
 * What says that the tunnel is over, or cuts it, are its streams, as without the connection: the relay, its operator and both ends end
 * them. An end that has got all that the other one had to say ends its half of the tunnel; when both have the connection is
 * closed. While bytes move the tunnel is told so now and then, for the relay sees nothing else of it.
 */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { MAX_DELAY, type Clock, type TimerId } from '../../../actor/clock.ts';
import type { StreamDuplex } from '../secure/stream-duplex.ts';
import { TunnelError } from '../tunnel-error.ts';
import type { Passage } from './passage.ts';

/** The tunnel hears so many times that it is in use within the time after which it is idle. */
const BEATS = 16;
/** What it hears. */
export const BEAT = 2;

export interface JoinedParts {
  readonly tunnel: Duplex;
  readonly passage: Passage;
  readonly stream: StreamDuplex;
  readonly clock: Clock;
  /** Milliseconds without a byte in its streams after which the relay closes the tunnel. */
  readonly idle: number;
}

export function join(parts: JoinedParts): void {
  new Joined(parts).begin();
}

class Joined {
  readonly #parts: JoinedParts;
  /** When the last one was, and what makes up for one that would have been too early. */
  #beatAt: number;
  #timer: TimerId | undefined;
  /** All that the other end says has come; it has got all that we say. */
  #received = false;
  #confirmed = false;
  #over = false;

  constructor(parts: JoinedParts) {
    this.#parts = parts;
    this.#beatAt = parts.clock.now();
  }

  begin(): void {
    const { tunnel, passage, stream } = this.#parts;
    passage.events = {
      opened: () => undefined,
      ended: () => this.#got(),
      moves: () => this.#moves(),
      closed: (why) => this.#cut(`the connection through the relay has ended: ${why}`),
    };
    tunnel.on('end', () => {
      this.#confirmed = true;
      this.#settle();
    });
    tunnel.on('close', () => this.#cut('the other end has given up', tunnel.errored));
    tunnel.resume();
    stream.on('close', () => this.#left());
    if (passage.ended) this.#got();
  }

  #moves(): void {
    if (this.#over || this.#timer !== undefined) return;
    const { clock, idle } = this.#parts;
    const wait = this.#beatAt + idle / BEATS - clock.now();
    if (wait <= 0) {
      this.#beat();
      return;
    }
    this.#timer = clock.setTimer(Math.min(wait, MAX_DELAY), () => {
      this.#timer = undefined;
      this.#beat();
    });
    clock.hold(this.#timer, false);
  }

  #beat(): void {
    const { clock, tunnel } = this.#parts;
    this.#beatAt = clock.now();
    if (tunnel.writable && !tunnel.writableNeedDrain) tunnel.write(Buffer.of(BEAT));
  }

  #got(): void {
    this.#received = true;
    this.#parts.tunnel.end();
    this.#settle();
  }

  /** Whoever used it is done with it. */
  #left(): void {
    if (this.#over) return;
    const { passage, stream } = this.#parts;
    // what was written leaves with the connection, and that tells when it is gone
    if (passage.closing) return;
    // in peace what was written still leaves, for as long as the other end reads, or the relay waits for it (its `idle`)
    if (stream.errored !== null || !stream.readableEnded || !stream.writableFinished)
      this.#cut('closed here');
  }

  #settle(): void {
    if (this.#received && this.#confirmed) this.#end();
  }

  /** It is over before its time. What has come all the same is still there to be read. */
  #cut(why: string, cause?: Error | null): void {
    if (this.#over) return;
    const { stream } = this.#parts;
    const whole = this.#received && stream.writableFinished;
    this.#end();
    if (!whole) stream.destroy(cause instanceof TunnelError ? cause : new TunnelError('reset', why));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const { clock, tunnel, passage } = this.#parts;
    if (this.#timer !== undefined) clock.clear(this.#timer);
    passage.close();
    if (!this.#confirmed || !this.#received) tunnel.destroy();
  }
}
