/**
 * Asks a peer that owes us answers whether it is there; the rule is in `liveness.ts`.
 *
 * One timer per connection, and only while calls are outstanding or the peer is suspect: calls cost a
 * comparison. Questions are acknowledgment-eliciting packets; the transport proves who answered.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { Link } from '../../transport/transport.ts';
import { isLate, isSuspect, lastChance, look, watchFrom, type Liveness, type Look } from './liveness.ts';

/** Looks for an answer while the last question is open. */
const LAST_LOOKS = 10;

/** What probing needs of the connection. */
export interface Probed {
  readonly link: Link | undefined;
  /** Calls of ours that wait for this peer. */
  readonly owed: boolean;
  /** Questions without an answer after which the peer is suspect. */
  readonly patience: number;
  /** Sends a question; `missed`: so many have had no answer. */
  question(missed: number): void;
  /** The peer became suspect, or has answered again. */
  onSuspect(suspect: boolean): void;
}

export class Prober {
  suspect = false;
  readonly #connection: Probed;
  #process: Process | undefined;
  #timer: TimerEntry | undefined;
  #state: Liveness | undefined;
  #asking: TimerEntry | undefined;

  constructor(connection: Probed) {
    this.#connection = connection;
  }

  /** A call was sent. */
  start(process: Process): void {
    if (this.#timer === undefined) this.#begin(process);
  }

  /** A call of ours is over: when that was an answer, the doubt is too, and calls need not go another way until the next look. */
  heard(): void {
    const [process, before] = [this.#process, this.#state];
    const seen = this.suspect && process !== undefined ? this.#look(process) : undefined;
    if (before === undefined || seen === undefined || seen.arrivals <= before.arrivals) return;
    this.#state = { ...before, arrivals: seen.arrivals, misses: 0 };
    this.#judge(false);
  }

  /**
   * Asks once more, for the last chance of `liveness.ts`.
   * @param atLeast asks for so many milliseconds at least.
   * @param answered told once whether anything came from the peer; not told when the connection ends first.
   */
  ask(process: Process, atLeast: number, answered: (alive: boolean) => void): void {
    const { link } = this.#connection;
    const first = this.#look(process);
    if (link === undefined || first === undefined) return;
    this.#asking?.unset();
    const every = Math.max(atLeast, lastChance(first.rtt)) / LAST_LOOKS;
    let left = LAST_LOOKS;
    let due = first.now + every;
    const again = (): void => {
      link.ping();
      this.#asking = process.runtime.workAfter(every, process, () => {
        const seen = this.#look(process);
        if (seen === undefined) return;
        // a look that comes late may be ahead of an answer that lies in the socket
        if (!isLate(due, seen.now)) left--;
        due = seen.now + every;
        if (seen.arrivals > first.arrivals) answered(true);
        else if (left <= 0) answered(false);
        else again();
      });
    };
    again();
  }

  stop(): void {
    this.#timer?.unset();
    this.#asking?.unset();
    this.#timer = this.#asking = this.#process = undefined;
  }

  #begin(process: Process): void {
    const seen = this.#look(process);
    if (seen === undefined) return;
    this.#process = process;
    this.#state = watchFrom(seen);
    this.#arm(process, this.#state.due - seen.now);
  }

  #arm(process: Process, wait: number): void {
    this.#timer = process.runtime.workAfter(wait, process, () => this.#tick());
  }

  #tick(): void {
    const [process, before] = [this.#process, this.#state];
    this.#timer = undefined;
    const seen = process === undefined ? undefined : this.#look(process);
    if (process === undefined || before === undefined || seen === undefined) return;
    this.#state = look(before, seen);
    this.#judge(isSuspect(this.#state, this.#connection.patience));
    if (!this.#connection.owed && !this.suspect) return;
    this.#connection.question(this.#state.misses);
    this.#arm(process, this.#state.due - seen.now);
  }

  #judge(suspect: boolean): void {
    if (suspect === this.suspect) return;
    this.suspect = suspect;
    this.#connection.onSuspect(suspect);
  }

  #look(process: Process): Look | undefined {
    const { link } = this.#connection;
    if (link === undefined || link.state !== 'open') return undefined;
    const { arrivals, rtt } = link.stats();
    return { now: process.clock.now(), arrivals, rtt };
  }
}
