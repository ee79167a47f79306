/**
 * Whether a name may be advertised or called: the check every client does before anything is sent.
 *
 * Pure. Takes anything, since callers may come without types. Source: SPEC §12, DESIGN §8 "Names".
 */
import { isDottedName, isLooseName, LONGEST_NAME } from './dotted-name.ts';
import { parseTopic, type TopicError } from './topic.ts';

/**
 * The option `names`. Default: dotted names and canonical topics. `canonical`: topics only. `any`: also names of
 * one segment, with dashes or in upper case.
 */
export type NameMode = 'default' | 'canonical' | 'any';

export type NameKind = 'dotted' | 'canonical' | 'any';

export interface InvalidName {
  readonly tag: 'invalid_args';
  readonly field: 'procedure';
  /** `reserved`: begins with `_`. `dotted_refused`: a good dotted name, but `names` is `canonical`. */
  readonly reason:
    'not_a_string' | 'too_long' | 'reserved' | 'dotted_refused' | 'grammar' | TopicError['tag'];
}

export type NameResult =
  { readonly ok: true; readonly kind: NameKind } | { readonly ok: false; readonly error: InvalidName };

export function checkProcedureName(name: unknown, mode: NameMode = 'default'): NameResult {
  if (typeof name !== 'string') return refuse('not_a_string');
  if (name.length > LONGEST_NAME) return refuse('too_long');
  if (name.startsWith('_')) return refuse('reserved');
  if (name.includes('/')) {
    const parsed = parseTopic(name);
    return parsed.ok ? { ok: true, kind: 'canonical' } : refuse(parsed.error.tag);
  }
  if (isDottedName(name))
    return mode === 'canonical' ? refuse('dotted_refused') : { ok: true, kind: 'dotted' };
  return mode === 'any' && isLooseName(name) ? { ok: true, kind: 'any' } : refuse('grammar');
}

const refuse = (reason: InvalidName['reason']): NameResult => ({
  ok: false,
  error: { tag: 'invalid_args', field: 'procedure', reason },
});
