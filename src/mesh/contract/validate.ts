/**
 * Asks a schema about a value, and says in words what it found. Pure but for the schema, which is somebody else's.
 *
 * The words are the library's own, cut to what fits a failure. Some libraries quote the value in them.
 */
import { short } from '../errors/short.ts';
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts';

/** Issues named at most; the rest is counted. */
const NAMED = 8;

export type Judged<Output = unknown> =
  | { readonly ok: true; readonly value: Output }
  /** `field` is where the first one is, as `args.user.id`; `detail` all of them. */
  | { readonly ok: false; readonly field: string; readonly detail: string };

/** At once where the schema is synchronous. Throws and rejects what the schema throws. */
export function validate(schema: StandardSchema, value: unknown, root: string): Judged | Promise<Judged> {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then((later) => judged(later, root)) : judged(result, root);
}

function judged(result: SchemaResult<unknown>, root: string): Judged {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const [first, ...rest] = result.issues;
  const more = rest.slice(0, NAMED - 1).map((issue) => `${pathOf(issue, '')}: ${messageOf(issue)}`);
  if (rest.length >= NAMED) more.push(`and ${rest.length - NAMED + 1} more`);
  const detail = [first === undefined ? 'is refused by its schema' : messageOf(first), ...more].join('; ');
  return { ok: false, field: short(first === undefined ? root : pathOf(first, root)), detail: short(detail) };
}

const messageOf = ({ message }: SchemaIssue): string => String(message);

/** `args.users[3].name`; below no root `users[3].name`. */
function pathOf({ path = [] }: SchemaIssue, root: string): string {
  let text = root;
  for (const step of path) {
    const key = typeof step === 'object' ? step.key : step;
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text === '' ? '(whole)' : text;
}
