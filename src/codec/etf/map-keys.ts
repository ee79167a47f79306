/**
 * Keys of maps as they are written: JavaScript tells apart what is one term to Erlang, such as 1 and 1n, and Erlang disconnects from
 * whoever sends a map with the same key twice. Pure.
 */
import { Atom } from './atom.ts';

/** Atoms among which a second one of the same name is looked for one by one. */
const FEW = 16;

/** Whether the keys are different terms for sure, because they are all strings, or all numbers, or few atoms. */
export function areDifferent(map: ReadonlyMap<unknown, unknown>): boolean {
  let kind = '';
  const names: string[] = [];
  for (const key of map.keys()) {
    const now = key instanceof Atom ? 'atom' : typeof key;
    if (kind === '') kind = now;
    if (now !== kind || (now !== 'string' && now !== 'number' && now !== 'atom')) return false;
    if (!(key instanceof Atom)) continue;
    if (names.length === FEW || names.includes(key.name)) return false;
    names.push(key.name);
  }
  return true;
}

/** Of a key, for people. */
export const nameOf = (key: unknown): string =>
  key instanceof Atom || (typeof key !== 'object' && typeof key !== 'symbol') ? String(key) : '…';
