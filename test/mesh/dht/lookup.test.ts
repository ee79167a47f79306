import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom, type Random } from '../../../src/actor/random.ts';
import { ALPHA, K, type Contact } from '../../../src/mesh/dht/contact.ts';
import { Lookup } from '../../../src/mesh/dht/lookup.ts';
import { compareDistance } from '../../../src/mesh/dht/node-id.ts';
import { RoutingTable } from '../../../src/mesh/dht/routing-table.ts';
import { bruteForce, contactOf, ids, near, randomContacts } from './contacts.ts';
import type { Waits } from '../../../src/mesh/dht/request-times.ts';
import { patient, runAlone, runTimed } from './walking.ts';

/** A mesh that stands still: each node knows what a table fed with all nodes in random order keeps. */
function meshOf(random: Random, count: number, k = K) {
  const all = randomContacts(random, count);
  const tables = new Map<string, RoutingTable>();
  for (const { id, nodeId } of all) {
    const table = new RoutingTable(id, k);
    const shift = random.u32() % count;
    for (let i = 0; i < count; i++) table.add(all[(i + shift) % count]!, 0);
    tables.set(nodeId, table);
  }
  const answer = ({ nodeId }: Contact, target: Uint8Array): Contact[] =>
    tables.get(nodeId)!.closest(target, k);
  return { all, tables, answer };
}

const seed = fc.integer({ min: 0, max: 1_000_000 });

