/**
 * Notices that a station is gone: a node that only waits to be called has nothing under way that would tell it, and would
 * learn it from the idle timeout.
 *
 * A station from which nothing has come between two looks is sent a packet that it has to acknowledge, again at each look, and when
 * none is answered for the time of `longChance` its connection is given up: it is dialed again then, and relays are sought
 * elsewhere. A look that comes late because our own event loop was busy counts nothing. Driven by the NAT connector's
 * actor alone, once per second; that is what an idle node costs its station.
 */
import type { Process } from '../../../actor/process.ts';
import { CloseCode } from '../../../transport/transport.ts';
import { isLate, longChance } from '../../connection/liveness.ts';
import { Close } from '../../connection/messages.ts';
import type { MeshContext } from '../../context.ts';

interface Watched {
  /** Packets that had come at the last look. */
  arrivals: number;
  /** The first question without an answer, clock ms. */
  askedAt: number | undefined;
}

export class StationWatch {
  readonly #context: MeshContext;
  readonly #watched = new WeakMap<Process, Watched>();

  constructor(context: MeshContext) {
    this.#context = context;
  }

  /** @param due when the look should have been, clock ms. */
  look(due: number): void {
    const { relays, standings, runtime } = this.#context;
    const now = runtime.clock.now();
    for (const stationId of new Set(relays.attached)) {
      const standing = standings.ready(stationId, false);
      const link = standing?.link();
      if (standing === undefined || link === undefined) continue;
      const { arrivals } = link.stats();
      const before = this.#watched.get(standing.process);
      if (before?.arrivals !== arrivals || isLate(due, now)) {
        this.#watched.set(standing.process, { arrivals, askedAt: undefined });
        continue;
      }
      before.askedAt ??= now;
      if (now - before.askedAt < longChance(standing.rtt())) link.ping();
      else runtime.send(standing.process, new Close(CloseCode.idle, 'the station does not answer'));
    }
  }
}
