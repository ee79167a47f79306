/**
 * Exit reasons and lines of traces as text.
 */
import { SpecError } from '../../src/otp/spec-error.ts';
import type { Reason } from './script.ts';

/** Ends of children that a template made: their ids are letters and a number. */
const MADE = /^-([a-z]*)\d#/;
const STOP_REPORT = /^!shutdown_error (\S+) /;

/** Events that come together in no order of their own have the same family. */
const family = (event: string): string | undefined => MADE.exec(event)?.[1] ?? STOP_REPORT.exec(event)?.[1];

/**
 * A line of a trace with what has no order put in order: children of a template are stopped all at once, then
 * reported, one report a reason.
 */
export function canonical(line: string): string {
  const [result = '', ...events] = line.split('; ');
  const sorted: string[] = [];
  for (let at = 0; at < events.length;) {
    const first = events[at] as string;
    const kin = family(first);
    let end = at + 1;
    while (
      kin !== undefined &&
      end < events.length &&
      events[end]?.[0] === first[0] &&
      family(events[end] as string) === kin
    )
      end++;
    sorted.push(...events.slice(at, end).toSorted());
    at = end;
  }
  return [result, ...sorted].join('; ');
}

export const reasonOf = (reason: Reason): unknown => (reason === 'shutdown:x' ? { shutdown: 'x' } : reason);

/** As `text/1` of `driver.erl` writes it. */
export function textOf(reason: unknown): string {
  if (typeof reason === 'string') return reason;
  if (typeof reason === 'object' && reason !== null) {
    if (reason instanceof SpecError)
      return typeof reason.reason === 'string' ? reason.reason : Object.keys(reason.reason).join(' ');
    if ('shutdown' in reason) return `{shutdown ${textOf(reason.shutdown)}}`;
    if ('failed_to_start_child' in reason && 'reason' in reason)
      return `failed ${String(reason.failed_to_start_child)} ${textOf(reason.reason)}`;
  }
  return reason instanceof Error ? `${reason.name}: ${reason.message}` : JSON.stringify(reason);
}