describe('a lookup', () => {
  test('B10: asks all k closest before it gives up', () => {
    const random = seededRandom('B10');
    const target = random.bytes(32);
    const known = randomContacts(random, 60);
    const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
    lookup.start(known);
    const asked = new Set(ids(runAlone(lookup, () => ({ closer: [] }))));
    for (const { nodeId } of bruteForce(known, target, K)) expect(asked).toContain(nodeId);
  });

  test('B10: finds a value that only the k-th closest node holds', () => {
    const random = seededRandom('B10 value');
    const { all, answer } = meshOf(random, 100);
    const target = random.bytes(32);
    const holder = bruteForce(all, target, K).at(-1);
    const lookup = new Lookup({ self: random.bytes(32), target, waits: patient, enough: 3 });
    lookup.start(all.slice(0, 3));
    runAlone(lookup, (contact) => ({ closer: answer(contact, target), hasValues: contact === holder }));
    expect(lookup.holders).toBe(1);
  });

  test('B10: asks all k closest though one path alone has heard of them', () => {
    const random = seededRandom('B10 one path');
    const target = random.bytes(32);
    const starts = bruteForce(randomContacts(random, 40), target, 40).slice(-9);
    const closest = Array.from({ length: K }, () => contactOf(near(target, 30, random.bytes(32))));
    const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
    lookup.start(starts);
    const asked = runAlone(lookup, (contact) => ({ closer: contact === starts[0] ? closest : [] }));
    expect(ids(asked)).toEqual(expect.arrayContaining(ids(closest)));
  });

  test('B10: is not sure that nobody has a value when one of those to ask could not be asked, and blames nobody', () => {
    const random = seededRandom('B10 unasked');
    const target = random.bytes(32);
    const known = randomContacts(random, 10);
    for (const unasked of [false, true]) {
      const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
      lookup.start(known);
      for (const { contact } of lookup.next(0)) lookup.failed(contact.nodeId, unasked);
      runAlone(lookup, () => ({ closer: [] }));
      expect([lookup.done, lookup.isSure]).toEqual([true, !unasked]);
    }
  });

  test('B10: is not sure either when it has asked as many as it may', () => {
    const random = seededRandom('B10 exhausted');
    const target = random.bytes(32);
    const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
    lookup.start(randomContacts(random, 3));
    let bits = 20;
    // whoever is asked knows somebody closer, for ever
    runAlone(lookup, () => ({
      closer: [contactOf(near(target, Math.min(200, bits++ / 3), random.bytes(32)))],
    }));
    expect([lookup.stats.asked, lookup.isSure]).toEqual([400, false]);
  });

  test('counts hops along the shortest chain of referrals it heard of', () => {
    const random = seededRandom('chain');
    const target = random.bytes(32);
    const [first, second, third, fourth] = [10, 20, 30, 40].map((bits) =>
      contactOf(near(target, bits, random.bytes(32))),
    ) as [Contact, Contact, Contact, Contact];
    const hops = (shortcut: boolean): number => {
      const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
      lookup.start([first, second]);
      lookup.next(0);
      lookup.answered(first.nodeId, [third], 0);
      lookup.next(0);
      lookup.answered(third.nodeId, [fourth], 0);
      lookup.answered(second.nodeId, shortcut ? [fourth] : [], 0);
      lookup.next(0);
      lookup.answered(fourth.nodeId, [], 0);
      expect(lookup.done).toBe(true);
      return lookup.stats.hops;
    };
    expect(hops(false)).toBe(3);
    expect(hops(true)).toBe(2);
  });

  test('finds the k closest of a mesh that live, from anywhere, and asks nobody twice', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 2, max: 90 }), fc.nat(50), (from, count, deadShare) => {
        const random = seededRandom(from);
        const k = 8;
        const { all, tables, answer } = meshOf(random, count, k);
        const self = all[0]!;
        const dead = new Set(ids(all.slice(1).filter(() => random.float() * 100 < deadShare / 2)));
        const target = random.bytes(32);
        const lookup = new Lookup({ self: self.id, target, waits: patient, k });
        lookup.start(tables.get(self.nodeId)!.closest(target, k));
        const asked = runAlone(lookup, (contact) =>
          dead.has(contact.nodeId) ? undefined : { closer: answer(contact, target) },
        );
        expect(new Set(ids(asked)).size).toBe(asked.length);
        expect(ids(asked)).not.toContain(self.nodeId);
        // all that it could have heard of from those who answered
        const heard = new Map<string, Contact>();
        for (const contact of tables.get(self.nodeId)!.closest(target, k)) heard.set(contact.nodeId, contact);
        for (const contact of asked) {
          if (dead.has(contact.nodeId)) continue;
          for (const other of answer(contact, target)) heard.set(other.nodeId, other);
        }
        heard.delete(self.nodeId);
        const living = [...heard.values()].filter(({ nodeId }) => !dead.has(nodeId));
        expect(ids(lookup.closest())).toEqual(ids(bruteForce(living, target, k)));
        if (dead.size === 0) {
          expect(ids(lookup.closest())).toEqual(ids(bruteForce(all.slice(1), target, k)));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('finds the true k closest of 200 nodes in few hops', () => {
    const random = seededRandom('hops');
    const { all, tables, answer } = meshOf(random, 200);
    for (let i = 0; i < 20; i++) {
      const target = random.bytes(32);
      const self = all[i]!;
      const lookup = new Lookup({ self: self.id, target, waits: patient });
      lookup.start(tables.get(self.nodeId)!.closest(target, K));
      runAlone(lookup, (contact) => ({ closer: answer(contact, target) }));
      const others = all.filter((contact) => contact !== self);
      expect(ids(lookup.closest())).toEqual(ids(bruteForce(others, target, K)));
      expect(lookup.stats.hops).toBeLessThanOrEqual(Math.log2(200) + 2);
    }
  });

  test('knows nobody: it is over at once', () => {
    const lookup = new Lookup({ self: new Uint8Array(32), target: new Uint8Array(32), waits: patient });
    lookup.start([]);
    expect(lookup.next(0)).toEqual([]);
    expect(lookup.done).toBe(true);
    expect(lookup.stats).toEqual({ asked: 0, answered: 0, failed: 0, hops: 0 });
  });

  test('an answer that was not asked for, or comes after the failure, changes nothing', () => {
    const random = seededRandom('unasked');
    const contacts = randomContacts(random, 4);
    const lookup = new Lookup({ self: random.bytes(32), target: random.bytes(32), waits: patient });
    lookup.start(contacts.slice(0, 2));
    const { contact } = lookup.next(0)[0]!;
    lookup.failed(contact.nodeId);
    expect(lookup.answered(contact.nodeId, contacts, 1)).toBeUndefined();
    expect(lookup.answered(contacts[3]!.nodeId, contacts, 1)).toBeUndefined();
    lookup.failed(contacts[3]!.nodeId);
    expect(lookup.known).toBe(2);
    expect(lookup.stats).toMatchObject({ asked: 2, answered: 0, failed: 1 });
  });

  test('whoever failed a moment ago is not asked again, whoever names it', () => {
    const random = seededRandom('lost');
    const target = random.bytes(32);
    const contacts = randomContacts(random, 9);
    const [lost, named] = [contacts[0]!, randomContacts(random, 1)[0]!];
    const lookup = new Lookup({
      self: random.bytes(32),
      target,
      waits: patient,
      isLost: ({ nodeId }) => nodeId === lost.nodeId || nodeId === named.nodeId,
    });
    lookup.start(contacts);
    const asked = runAlone(lookup, () => ({ closer: [lost, named] }));
    expect(asked).toHaveLength(8);
    expect(ids(asked)).not.toContain(lost.nodeId);
    expect(ids(asked)).not.toContain(named.nodeId);
  });
});

describe('time', () => {
  const waits = () => ({ late: 50, hard: 400 });

  test('each path waits for alpha answers at most, in parallel', () => {
    fc.assert(
      fc.property(
        seed,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (from, count, alpha) => {
          const random = seededRandom(from);
          const { all, answer } = meshOf(random, count, 6);
          const target = random.bytes(32);
          const lookup = new Lookup({ self: random.bytes(32), target, waits, alpha, k: 6 });
          lookup.start(bruteForce(all, random.bytes(32), 12));
          const { waitedFor } = runTimed(
            lookup,
            () => (random.float() < 0.2 ? undefined : random.float() * 100),
            (contact) => ({ closer: answer(contact, target) }),
            waits,
          );
          expect(waitedFor).toBeLessThanOrEqual(alpha * lookup.paths);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('asks alpha on each path at once, and no more before an answer', () => {
    const random = seededRandom('alpha');
    const lookup = new Lookup({ self: random.bytes(32), target: random.bytes(32), waits });
    lookup.start(randomContacts(random, 20));
    expect(lookup.next(0)).toHaveLength(3 * ALPHA);
    expect(lookup.next(49)).toHaveLength(0);
  });

  test('a late answer frees its place for another question, and still counts', () => {
    const random = seededRandom('late');
    const lookup = new Lookup({ self: random.bytes(32), target: random.bytes(32), waits });
    lookup.start(randomContacts(random, 20));
    const first = lookup.next(0);
    expect(lookup.nextWake).toBe(50);
    expect(lookup.next(50)).toHaveLength(3 * ALPHA);
    const [late] = first;
    expect(lookup.answered(late!.contact.nodeId, [], 90)).toBe(90);
    expect(ids(lookup.closest())).toEqual([late!.contact.nodeId]);
  });

  describe('a silent node', () => {
    const random = seededRandom('overtaken');
    const slow = (): Waits => ({ late: 1_000, soon: 20, hard: 4_000 });
    const begin = (): Lookup => {
      const lookup = new Lookup({ self: random.bytes(32), target: random.bytes(32), waits: slow });
      lookup.start(randomContacts(random, 20));
      return lookup;
    };
    /** Nine are asked at once; so many of them have answered at `now`. */
    const answered = (answers: number, now: number): Lookup => {
      const lookup = begin();
      for (const { contact } of lookup.next(0).slice(0, answers)) lookup.answered(contact.nodeId, [], now);
      return lookup;
    };

    test('is late soon when three others have answered that were asked no earlier', () => {
      expect(answered(2, 1).nextWake).toBe(1_000);
      const lookup = answered(3, 1);
      expect(lookup.nextWake).toBe(20);
      expect(lookup.next(19)).toHaveLength(3);
      expect(lookup.next(20)).toHaveLength(6);
    });

    test('is given the time to be read that has come with the three', () => {
      expect(answered(3, 500).nextWake).toBe(510);
    });

    test('is not late for answers of those that were asked before it', () => {
      const lookup = begin();
      const early = lookup.next(0);
      lookup.answered(early[0]!.contact.nodeId, [], 5);
      expect(lookup.next(5)).toHaveLength(1);
      for (const { contact } of early.slice(1)) lookup.answered(contact.nodeId, [], 6);
      expect(lookup.nextWake).toBe(1_005);
    });
  });

  test('a node that answers late, yet before it has failed, is among the closest', () => {
    const random = seededRandom('slow');
    const { all, answer } = meshOf(random, 40);
    const target = random.bytes(32);
    const [slow] = bruteForce(all, target, 1);
    const lookup = new Lookup({ self: random.bytes(32), target, waits });
    lookup.start(bruteForce(all, random.bytes(32), 20));
    runTimed(
      lookup,
      (contact) => (contact === slow ? 300 : 1),
      (contact) => ({ closer: answer(contact, target) }),
      waits,
    );
    expect(lookup.closest()[0]).toBe(slow);
  });

  test('dead nodes cost one hard timeout in all, not one each', () => {
    const random = seededRandom('dead');
    const { all, answer } = meshOf(random, 100);
    const dead = new Set(all.filter(() => random.float() < 0.5));
    for (let i = 0; i < 10; i++) {
      const target = random.bytes(32);
      const lookup = new Lookup({ self: random.bytes(32), target, waits });
      lookup.start(bruteForce(all, target, 60));
      const { took } = runTimed(
        lookup,
        (contact) => (dead.has(contact) ? undefined : 1),
        (contact) => ({ closer: answer(contact, target) }),
        waits,
      );
      expect(took).toBeLessThan(2 * 400);
      expect(ids(lookup.closest())).toEqual(
        ids(
          bruteForce(
            all.filter((contact) => !dead.has(contact)),
            target,
            K,
          ),
        ),
      );
    }
  });
});

describe('values', () => {
  const waits = () => ({ late: 50, hard: 400 });
  const random = seededRandom('values');
  const { all, answer } = meshOf(random, 60);

  const walk = (holds: (rank: number) => boolean, isDead: (contact: Contact) => boolean) => {
    const target = random.bytes(32);
    const ranked = ids(bruteForce(all, target, all.length));
    const lookup = new Lookup({ self: random.bytes(32), target, waits, enough: 3 });
    lookup.start(bruteForce(all, target, 20));
    const timed = runTimed(
      lookup,
      (contact) => (isDead(contact) ? undefined : 1),
      (contact) => ({ closer: answer(contact, target), hasValues: holds(ranked.indexOf(contact.nodeId)) }),
      waits,
    );
    return { lookup, ranked, ...timed };
  };

  test('all that live among the k closest are heard though three had values', () => {
    const { lookup, ranked, asked } = walk(
      (rank) => rank < 3,
      () => false,
    );
    expect(lookup.holders).toBe(3);
    expect(lookup.firstValueAt).toBe(1);
    expect(ids(asked)).toEqual(expect.arrayContaining(ranked.slice(0, K)));
  });

  test('the late ones are not waited for when enough nodes of two paths had values', () => {
    const dead = new Set(all.filter((_contact, index) => index % 4 === 0));
    const { took, lookup, ranked } = walk(
      () => true,
      (contact) => dead.has(contact),
    );
    expect(took).toBeLessThanOrEqual(150);
    const living = all.filter((contact) => !dead.has(contact));
    expect(ids(lookup.closest(10))).toEqual(ranked.filter((id) => ids(living).includes(id)).slice(0, 10));
  });

  test('the late ones are waited for when too few had values', () => {
    const dead = new Set(all.filter((_contact, index) => index % 4 === 0));
    const { took } = walk(
      (rank) => rank === 7,
      (contact) => dead.has(contact),
    );
    expect(took).toBeGreaterThanOrEqual(400);
  });

  test('the late ones are waited for when only nodes of one path had values', () => {
    // dealt out in turns: every third starts the same path
    const run = (holds: (index: number) => boolean): number => {
      const starts = all.slice(0, 12);
      const lookup = new Lookup({ self: random.bytes(32), target: random.bytes(32), waits, enough: 3 });
      lookup.start(starts);
      return runTimed(
        lookup,
        (contact) => (contact === starts[1] ? undefined : 1),
        (contact) => ({ closer: [], hasValues: holds(starts.indexOf(contact)) }),
        waits,
      ).took;
    };
    expect(run((index) => index % 3 === 0)).toBeGreaterThanOrEqual(400);
    expect(run((index) => index % 3 !== 1)).toBeLessThan(100);
  });
});

describe('disjoint paths', () => {
  const pathsFrom = (starts: number): number => {
    const random = seededRandom('paths');
    const lookup = new Lookup({ self: random.bytes(32), target: random.bytes(32), waits: patient });
    lookup.start(randomContacts(random, starts));
    return lookup.paths;
  };

  test('there are three when three can start each, else as many as can', () => {
    expect([0, 1, 3, 5, 6, 8, 9, 20].map(pathsFrom)).toEqual([1, 1, 1, 1, 2, 2, 3, 3]);
  });

  test('liars on one path do not keep the others from the closest honest nodes', () => {
    const random = seededRandom('liars');
    const { all, answer } = meshOf(random, 80);
    const target = random.bytes(32);
    const start = bruteForce(all, random.bytes(32), 9);
    // the first of them starts the first path
    const liar = start[0]!;
    const liars = new Set([liar]);
    const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
    lookup.start(start);
    runAlone(lookup, (contact) => {
      if (!liars.has(contact)) return { closer: answer(contact, target) };
      // more of its kind, all nearer to the target than anybody, on and on
      const more = Array.from({ length: 20 }, () => contactOf(near(target, 40, random.bytes(32))));
      for (const made of more) liars.add(made);
      return lookup.known < 200 ? { closer: more } : { closer: [] };
    });
    const honest = all.filter((contact) => contact !== liar);
    const answered = new Set(ids(lookup.closest(1_000)));
    const [first] = bruteForce(honest, target, 1);
    expect(answered).toContain(first!.nodeId);
    const found = bruteForce(honest, target, 14).filter(({ nodeId }) => answered.has(nodeId));
    expect(found.length).toBeGreaterThanOrEqual(10);
  });
});

describe('hostile answers', () => {
  const random = seededRandom('hostile');
  const self = random.bytes(32);
  const target = random.bytes(32);
  const starts = randomContacts(random, 20);
  const begin = (): Lookup => {
    const lookup = new Lookup({ self, target, waits: patient });
    lookup.start(starts);
    return lookup;
  };

  test('naming us, or themselves, adds nobody', () => {
    const lookup = begin();
    const asked = runAlone(lookup, (contact) => ({
      closer: [contactOf(self), contact, { ...contact, address: '198.51.100.1:1' }],
    }));
    expect(asked).toHaveLength(20);
    expect(lookup.known).toBe(20);
    expect(ids(asked)).not.toContain(contactOf(self).nodeId);
  });

  test('an id that is none is not asked', () => {
    const lookup = begin();
    const short = contactOf(random.bytes(31));
    expect(ids(runAlone(lookup, () => ({ closer: [short] })))).not.toContain(short.nodeId);
  });

  test('of thousands of ids in an answer as many are read as a bucket holds', () => {
    const lookup = begin();
    const { contact } = lookup.next(0)[0]!;
    lookup.answered(contact.nodeId, randomContacts(random, 5_000), 0);
    expect(lookup.known).toBe(20 + K);
  });

  test('an endless chain of ever closer ids comes to an end, and memory is bounded', () => {
    const lookup = begin();
    let bits = 0;
    const asked = runAlone(lookup, () => {
      bits = Math.min(240, bits + 1);
      return { closer: Array.from({ length: 20 }, () => contactOf(near(target, bits, random.bytes(32)))) };
    });
    expect(asked.length).toBeLessThanOrEqual(400);
    expect(lookup.known).toBeLessThanOrEqual(400 + 3 * 100);
  });

  test('an endless chain of ids that nobody has comes to an end too', () => {
    const lookup = begin();
    const live = new Set(ids(starts));
    runAlone(lookup, ({ nodeId }) =>
      live.has(nodeId)
        ? { closer: Array.from({ length: 20 }, () => contactOf(near(target, 30, random.bytes(32)))) }
        : undefined,
    );
    expect(lookup.stats.answered).toBe(20);
    expect(lookup.stats.asked).toBeLessThanOrEqual(400);
  });

  test('whoever made up a few ids is not believed any more, unless somebody else names the same', () => {
    const run = (second: boolean): number => {
      const lookup = begin();
      const lies = Array.from({ length: 20 }, () => contactOf(near(target, 30, random.bytes(32))));
      const liars = starts.slice(0, second ? 2 : 1);
      const asked = runAlone(lookup, (contact) => {
        if (lies.includes(contact)) return undefined;
        return { closer: liars.includes(contact) ? lies.slice(second && contact === liars[1] ? 10 : 0) : [] };
      });
      expect(lookup.closest()).toHaveLength(K);
      return asked.length - starts.length;
    };
    // as many as are asked at once, or one short of it, before the first has failed
    expect(run(false)).toBeLessThanOrEqual(4 + ALPHA);
    expect(run(true)).toBeLessThanOrEqual(2 * (4 + 3 * ALPHA));
  });

  test('whoever is named by a liar and by an honest node is asked', () => {
    const lookup = begin();
    const honest = contactOf(near(target, 25, random.bytes(32)));
    const lies = Array.from({ length: 19 }, () => contactOf(near(target, 30, random.bytes(32))));
    // on the same path: another one would ask it of its own
    const [liar, other] = [starts[0]!, starts[3]!];
    runAlone(lookup, (contact) => {
      if (lies.includes(contact)) return undefined;
      return { closer: contact === liar ? [...lies, honest] : contact === other ? [honest] : [] };
    });
    expect(lookup.closest(1)).toEqual([honest]);
  });

  test('a node whose contacts are half dead is no liar', () => {
    const lookup = begin();
    const made = Array.from({ length: 20 }, () => contactOf(near(target, 30, random.bytes(32))));
    const named = bruteForce(made, target, 20);
    const [only] = starts;
    const asked = runAlone(lookup, (contact) => {
      const index = named.indexOf(contact);
      if (index >= 0 && index % 2 === 1) return undefined;
      return { closer: contact === only ? named : [] };
    });
    for (const contact of named) expect(asked).toContain(contact);
  });

  test('one address is asked a few times, under whatever ids, and keeps nobody else out', () => {
    const lookup = begin();
    const address = '198.51.100.7:9443';
    let asks = 0;
    runAlone(lookup, (contact) => {
      if (contact.address === address) {
        asks++;
        return undefined;
      }
      return { closer: [contactOf(near(target, 60, random.bytes(32)), address)] };
    });
    expect(asks).toBe(8);
    expect(lookup.closest()).toHaveLength(K);
  });

  test('two ids of an address are enough when they answer', () => {
    const lookup = begin();
    const address = '198.51.100.7:9443';
    let bits = 100;
    const asked = runAlone(lookup, (contact) => ({
      closer: starts.includes(contact) ? [contactOf(near(target, bits--, random.bytes(32)), address)] : [],
    }));
    expect(asked.filter((contact) => contact.address === address)).toHaveLength(2);
  });

  test('one id for one address in an answer', () => {
    const lookup = begin();
    const { contact } = lookup.next(0)[0]!;
    const claims = Array.from({ length: 20 }, () => contactOf(random.bytes(32), '198.51.100.7:9443'));
    lookup.answered(contact.nodeId, claims, 0);
    expect(lookup.known).toBe(21);
  });

  test('an honest node is asked though others were named at its address before, when those have failed', () => {
    const lookup = begin();
    const honest = contactOf(near(target, 70, random.bytes(32)));
    const lies = Array.from({ length: 4 }, (_each, i) =>
      contactOf(near(target, 100 + i, random.bytes(32)), honest.address),
    );
    let told = 0;
    runAlone(lookup, ({ nodeId }) => {
      if (ids(lies).includes(nodeId)) return undefined;
      const lie = lies[told++];
      return { closer: lie === undefined ? [honest] : [lie] };
    });
    expect(lookup.closest(1)).toEqual([honest]);
  });

  test('one network is two of the closest, however many ids it has, and few are asked', () => {
    const lookup = begin();
    let ground = 0;
    const asked = runAlone(lookup, () => {
      const id = near(target, 60, random.bytes(32));
      return { closer: [contactOf(id, `198.51.100.${1 + (ground++ % 250)}:9443`)] };
    });
    const ofIt = ({ address }: Contact): boolean => address.startsWith('198.51.100.');
    expect(lookup.closest()).toHaveLength(K);
    expect(lookup.closest().filter(ofIt)).toHaveLength(2);
    expect(asked.filter(ofIt).length).toBeLessThanOrEqual(30);
  });

  test('where all are in one network, ten of them are the closest, nearest first', () => {
    const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
    const all = Array.from({ length: 30 }, (_each, n) => contactOf(random.bytes(32), `198.51.100.${n}:9443`));
    lookup.start(all.slice(0, 9));
    runAlone(lookup, () => ({ closer: all }));
    expect(lookup.closest()).toEqual(
      lookup.closest().toSorted((a, b) => compareDistance(a.id, b.id, target)),
    );
    expect(lookup.closest()).toHaveLength(10);
  });

  test.each([3, 8])(
    '%d networks with ids closer than all others leave honest nodes among the closest',
    (networks) => {
      const honest = Array.from({ length: 60 }, (_each, n) =>
        contactOf(random.bytes(32), `192.0.${n}.1:9443`),
      );
      const lookup = new Lookup({ self: random.bytes(32), target, waits: patient });
      lookup.start(honest.slice(0, 20));
      let ground = 0;
      const isHonest = ({ address }: Contact): boolean => address.startsWith('192.0.');
      runAlone(lookup, (contact) => {
        if (isHonest(contact)) {
          const id = near(target, 60, random.bytes(32));
          return {
            closer: [
              contactOf(id, `198.51.${ground % networks}.${ground++ % 250}:9443`),
              ...honest.slice(20, 39),
            ],
          };
        }
        // they name each other only
        const closer = Array.from({ length: K }, () =>
          contactOf(near(target, 60, random.bytes(32)), `198.51.${ground % networks}.${ground++ % 250}:9443`),
        );
        return { closer };
      });
      expect(lookup.closest()).toHaveLength(K);
      expect(lookup.closest().filter(isHonest)).toHaveLength(K - 2 * networks);
    },
  );

  test('addresses of loopback and private networks have no share', () => {
    const lookup = new Lookup({ self, target, waits: patient });
    lookup.start(starts.map(({ id }, i) => contactOf(id, `10.0.0.${1 + i}:9443`)));
    runAlone(lookup, () => ({ closer: [] }));
    expect(lookup.closest()).toHaveLength(20);
  });
});

describe('a wrong address', () => {
  const random = seededRandom('wrong address');
  const self = random.bytes(32);
  const target = random.bytes(32);
  const starts = bruteForce(randomContacts(random, 9), target, 9);
  /** Asked before all others. */
  const [liar] = starts;
  /** Honest nodes, nearer than anybody. */
  const honest = bruteForce(
    Array.from({ length: 12 }, () => contactOf(near(target, 30, random.bytes(32)))),
    target,
    12,
  );
  const elsewhere = (contact: Contact, i: number): Contact => ({ ...contact, address: `127.0.9.9:${i + 1}` });
  const wrong = honest.map(elsewhere);
  const lookup = (isLost: (contact: Contact) => boolean = () => false): Lookup => {
    const made = new Lookup({ self, target, waits: patient, isLost });
    made.start(starts);
    return made;
  };
  const lives = (contact: Contact): boolean => starts.includes(contact) || honest.includes(contact);

  test('costs a question, and hides nobody whom others name where it is', () => {
    const made = lookup();
    const asked = runAlone(made, (contact) => {
      if (!lives(contact)) return undefined;
      return { closer: contact === liar ? wrong : starts.includes(contact) ? honest : [] };
    });
    expect(made.closest(12)).toEqual(honest);
    expect(asked.length).toBeLessThanOrEqual(9 + 2 * 12);
  });

  test('hides nobody on the one path there is, though the right one is named after it has failed', () => {
    const made = new Lookup({ self, target, waits: patient });
    made.start([liar!]);
    // as far as the liar, found by way of it: it knows better
    const [teller] = randomContacts(random, 1);
    runAlone(made, (contact) => {
      if (contact === liar) return { closer: [...wrong.slice(0, 3), teller!] };
      return contact === teller
        ? { closer: honest.slice(0, 3) }
        : lives(contact)
          ? { closer: [] }
          : undefined;
    });
    expect(made.closest(3)).toEqual(honest.slice(0, 3));
  });

  test('is held against those who named it, and against nobody who named another', () => {
    const made = lookup();
    const [, , , teller] = starts;
    const only = contactOf(near(target, 20, random.bytes(32)));
    const fake = contactOf(near(target, 19, random.bytes(32)));
    const asked = runAlone(made, (contact) => {
      if (contact === liar) return { closer: [...wrong, fake] };
      if (contact === teller) return { closer: [...honest, only] };
      return lives(contact) || contact === only ? { closer: [] } : undefined;
    });
    expect(made.closest(13)).toEqual([...honest, only]);
    expect(asked).not.toContain(fake);
  });

  test('that proved wrong a moment ago does not rule out the right one', () => {
    const made = lookup(({ address }) => wrong.some((each) => each.address === address));
    const asked = runAlone(made, (contact) => ({
      closer: contact === liar ? wrong : starts.includes(contact) ? honest : [],
    }));
    expect(made.closest(12)).toEqual(honest);
    expect(asked).toHaveLength(9 + 12);
  });

  test('of a known liar is not asked at all when somebody else names the right one', () => {
    const made = lookup();
    const lies = Array.from({ length: 8 }, () => contactOf(near(target, 40, random.bytes(32))));
    const asked = runAlone(made, (contact) => {
      if (lies.includes(contact) || wrong.includes(contact)) return undefined;
      if (contact === liar) return { closer: [...lies, ...wrong] };
      return { closer: contact === starts[3] ? honest : [] };
    });
    expect(made.closest(12)).toEqual(honest);
    expect(asked.filter((contact) => wrong.includes(contact))).toEqual([]);
  });

  test('of one id is tried a few times for each path, however many are named', () => {
    const made = lookup();
    let named = 0;
    const asked = runAlone(made, (contact) => {
      if (contact.nodeId === honest[0]!.nodeId) return undefined;
      return {
        closer: [elsewhere(honest[0]!, named++), ...randomContacts(random, named < 60 ? 1 : 0)],
      };
    });
    expect(named).toBeGreaterThan(9);
    expect(asked.filter(({ nodeId }) => nodeId === honest[0]!.nodeId)).toHaveLength(9);
  });

  test('of one id is one in an answer', () => {
    const made = lookup();
    const asked = runAlone(made, (contact) => {
      if (!lives(contact)) return undefined;
      return { closer: contact === liar ? [0, 1, 2].map((i) => elsewhere(honest[0]!, i)) : [] };
    });
    expect(asked).toHaveLength(10);
  });

  test('under which a node was asked that answered elsewhere is not given out', () => {
    const made = lookup();
    for (const { contact } of made.next(0)) {
      made.answered(contact.nodeId, contact === liar ? wrong.slice(0, 1) : [], 0);
    }
    expect(made.next(0).map(({ contact }) => contact)).toEqual(wrong.slice(0, 1));
    made.answered(honest[0]!.nodeId, [], 1, false, honest[0]!.address);
    expect(made.closest(1)).toEqual(honest.slice(0, 1));
  });
});
