/**
 * A station's relay sessions: who talks to whom through it, and how much (SPEC §8.6, SECURITY §10.2).
 *
 * Pure bookkeeping, time comes in. It belongs to the node and not to the station's actor, like an ETS table with an heir:
 * datagrams go on while that one is restarted. A datagram is passed on only when it comes from where one of the two
 * ends is connected from now; it stays opaque. Until the target has agreed, next to nothing is passed on to it.
 */
import type { PhysicalAddress } from '../../transport/transport.ts';
import { ByteBudget, type ByteRate } from './relay-budget.ts';

export interface RelayLimits {
  /** Sessions in all. */
  readonly sessions: number;
  /** Sessions that one node has asked for, and those in which it is the target. */
  readonly asked: number;
  readonly targeted: number;
  /** Of what one node sends. */
  readonly node: ByteRate;
  /** Of what all of them send. */
  readonly all: ByteRate;
  /** Milliseconds without a datagram after which a session ends. */
  readonly idle: number;
}

const MIB = 1_048_576;

export const RELAY_LIMITS: RelayLimits = {
  sessions: 4_000,
  asked: 64,
  targeted: 256,
  node: { rate: 16 * MIB, burst: 4 * MIB },
  all: { rate: 128 * MIB, burst: 16 * MIB },
  idle: 1_800_000,
};

/** Sessions that one node has with another: one more than is used, for a change of station. */
export const PER_PAIR = 2;

/** Milliseconds in which an end may connect again and go on in its sessions, and in which a target has to agree. */
const COMING_BACK = 10_000;
const AGREEING = 5_000;

/** What is passed on of a session whose target has not agreed: the first packets of a handshake. */
const UNAGREED: { readonly datagrams: number; readonly bytes: number } = { datagrams: 16, bytes: 32_768 };

/** Largest datagram that is passed on, wrapping included (SECURITY §10.2). */
const LARGEST = 65_535;

/** One side of a session. */
export interface RelayEnd {
  readonly nodeId: string;
  /** Where its connection to the station is proven to be; undefined once that is gone. */
  readonly at: () => PhysicalAddress | undefined;
  /** Whether it is proven to be there too: both sides of that connection choose their ways themselves. */
  readonly isAt: (address: PhysicalAddress) => boolean;
}

export interface RelaySession {
  /** 16 bytes as latin1. */
  readonly id: string;
  readonly source: RelayEnd;
  readonly target: RelayEnd;
  readonly since: number;
  /** The target has agreed. */
  agreed: boolean;
  /** Passed on. */
  datagrams: number;
  bytes: number;
  /** When a datagram last passed, clock ms. */
  usedAt: number;
  /** Since when an end is not connected, as far as anybody looked; clock ms. */
  lostAt: number | undefined;
}

export type RelayRefusal =
  | { readonly tag: 'overloaded'; readonly bound: 'relay sessions' | 'relay sessions of a node' }
  | { readonly tag: 'invalid_args'; readonly field: 'session_id' | 'target_id' };

export type Opened =
  /** `replaced`: the oldest of this pair, which has to end for it. */
  | { readonly tag: 'opened'; readonly session: RelaySession; readonly replaced: RelaySession | undefined }
  /** It was there: asked for once more, after a new connection. */
  | { readonly tag: 'known'; readonly session: RelaySession }
  | { readonly tag: 'refused'; readonly refusal: RelayRefusal };

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
  asked: number;
  targeted: number;
  readonly budget: ByteBudget;
}

export class RelaySessions {
  readonly #limits: RelayLimits;
  readonly #sessions = new Map<string, RelaySession>();
  /** By source and target, oldest first. */
  readonly #pairs = new Map<string, RelaySession[]>();
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

  /** Begins a session, or says why not. An id is good for one pair. */
  open(id: string, source: RelayEnd, target: RelayEnd, now: number): Opened {
    const known = this.#sessions.get(id);
    if (known?.source.nodeId === source.nodeId && known.target.nodeId === target.nodeId)
      return { tag: 'known', session: known };
    const pair = this.#pairs.get(pairOf(source, target)) ?? [];
    const replaced = pair.length < PER_PAIR ? undefined : pair[0];
    const refusal = this.#refusal(id, source, target, replaced !== undefined);
    if (refusal !== undefined) return { tag: 'refused', refusal };
    if (replaced !== undefined) this.close(replaced.id);
    const session: RelaySession = {
      id,
      source,
      target,
      since: now,
      agreed: false,
      datagrams: 0,
      bytes: 0,
      usedAt: now,
      lostAt: undefined,
    };
    this.#sessions.set(id, session);
    this.#pairs.set(pairOf(source, target), [...pair.filter((other) => other !== replaced), session]);
    this.#node(source.nodeId, now).asked++;
    this.#node(target.nodeId, now).targeted++;
    return { tag: 'opened', session, replaced };
  }

