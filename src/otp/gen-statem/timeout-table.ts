/**
 * The timeouts of one machine, at most one of each type: running timers, and zero ones that wait for the queue
 * to be empty (OTP M6–M8).
 *
 * Decides when timers start and stop; starting them is the port's business. Times: milliseconds of the port's
 * clock. A zero timeout takes no timer: it is due as soon as no event is queued, in the order they were set.
 */
import { MAX_DELAY } from '../../actor/clock.ts';
import type { TimeoutAction } from './action.ts';
import type { TimeoutEvent, TimeoutName } from './event.ts';

export interface Timer {
  /** Cancels it, even if it has fired and is not handled yet. */
  unset(): boolean;
}

export interface TimerPort {
  now(): number;
  /** Calls `expire(key)` of the table in `delay` ms, 0 … `MAX_DELAY`. */
  start(key: TimeoutKey, delay: number): Timer;
}

/** The two types without a name. */
export const EVENT: unique symbol = Symbol('timeout');
export const STATE: unique symbol = Symbol('stateTimeout');
export type TimeoutKey = TimeoutName;

interface Running {
  content: unknown;
  /** Null for a zero timeout. */
  readonly timer: Timer | null;
  /** When it is due; -Infinity for a zero timeout. */
  readonly due: number;
}

export class TimeoutTable {
  readonly #port: TimerPort;
  readonly #running = new Map<TimeoutKey, Running>();
  /** Keys of the zero timeouts, the one set first first. */
  #zero: TimeoutKey[] = [];

  constructor(port: TimerPort) {
    this.#port = port;
  }

  get size(): number {
    return this.#running.size;
  }

  /** What runs, as the events they will be. */
  get list(): readonly TimeoutEvent[] {
    return [...this.#running].map(([key, { content }]) => eventOf(key, content));
  }

  /** Does what one list of actions asks for: of each type the last one counts. */
  apply(actions: readonly TimeoutAction[]): void {
    const [only] = actions;
    if (only !== undefined && actions.length === 1) {
      this.#set(keyOf(only), only);
      return;
    }
    const last = new Map<TimeoutKey, TimeoutAction>();
    for (const action of actions) {
      const key = keyOf(action);
      last.delete(key);
      last.set(key, action);
    }
    for (const [key, action] of last) this.#set(key, action);
  }

  /** False when it was not running. */
  cancel(key: TimeoutKey): boolean {
    const running = this.#running.get(key);
    if (running === undefined) return false;
    this.#running.delete(key);
    if (running.timer === null) this.#zero = this.#zero.filter((each) => each !== key);
    else running.timer.unset();
    return true;
  }

  /** The timer of `key` has fired: what it says, or undefined when there is time left. */
  expire(key: TimeoutKey): TimeoutEvent | undefined {
    const running = this.#running.get(key);
    if (running === undefined) return undefined;
    if (running.due > this.#port.now()) {
      this.#start(key, running.content, running.due);
      return undefined;
    }
    this.#running.delete(key);
    return eventOf(key, running.content);
  }

  /** The zero timeout that is next; only when no event is queued. */
  takeZero(): TimeoutEvent | undefined {
    const key = this.#zero.shift();
    if (key === undefined) return undefined;
    const content = this.#running.get(key)?.content;
    this.#running.delete(key);
    return eventOf(key, content);
  }

  get hasZero(): boolean {
    return this.#zero.length > 0;
  }

  #set(key: TimeoutKey, { time, content, abs }: TimeoutAction): void {
    if (time === 'update') {
      const running = this.#running.get(key);
      if (running === undefined) this.#startZero(key, content);
      else running.content = content;
      return;
    }
    this.cancel(key);
    if (time === 'cancel' || time === Infinity) return;
    if (time === 0) this.#startZero(key, content);
    else this.#start(key, content, abs ? time : this.#port.now() + time);
  }

  #startZero(key: TimeoutKey, content: unknown): void {
    this.#running.set(key, { content, timer: null, due: -Infinity });
    this.#zero.push(key);
  }

  #start(key: TimeoutKey, content: unknown, due: number): void {
    const delay = Math.min(MAX_DELAY, Math.max(0, due - this.#port.now()));
    this.#running.set(key, { content, timer: this.#port.start(key, delay), due });
  }
}

export function keyOf(action: TimeoutAction): TimeoutKey {
  switch (action.type) {
    case 'timeout':
      return EVENT;
    case 'stateTimeout':
      return STATE;
    case 'genericTimeout':
      return action.name;
  }
}

function eventOf(key: TimeoutKey, content: unknown): TimeoutEvent {
  if (key === EVENT) return { type: 'timeout', content };
  if (key === STATE) return { type: 'stateTimeout', content };
  return { type: 'genericTimeout', name: key, content };
}
