/**
 * Which connections of the pool are kept. Pure; `T` is whatever stands for a connection, times are clock ms.
 *
 * One per peer; a newer one takes the older's place, which is not growth. Those to other nodes leave when nobody used
 * them for a while, and, when there are more than the pool holds, in the order in which they were last used. Those that
 * we dialed and those that dialed us have as much room each: whoever dials us puts none of ours out. None leaves while
 * something is in flight on it, and none that a client made: that one is the client's way to us.
 * Source: SPEC §7; `test/vectors/pool-endpoints.json`.
 */
import { seconds } from '../../actor/clock.ts';
import type { PoolSettings } from '../context.ts';
import type { PoolStats } from './pool-view.ts';

/** The reference's figures. */
const SIZE = 100;
const IDLE_TIMEOUT = seconds(60);
/** Milliseconds between two looks for connections that nobody uses. */
export const CLEANUP: number = seconds(10);

export const poolSettings = ({
  size = SIZE,
  idleTimeout = IDLE_TIMEOUT,
}: { readonly size?: number; readonly idleTimeout?: number } = {}): PoolSettings => ({ size, idleTimeout });

/** What is known of a connection's use. */
export interface Use {
  /** Whether it may leave at all. */
  readonly mayLeave: boolean;
  /** We dialed it. */
  readonly dialed: boolean;
  readonly idle: boolean;
  readonly usedAt: number;
}

export class PoolTable<T> {
  readonly #byPeer = new Map<string, T>();
  readonly #peerOf = new Map<T, string>();

  get size(): number {
    return this.#byPeer.size;
  }

  /** Peers, in the order in which they came. */
  peers(): readonly string[] {
    return [...this.#byPeer.keys()];
  }

  get(peer: string): T | undefined {
    return this.#byPeer.get(peer);
  }

  /** Gives the one whose place was taken. */
  put(peer: string, connection: T): T | undefined {
    const older = this.#byPeer.get(peer);
    if (older === connection) return undefined;
    if (older !== undefined) this.#peerOf.delete(older);
    this.#byPeer.set(peer, connection);
    this.#peerOf.set(connection, peer);
    return older;
  }

  /** False when it had left, or another had taken its place. */
  remove(connection: T): boolean {
    const peer = this.#peerOf.get(connection);
    if (peer === undefined) return false;
    this.#peerOf.delete(connection);
    this.#byPeer.delete(peer);
    return true;
  }

  some(is: (connection: T) => boolean): boolean {
    for (const connection of this.#byPeer.values()) if (is(connection)) return true;
    return false;
  }

  /** Those that leave now; not `newcomer`, whose calls are on their way to it. */
  leavers(settings: PoolSettings, now: number, useOf: (connection: T) => Use, newcomer?: T): readonly T[] {
    const ours: Pooled<T>[] = [];
    const theirs: Pooled<T>[] = [];
    for (const connection of this.#byPeer.values()) {
      const use = useOf(connection);
      if (use.mayLeave) (use.dialed ? ours : theirs).push({ connection, use });
    }
    return [ours, theirs].flatMap((pooled) => leaversOf(pooled, settings, now, newcomer));
  }
}

interface Pooled<T> {
  readonly connection: T;
  readonly use: Use;
}

function leaversOf<T>(
  pooled: readonly Pooled<T>[],
  { size, idleTimeout }: PoolSettings,
  now: number,
  newcomer: T | undefined,
): readonly T[] {
  let tooMany = pooled.length - size;
  const idle = pooled
    .filter(({ connection, use }) => use.idle && connection !== newcomer)
    .sort((a, b) => a.use.usedAt - b.use.usedAt);
  const leaving: T[] = [];
  for (const { connection, use } of idle) {
    if (tooMany-- <= 0 && now - use.usedAt < idleTimeout) break;
    leaving.push(connection);
  }
  return leaving;
}

export interface PoolCounts {
  readonly poolHits: number;
  readonly poolMisses: number;
  readonly poolEvictions: number;
}

export function poolStats({ poolHits, poolMisses, poolEvictions }: PoolCounts, size: number): PoolStats {
  const total = poolHits + poolMisses;
  const hitRate = total === 0 ? 0 : (100 * poolHits) / total;
  return { hits: poolHits, misses: poolMisses, evictions: poolEvictions, total, hitRate, size };
}
