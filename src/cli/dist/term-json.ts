/**
 * Terms as JSON, for programs that do not care for Erlang. Pure.
 *
 * With loss: an atom is a string, and `undefined` is null; a tuple is an array, and so is a string of Erlang, which is a list of
 * numbers; a binary is a string when it is UTF-8; a map is an object whose keys are atoms and binaries by their text, and other
 * terms as Erlang writes them. What else there is: `{ "$bytes" }`, `{ "$bigint" }`, `{ "$number" }` as of any value, and
 * `{ "$term": "<as Erlang writes it>" }` for pids, references, ports, functions, bit strings and improper lists.
 */
import { Atom } from '../../codec/etf/atom.ts';
import { Float, Tuple } from '../../codec/etf/terms.ts';
import { termText, type TextOptions } from '../../codec/etf/text.ts';
import { isWellFormedUtf8 } from '../../codec/utf8.ts';
import { toJson, type Json } from '../json-value.ts';

export function termToJson(term: unknown, options: TextOptions = {}): Json {
  if (typeof term !== 'object' || term === null) return toJson(term);
  if (term instanceof Atom) return term.name;
  if (term instanceof Float) return term.value;
  if (term instanceof Uint8Array) return textOf(term) ?? toJson(term);
  if (term instanceof Tuple) return listToJson(term.elements as readonly unknown[], options);
  if (Array.isArray(term)) return listToJson(term as readonly unknown[], options);
  if (term instanceof Map) return mapToJson([...(term as ReadonlyMap<unknown, unknown>)], options);
  const prototype: unknown = Object.getPrototypeOf(term);
  if (prototype === Object.prototype || prototype === null) return mapToJson(Object.entries(term), options);
  return { $term: termText(term, options) };
}

const listToJson = (terms: readonly unknown[], options: TextOptions): Json =>
  terms.map((term) => termToJson(term, options));

/** Of keys with the same text the later are written as Erlang writes them. */
function mapToJson(pairs: readonly (readonly [unknown, unknown])[], options: TextOptions): Json {
  const entries = new Map<string, Json>();
  for (const [key, value] of pairs) {
    const text = keyOf(key) ?? termText(key, options);
    entries.set(entries.has(text) ? termText(key, options) : text, termToJson(value, options));
  }
  return Object.fromEntries(entries);
}

function keyOf(key: unknown): string | undefined {
  if (typeof key === 'string') return key;
  if (key instanceof Atom) return key.name;
  return key instanceof Uint8Array ? textOf(key) : undefined;
}

const textOf = (bytes: Uint8Array): string | undefined =>
  isWellFormedUtf8(bytes, 0, bytes.length) ? Buffer.from(bytes).toString('utf8') : undefined;
