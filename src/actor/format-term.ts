/**
 * Any value as text for people, within limits (OTP R6).
 *
 * Pure. Never throws and runs nothing of the value's: no getter, no proxy trap, no `toString`. A text that is cut
 * begins as the whole one does and ends with `…`.
 */
import { inspect } from 'node:util';

export interface FormatLimits {
  /** Objects within objects that are shown. Default no limit. */
  readonly depth?: number;
  /** Longest text, characters. Default no limit. */
  readonly chars?: number;
  /** All on one line. Default false. */
  readonly singleLine?: boolean;
}

/** Deepest nesting ever shown: beyond it the text helps nobody. */
const DEPTH = 64;

export function formatTerm(term: unknown, limits: FormatLimits = {}): string {
  return cut(inspected(term, limits), limits);
}

function inspected(term: unknown, { depth = DEPTH, singleLine = false }: FormatLimits): string {
  try {
    const text = inspect(term, {
      depth: Math.min(depth, DEPTH),
      customInspect: false,
      breakLength: singleLine ? Infinity : 100,
      compact: singleLine ? true : 3,
      maxStringLength: null,
      maxArrayLength: null,
    });
    return singleLine ? text.replaceAll(/\s*\n\s*/g, ' ') : text;
  } catch {
    return 'a value that cannot be read';
  }
}

/** The beginning of `text`, within the limit. */
export function cut(text: string, { chars = Infinity }: FormatLimits): string {
  return text.length <= chars ? text : `${text.slice(0, Math.max(0, chars - 1))}…`;
}
