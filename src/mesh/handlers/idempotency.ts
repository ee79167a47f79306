/**
 * Which calls with an idempotency key run here, and what became of those that have ended.
 *
 * Pure: time comes in as monotonic ms. A key belongs to who asked and to the procedure. While a call runs, later
 * ones with its key share its outcome; afterwards they get the same outcome again, for twice the longest timeout
 * that any of them had. Bounded in entries and in what their outcomes weigh; the oldest goes first, and its key may
 * then run again. Source: RELIABILITY §6 "Duplicate suppression".
 */
import type { Value } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

/** Keys remembered at most. */
const LIMIT = 10_000;
/** Bytes of their outcomes, about. */
const WEIGHT = 33_554_432;
/** An outcome is kept so many times the timeout of its calls. */
const TIMES = 2;

export type Outcome =
  | { readonly tag: 'value'; readonly value: Value }
  | { readonly tag: 'failure'; readonly failure: RpcFailure };

export type Entry<Running> =
  | { readonly tag: 'running'; readonly running: Running; timeout: number }
  | { readonly tag: 'done'; readonly outcome: Outcome; readonly until: number; readonly weight: number };

/** Whether a handler came to an end: another try with the key must then not run it again. */
export function isFinal(failure: RpcFailure): boolean {
  switch (failure.tag) {
    case 'handler_error':
    case 'handler_crash':
    case 'unencodable':
    case 'frame_too_large':
      return true;
    default:
      return false;
  }
}

export const keyOfCall = (nodeId: string, procedure: string, key: string): string =>
  `${nodeId}\n${procedure}\n${key}`;

export class IdempotencyTable<Running> {
  readonly #entries = new Map<string, Entry<Running>>();
  readonly #limit: number;
  readonly #most: number;
  #weight = 0;

  constructor(limit: number = LIMIT, weight: number = WEIGHT) {
    this.#limit = limit;
    this.#most = weight;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is known of a key; an outcome that is too old is forgotten. */
  find(key: string, now: number): Entry<Running> | undefined {
    const entry = this.#entries.get(key);
    if (entry?.tag !== 'done' || now < entry.until) return entry;
    this.#remove(key);
    return undefined;
  }

  begin(key: string, running: Running, timeout: number): void {
    this.#put(key, { tag: 'running', running, timeout });
  }

  /** It has ended; does nothing when the key was forgotten meanwhile, or runs anew. */
  end(key: string, running: Running, outcome: Outcome, weight: number, now: number): void {
    const entry = this.#entries.get(key);
    if (entry?.tag !== 'running' || entry.running !== running) return;
    this.#remove(key);
    if (outcome.tag === 'failure' && !isFinal(outcome.failure)) return;
    this.#put(key, { tag: 'done', outcome, until: now + TIMES * entry.timeout, weight });
  }

  #put(key: string, entry: Entry<Running>): void {
    this.#entries.set(key, entry);
    if (entry.tag === 'done') this.#weight += entry.weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit && this.#weight <= this.#most) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.tag === 'done') this.#weight -= entry.weight;
    this.#entries.delete(key);
  }
}
