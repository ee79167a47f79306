/**
 * A session in words. Pure.
 */
import type { Session } from './session.ts';

/** One line of progress. */
export function summed({ fresh, steps, failure }: Session): string {
  const words: string[] = [];
  if (fresh !== undefined) words.push(`first call ${fresh.toFixed(0)} ms`);
  for (const [name, { p50, perSecond, stalled }] of Object.entries(steps)) {
    words.push(p50 === undefined ? `${name} ${perSecond.toFixed(0)}/s` : `${name} ${p50.toFixed(0)} µs`);
    if (stalled) words.push('STALLED');
  }
  if (failure !== undefined) words.push(`FAILED: ${failure}`);
  return words.join(', ');
}

/** What went wrong. */
export function troubles({ steps, failure }: Session): readonly string[] {
  const found: string[] = [];
  for (const [name, { stalled, answered, unanswered, failed, failure: first }] of Object.entries(steps)) {
    if (stalled) found.push(`${name}: STALLED after ${answered} answers, ${unanswered} calls open`);
    else if (unanswered > 0) found.push(`${name}: ${unanswered} calls without an answer`);
    if (failed > 0) found.push(`${name}: ${failed} calls failed, first: ${first}`);
  }
  if (failure !== undefined) found.push(`FAILED: ${failure}`);
  return found;
}
