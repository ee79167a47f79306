/**
 * Brings what cbor-x built into the one form values have: integers that are safe as numbers are numbers,
 * undefined is null, -0 is 0, and containers are frozen when asked.
 *
 * Takes over its argument, which must be fresh from the decoder: a tree of plain objects, arrays without holes
 * and plain `Uint8Array`s. Iterative. Pure but for that. Source: SECURITY §6.2 (normal form).
 */
import { isUint8Array } from 'node:util/types';
import type { Value } from './value.ts';

type Open = unknown[] | Record<string, unknown>;

/** The same value in normal form; `frozen` freezes every array and object in it (bytes cannot be). */
export function settle(root: unknown, frozen: boolean): Value {
  if (!isContainer(root)) return scalar(root) as Value;
  const open: Open[] = [root];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    if (Array.isArray(container)) settleArray(container, open);
    else settleMap(container, open);
    if (frozen) Object.freeze(container);
  }
  return root as Value;
}

function settleArray(list: unknown[], open: Open[]): void {
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (isContainer(value)) open.push(value);
    else if (mayChange(value)) list[i] = scalar(value);
  }
}

function settleMap(map: Record<string, unknown>, open: Open[]): void {
  const keys = Object.keys(map);
  for (let i = 0; i < keys.length; i++) {
    const value = map[keys[i]!];
    if (isContainer(value)) open.push(value);
    else if (mayChange(value)) map[keys[i]!] = scalar(value);
  }
}

const isContainer = (value: unknown): value is Open =>
  typeof value === 'object' && value !== null && !isUint8Array(value);

const mayChange = (value: unknown): boolean =>
  typeof value === 'bigint' || value === undefined || Object.is(value, -0);

function scalar(value: unknown): unknown {
  if (value === undefined) return null;
  if (Object.is(value, -0)) return 0;
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
