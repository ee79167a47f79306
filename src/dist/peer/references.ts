/**
 * References of ours that travel: what each stands for is its third word. A spawn goes by the reference of the monitor that it
 * may come with.
 */
import { ReferenceTerm } from '../../codec/etf/identities.ts';
import { highOf, lowOf } from '../node-pid.ts';

export const REFERENCE = { monitor: 0, call: 1 } as const;
type Kind = (typeof REFERENCE)[keyof typeof REFERENCE];

interface Local {
  readonly name: string;
  readonly creation: number;
}

export function referenceOf({ name, creation }: Local, kind: Kind, serial: number): ReferenceTerm {
  return new ReferenceTerm(name, creation, [lowOf(serial), highOf(serial), kind]);
}

/** The serial of a reference of ours and of that kind; undefined for any other. */
export function serialIn(term: unknown, { name, creation }: Local, kind: Kind): number | undefined {
  if (!(term instanceof ReferenceTerm) || term.creation !== creation || term.node !== name) return undefined;
  const { words } = term;
  return words.length === 3 && words[2] === kind
    ? (words[1] as number) * 0x1_0000_0000 + (words[0] as number)
    : undefined;
}

/** To find a reference of anybody's by: its numbers as characters, which is the fastest text of them, and its node. */
export function keyOf({ creation, words, node }: ReferenceTerm): string {
  let key = String.fromCharCode(words.length, creation >>> 16, creation & 0xffff);
  for (const word of words) key += String.fromCharCode(word >>> 16, word & 0xffff);
  return key + node;
}
