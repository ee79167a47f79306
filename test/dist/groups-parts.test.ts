/** The pure parts of shared process groups. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { PidTerm } from '../../src/codec/etf/identities.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { FarMembers } from '../../src/dist/groups/far-members.ts';
import { GroupTerms } from '../../src/dist/groups/group-terms.ts';
import { cut, PIDS } from '../../src/dist/groups/offers.ts';
import { NodePid } from '../../src/dist/node-pid.ts';

const pids = Array.from({ length: 6 }, (_, id) => new NodePid(new PidTerm('b@host', id, 0, 7)));
const groups = ['g', 'h', 'i', 'j'];

type Offers = readonly (readonly [string, readonly NodePid[]])[];

const anyOffers: fc.Arbitrary<Offers> = fc.array(
  fc.tuple(fc.constantFrom(...groups), fc.array(fc.constantFrom(...pids), { maxLength: 6 })),
  { maxLength: 6 },
);

/** How often each is in each group. */
function counted(offers: Offers): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [group, members] of offers)
    for (const { serial } of members) {
      const key = `${group} ${serial}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  return counts;
}

const sorted = (counts: ReadonlyMap<string, number>): unknown =>
  [...counts].filter(([, count]) => count !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1));

describe('members of another node', () => {
  test('after a sync are what was offered, and the changes lead there from what was before', () => {
    fc.assert(
      fc.property(fc.array(anyOffers, { maxLength: 5 }), (syncs) => {
        const far = new FarMembers(1_000);
        const counts = new Map<string, number>();
        for (const offers of syncs) {
          const changes = far.sync(offers);
          for (const [sign, parts] of [
            [-1, changes?.left],
            [1, changes?.joined],
          ] as const)
            for (const [key, count] of counted((parts ?? []) as Offers))
              counts.set(key, (counts.get(key) ?? 0) + sign * count);
          expect(sorted(counts)).toEqual(sorted(counted(offers)));
        }
        expect(sorted(counted(far.clear() as Offers))).toEqual(sorted(counts));
        expect(far.clear()).toEqual([]);
      }),
    );
  });

  test('are bounded: at the bound all are taken, above it none', () => {
    const far = new FarMembers(3);
    expect(far.sync([['g', pids.slice(0, 3)]])).toBeDefined();
    expect(far.join('g', pids.slice(0, 1))).toBe(false);
    expect(far.sync([['g', pids.slice(0, 4)]])).toBeUndefined();
    expect(far.clear()).toEqual([['g', pids.slice(0, 3)]]);
    expect(far.join('g', pids.slice(0, 3))).toBe(true);
  });
});

describe('what is offered', () => {
  test('is cut into messages: all of it, a group once in the first one, none too long', () => {
    const offer = fc.record({
      group: fc.constantFrom(...groups),
      bytes: fc.nat(16_384),
      pids: fc.array(fc.nat(), { maxLength: 3 * PIDS }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(offer, { selector: ({ group }) => group }), (offers) => {
        const { first, rest } = cut(offers);
        const names = first.map(([group]) => group);
        expect(new Set(names).size).toBe(names.length);
        for (const { group, pids: members } of offers)
          expect([...first, ...rest].filter(([one]) => one === group).flatMap(([, part]) => part)).toEqual(
            members,
          );
        for (const [, part] of rest) expect(part.length).toBeLessThanOrEqual(PIDS);
        const bytes = (group: unknown): number => offers.find((one) => one.group === group)?.bytes ?? 0;
        const sizes = first.map(([group, part]) => bytes(group) + 280 * part.length);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(24_576);
      }),
    );
  });
});

describe('terms of groups', () => {
  test('strings are atoms, and atoms strings', () => {
    const terms = new GroupTerms({}, () => true);
    expect(terms.keyOf(atom('g'), false)).toBe('g');
    expect(terms.keyOf('g', true)).toBe('g');
    expect(terms.termOf('g')?.term).toMatchObject({ name: 'g' });
    expect([terms.termOf('x'.repeat(255)) === undefined, terms.termOf('x'.repeat(256))]).toEqual([
      false,
      undefined,
    ]);
  });

  test('the first of the same terms is the key of all, while it is used', () => {
    const used = new Set<unknown>();
    const terms = new GroupTerms({}, (group) => used.has(group));
    const [one, two] = [tuple(atom('g'), 1), tuple(atom('g'), 1)];
    expect(terms.keyOf(two, false)).toBe(two);
    expect(terms.keyOf(one, true)).toBe(one);
    expect(terms.keyOf(two, true)).toBe(one);
    used.add(one);
    for (let other = 0; other < 5_000; other++) {
      terms.keyOf(tuple(atom('other'), other), true);
      terms.tidy();
    }
    expect(terms.keyOf(two, false)).toBe(one);
    const gone = tuple(atom('other'), 0);
    expect(terms.keyOf(gone, false)).toBe(gone);
  });

  test('what is no term, or one of more than 16 KiB, is nobody else’s', () => {
    const terms = new GroupTerms({}, () => true);
    for (const group of [Symbol('s'), () => 1, NaN, new Uint8Array(16_384), '\ud800'])
      expect(terms.termOf(group)).toBeUndefined();
    expect(terms.termOf(new Uint8Array(16_000))).toBeDefined();
  });
});
