/**
 * Calls that wait for the answer of one peer, by the serial of their reference. Pure.
 *
 * One that has been settled otherwise, by its deadline or its caller, stays until it is swept; a late answer finds it settled.
 */
import type { Call } from '../../actor/call.ts';

/** At once, at most. */
export const MAX_CALLS = 65_536;

export interface Waiting {
  readonly call: Call;
  /** Whom it was sent to, as it travels: what is to be monitored no more. */
  readonly target: unknown;
}

export class Calls {
  readonly #waiting = new Map<number, Waiting>();
  readonly #next: () => number;

  /** @param next a serial that no other call of this node has: whoever the call was handed to may answer it, from any node. */
  constructor(next: () => number) {
    this.#next = next;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get room(): boolean {
    return this.#waiting.size < MAX_CALLS;
  }

  /** @returns the serial of its reference. */
  add(call: Call, target: unknown): number {
    const serial = this.#next();
    this.#waiting.set(serial, { call, target });
    return serial;
  }

  has(serial: number): boolean {
    return this.#waiting.has(serial);
  }

  take(serial: number): Waiting | undefined {
    const waiting = this.#waiting.get(serial);
    if (waiting !== undefined) this.#waiting.delete(serial);
    return waiting;
  }

  /** Takes out those that nobody waits for any more. */
  *sweep(): Generator<readonly [serial: number, waiting: Waiting]> {
    for (const [serial, waiting] of this.#waiting) {
      if (!waiting.call.settled) continue;
      this.#waiting.delete(serial);
      yield [serial, waiting];
    }
  }

  /** All of them; the connection is over. */
  *drain(): Generator<Waiting> {
    for (const [serial, waiting] of this.#waiting) {
      this.#waiting.delete(serial);
      yield waiting;
    }
  }
}
