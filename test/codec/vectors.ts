/** Conformance vectors as tests read them: one file, its cases, values with byte strings made real. */
import { readFileSync } from 'node:fs';

export interface VectorCase<I, O> {
  readonly name: string;
  readonly input: I;
  readonly expect: O;
}

/** The cases of `test/vectors/<subject>.json`, as they stand there. */
export function vectors<I, O>(subject: string): readonly VectorCase<I, O>[] {
  const url = new URL(`../vectors/${subject}.json`, import.meta.url);
  const file = JSON.parse(readFileSync(url, 'utf8')) as { cases: readonly VectorCase<I, O>[] };
  return file.cases;
}

export const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Replaces `{ "$bytes": hex }` by the bytes, deep. */
export function realValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(realValue);
  if (typeof value !== 'object' || value === null) return value;
  if ('$bytes' in value) return fromHex(value.$bytes as string);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, realValue(inner)]));
}
