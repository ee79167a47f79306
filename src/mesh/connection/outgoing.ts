/**
 * Calls sent to a peer and not answered yet, and those that wait for their turn.
 *
 * At most `WINDOW` are in flight; `QUEUE` more wait in order within their deadlines; the rest is `overloaded`
 * (DESIGN §8, Calls). Every entry leaves when its call is settled, however that happens.
 */
import type { RpcCall } from '../router/rpc-call.ts';
import type { BodyStream } from './body-stream.ts';

export const WINDOW = 4_096;
export const QUEUE = 4_096;

export interface Sent {
  readonly call: RpcCall;
  readonly id: Uint8Array;
  /** The stream of its own, when it was too large for a frame. */
  readonly body: BodyStream | undefined;
}

export class Outgoing {
  readonly #sent = new Map<string, Sent>();
  readonly #waiting = new Set<RpcCall>();

  get inFlight(): number {
    return this.#sent.size;
  }
  get waiting(): number {
    return this.#waiting.size;
  }
  get hasRoom(): boolean {
    return this.#sent.size < WINDOW;
  }

  /** False when the queue is full too. */
  enqueue(call: RpcCall): boolean {
    if (this.#waiting.size >= QUEUE) return false;
    this.#waiting.add(call);
    return true;
  }

  /** The call that waited longest and is still wanted. */
  nextWaiting(): RpcCall | undefined {
    for (const call of this.#waiting) {
      this.#waiting.delete(call);
      if (!call.settled) return call;
    }
    return undefined;
  }

  add(key: string, sent: Sent): void {
    sent.call.ticket = key;
    this.#sent.set(key, sent);
  }

  /** Takes out the call with this id. */
  take(key: string): Sent | undefined {
    const sent = this.#sent.get(key);
    if (sent !== undefined) this.#sent.delete(key);
    return sent;
  }

  /** Takes out a call that was given up; undefined when it had only waited. */
  abandon(call: RpcCall): Sent | undefined {
    if (this.#waiting.delete(call) || call.ticket === null) return undefined;
    return this.take(call.ticket);
  }

  /** Takes out everything. */
  clear(): { readonly sent: readonly Sent[]; readonly waiting: readonly RpcCall[] } {
    const all = { sent: [...this.#sent.values()], waiting: [...this.#waiting] };
    this.#sent.clear();
    this.#waiting.clear();
    return all;
  }
}

/** Map key of a 16-byte id. */
export const keyOf = (id: Uint8Array): string =>
  Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
