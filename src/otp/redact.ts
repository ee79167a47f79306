/**
 * Hides the values of secret keys wherever they stand in a state, a message or a reason. Source: OTP G19, SECURITY §12.
 */
import { types } from 'node:util';
import type { StatusParts } from '../actor/behavior.ts';
import { BoundedCopy, define } from '../actor/bounded-copy.ts';
import { wrongArgument } from './arguments.ts';
import { ProcessRef } from './process-ref.ts';

/** What stands in place of a value that is not shown. */
export const REDACTED = '[redacted]';

/** Some milliseconds of work. */
const LIMITS = { depth: 16, values: 20_000 } as const;

/** Shown last, so that a large one takes nothing from the others. */
const LARGE: ReadonlySet<string> = new Set(['state', 'data']);

/**
 * A `formatStatus` that hides the values of these keys: in plain objects, arrays, maps (also where their keys are
 * objects), sets, the fields of instances and of errors with their causes. Functions, bytes, promises, proxies,
 * getters and what belongs to the runtime are named only; fields of maps, arrays and functions themselves are left out.
 * Hidden too is what is nested deeper than 16, leads back to itself, or is more than the 20,000 values shown in all.
 *
 * It goes by keys: a secret inside a text, say in the message of an error, is shown. Throws a `TypeError` for a key
 * that is no text.
 */
export function redact(...keys: readonly string[]): (status: StatusParts) => StatusParts {
  for (const key of keys) if (typeof key !== 'string') throw wrongArgument('key', 'a string', key);
  const secret = new Set(keys);
  const format = (status: StatusParts): StatusParts => {
    const redaction = new Redaction(secret);
    const parts = Object.entries(status);
    const shown = new Map<string, unknown>();
    for (const large of [false, true])
      for (const [name, part] of parts)
        if (LARGE.has(name) === large)
          shown.set(name, name === 'reason' ? redaction.show(part) : redaction.field(name, part, 0));
    return Object.fromEntries(parts.map(([name]) => [name, shown.get(name)])) as unknown as StatusParts;
  };
  redactions.add(format);
  return format;
}

const redactions = new WeakSet();

/** Whether `redact` has made it. */
export const isRedaction = (format: unknown): boolean =>
  typeof format === 'function' && redactions.has(format);

/** One look at one status: a plain copy of it, without classes and their prototypes. */
export class Redaction extends BoundedCopy {
  protected override readonly rest: string = REDACTED;
  protected override readonly circle: string = REDACTED;
  readonly #secret: ReadonlySet<string>;

  constructor(secret: ReadonlySet<string>) {
    super(LIMITS);
    this.#secret = secret;
  }

  override field(key: unknown, value: unknown, depth: number): unknown {
    const name = typeof key === 'symbol' ? key.description : key;
    return typeof name === 'string' && this.#secret.has(name) ? REDACTED : this.show(value, depth + 1);
  }

  protected override tooDeep(): string {
    return REDACTED;
  }

  protected override like(): object {
    return {};
  }

  protected override leaf(value: object): unknown {
    if (typeof value === 'function') return '[function]';
    if (value instanceof ProcessRef) return '[reference]';
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return '[bytes]';
    if (types.isPromise(value)) return '[promise]';
    // a copy has none of the fields that somebody may have put on it
    if (types.isDate(value) || types.isRegExp(value)) return structuredClone(value);
    return undefined;
  }

  /** Not of its own class: that could say what it likes. The text of a stack begins with name and message. */
  protected override errorLike(error: Error): Error {
    const { name, message, stack } = error;
    const texts = { name, message, stack };
    const hideStack = Object.keys(texts).some((key) => this.#secret.has(key));
    const copy = new Error();
    for (const [key, text] of Object.entries(texts)) {
      const hidden = this.#secret.has(key) || (key === 'stack' && hideStack);
      if (typeof text === 'string') define(copy, key, hidden ? REDACTED : text, false);
    }
    return copy;
  }
}
