/**
 * Keeps a way through a station for connections that were made through one: when the session is over, or the peer does not answer
 * through it, another one is sought at the stations that both may have, and offered to the link as one more path.
 *
 * So a relayed connection outlives its station, and a direct one has somewhere to fall back to (TRANSPORT §12, rule 8). Driven by
 * the NAT connector's actor alone.
 */
import type { Process, Self } from '../../../actor/process.ts';
import { seconds } from '../../../actor/clock.ts';
import type { MeshContext } from '../../context.ts';
import type { WayFound } from '../../peer/nat-connector.ts';
import type { Standing } from '../../peer/standings.ts';

/** Pauses between two tries for one connection, ms; the last one again and again. */
const PAUSES = [0, seconds(1), seconds(2), seconds(5), seconds(10), seconds(30)] as const;
/** Milliseconds for one try. */
export const SEEKING: number = seconds(5);

interface Kept {
  readonly connection: Process;
  readonly peerId: string;
  /** Without success, in a row. */
  tries: number;
  /** Not to be tried before, clock ms. */
  notBefore: number;
  /** On its way to a session. */
  attempt: Process | undefined;
}

export class RelayKeeper {
  readonly #context: MeshContext;
  readonly #self: Self;
  readonly #seek: (peerId: string) => Process | undefined;
  readonly #kept = new Map<Process, Kept>();

  /** `seek` begins an attempt to find a way to a peer through any of its stations. */
  constructor(context: MeshContext, self: Self, seek: (peerId: string) => Process | undefined) {
    this.#context = context;
    this.#self = self;
    this.#seek = seek;
  }

  /** A connection that we have dialed through a station. Looked after until it ends. False when it was known. */
  keep({ process, peerId }: Standing): boolean {
    if (this.#kept.has(process)) return false;
    this.#kept.set(process, { connection: process, peerId, tries: 0, notBefore: 0, attempt: undefined });
    return true;
  }

  /** A process that was monitored has ended. */
  ended(process: Process): void {
    this.#kept.delete(process);
    for (const kept of this.#kept.values()) {
      if (kept.attempt !== process) continue;
      kept.attempt = undefined;
      this.#later(kept);
    }
  }

  /** An attempt knows a way. */
  found({ attempt, address }: WayFound): void {
    for (const kept of this.#kept.values()) {
      if (kept.attempt !== attempt) continue;
      const link = this.#context.standings.find(kept.connection)?.link();
      link?.offerPath('relayed', { host: address, port: 0 });
    }
  }

  /** There is a station that was not: no pause has to be waited for. */
  again(): void {
    for (const kept of this.#kept.values()) kept.tries = kept.notBefore = 0;
  }

  /** Seeks a way wherever there is none. */
  look(): void {
    const now = this.#self.clock.now();
    for (const kept of this.#kept.values()) {
      const standing = this.#context.standings.find(kept.connection);
      if (standing === undefined || kept.attempt !== undefined || now < kept.notBefore) continue;
      if (this.#hasWay(kept.peerId) && !standing.doubtful) {
        kept.tries = 0;
        continue;
      }
      kept.attempt = this.#seek(kept.peerId);
      if (kept.attempt === undefined) this.#later(kept);
    }
  }

  /** A session whose station is there. */
  #hasWay(peerId: string): boolean {
    const { relays, standings } = this.#context;
    return relays.with(peerId).some(({ stationId }) => standings.ready(stationId, false) !== undefined);
  }

  #later(kept: Kept): void {
    const pause = PAUSES[Math.min(++kept.tries, PAUSES.length - 1)] ?? 0;
    kept.notBefore = this.#self.clock.now() + pause;
  }
}
