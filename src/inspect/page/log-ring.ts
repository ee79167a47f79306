/** The last log lines, and which of them are shown. Pure, bounded. */
import type { LogLine } from './wire.ts';

export const LOG_LINES = 2_000;

/** From quiet to loud. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export const rank = (level: string): number => Math.max(0, LEVELS.indexOf(level as (typeof LEVELS)[number]));

/** Adds in place; tells how many had to leave. */
export function keep(lines: LogLine[], line: LogLine): number {
  lines.push(line);
  if (lines.length <= LOG_LINES) return 0;
  // a tenth at once: moving the rest is not free
  const leave = Math.ceil(LOG_LINES / 10);
  lines.splice(0, leave);
  return leave;
}

/** `key=value` pairs, each value short. */
export function fieldsOf(line: LogLine): string {
  const parts = Object.entries(line.fields ?? {}).map(([key, value]) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
    return `${key}=${text.slice(0, 200)}`;
  });
  return parts.slice(0, 40).join('  ');
}

export function isShown(line: LogLine, least: string, words: string): boolean {
  if (rank(line.level) < rank(least)) return false;
  if (words === '') return true;
  const text = `${line.event ?? ''} ${line.msg ?? ''} ${fieldsOf(line)}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
