/**
 * Which calls with an idempotency key run here, and what became of those that have ended.
 *
 * Pure: time comes in as monotonic ms. A key belongs to who asked and to the procedure. While a call runs, later
 * ones with its key share its outcome; afterwards they get the same outcome again, for twice the longest timeout
 * that any of them had. Bounded in entries and in what their outcomes weigh: the oldest outcome goes first, of a caller
 * that has more than its share if there is one, and its key may then run again. A key that runs is forgotten only when
 * there is no outcome to forget, or its caller has more than its share of too many keys.
 * Source: RELIABILITY §6 "Duplicate suppression".
 */
import type { Value } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

/** Keys remembered at most. */
const LIMIT = 10_000;
/** Bytes of their outcomes, about. */
const WEIGHT = 33_554_432;
/** A caller has more than its share with more than one in so many of the keys, or of the bytes, that there may be. */
const SHARE = 8;
/** An outcome is kept so many times the timeout of its calls. */
const TIMES = 2;

export type Outcome =
  | { readonly tag: 'value'; readonly value: Value }
  | { readonly tag: 'failure'; readonly failure: RpcFailure };

export type Entry<Running> =
  | { readonly tag: 'running'; readonly running: Running; timeout: number; readonly caller: string }
  | {
      readonly tag: 'done';
      readonly outcome: Outcome;
      readonly until: number;
      readonly weight: number;
      readonly caller: string;
    };

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

/** The keys of one caller, the oldest first. */
interface Share {
  readonly running: Set<string>;
  readonly done: Set<string>;
  weight: number;
}

export class IdempotencyTable<Running> {
  readonly #entries = new Map<string, Entry<Running>>();
  /** Keys of all callers, the oldest first. */
  readonly #all: Share = { running: new Set(), done: new Set(), weight: 0 };
  readonly #shares = new Map<string, Share>();
  /** Callers that have more than their share. */
  readonly #greedy = new Set<string>();
  readonly #limit: number;
  readonly #most: number;

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

  /** @param caller whose share it counts to. */
  begin(key: string, running: Running, timeout: number, caller: string): void {
    this.#put(key, { tag: 'running', running, timeout, caller });
  }

  /** It has ended; does nothing when the key was forgotten meanwhile, or runs anew. */
  end(key: string, running: Running, outcome: Outcome, weight: number, now: number): void {
    const entry = this.#entries.get(key);
    if (entry?.tag !== 'running' || entry.running !== running) return;
    this.#remove(key);
    if (outcome.tag === 'failure' && !isFinal(outcome.failure)) return;
    const { caller, timeout } = entry;
    this.#put(key, { tag: 'done', outcome, until: now + TIMES * timeout, weight, caller });
  }

  #put(key: string, entry: Entry<Running>): void {
    this.#remove(key);
    const { tag, caller } = entry;
    const share = this.#shares.get(caller) ?? { running: new Set(), done: new Set(), weight: 0 };
    this.#shares.set(caller, share);
    this.#entries.set(key, entry);
    for (const each of [this.#all, share]) {
      each[tag].add(key);
      if (entry.tag === 'done') each.weight += entry.weight;
    }
    this.#judge(caller, share);
    while (this.#entries.size > this.#limit || this.#all.weight > this.#most) {
      // there is one: the table holds at least this key
      this.#remove(this.#next(caller) as string);
    }
  }

  /** The key that leaves when a caller's is too much. */
  #next(caller: string): string | undefined {
    const shares: Share[] = [this.#all];
    for (const each of this.#greedy) {
      const share = this.#shares.get(each) as Share;
      if (each === caller) shares.unshift(share);
      else shares.splice(-1, 0, share);
    }
    // a run weighs nothing: only when there are too many keys
    const crowded = this.#entries.size > this.#limit;
    for (const share of shares) {
      for (const key of share.done) return key;
      if (crowded && share !== this.#all) for (const key of share.running) return key;
    }
    for (const { running } of shares) for (const key of running) return key;
    return undefined;
  }

  #judge(caller: string, { running, done, weight }: Share): void {
    const much = SHARE * (running.size + done.size) > this.#limit || SHARE * weight > this.#most;
    if (much) this.#greedy.add(caller);
    else this.#greedy.delete(caller);
    if (running.size + done.size === 0) this.#shares.delete(caller);
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const share = this.#shares.get(entry.caller) as Share;
    this.#entries.delete(key);
    for (const each of [this.#all, share]) {
      each[entry.tag].delete(key);
      if (entry.tag === 'done') each.weight -= entry.weight;
    }
    this.#judge(entry.caller, share);
  }
}
