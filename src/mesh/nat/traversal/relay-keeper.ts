/**
 * Keeps a way through a station for connections that were made through one: when the session is over, or the peer does not answer
 * through it, another one is sought at the stations that both may have, and offered to the link as one more path.
 *
 * So a relayed connection outlives its station, and a direct one has somewhere to fall back to (TRANSPORT §12, rule 8). Driven by
 * the NAT connector's actor alone.
 */
import type { ExitReason } from '../../../actor/exit-reason.ts';
import type { Process, Self } from '../../../actor/process.ts';
import { seconds } from '../../../actor/clock.ts';
import type { MeshContext } from '../../context.ts';
import { delay } from '../../peer/backoff.ts';
import type { WayFound } from '../../peer/nat-connector.ts';
import type { Standing } from '../../peer/standings.ts';

/** Milliseconds for one try. */
export const SEEKING: number = seconds(5);
/** Milliseconds in which a way that was found has to prove that it is one. */
const PROVING = 500;

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

/** Time to seek ways for those whose pause is over. */
export class SeekingDue {
  readonly seeking = true;
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

  get size(): number {
    return this.#kept.size;
  }

  /** A connection that was made through a station. Looked after until it ends. False when it was known. */
  keep({ process, peerId }: Standing): boolean {
    if (this.#kept.has(process)) return false;
    this.#kept.set(process, { connection: process, peerId, tries: 0, notBefore: 0, attempt: undefined });
    return true;
  }

  /** A process that was monitored has ended. */
  ended(process: Process, reason: ExitReason): void {
    this.#kept.delete(process);
    for (const kept of this.#kept.values()) {
      if (kept.attempt !== process) continue;
      kept.attempt = undefined;
      this.#later(kept, reason === 'normal' ? PROVING : 0);
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

  /**
   * There is a station that was not: no pause has to be waited for. Both ends seek now, for whoever comes to a station last
   * finds the other one there.
   */
  again(): void {
    for (const kept of this.#kept.values()) kept.tries = kept.notBefore = 0;
    this.#seekAll(true);
  }

  /** Seeks a way wherever there is none; the end that has dialed does. */
  look(): void {
    this.#seekAll(false);
  }

  #seekAll(both: boolean): void {
    const now = this.#self.clock.now();
    for (const kept of this.#kept.values()) {
      const standing = this.#context.standings.find(kept.connection);
      if (standing === undefined || kept.attempt !== undefined || now < kept.notBefore) continue;
      if (!standing.dialed && !both) continue;
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

  /** The first pauses are short: the other end may be on its way to the same station. `SeekingDue` comes when this one is over. */
  #later(kept: Kept, least: number = 0): void {
    const pause = Math.max(least, delay(kept.tries++, this.#self.random));
    kept.notBefore = this.#self.clock.now() + pause;
    this.#self.sendAfter(pause, new SeekingDue());
  }
}
