/**
 * How a link says goodbye: when its close may be handed to quiche, and in which form.
 *
 * After that quiche sends nothing but the close: no stream data, no last flight of the handshake. And the
 * packet with the close waits for room in the congestion window like any other.
 */
import type { CloseCode } from '../transport.ts';
import type { NativeConnection } from './binding.ts';

/** Milliseconds a closing link may take to get what was written acknowledged, from the first that was not. */
const LINGER = 1_000;

/** First of the codes that are TLS alerts. */
const TLS_FIRST = 0x100;

export interface Farewell {
  readonly code: CloseCode;
  readonly reason: string;
}

export class Goodbye {
  readonly #native: NativeConnection;
  #farewell: Farewell | undefined;
  #due = Infinity;
  #flushes = false;
  #said = false;

  constructor(native: NativeConnection) {
    this.#native = native;
  }

  /** What the owner of the link wants to be said. */
  get farewell(): Farewell | undefined {
    return this.#farewell;
  }

  /** What is queued is to be handed over before. */
  get flushes(): boolean {
    return this.#flushes;
  }

  /** Clock time at which it is said at the latest. */
  get due(): number {
    return this.#said ? Infinity : this.#due;
  }

  /**
   * Plans to close: at once, or when what was written has left and was acknowledged.
   * @param since when the peer left something unanswered first; now when it does not.
   */
  plan(farewell: Farewell, now: number, flushes: boolean, since: number = now): void {
    this.#farewell = farewell;
    this.#flushes = flushes;
    this.#due = flushes ? Math.max(now, since + LINGER) : now;
  }

  /** Whether the planned close may be said. `emptied`: nothing is queued here or in quiche. */
  ripe(now: number, emptied: boolean, idleTimeout: number): boolean {
    if (this.#farewell === undefined || this.#said) return false;
    if (now >= this.#due) return true;
    if (!emptied) return false;
    // With packets in flight quiche's next timer is the probe timeout, without any the idle timeout.
    const timeout = this.#native.timeout();
    return timeout === null || timeout > idleTimeout / 2;
  }

  /** Says it with an application code, or, before the peer could read one, with none. */
  say(code: CloseCode, reason: string): void {
    const app = this.#native.isEstablished();
    this.#hand(app, app ? code : 0, reason);
  }

  /** Says it as the handshake does: a TLS alert, or no error. */
  refuse(code: number): void {
    this.#hand(false, code >= TLS_FIRST ? code : 0, '');
  }

  #hand(app: boolean, code: number, reason: string): void {
    if (this.#said) return;
    this.#said = true;
    this.#native.close(app, code, Buffer.from(reason));
  }
}
