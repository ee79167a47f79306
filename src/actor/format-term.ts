/**
 * Any value as text for people, within limits (OTP R6).
 *
 * Never throws and runs nothing of the value's: no getter, no proxy trap, no `toString`; of an error name, message and
 * stack are read. A text that is cut begins as the whole one does and ends with `…`. Processes and what else belongs to
 * the runtime are named. What is shared is shown at each place; a value too large for people is shown in part, since
 * whoever writes a report must not block the program.
 */
import { inspect, types } from 'node:util';
import { BoundedCopy, define } from './bounded-copy.ts';

/** How much of a value is shown. */
export interface FormatLimits {
  /** Objects within objects that are shown. Default, and at most, 64. */
  readonly depth?: number | undefined;
  /** Longest text, characters. Default no limit. */
  readonly chars?: number | undefined;
  /** All on one line. Default false. */
  readonly singleLine?: boolean | undefined;
}

/** Deepest nesting ever shown: beyond it the text helps nobody. */
const DEPTH = 64;

/** Values ever shown, counted wherever they stand: some tens of milliseconds. */
const VALUES = 50_000;

/** Longer bytes are named only. */
const BYTES = 1_024;

export function formatTerm(term: unknown, limits: FormatLimits = {}): string {
  return cut(inspected(term, limits), limits);
}

function inspected(term: unknown, { depth = DEPTH, singleLine = false }: FormatLimits): string {
  const levels = Math.min(depth, DEPTH);
  try {
    const text = inspect(new Printable(levels).show(term, 0), {
      depth: levels,
      customInspect: false,
      breakLength: singleLine ? Infinity : 100,
      compact: singleLine ? true : 3,
      maxStringLength: null,
      maxArrayLength: null,
    });
    return singleLine ? oneLine(text) : text;
  } catch {
    return 'a value that cannot be read';
  }
}

/** Line by line: one pattern for the blanks on both sides of a line end takes the square of their number. */
const oneLine = (text: string): string =>
  text.includes('\n')
    ? text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '')
        .join(' ')
    : text;

/** A copy that `inspect` shows as it would the value, with its classes. */
class Printable extends BoundedCopy {
  protected override readonly rest: string = '…';
  protected override readonly circle: string = '[circular]';

  constructor(depth: number) {
    // one level more: `inspect` says what it does not open
    super({ depth: depth + 1, values: VALUES });
  }

  protected override field(_key: unknown, value: unknown, depth: number): unknown {
    return this.show(value, depth + 1);
  }

  protected override tooDeep(): string {
    return '…';
  }

  /** What has nothing of a user's in it, or too much to be shown. */
  protected override leaf(value: object): unknown {
    if (typeof value === 'function')
      return Object.keys(value).length === 0 ? value : `[function ${nameOf(value)}]`;
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value))
      return value.byteLength <= BYTES ? value : `[${value.byteLength} bytes]`;
    return types.isPromise(value) || types.isBoxedPrimitive(value) || types.isModuleNamespaceObject(value)
      ? Object.prototype.toString.call(value)
      : types.isDate(value) || types.isRegExp(value)
        ? structuredClone(value)
        : undefined;
  }

  protected override like(value: object): object {
    return Object.create(Object.getPrototypeOf(value) as object | null) as object;
  }

  protected override errorLike(error: Error): Error {
    const { name, message, stack } = error;
    const copy = this.like(error) as Error;
    for (const [key, text] of Object.entries({ name, message, stack }))
      if (typeof text === 'string') define(copy, key, text, false);
    return copy;
  }
}

const nameOf = (value: object): string => {
  const name: unknown = Object.getOwnPropertyDescriptor(value, 'name')?.value;
  return typeof name === 'string' ? name : '';
};

/** The beginning of `text`, within the limit. */
export function cut(text: string, { chars = Infinity }: FormatLimits): string {
  return text.length <= chars ? text : `${text.slice(0, Math.max(0, chars - 1))}…`;
}

/** Characters of a label that are told. */
const LABEL = 1_024;

/** A label as trees and reports tell it: whoever gave it may have given a book. */
export const labelText = (label: string): string => cut(label, { chars: LABEL });
