/**
 * How long an answer of a peer may take, from how long the answers before took.
 *
 * Pure. Per peer, and over all peers for those that have not answered yet: smoothed mean and deviation as TCP keeps
 * them. Units: milliseconds. Source: Jacobson 1988, RFC 6298 §2.
 *
 * Fixed timeouts are why lookups of others take seconds when nodes have died (BASELINES §3). Two waits instead: after
 * `late` somebody else is asked in its place, which costs one message when we were wrong; after `hard` the peer has
 * failed, which costs it its place in the table. Where times vary much, on a busy machine above all, `late` is long;
 * when others have answered meanwhile it need not be: then `soon` is enough, as TCP sends again what three later
 * segments have overtaken, long before its timer says so (RFC 5681 §3.2).
 */

/** Weights of a new sample, RFC 6298. */
const OF_MEAN = 1 / 8;
const OF_DEVIATION = 1 / 4;
/** Deviations above the mean that are still usual, RFC 6298. */
const DEVIATIONS = 4;

/** A garbage collection, or one retransmission on loopback. */
const MIN_LATE = 50;
const MAX_LATE = 1_000;
/** Least for one that others have overtaken: what stopped us has stopped them too. */
const MIN_SOON = 20;
/** Usual times until it is `soon`. */
const SOON = 2;
/** Several retransmissions on loopback; an event loop that was busy for that long is our own fault. */
const MIN_HARD = 400;
const MAX_HARD = 4_000;
/** `hard` in usual times: room for two retransmissions in a row. */
const HARD = 4;
/** Round trips of a first question to a peer: retry, handshake and hello come before it. */
const COLD = 4;
/** Before the first answer of anybody. */
const UNKNOWN = 250;
/** Peers remembered: a table and whom a few lookups meet beside it. */
const PEERS = 1_024;

export interface Waits {
  /** Then another is asked in its place. */
  readonly late: number;
  /** The same when others that were asked no earlier have answered; by default as `late`. */
  readonly soon?: number;
  /** Then it has failed. */
  readonly hard: number;
}

interface Estimate {
  mean: number;
  deviation: number;
}

export class RequestTimes {
  /** By node id, longest unheard of first. */
  readonly #peers = new Map<string, Estimate>();
  #all: Estimate | undefined;

  get size(): number {
    return this.#peers.size;
  }

  /** A question on a ready connection was answered after `took`. */
  observed(nodeId: string, took: number): void {
    const peer = this.#peers.get(nodeId);
    this.#peers.delete(nodeId);
    this.#peers.set(nodeId, follow(peer, took));
    this.#all = follow(this.#all, took);
    if (this.#peers.size <= PEERS) return;
    for (const oldest of this.#peers.keys()) {
      this.#peers.delete(oldest);
      break;
    }
  }

  /** What its answers take, smoothed; undefined: it has given none. */
  meanOf(nodeId: string): number | undefined {
    return this.#peers.get(nodeId)?.mean;
  }

  /** `cold`: it must be dialed first. */
  waits(nodeId: string, cold: boolean = false): Waits {
    const estimate = this.#peers.get(nodeId) ?? this.#all;
    const usual = estimate === undefined ? UNKNOWN : estimate.mean + DEVIATIONS * estimate.deviation;
    const expected = cold ? usual * COLD : usual;
    const late = clamp(expected, MIN_LATE, MAX_LATE);
    const mean = (estimate?.mean ?? UNKNOWN) * (cold ? COLD : 1);
    return {
      late,
      soon: clamp(SOON * mean, MIN_SOON, late),
      hard: clamp(expected * HARD, MIN_HARD, MAX_HARD),
    };
  }
}

function follow(estimate: Estimate | undefined, took: number): Estimate {
  if (estimate === undefined) return { mean: took, deviation: took / 2 };
  const error = took - estimate.mean;
  estimate.deviation += OF_DEVIATION * (Math.abs(error) - estimate.deviation);
  estimate.mean += OF_MEAN * error;
  return estimate;
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
