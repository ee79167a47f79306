/**
 * Notices that a station is gone: a node that only waits to be called has nothing under way that would tell it, and would
 * learn it from the idle timeout.
 *
 * A connection to a station on which nothing has come between two looks asks the station whether it is there, and ends when
 * none of its questions is answered (`ConnectionState.check`): it is dialed again then, and relays are sought elsewhere. A look
 * that comes late because our own event loop was busy counts nothing. Driven by the NAT connector's actor alone, once per
 * second; that is what an idle node costs its station.
 */
import type { Process } from '../../../actor/process.ts';
import { isLate } from '../../connection/liveness.ts';
import { Check } from '../../connection/messages.ts';
import type { MeshContext } from '../../context.ts';

export class StationWatch {
  readonly #context: MeshContext;
  /** Packets that had come at the last look. */
  readonly #arrivals = new WeakMap<Process, number>();

  constructor(context: MeshContext) {
    this.#context = context;
  }

  /** @param due when the look should have been, clock ms. */
  look(due: number): void {
    const { relays, standings, runtime } = this.#context;
    const late = isLate(due, runtime.clock.now());
    for (const stationId of new Set(relays.attached)) {
      const standing = standings.ready(stationId, false);
      const link = standing?.link();
      if (standing === undefined || link === undefined) continue;
      const { process } = standing;
      const { arrivals } = link.stats();
      const quiet = this.#arrivals.get(process) === arrivals;
      this.#arrivals.set(process, arrivals);
      if (quiet && !late) runtime.send(process, new Check());
    }
  }
}
