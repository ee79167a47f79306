/**
 * Terms on the command line: JSON, or else what Erlang writes. Pure.
 *
 * JSON goes before, since most of it is no Erlang: `"text"` is a binary, `{"a":1}` a map with a binary as its key, `[1,2]` and `true`
 * mean the same in both. A whole number is an integer, however it is written in JSON.
 */
import { parseTerm } from '../../codec/etf/parse-text.ts';
import { usageError } from '../error-document.ts';
import { parseValue } from '../json-value.ts';

/** @throws RpcError `invalid_args`. */
export function termOf(field: string, text: string): unknown {
  const json = parseValue(text);
  if (json.ok) return json.value;
  const term = parseTerm(text);
  if (term.ok) return term.value;
  // an object can only have been meant as JSON
  if (/^\s*(?:\{\s*"|\[\s*[{"])/.test(text)) throw usageError(field, json.detail);
  const { at, detail } = term.error;
  throw usageError(field, `is neither JSON nor an Erlang term: ${detail} (character ${at + 1})`);
}

/** The arguments of a function: a list. */
export function listTermOf(field: string, text: string): readonly unknown[] {
  const term = termOf(field, text);
  if (!Array.isArray(term)) throw usageError(field, 'must be a list, as [1, 2]');
  return term as readonly unknown[];
}
