/**
 * Restart intensity: how many restarts a supervisor tolerates before it gives up.
 *
 * Pure; milliseconds on the monotonic clock. A restart at `now` is one too many when `intensity` is 0 or when
 * the restart made `intensity` restarts ago happened at or after `now - period`: the window includes its edge.
 * Constant time and at most `intensity` numbers; after a change of the limit, as many as counted then. Source: Erlang/OTP `supervisor`, `add_restart`; OTP S2, S22.
 */
import { SpecError, type SpecProblem } from './spec-error.ts';

export interface RestartLimit {
  /** Restarts allowed within `period`. */
  readonly intensity: number;
  /** Milliseconds. */
  readonly period: number;
}

/** OTP's default: 1 restart in 5 s. */
export const DEFAULT_LIMIT: RestartLimit = { intensity: 1, period: 5_000 };

/** Fills in the defaults. Throws a `SpecError` for a limit that makes no sense. */
export function checkLimit(limit: {
  readonly intensity?: number | undefined;
  readonly period?: number | undefined;
}): RestartLimit {
  const { intensity = DEFAULT_LIMIT.intensity, period = DEFAULT_LIMIT.period } = limit;
  if (!Number.isInteger(intensity) || intensity < 0)
    throw refused({ invalid_intensity: intensity }, 'intensity must be an integer ≥ 0');
  if (!(Number.isFinite(period) && period > 0))
    throw refused({ invalid_period: period }, 'period must be positive milliseconds');
  return { intensity, period };
}

const refused = (reason: SpecProblem, message: string): SpecError =>
  new SpecError('supervisor_data', reason, `supervisor: ${message}`);

export class RestartWindow {
  readonly limit: RestartLimit;
  /** The last restarts as a ring that grows until it is full. */
  readonly #stamps: number[] = [];
  #oldest = 0;
  /** Places in the ring: those of the limit, or more when there were more restarts before it was lowered. */
  #room: number;
  /** The window of the last restart began here: what was before it is forgotten, whatever the limit becomes. */
  #since = -Infinity;

  constructor(limit: RestartLimit) {
    this.limit = limit;
    this.#room = limit.intensity;
  }

  /** Records a restart; true when the supervisor must give up. */
  record(now: number): boolean {
    const { intensity, period } = this.limit;
    if (intensity === 0) return true;
    const stamps = this.#stamps;
    const since = now - period;
    this.#since = since;
    if (stamps.length < this.#room) {
      const before = stamps.length - intensity;
      stamps.push(now);
      return before >= 0 && (stamps[before] as number) >= since;
    }
    const before = (this.#oldest + this.#room - intensity) % this.#room;
    const exceeded = (stamps[before] as number) >= since;
    stamps[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.#room;
    return exceeded;
  }

  /** The same restarts under another limit. */
  withLimit(limit: RestartLimit): RestartWindow {
    const window = new RestartWindow(limit);
    const inOrder = [...this.#stamps.slice(this.#oldest), ...this.#stamps.slice(0, this.#oldest)];
    for (const at of inOrder) if (at >= this.#since) window.#stamps.push(at);
    window.#room = Math.max(limit.intensity, window.#stamps.length);
    window.#since = this.#since;
    return window;
  }

  /** How many restarts are inside the window that ends at `now`. Its cost grows with the digits of the intensity. */
  within(now: number): number {
    const since = now - this.limit.period;
    const stamps = this.#stamps;
    // they ascend from the oldest one on: the first inside is looked for by halves
    let [low, high] = [0, stamps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((stamps[(this.#oldest + middle) % stamps.length] as number) < since) low = middle + 1;
      else high = middle;
    }
    return stamps.length - low;
  }

  /** Restarts inside the window that ends at `now`. */
  recent(now: number): readonly number[] {
    return this.#stamps.filter((at) => at >= now - this.limit.period).toSorted((a, b) => a - b);
  }
}
