/**
 * Notices a peer that lives but reads nothing of what is queued for it.
 *
 * It looks only while something is queued or waits. A peer that is silent altogether is not slow: it may be
 * out of reach for a while, and the link's idle timeout judges that.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { Link } from '../../transport/transport.ts';

/** Milliseconds in which something must leave. */
const PATIENCE = 5_000;
/** Bytes in that time that are no progress: a link that waits for its window tries single ones. */
const CRUMBS = 64;
/** The part of them, at the end, in which the peer must be heard; a live one is, several times. */
const LISTEN = PATIENCE / 2;

export interface Watched {
  readonly link: Link | undefined;
  /** Bytes given to the link's streams, in all. */
  readonly written: number;
  /** Whether anything may still be on its way. */
  readonly busy: boolean;
  /** Called between two looks. */
  onLook(): void;
  onSlow(): void;
}

export class SlowPeer {
  readonly #watched: Watched;
  #timer: TimerEntry | undefined;
  #left = 0;
  #heard = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Something is not out yet: looks after it until it is. */
  watch(process: Process): void {
    if (this.#timer === undefined) this.#look(process);
  }

  stop(): void {
    this.#timer?.unset();
    this.#timer = undefined;
  }

  #look(process: Process): void {
    const { link, written } = this.#watched;
    if (link === undefined) return;
    this.#left = written - link.queued;
    // asked late, because it costs as much as a small call and most of what is watched leaves at once
    this.#after(PATIENCE - LISTEN, process, () => {
      this.#heard = link.stats().bytesReceived;
      this.#after(LISTEN, process, () => {
        this.#judge(process, link);
      });
    });
  }

  #after(delay: number, process: Process, run: () => void): void {
    this.#timer = process.runtime.workAfter(delay, process, () => {
      this.#timer = undefined;
      run();
    });
  }

  #judge(process: Process, link: Link): void {
    const watched = this.#watched;
    const stuck = link.queued > 0 && watched.written - link.queued - this.#left <= CRUMBS;
    if (stuck && link.stats().bytesReceived > this.#heard) {
      watched.onSlow();
      return;
    }
    watched.onLook();
    if (watched.busy) this.#look(process);
  }
}
