/**
 * Durations for people. Pure.
 */

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Milliseconds, a hundredth exact. */
export const millis = (ms: number): string => `${ms.toFixed(2)} ms`;

/** Two units at most, rounded down: `3 s`, `2 min 5 s`, `1 d 4 h`. */
export function duration(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / 1_000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / 1_000)} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}
