/**
 * Invariant 5: no supervisor restarts more often than it may and lives on. Pure.
 */

/** What one supervisor did. */
export interface RestartFacts {
  readonly label: string;
  readonly serial: number;
  /** When it decided to restart a child, ascending, milliseconds. */
  readonly restarts: readonly number[];
  readonly intensity: number;
  /** Milliseconds. */
  readonly period: number;
  readonly alive: boolean;
}

/** The window includes its edge (OTP S2). */
export function* withinIntensity(supervisors: Iterable<RestartFacts>): Generator<string> {
  for (const { label, serial, restarts, intensity, period, alive } of supervisors) {
    if (!alive) continue;
    for (let last = intensity; last < restarts.length; last++) {
      const took = (restarts[last] as number) - (restarts[last - intensity] as number);
      if (took > period) continue;
      yield `${label} (${serial}) restarted ${intensity + 1} times in ${took} ms and lives: ${intensity} in ${period} ms`;
      break;
    }
  }
}
