/**
 * The events a machine holds itself: inserted ones, retried ones, and those it has postponed (OTP M1, M2).
 *
 * Pure data. Inserted events come before retried ones, those before whatever was queued earlier; the mailbox is
 * asked only when nothing is left here. Postponed events wait, oldest first, until `retry`.
 */

/** Shared by all queues that have held nothing yet: most machines are idle. Never written to. */
const EMPTY: never[] = [];

export class EventQueue<Event> {
  /** In reverse: the next event is the last element. */
  #ready: Event[] = EMPTY;
  #postponed: Event[] = EMPTY;

  /** Events that can be handled now. */
  get length(): number {
    return this.#ready.length;
  }

  /** The events that can be handled now, the next one first. */
  get ready(): readonly Event[] {
    return this.#ready.toReversed();
  }

  /** Oldest first. */
  get postponed(): readonly Event[] {
    return this.#postponed;
  }

  /** Puts `events` first, in their order. */
  insert(events: readonly Event[]): void {
    if (this.#ready === EMPTY) this.#ready = [];
    for (let i = events.length - 1; i >= 0; i--) this.#ready.push(events[i] as Event);
  }

  /** Removes and returns the next event. Only when `length > 0`. */
  take(): Event {
    return this.#ready.pop() as Event;
  }

  postpone(event: Event): void {
    if (this.#postponed === EMPTY) this.#postponed = [event];
    else this.#postponed.push(event);
  }

  /** The state has changed: all that was postponed comes next, the oldest first. */
  retry(): void {
    if (this.#postponed.length === 0) return;
    const postponed = this.#postponed;
    this.#postponed = EMPTY;
    this.insert(postponed);
  }

  /** Takes back the oldest postponed event that `matches`. */
  shed(matches: (event: Event) => boolean): Event | undefined {
    const at = this.#postponed.findIndex(matches);
    return at < 0 ? undefined : this.#postponed.splice(at, 1)[0];
  }
}
