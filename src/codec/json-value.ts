/**
 * Values of calls as JSON, both ways and without loss. Pure.
 *
 * What JSON has no form for is an object with one key: `{ "$bytes": "<base64>" }`, `{ "$bigint": "<decimal>" }`,
 * `{ "$number": "NaN" | "Infinity" | "-Infinity" | "<digits of a float that is whole and beyond 2^53 - 1>" }`. A map
 * that really looks like one of these gets one more `$` before its key, which reading takes away again. Everything
 * else is itself.
 */
import { Buffer } from 'node:buffer';
import { isUint8Array } from 'node:util/types';
import { setOwn, type Value } from './value.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type FromJson =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly detail: string };

/** Deeper than any payload may be; keeps a hostile text from exhausting the stack. */
const MAX_DEPTH = 64;

const TAGGED = /^\$+(?:bytes|bigint|number)$/;
const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/** A value as what `JSON.stringify` writes faithfully. `undefined` and what no payload holds become null. */
export function toJson(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !isWholeFloat(value) ? value : { $number: String(value) };
    case 'bigint':
      return { $bigint: value.toString() };
    case 'object':
      return value === null ? null : objectToJson(value);
    default:
      return null;
  }
}

function objectToJson(value: object): Json {
  if (isUint8Array(value)) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  if (Array.isArray(value)) return value.map(toJson);
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && TAGGED.test(only[0])) {
    return { [`$${only[0]}`]: toJson(only[1]) };
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, toJson(inner)]));
}

/** A value as JSON text on one line. Characters that could steer a terminal are escaped. */
export const jsonText = (value: unknown): string => documentText(toJson(value));

/** A document that is JSON already, on one line. */
export function documentText(document: unknown): string {
  return JSON.stringify(document).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads JSON text as a value. An integer that JSON numbers cannot hold is refused, never rounded. */
export function parseValue(text: string): FromJson {
  const inexact = inexactInteger(text);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (inexact !== undefined) {
    return refuse(`holds ${inexact}, which a number cannot hold exactly; write { "$bigint": "${inexact}" }`);
  }
  return fromJson(json as Json);
}

/** What was read from JSON text, as a value. */
export function fromJson(json: Json, depth: number = 0): FromJson {
  if (typeof json !== 'object' || json === null) return { ok: true, value: json };
  if (depth === MAX_DEPTH) return refuse('is nested too deeply');
  if (Array.isArray(json)) {
    const list: Value[] = [];
    for (const item of json as readonly Json[]) {
      const inner = fromJson(item, depth + 1);
      if (!inner.ok) return inner;
      list.push(inner.value);
    }
    return { ok: true, value: list };
  }
  const entries = Object.entries(json);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && TAGGED.test(only[0])) {
    return only[0].startsWith('$$') ? oneKey(only[0].slice(1), only[1], depth) : tagged(only[0], only[1]);
  }
  const map: Record<string, Value> = {};
  for (const [key, item] of entries) {
    const inner = fromJson(item, depth + 1);
    if (!inner.ok) return inner;
    setOwn(map, key, inner.value);
  }
  return { ok: true, value: map };
}

function oneKey(key: string, json: Json, depth: number): FromJson {
  const inner = fromJson(json, depth + 1);
  return inner.ok ? { ok: true, value: { [key]: inner.value } } : inner;
}

function tagged(tag: string, json: Json): FromJson {
  if (typeof json !== 'string') return refuse(`holds ${tag} with something other than a string`);
  if (tag === '$bigint') {
    return INTEGER.test(json)
      ? { ok: true, value: BigInt(json) }
      : refuse('holds $bigint with something other than decimal digits');
  }
  if (tag === '$number') {
    const value = NUMBERS.get(json) ?? Number(json);
    return NUMBERS.has(json) || (isWholeFloat(value) && String(value) === json)
      ? { ok: true, value }
      : refuse('holds $number with something that is written without it');
  }
  const bytes = Buffer.from(json, 'base64');
  return bytes.toString('base64') === json
    ? { ok: true, value: new Uint8Array(bytes) }
    : refuse('holds $bytes with something other than padded base64');
}

/** A number that JSON would write with the digits of an integer, though digits of that size mean a bigint. */
const isWholeFloat = (value: number): boolean =>
  Number.isInteger(value) && !Number.isSafeInteger(value) && !String(value).includes('e');

/** The first integer literal outside ±(2^53 - 1). */
function inexactInteger(text: string): string | undefined {
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/gs)) {
    if (/^-?[0-9]+$/.test(token) && !Number.isSafeInteger(Number(token))) return token;
  }
  return undefined;
}

const refuse = (detail: string): FromJson => ({ ok: false, detail });
