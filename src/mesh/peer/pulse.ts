/**
 * Feels the pulse of a connection on which nothing happens: whoever only serves has nothing under way that would tell
 * him that his station is gone, and would learn it from the idle timeout.
 *
 * Every `PULSE` ms in which nothing has come, the peer is sent a packet that it has to acknowledge. A look that comes
 * late because our own event loop was busy counts nothing. Units: milliseconds.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { Link } from '../../transport/transport.ts';
import { isLate, lastChance } from '../connection/liveness.ts';
import type { MeshContext } from '../context.ts';

/** A packet in so many ms is what an idle client costs its station. */
const PULSE = 2_000;

export class Pulse {
  readonly #context: MeshContext;
  readonly #self: Process;
  /** The peer does not answer. */
  readonly #silent: () => void;
  #connection: Process | undefined;
  #timer: TimerEntry | undefined;
  /** Packets that had come at the last look. */
  #arrivals = -1;

  /** @param silent called in the turn of `self`. */
  constructor(context: MeshContext, self: Process, silent: () => void) {
    this.#context = context;
    this.#self = self;
    this.#silent = silent;
  }

  /** Watches this connection from now on, and no other. */
  watch(connection: Process): void {
    this.stop();
    this.#connection = connection;
    this.#after(PULSE, () => this.#beat());
  }

  stop(): void {
    this.#timer?.unset();
    this.#timer = this.#connection = undefined;
    this.#arrivals = -1;
  }

  #beat(): void {
    const link = this.#link;
    if (link === undefined) return;
    const { arrivals, rtt } = link.stats();
    if (arrivals === this.#arrivals) {
      link.ping();
      const wait = lastChance(rtt);
      const due = this.#context.runtime.clock.now() + wait;
      this.#after(wait, () => this.#judge(due));
    } else {
      this.#arrivals = arrivals;
      this.#after(PULSE, () => this.#beat());
    }
  }

  #judge(due: number): void {
    const link = this.#link;
    if (link === undefined) return;
    const late = isLate(due, this.#context.runtime.clock.now());
    if (link.stats().arrivals === this.#arrivals && !late) this.#silent();
    this.#after(PULSE, () => this.#beat());
  }

  get #link(): Link | undefined {
    const connection = this.#connection;
    return connection === undefined ? undefined : this.#context.standings.find(connection)?.link();
  }

  #after(ms: number, run: () => void): void {
    this.#timer = this.#context.runtime.workAfter(ms, this.#self, run);
  }
}
