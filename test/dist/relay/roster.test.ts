/** Who is there by which name: the rules, and any history against a list that is walked through. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Roster } from '../../../src/dist/relay/server/roster.ts';

interface Holder {
  readonly at: number;
}

describe('a name', () => {
  test('goes to who comes first, and to the same key from elsewhere', () => {
    const roster = new Roster<Holder>();
    const [one, two, thief] = [{ at: 1 }, { at: 2 }, { at: 3 }];
    expect(roster.claim('a@one', one, 'key')).toEqual({ tag: 'taken', replaced: undefined });
    expect(roster.claim('a@one', thief, 'other')).toEqual({ tag: 'refused', holder: one });
    expect(roster.claim('a@one', thief, undefined)).toEqual({ tag: 'refused', holder: one });
    expect(roster.claim('a@one', two, 'key')).toEqual({ tag: 'taken', replaced: one });
    // the end of who was replaced takes nothing along
    roster.leave(one);
    expect(roster.find('a@one')).toEqual({ tag: 'found', holder: two, name: 'a@one' });
    roster.leave(two);
    expect(roster.find('a@one')).toEqual({ tag: 'unknown' });
    expect(roster.claim('a@one', thief, 'other').tag).toBe('taken');
  });

  test('of who has proven no key is nobody else’s', () => {
    const roster = new Roster<Holder>();
    roster.claim('a@one', { at: 1 }, undefined);
    for (const key of [undefined, 'key']) expect(roster.claim('a@one', { at: 2 }, key).tag).toBe('refused');
  });

  test('is free when its holder takes another one, and not when that is refused', () => {
    const roster = new Roster<Holder>();
    const one = { at: 1 };
    roster.claim('a@one', one, 'key');
    roster.claim('b@two', { at: 2 }, 'other');
    expect(roster.claim('b@two', one, 'key').tag).toBe('refused');
    expect([...roster.names()]).toEqual(['a@one', 'b@two']);
    roster.claim('c@three', one, 'key');
    expect([...roster.names()]).toEqual(['b@two', 'c@three']);
  });

  test('may be cut at the @ while no two begin like it', () => {
    const roster = new Roster<Holder>();
    const [one, two] = [{ at: 1 }, { at: 2 }];
    roster.claim('a@one', one, 'key');
    expect(roster.find('a')).toEqual({ tag: 'found', holder: one, name: 'a@one' });
    roster.claim('a@two', two, 'other');
    expect(roster.find('a')).toEqual({ tag: 'ambiguous' });
    expect(roster.find('a@two')).toMatchObject({ holder: two });
    roster.leave(one);
    expect(roster.find('a')).toMatchObject({ holder: two });
    expect(roster.find('a@')).toEqual({ tag: 'unknown' });
  });
});

type Step =
  | { readonly do: 'claim'; readonly name: string; readonly holder: number; readonly key: string | undefined }
  | { readonly do: 'leave'; readonly holder: number };

const NAMES = ['a@one', 'a@two', 'b@one', 'b@two'];
const holder = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('claim' as const),
    name: fc.constantFrom(...NAMES),
    holder,
    key: fc.constantFrom(undefined, 'x', 'y'),
  }),
  fc.record({ do: fc.constant('leave' as const), holder }),
);

interface Row {
  readonly name: string;
  readonly holder: Holder;
  readonly key: string | undefined;
}

test('any history of claims and ends leaves what a list says', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const roster = new Roster<Holder>();
      const holders = Array.from({ length: 6 }, (_, at) => ({ at }));
      let rows: Row[] = [];
      for (const one of steps) {
        const who = holders[one.holder] as Holder;
        if (one.do === 'leave') {
          roster.leave(who);
          rows = rows.filter((row) => row.holder !== who);
        } else {
          const { name, key } = one;
          const held = rows.find((row) => row.name === name);
          const claim = roster.claim(name, who, key);
          if (held !== undefined && held.holder !== who && (key === undefined || held.key !== key)) {
            expect(claim).toEqual({ tag: 'refused', holder: held.holder });
          } else {
            const replaced = held?.holder === who ? undefined : held?.holder;
            expect(claim).toEqual({ tag: 'taken', replaced });
            rows = rows.filter((row) => row.name !== name && row.holder !== who);
            rows.push({ name, holder: who, key });
          }
        }
        expect(roster.size).toBe(rows.length);
        expect([...roster.names()].toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
        for (const name of NAMES) {
          const row = rows.find((each) => each.name === name);
          const found = row === undefined ? { tag: 'unknown' } : { tag: 'found', holder: row.holder, name };
          expect(roster.find(name)).toEqual(found);
        }
        for (const alive of ['a', 'b']) {
          const begin = rows.filter(({ name }) => name.startsWith(`${alive}@`));
          expect(roster.find(alive).tag).toBe(['unknown', 'found', 'ambiguous'][begin.length]);
        }
      }
    }),
    { numRuns: 500 },
  );
});
