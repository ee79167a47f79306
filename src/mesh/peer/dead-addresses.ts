/**
 * Addresses where nobody answered a moment ago, so that not every lookup finds that out again.
 *
 * Each failure in a row is remembered for longer, as backoff says, but never for more than a few seconds: who was
 * restarted must not wait for us. Bounded: the oldest is forgotten. Pure; times are clock ms.
 */
import type { Random } from '../../actor/random.ts';
import { delay } from './backoff.ts';

const MOST = 1_024;
/** Milliseconds for which a failure is remembered: about what it took to notice it, and at most. */
const SHORTEST = 500;
const LONGEST = 5_000;
/** Milliseconds without a failure after which the count begins anew. */
const FORGIVEN = 30_000;

interface Failure {
  readonly until: number;
  readonly at: number;
  readonly inARow: number;
}

export class DeadAddresses {
  readonly #failures = new Map<string, Failure>();

  get size(): number {
    return this.#failures.size;
  }

  failed(address: string, now: number, random: Random): void {
    const before = this.#failures.get(address);
    const inARow = before === undefined || now - before.at > FORGIVEN ? 0 : before.inARow + 1;
    const until = now + Math.min(LONGEST, SHORTEST + delay(inARow, random));
    this.#failures.delete(address);
    this.#failures.set(address, { until, at: now, inARow });
    if (this.#failures.size <= MOST) return;
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest);
      break;
    }
  }

  /** Somebody answers there. */
  answered(address: string): void {
    this.#failures.delete(address);
  }

  has(address: string, now: number): boolean {
    const failure = this.#failures.get(address);
    return failure !== undefined && now < failure.until;
  }
}
