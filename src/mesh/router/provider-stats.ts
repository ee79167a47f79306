/**
 * What calls have taught about each provider of a procedure: latency, calls in flight, load, failures.
 *
 * Pure: time comes in as monotonic ms. Bounded, the least recently used goes first; a call in flight keeps its
 * entry, so nothing is counted wrong. Two breakers stand before a provider: its own for this procedure, and its
 * node's, which counts what says that the node is out of reach.
 */
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { Breaker } from './breaker.ts';
import { wasSent } from './failover.ts';
import { QUICK } from './strategy.ts';

/** Providers remembered at most, times procedures. */
const LIMIT = 10_000;
/** Weight of the newest latency in the mean. */
const ALPHA = 0.2;
/** Milliseconds after which a latency says nothing any more: whoever was slow is tried again. */
const STALE = 10_000;
/** Milliseconds after which a load says nothing any more: calls end sooner than the way to a provider changes. */
const LOAD_STALE = 1_000;
/**
 * Milliseconds a provider must have had before its silence says anything: a caller may want less than any can do. Of one
 * that has answered ten times what that took, no less than `LEAST` and no more than `PATIENCE`.
 */
const PATIENCE = 500;
const LEAST = 50;
const TIMES = 10;
/**
 * What one answer counts as at most, times the mean before it: one that waited for somebody's garbage collection does
 * not make a provider slow, which two in a row do.
 */
const SPIKE = 4;
/** What a failure counts as at least, milliseconds: to fail fast is not to be fast. */
const PENALTY = 1_000;

export class ProviderStat {
  inFlight = 0;
  failures = 0;
  readonly breaker: Breaker = new Breaker();
  /** Of its node, for all procedures. */
  readonly node: Breaker;
  #load = 0;
  #loadAt = 0;
  #latency: number | undefined;
  /** What its last answer took, however long ago. */
  #usual: number | undefined;
  #at = 0;

  constructor(node: Breaker) {
    this.node = node;
  }

  /** Smoothed ms; undefined when nothing recent is known. */
  latency(now: number): number | undefined {
    return now - this.#at < STALE ? this.#latency : undefined;
  }

  /** Calls it had in hand when it last answered; 0 when that says nothing any more. */
  load(now: number): number {
    return now - this.#loadAt < LOAD_STALE ? this.#load : 0;
  }

  /** Whether both breakers let a call through now. */
  allows(now: number): boolean {
    return this.breaker.allows(now) && this.node.allows(now);
  }

  began(now: number): void {
    this.inFlight++;
    this.breaker.began(now);
    this.node.began(now);
  }

  /**
   * @param took milliseconds. @param failure undefined: it answered. @param load undefined: it did not say.
   * @param dialed it had to be connected first, which the next call need not wait for.
   */
  ended(
    now: number,
    took: number,
    failure: RpcFailure | undefined,
    load: number | undefined,
    dialed: boolean = false,
  ): void {
    this.inFlight--;
    if (load !== undefined) [this.#load, this.#loadAt] = [load, now];
    const verdict = judge(failure, took, this.#patience);
    if (verdict === 'none') {
      // it takes at least that long: whoever never answers must not look like one that nobody knows
      if (failure?.tag === 'timeout' && took > (this.latency(now) ?? 0)) this.#sample(now, took);
      return;
    }
    if (verdict === 'answered') {
      this.#usual = took;
      const before = this.latency(now);
      const counts = Math.min(took, SPIKE * Math.max(QUICK, before ?? took));
      // whoever can only say no is quick at that, which makes nobody fast
      if (!dialed) this.#sample(now, failure === undefined ? counts : Math.max(counts, before ?? 0));
      this.breaker.succeeded(now);
      this.node.succeeded(now);
      return;
    }
    this.failures++;
    this.#sample(now, Math.max(PENALTY, took));
    this.breaker.failed(now);
    if (verdict === 'unreachable') this.node.failed(now);
    else if (verdict === 'failed') this.node.succeeded(now);
  }

  get #patience(): number {
    return this.#usual === undefined ? PATIENCE : Math.min(PATIENCE, Math.max(LEAST, TIMES * this.#usual));
  }

  #sample(now: number, took: number): void {
    const before = this.latency(now);
    this.#latency = before === undefined ? took : before + ALPHA * (took - before);
    this.#at = now;
  }
}

type Outcome =
  /** It works, whatever it said. */
  | 'answered'
  /** It is there, and does not work. */
  | 'failed'
  | 'unreachable'
  /** It got the call, and did not answer: of its node nobody knows. */
  | 'silent'
  /** Says nothing about it. */
  | 'none';

function judge(failure: RpcFailure | undefined, took: number, patience: number): Outcome {
  switch (failure?.tag) {
    case undefined:
    case 'handler_error':
    case 'unauthorized':
    case 'invalid_args':
      return 'answered';
    case 'timeout':
      if (took < patience) return 'none';
      return wasSent(failure) ? 'silent' : 'unreachable';
    case 'connection_error':
    case 'protocol_error':
      return 'unreachable';
    case 'handler_crash':
    case 'no_handler':
    case 'cross_relay_error':
      return 'failed';
    default:
      return 'none';
  }
}

export class ProviderStats {
  readonly #entries = new Map<string, ProviderStat>();
  readonly #nodes = new Map<string, Breaker>();
  readonly #limit: number;

  constructor(limit: number = LIMIT) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param provider its node's id, or what tells it from others of the same node. */
  of(procedure: string, provider: string): ProviderStat {
    const key = `${procedure}\n${provider}`;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      // the map keeps the order of use
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const fresh = new ProviderStat(this.#breakerOf(provider));
    this.#entries.set(key, fresh);
    dropOldest(this.#entries, this.#limit);
    return fresh;
  }

  /** It was out of reach and is back: what failed meanwhile says nothing about it. Looks at all there are. */
  forget(provider: string): void {
    this.#nodes.delete(provider);
    for (const key of this.#entries.keys()) if (key.endsWith(`\n${provider}`)) this.#entries.delete(key);
  }

  #breakerOf(provider: string): Breaker {
    const breaker = this.#nodes.get(provider) ?? new Breaker();
    this.#nodes.delete(provider);
    this.#nodes.set(provider, breaker);
    dropOldest(this.#nodes, this.#limit);
    return breaker;
  }
}

function dropOldest<T>(map: Map<string, T>, limit: number): void {
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
