/**
 * What can be told of a value that structured clone refuses: data stays what it is, the rest becomes text.
 *
 * `threadValues` is part of the text that a thread runs (`worker-program.ts`), so it must not use anything outside
 * itself.
 */
import type { Marks } from './thread-messages.ts';

export interface ThreadValues {
  /** Why something was refused. */
  detailOf(error: unknown): string;
  /** What of a value can be cloned: errors and data stay what they are, the rest of them becomes text. */
  portable(value: unknown): unknown;
  marksOf(error: unknown): Marks;
}

/** `inspect` of `node:util`. */
type Inspect = (value: unknown, options: object) => string;

export function threadValues(inspect: Inspect): ThreadValues {
  /** Characters of a value that is told as text; levels and entries of one that is told in part. */
  const TEXT = 512;
  const DEPTH = 4;
  const ENTRIES = 64;
  const textOf = (value: unknown): string => {
    try {
      return typeof value === 'string'
        ? value.slice(0, TEXT)
        : inspect(value, { depth: 2, breakLength: Infinity, customInspect: false }).slice(0, TEXT);
    } catch {
      return 'a value that cannot be read';
    }
  };
  const detailOf = (error: unknown): string => {
    try {
      return textOf(error instanceof Error ? String(error.message) : error);
    } catch {
      return textOf(error);
    }
  };
  const bareError = (error: Error, depth: number): Error => {
    const bare = new Error(String(error.message));
    if (typeof error.stack === 'string') bare.stack = error.stack;
    if ('cause' in error) bare.cause = portable(error.cause, depth + 1);
    return bare;
  };
  const portable = (value: unknown, depth: number): unknown => {
    try {
      structuredClone(value);
      return value;
    } catch {
      // as below
    }
    try {
      if (value instanceof Error) return bareError(value, depth);
      if (typeof value === 'object' && value !== null && depth < DEPTH) {
        const within = (item: unknown): unknown => portable(item, depth + 1);
        if (Array.isArray(value)) return value.slice(0, ENTRIES).map(within);
        const entries = Object.entries(value).slice(0, ENTRIES);
        if (entries.length > 0) return Object.fromEntries(entries.map(([key, item]) => [key, within(item)]));
      }
    } catch {
      // it refuses to be looked at
    }
    return textOf(value);
  };
  const marksOf = (error: unknown): Marks => {
    try {
      const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
      return {
        name: typeof name === 'string' ? name.slice(0, 128) : undefined,
        code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
      };
    } catch {
      return { name: undefined, code: undefined };
    }
  };
  return { detailOf, portable: (value) => portable(value, 0), marksOf };
}
