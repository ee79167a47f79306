/**
 * A station's relay sessions: who talks to whom through it, and how much (SPEC §8.6, SECURITY §10.2).
 *
 * Pure bookkeeping, time comes in. It belongs to the node and not to the station's actor, like an ETS table with an heir:
 * datagrams go on while that one is restarted. A datagram is passed on only when it comes from where one of the two
 * ends is connected from now; it stays opaque.
 */
import type { PhysicalAddress } from '../../transport/transport.ts';
import { ByteBudget, type ByteRate } from './relay-budget.ts';

export interface RelayLimits {
  /** Sessions in all. */
  readonly sessions: number;
  /** Sessions in which one node takes part. */
  readonly perNode: number;
  /** Of what one node sends. */
  readonly node: ByteRate;
  /** Of what all of them send. */
  readonly all: ByteRate;
  /** Milliseconds without a datagram after which a session ends. */
  readonly idle: number;
}

const MIB = 1_048_576;

export const RELAY_LIMITS: RelayLimits = {
  sessions: 1_000,
  perNode: 64,
  node: { rate: 16 * MIB, burst: 4 * MIB },
  all: { rate: 128 * MIB, burst: 16 * MIB },
  idle: 1_800_000,
};

/** Milliseconds in which an end may connect again and go on in its sessions. */
const COMING_BACK = 10_000;

/** Largest datagram that is passed on, wrapping included (SECURITY §10.2). */
const LARGEST = 65_535;

/** One side of a session. `at`: where its connection to the station comes from now; undefined once that is gone. */
export interface RelayEnd {
  readonly nodeId: string;
  readonly at: () => PhysicalAddress | undefined;
}

export interface RelaySession {
  /** 16 bytes as latin1. */
  readonly id: string;
  readonly source: RelayEnd;
  readonly target: RelayEnd;
  /** The target has said whether it wants it. */
  answered: boolean;
  /** When a datagram last passed, clock ms. */
  usedAt: number;
  /** Since when an end is not connected, as far as anybody looked; clock ms. */
  lostAt: number | undefined;
}

export type RelayRefusal =
  | { readonly tag: 'overloaded'; readonly bound: 'relay sessions' | 'relay sessions of a node' }
  | { readonly tag: 'invalid_args'; readonly field: 'session_id' | 'target_id' };

export interface RelayStats {
  readonly sessions: number;
  /** Datagrams and bytes passed on. */
  readonly datagrams: number;
  readonly bytes: number;
  /** Datagrams dropped because they were too many, and because they came from elsewhere. */
  readonly overRate: number;
  readonly foreign: number;
}

interface Node {
  sessions: number;
  readonly budget: ByteBudget;
}

export class RelaySessions {
  readonly #limits: RelayLimits;
  readonly #sessions = new Map<string, RelaySession>();
  readonly #nodes = new Map<string, Node>();
  readonly #all: ByteBudget;
  #datagrams = 0;
  #bytes = 0;
  #overRate = 0;
  #foreign = 0;

  constructor(limits: RelayLimits, now: number) {
    this.#limits = limits;
    this.#all = new ByteBudget(limits.all, now);
  }

  get stats(): RelayStats {
    return {
      sessions: this.#sessions.size,
      datagrams: this.#datagrams,
      bytes: this.#bytes,
      overRate: this.#overRate,
      foreign: this.#foreign,
    };
  }

  /** Begins a session, or says why not. An id is good once. */
  open(id: string, source: RelayEnd, target: RelayEnd, now: number): RelayRefusal | undefined {
    if (source.nodeId === target.nodeId) return { tag: 'invalid_args', field: 'target_id' };
    if (this.#sessions.has(id)) return { tag: 'invalid_args', field: 'session_id' };
    if (this.#sessions.size >= this.#limits.sessions) return { tag: 'overloaded', bound: 'relay sessions' };
    for (const { nodeId } of [source, target]) {
      if ((this.#nodes.get(nodeId)?.sessions ?? 0) >= this.#limits.perNode)
        return { tag: 'overloaded', bound: 'relay sessions of a node' };
    }
    this.#sessions.set(id, { id, source, target, answered: false, usedAt: now, lostAt: undefined });
    for (const { nodeId } of [source, target]) this.#count(nodeId, now).sessions++;
    return undefined;
  }

  find(id: string): RelaySession | undefined {
    return this.#sessions.get(id);
  }

  /** The session has ended; undefined when there was none. */
  close(id: string): RelaySession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    for (const { nodeId } of [session.source, session.target]) {
      const node = this.#nodes.get(nodeId);
      if (node !== undefined) node.sessions--;
    }
    return session;
  }

  /** Whether these two have a session that the target has accepted. */
  joins(one: string, other: string): boolean {
    for (const { source, target, answered } of this.#sessions.values()) {
      const same =
        (source.nodeId === one && target.nodeId === other) ||
        (source.nodeId === other && target.nodeId === one);
      if (answered && same) return true;
    }
    return false;
  }

  /** Looks for sessions to end: nothing has passed for too long, or an end has not come back. */
  over(now: number): readonly RelaySession[] {
    for (const [nodeId, { sessions, budget }] of this.#nodes) {
      // whoever opens and closes sessions gets no new burst by that
      if (sessions === 0 && budget.isFull(now)) this.#nodes.delete(nodeId);
    }
    return [...this.#sessions.values()].filter((session) => {
      const { usedAt, source, target } = session;
      const lost = source.at() === undefined || target.at() === undefined;
      session.lostAt = lost ? (session.lostAt ?? now) : undefined;
      return now - usedAt >= this.#limits.idle || now - (session.lostAt ?? now) >= COMING_BACK;
    });
  }

  /** Where a datagram of a session goes (the endpoint's `Forwarder`). `bytes`: its length, wrapping included. */
  forward(
    id: string,
    from: PhysicalAddress,
    bytes: number,
    now: number,
  ): PhysicalAddress | 'unknown' | 'refused' {
    const session = this.#sessions.get(id);
    if (session === undefined) return 'unknown';
    const { source, target } = session;
    const outward = isAt(source.at(), from);
    const to = outward ? target.at() : isAt(target.at(), from) ? source.at() : undefined;
    const node = this.#nodes.get((outward ? source : target).nodeId);
    if (to === undefined || node === undefined || bytes > LARGEST) {
      this.#foreign++;
      return 'refused';
    }
    if (!node.budget.fits(bytes, now) || !this.#all.fits(bytes, now)) {
      this.#overRate++;
      return 'refused';
    }
    node.budget.take(bytes);
    this.#all.take(bytes);
    session.usedAt = now;
    this.#datagrams++;
    this.#bytes += bytes;
    return to;
  }

  #count(nodeId: string, now: number): Node {
    let node = this.#nodes.get(nodeId);
    if (node === undefined) {
      node = { sessions: 0, budget: new ByteBudget(this.#limits.node, now) };
      this.#nodes.set(nodeId, node);
    }
    return node;
  }
}

const isAt = (one: PhysicalAddress | undefined, other: PhysicalAddress): boolean =>
  one !== undefined && one.port === other.port && one.host === other.host;
