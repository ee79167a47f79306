/**
 * Calls sent to a peer and not answered yet, and those that wait for their turn.
 *
 * At most `WINDOW` are in flight; `QUEUE` more wait in order within their deadlines; the rest is `overloaded`
 * (DESIGN §8, Calls). A large one that finds no stream is parked, so that small ones need not wait behind it.
 * Every entry leaves when its call is settled, however that happens.
 */
import type { RpcCall } from '../router/rpc-call.ts';
import type { BodyStream } from './body-stream.ts';

export const WINDOW = 4_096;
const QUEUE = 4_096;

export interface Sent {
  readonly call: RpcCall;
  readonly id: Uint8Array;
  /** The stream of its own, when it was too large for a frame. */
  readonly body: BodyStream | undefined;
}

export class Outgoing {
  readonly #sent = new Map<string, Sent>();
  readonly #waiting = new Set<RpcCall>();
  readonly #parked = new Set<RpcCall>();

  get inFlight(): number {
    return this.#sent.size;
  }
  /** Not sent yet, for whatever reason. */
  get waiting(): number {
    return this.#waiting.size + this.#parked.size;
  }
  /** Whether a new call may go at once: there is room and nobody is before it. */
  get free(): boolean {
    return this.hasRoom && this.#waiting.size === 0;
  }
  get hasRoom(): boolean {
    return this.#sent.size < WINDOW;
  }

  /** False when the queue is full too. */
  enqueue(call: RpcCall): boolean {
    return this.#put(this.#waiting, call);
  }

  /** Keeps a call until a stream can be opened for it. False when the queue is full too. */
  park(call: RpcCall): boolean {
    return this.#put(this.#parked, call);
  }

  /** The call that waited longest and is still wanted. */
  nextWaiting(): RpcCall | undefined {
    return shift(this.#waiting);
  }

  /** The parked call that waited longest and is still wanted; it stays. */
  get firstParked(): RpcCall | undefined {
    for (const call of this.#parked) {
      if (!call.settled) return call;
      this.#parked.delete(call);
    }
    return undefined;
  }

  unpark(call: RpcCall): void {
    this.#parked.delete(call);
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
    if (this.#waiting.delete(call) || this.#parked.delete(call) || call.ticket === null) return undefined;
    return this.take(call.ticket);
  }

  /** Whether a call that has a stream of its own is not settled. */
  get hasBodies(): boolean {
    for (const { body } of this.#sent.values()) if (body !== undefined) return true;
    return false;
  }

  /** All that are here, sent or not. */
  get all(): readonly RpcCall[] {
    const sent = [...this.#sent.values()].map(({ call }) => call);
    return [...sent, ...this.#waiting, ...this.#parked];
  }

  /** Takes out what has not been sent. */
  clearWaiting(): readonly RpcCall[] {
    const all = [...this.#waiting, ...this.#parked];
    this.#waiting.clear();
    this.#parked.clear();
    return all;
  }

  /** Takes out everything. */
  clear(): { readonly sent: readonly Sent[]; readonly waiting: readonly RpcCall[] } {
    const all = { sent: [...this.#sent.values()], waiting: [...this.#waiting, ...this.#parked] };
    this.#sent.clear();
    this.#waiting.clear();
    this.#parked.clear();
    return all;
  }

  #put(queue: Set<RpcCall>, call: RpcCall): boolean {
    // what cannot leave yet, though the window has room, must not crowd out the queue
    if (this.inFlight + this.waiting >= WINDOW + QUEUE) return false;
    queue.add(call);
    return true;
  }
}

function shift(queue: Set<RpcCall>): RpcCall | undefined {
  for (const call of queue) {
    queue.delete(call);
    if (!call.settled) return call;
  }
  return undefined;
}

/** Map key of a 16-byte id; spelled out, because a Buffer would move each fresh id off the heap. */
export const keyOf = (id: Uint8Array): string =>
  String.fromCharCode(
    id[0]!,
    id[1]!,
    id[2]!,
    id[3]!,
    id[4]!,
    id[5]!,
    id[6]!,
    id[7]!,
    id[8]!,
    id[9]!,
    id[10]!,
    id[11]!,
    id[12]!,
    id[13]!,
    id[14]!,
    id[15]!,
  );
