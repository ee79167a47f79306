import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { K } from '../../../src/mesh/dht/contact.ts';
import { compareDistance } from '../../../src/mesh/dht/node-id.ts';
import { Storing, type Keeper } from '../../../src/mesh/dht/storing.ts';
import { contact } from './numbered-contacts.ts';

const key = contact(1_000_000).id;
const sorted = (count: number): ReturnType<typeof contact>[] =>
  Array.from({ length: count }, (_, i) => contact(i)).toSorted((a, b) => compareDistance(a.id, b.id, key));

function run(storing: Storing, keeps: (keeper: Keeper) => boolean): Keeper[] {
  const tried: Keeper[] = [];
  for (;;) {
    const batch: Keeper[] = [];
    for (let next = storing.next(); next !== undefined; next = storing.next()) batch.push(next);
    if (batch.length === 0) return tried;
    for (const keeper of batch) storing.settled(keeps(keeper));
    tried.push(...batch);
  }
}

describe('a record goes to', () => {
  test('exactly the k closest, all at once, ourselves among them when we are one', () => {
    const all = sorted(40);
    const self = all[5]!;
    const others = all.filter((each) => each !== self);
    const storing = new Storing(key, self.id, others);
    const tried = run(storing, () => true);
    expect(tried.map((each) => (each === 'self' ? self : each))).toEqual(all.slice(0, K));
    expect(storing.stored).toBe(K);
  });

  test('others only, when there are k who are closer than we', () => {
    const all = sorted(40);
    const storing = new Storing(key, all[30]!.id, all.slice(0, 30));
    expect(run(storing, () => true)).toEqual(all.slice(0, K));
  });

  test('ourselves, when there is nobody else', () => {
    const storing = new Storing(key, contact(1).id, []);
    expect(run(storing, () => true)).toEqual(['self']);
    expect([storing.stored, storing.of]).toEqual([1, 1]);
  });

  test('the next one in place of each that fails, and no more than k are ever under way or done', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.array(fc.boolean()), (count, verdicts) => {
        const storing = new Storing(key, contact(99_999).id, sorted(count));
        let turn = 0;
        const tried = run(storing, () => verdicts[turn++ % Math.max(1, verdicts.length)] ?? true);
        expect(new Set(tried).size).toBe(tried.length);
        expect(tried.length).toBeLessThanOrEqual(2 * K);
        expect(storing.stored).toBeLessThanOrEqual(storing.of);
        if (storing.stored < storing.of) expect(tried.length).toBe(Math.min(count + 1, 2 * K));
      }),
    );
  });
});
