import { describe, expect, test } from 'vitest';
import { Claims, MAX_CLAIMS } from '../../../src/dist/cluster/claims.ts';
import type { FoundRecord } from '../../../src/dist/cluster/source.ts';

const WALL = 1_000_000;
const US = '4433@10.0.0.1';
const idOf = (number: number): string => number.toString(16).padStart(64, '0');
const nameOf = (number: number): string => `4433@10.1.${number >> 8}.${number & 255}`;

const record = (number: number, node: unknown = nameOf(number), left = 60_000): FoundRecord => ({
  nodeId: idOf(number),
  metadata: { node },
  expiresAt: WALL + left,
});

const records = (count: number, from = 0): readonly FoundRecord[] =>
  Array.from({ length: count }, (_, at) => record(from + at));

function taken(
  claims: Claims,
  found: readonly FoundRecord[],
  now = 0,
  isProven = (_name: string) => false,
): Claims {
  claims.take(found, { us: US, now, wall: WALL, isProven });
  return claims;
}

const namesOf = (claims: Claims): readonly string[] => [...claims.names()];
const keyOf = (claims: Claims, name: string): string | undefined => {
  const key = claims.keyOf(name);
  return key === undefined ? undefined : Buffer.from(key).toString('hex');
};

describe('a claim', () => {
  test('binds a name to the key that has signed it', () => {
    const claims = taken(new Claims(), records(2));
    expect(namesOf(claims)).toEqual([nameOf(0), nameOf(1)]);
    expect(keyOf(claims, nameOf(1))).toBe(idOf(1));
    expect(keyOf(claims, nameOf(2))).toBeUndefined();
  });

  test('of a name that two keys claim binds neither, until one of them is over', () => {
    const claims = taken(new Claims(), [record(0), record(1, nameOf(0), 30_000)]);
    expect(namesOf(claims)).toEqual([nameOf(0)]);
    expect(keyOf(claims, nameOf(0))).toBeUndefined();
    claims.sweep(30_000);
    expect(keyOf(claims, nameOf(0))).toBe(idOf(0));
  });

  test('of a node that says another name is for that one only', () => {
    const claims = taken(taken(new Claims(), [record(0)]), [record(0, nameOf(7))]);
    expect(namesOf(claims)).toEqual([nameOf(7)]);
    expect(keyOf(claims, nameOf(0))).toBeUndefined();
  });

  test('is none when it is about us, or about no name, or over', () => {
    const nothing = [record(0, US), record(1, 'alice@host'), record(2, 7), record(3, nameOf(3), 0)];
    expect(taken(new Claims(), nothing).size).toBe(0);
  });

  test('ends with its record, and after five minutes whatever that says', () => {
    const claims = taken(new Claims(), [record(0), record(1, nameOf(1), 86_400_000)]);
    claims.sweep(59_999);
    expect(claims.size).toBe(2);
    claims.sweep(60_000);
    expect(namesOf(claims)).toEqual([nameOf(1)]);
    claims.sweep(299_999);
    expect(claims.size).toBe(1);
    claims.sweep(300_000);
    expect(claims.size).toBe(0);
  });

  test('that is found again lives on', () => {
    const claims = taken(taken(new Claims(), [record(0)]), [record(0)], 50_000);
    claims.sweep(109_999);
    expect(claims.size).toBe(1);
  });

  test('that three lookups in a row do not know has been taken back', () => {
    const claims = taken(new Claims(), records(3));
    for (const found of [records(2), records(2), records(3), records(2), records(2)]) taken(claims, found);
    expect(claims.size).toBe(3);
    taken(claims, records(2));
    expect(namesOf(claims)).toEqual([nameOf(0), nameOf(1)]);
  });

  test('that is not in a long answer may have had no room there', () => {
    const claims = taken(new Claims(), records(65));
    for (let n = 0; n < 10; n++) taken(claims, records(64));
    expect(claims.size).toBe(65);
  });
});

describe('10,000 records', () => {
  test('fill the table and no more; whom we were connected to stays in it', () => {
    const isProven = (name: string): boolean => name === nameOf(3);
    const claims = taken(new Claims(), records(10), 0, isProven);
    for (let at = 0; at < 10_000; at += 100) {
      taken(claims, [record(3), ...records(100, 100 + at)], 0, isProven);
      expect(claims.size).toBeLessThanOrEqual(MAX_CLAIMS);
    }
    expect(claims.size).toBe(MAX_CLAIMS);
    expect(keyOf(claims, nameOf(3))).toBe(idOf(3));
    expect(namesOf(claims)).not.toContain(nameOf(4));
  });

  test('that all claim the name of one node take no place from others', () => {
    const rivals = Array.from({ length: 10_000 }, (_, at) => record(10 + at, nameOf(3)));
    const claims = taken(new Claims(), [record(3), ...rivals, record(4)], 0, () => true);
    expect(namesOf(claims)).toEqual([nameOf(3), nameOf(4)]);
    expect(claims.size).toBe(3);
    expect(keyOf(claims, nameOf(3))).toBeUndefined();
  });

  test('have no place when all in it have been connected', () => {
    const claims = taken(new Claims(), records(MAX_CLAIMS));
    taken(claims, records(100, MAX_CLAIMS), 0, () => true);
    expect(namesOf(claims)).toHaveLength(MAX_CLAIMS);
    expect(namesOf(claims)).not.toContain(nameOf(MAX_CLAIMS));
  });
});