  find(id: string): RelaySession | undefined {
    return this.#sessions.get(id);
  }

  all(): Iterable<RelaySession> {
    return this.#sessions.values();
  }

  /** The session has ended; undefined when there was none. */
  close(id: string): RelaySession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    const pair = pairOf(session.source, session.target);
    const others = (this.#pairs.get(pair) ?? []).filter((other) => other !== session);
    if (others.length === 0) this.#pairs.delete(pair);
    else this.#pairs.set(pair, others);
    const [source, target] = [this.#nodes.get(session.source.nodeId), this.#nodes.get(session.target.nodeId)];
    if (source !== undefined) source.asked--;
    if (target !== undefined) target.targeted--;
    return session;
  }

  /** Whether these two have a session to which both have agreed. */
  joins(one: string, other: string): boolean {
    return [`${one} ${other}`, `${other} ${one}`].some((pair) =>
      (this.#pairs.get(pair) ?? []).some(({ agreed }) => agreed),
    );
  }

  /** Looks for sessions to end: nobody agreed, nothing has passed for too long, or an end has not come back. */
  over(now: number): readonly RelaySession[] {
    for (const [nodeId, { asked, targeted, budget }] of this.#nodes) {
      // whoever opens and closes sessions gets no new burst by that
      if (asked + targeted === 0 && budget.isFull(now)) this.#nodes.delete(nodeId);
    }
    return [...this.#sessions.values()].filter((session) => {
      const { usedAt, source, target, agreed, since } = session;
      const lost = source.at() === undefined || target.at() === undefined;
      session.lostAt = lost ? (session.lostAt ?? now) : undefined;
      const idle = now - usedAt >= this.#limits.idle || (!agreed && now - since >= AGREEING);
      return idle || now - (session.lostAt ?? now) >= COMING_BACK;
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
    const outward = source.isAt(from);
    const to = outward ? target.at() : target.isAt(from) ? source.at() : undefined;
    const node = this.#nodes.get((outward ? source : target).nodeId);
    if (to === undefined || node === undefined || bytes > LARGEST) {
      this.#foreign++;
      return 'refused';
    }
    const early =
      !session.agreed && (session.datagrams >= UNAGREED.datagrams || session.bytes + bytes > UNAGREED.bytes);
    if (early || !node.budget.fits(bytes, now) || !this.#all.fits(bytes, now)) {
      this.#overRate++;
      return 'refused';
    }
    node.budget.take(bytes);
    this.#all.take(bytes);
    session.usedAt = now;
    session.datagrams++;
    session.bytes += bytes;
    this.#datagrams++;
    this.#bytes += bytes;
    return to;
  }

  #refusal(id: string, source: RelayEnd, target: RelayEnd, replaces: boolean): RelayRefusal | undefined {
    if (source.nodeId === target.nodeId) return { tag: 'invalid_args', field: 'target_id' };
    if (this.#sessions.has(id)) return { tag: 'invalid_args', field: 'session_id' };
    if (replaces) return undefined;
    const { sessions, asked, targeted } = this.#limits;
    if (this.#sessions.size >= sessions) return { tag: 'overloaded', bound: 'relay sessions' };
    const full =
      (this.#nodes.get(source.nodeId)?.asked ?? 0) >= asked ||
      (this.#nodes.get(target.nodeId)?.targeted ?? 0) >= targeted;
    return full ? { tag: 'overloaded', bound: 'relay sessions of a node' } : undefined;
  }

  #node(nodeId: string, now: number): Node {
    let node = this.#nodes.get(nodeId);
    if (node === undefined) {
      node = { asked: 0, targeted: 0, budget: new ByteBudget(this.#limits.node, now) };
      this.#nodes.set(nodeId, node);
    }
    return node;
  }
}

const pairOf = (source: RelayEnd, target: RelayEnd): string => `${source.nodeId} ${target.nodeId}`;
