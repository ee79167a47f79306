import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex } from '../../../src/mesh/context.ts';
import {
  MAX_DRIFT,
  MAX_TTL,
  procedureKey,
  type RecordFields,
  type ServiceRecord,
} from '../../../src/mesh/dht/record.ts';
import { RecordStore, STORE_LIMITS, type Instant } from '../../../src/mesh/dht/record-store.ts';
import { presenceKey } from '../../../src/mesh/registry/presence.ts';
import { idOf, KEY, payload, record, TTL, WALL } from './signed.ts';

const DAY = 86_400_000;
const key = hex(KEY);
/** So many milliseconds after the start, on both clocks. */
const at = (ms: number, jumped = 0): Instant => ({ now: ms, wall: WALL + ms + jumped });
const START = at(0);
/** A record that was issued so many milliseconds after the start. */
const issued = (name: string, ms: number, given: Partial<RecordFields> = {}): ServiceRecord =>
  record(name, { issuedAt: WALL + ms, ...given });
const nodesOf = (store: RecordStore, when: Instant = START): readonly string[] =>
  store.held(key, when).map(({ nodeId }) => nodeId);
const small = (given: Partial<typeof STORE_LIMITS>): RecordStore =>
  new RecordStore({ ...STORE_LIMITS, ...given });

/** A record of one of many nodes; nobody has signed it, and the store does not ask. */
const unsigned = (nodeId: string, given: Partial<ServiceRecord> = {}): ServiceRecord => ({
  ...record('a'),
  nodeId,
  ...given,
});

describe('RecordStore', () => {
  test('keeps one record per key and node', () => {
    const store = new RecordStore();
    const other = issued('a', 0, { key: procedureKey('other') });
    expect(['a', 'b'].map((name) => store.put(issued(name, 0), START))).toEqual(['added', 'added']);
    expect(store.put(other, START)).toBe('added');
    expect(nodesOf(store)).toEqual([idOf('a'), idOf('b')]);
    expect(store.get(other.key, START)).toEqual([other.payload]);
    expect([...store.keys()]).toEqual([key, other.key]);
    expect(store.get('00'.repeat(32), START)).toEqual([]);
  });

  test('a higher seq replaces; a lower one, or the same with other bytes, is refused', () => {
    const store = new RecordStore();
    const first = issued('a', 0);
    expect(store.put(first, START)).toBe('added');
    expect(store.put(issued('a', 0), START)).toBe('same');
    expect(store.put(issued('a', 0, { metadata: { version: 2 } }), START)).toBe('stale');
    const second = issued('a', 1_000);
    expect(store.put(second, at(1_000))).toBe('replaced');
    expect(store.put(first, at(1_000))).toBe('stale');
    expect(store.get(key, at(1_000))).toEqual([second.payload]);
    expect(store.records).toBe(1);
  });

  test('what judge says of a record is what put does with it, and judge changes nothing', () => {
    const store = small({ perKey: 3, perNode: 2, records: 4 });
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const wish = fc.record({ name: names, ms: fc.nat(3), removed: fc.boolean(), other: fc.boolean() });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 30 }), (wishes) => {
        for (const { name, ms, removed, other } of wishes) {
          const one = issued(name, ms, { removed, ...(other ? { key: procedureKey('other') } : {}) });
          const before = [store.records, store.bytes, store.marks];
          const verdict = store.judge(one, START);
          if (`${[store.records, store.bytes, store.marks]}` !== `${before}`) return false;
          if (store.put(one, START) !== verdict || store.records > 4) return false;
        }
        return true;
      }),
      { numRuns: 30 },
    );
  });

  test('a record is shown until the millisecond before its expiry', () => {
    const store = new RecordStore();
    store.put(issued('a', 0), START);
    const shown = [TTL - 1, TTL, TTL + 1].map((ms) => store.get(key, at(ms)).length);
    expect(shown).toEqual([1, 0, 0]);
    expect([TTL - 1, TTL].map((ms) => store.held(key, at(ms)).length)).toEqual([1, 0]);
  });

  test('SPEC §14 B11: a value expires at read, is swept, and comes back with the next publication', () => {
    const store = new RecordStore();
    store.put(issued('a', 0), START);
    expect(store.get(key, at(TTL))).toEqual([]);
    expect([store.records, store.sweep(at(TTL)), store.records, store.bytes]).toEqual([1, 1, 0, 0]);
    expect(store.marks).toBe(1);
    store.put(issued('a', TTL), at(TTL));
    expect([store.get(key, at(TTL)).length, store.marks]).toEqual([1, 0]);
  });

  test('after a day and a minute without records nothing is left', () => {
    const store = new RecordStore();
    for (const name of ['a', 'b', 'c']) store.put(issued(name, 0), START);
    store.put(issued('a', 1, { removed: true }), at(1));
    store.sweep(at(TTL + 1));
    expect([store.records, store.bytes, store.marks]).toEqual([0, 0, 3]);
    store.sweep(at(MAX_TTL + MAX_DRIFT + 1));
    expect([store.marks, [...store.keys()]]).toEqual([0, []]);
  });

  describe('tombstones', () => {
    test('one takes a provider away, and the record before it never comes back while it could be valid', () => {
      const store = new RecordStore();
      const longest = issued('a', 0, { ttl: MAX_TTL });
      store.put(longest, START);
      const tombstone = issued('a', 1, { removed: true, ttl: 10_000 });
      expect(store.put(tombstone, at(1))).toBe('removed');
      const held = store.held(key, at(1));
      expect(held.map(({ removed }) => removed)).toEqual([true]);
      for (const ms of [1, 10_000, 10_001, 60_000, DAY - 1]) {
        store.sweep(at(ms));
        expect([ms, store.put(longest, at(ms))]).toEqual([ms, 'stale']);
        expect(store.get(key, at(ms)).length).toBe(ms < 10_001 ? 1 : 0);
      }
    });

    test('one that comes before the record it removes is kept all the same', () => {
      const store = new RecordStore();
      expect(store.put(issued('a', 1, { removed: true }), at(1))).toBe('removed');
      expect(store.put(issued('a', 0), at(1))).toBe('stale');
      expect(store.put(issued('a', 2), at(2))).toBe('replaced');
      expect(store.held(key, at(2)).map(({ removed }) => removed)).toEqual([false]);
    });

    test('are shown after the live ones', () => {
      const store = new RecordStore();
      store.put(issued('a', 0, { removed: true }), START);
      store.put(issued('b', 0), START);
      expect(nodesOf(store)).toEqual([idOf('b'), idOf('a')]);
    });
  });

  describe('replays', () => {
    test('none of 10,000 older records is kept, also after the newest has expired', () => {
      const store = new RecordStore();
      const old = Array.from({ length: 10 }, (_, ms) => issued('a', ms, { ttl: MAX_TTL }));
      store.put(issued('a', 10, { ttl: 10_000 }), at(10));
      let kept = 0;
      for (let count = 0; count < 10_000; count++) {
        const when = at(10 + count);
        if (count % 100 === 0) store.sweep(when);
        if (store.put(old[count % old.length]!, when) !== 'stale') kept++;
      }
      expect([kept, store.get(key, at(10_010))]).toEqual([0, []]);
    });

    test('a stored seq never falls, whatever comes in whatever order', () => {
      const store = new RecordStore();
      const wish = fc.record({
        seq: fc.nat(8),
        removed: fc.boolean(),
        wait: fc.constantFrom(0, 1, 9_999, 10_000, 60_000),
        sweep: fc.boolean(),
      });
      fc.assert(
        fc.property(fc.array(wish, { maxLength: 20 }), (wishes) => {
          let now = 0;
          let highest = -1;
          const one = new RecordStore();
          for (const { seq, removed, wait, sweep } of wishes) {
            now += wait;
            if (sweep) one.sweep(at(now));
            const given = unsigned('a', { seq, removed, expiresAt: WALL + now + 10_000 });
            const news = seq > highest;
            const verdict = one.put(given, at(now));
            if (news !== (verdict === 'added' || verdict === 'replaced' || verdict === 'removed'))
              return false;
            highest = Math.max(highest, seq);
            if (one.held(key, at(now)).some((shown) => shown.seq !== highest)) return false;
          }
          return true;
        }),
      );
      expect(store.records).toBe(0);
    });
  });

  describe('jumps of the wall clock', () => {
    const HOUR = 3_600_000;

    test('one back makes no record immortal', () => {
      const store = new RecordStore();
      store.put(issued('a', 0), START);
      expect(store.get(key, at(TTL - 1, -HOUR))).toHaveLength(1);
      expect(store.get(key, at(TTL, -HOUR))).toEqual([]);
      expect(store.sweep(at(TTL, -HOUR))).toBe(1);
    });

    test('one ahead hides what has expired by it, and loses nothing when it is put right', () => {
      const store = new RecordStore();
      store.put(issued('a', 0), START);
      expect(store.get(key, at(1_000, HOUR))).toEqual([]);
      expect(store.sweep(at(1_000, HOUR))).toBe(0);
      expect(store.get(key, at(1_000))).toHaveLength(1);
    });

    test('a record from a clock that is ahead is kept for its ttl, not longer', () => {
      const store = new RecordStore();
      store.put(issued('a', MAX_DRIFT), START);
      expect([TTL - 1, TTL].map((ms) => store.get(key, at(ms)).length)).toEqual([1, 0]);
    });
  });

  describe('limits', () => {
    const names = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `node-${i}`);

    test('a key has 256 providers; a newcomer is refused, those there are renewed', () => {
      const store = new RecordStore();
      for (const name of names(256)) expect(store.put(unsigned(name), START)).toBe('added');
      expect(store.put(unsigned('one more'), START)).toBe('full');
      expect(store.put(unsigned('node-7', { seq: WALL + 1 }), START)).toBe('replaced');
      expect(store.records).toBe(256);
    });

    test('in a full key a tombstone, or what has expired, makes room; the tombstone goes on keeping its node away', () => {
      const store = small({ perKey: 2 });
      store.put(unsigned('n0'), START);
      store.put(unsigned('n1', { removed: true, seq: WALL + 1 }), START);
      expect(store.put(unsigned('n2'), START)).toBe('added');
      expect(nodesOf(store)).toEqual(['n0', 'n2']);
      expect(store.put(unsigned('n1'), START)).toBe('stale');
      const later = at(TTL);
      expect(store.put(issued('a', TTL), later)).toBe('added');
      expect(nodesOf(store, later)).toEqual([idOf('a')]);
    });

    test('under the key of its own place a node has room, however many others have filled it', () => {
      const place = presenceKey(idOf('a'));
      const placed = hex(place);
      const own = (seq: number, given: Partial<RecordFields> = {}): ServiceRecord =>
        record('a', { key: place, seq: WALL + seq, ...given });
      const other = (nodeId: string): ServiceRecord => unsigned(nodeId, { key: placed });
      const store = new RecordStore();
      for (const name of names(256)) expect(store.put(other(name), START)).toBe('added');
      expect(store.put(other('one more'), START)).toBe('full');
      expect([store.judge(own(0), START), store.put(own(0), START)]).toEqual(['added', 'added']);
      expect(store.records).toBe(257);
      // it is shown first, and took nobody's place: neither has anybody room now that it may go
      for (let n = 0; n < 3; n++)
        expect(store.get(placed, START)[0]).toBe(store.held(placed, START)[0]?.payload);
      expect(store.held(placed, START)[0]?.nodeId).toBe(idOf('a'));
      expect(store.put(own(1, { removed: true }), START)).toBe('removed');
      expect(store.held(placed, START)[0]?.removed).toBe(true);
      expect(store.put(other('one more'), START)).toBe('full');
      expect(store.put(own(2), START)).toBe('replaced');
      // those that come after it have all the room that there is
      const early = new RecordStore();
      early.put(own(0), START);
      for (const name of names(256)) expect(early.put(other(name), START)).toBe('added');
      expect(early.put(other('one more'), START)).toBe('full');
      expect(nodesOf(early)).toEqual([]);
    });

    test('a publishing node has a quota over all keys', () => {
      const store = small({ perNode: 2 });
      for (const of of ['k0', 'k1']) expect(store.put(unsigned('n0', { key: of }), START)).toBe('added');
      expect(store.put(unsigned('n0', { key: 'k2' }), START)).toBe('full');
      expect(store.put(unsigned('n1', { key: 'k2' }), START)).toBe('added');
      store.sweep(at(TTL));
      expect(store.put(unsigned('n0', { key: 'k2', expiresAt: WALL + 2 * TTL }), at(TTL))).toBe('added');
    });

    test('records and bytes in all are bounded', () => {
      const count = small({ records: 2 });
      for (const name of ['n0', 'n1']) count.put(unsigned(name), START);
      expect(count.put(unsigned('n2'), START)).toBe('full');
      const { record: bytes, sig } = record('a').payload;
      const room = small({ bytes: 8 * (bytes.length + sig.length) });
      for (const name of names(8)) room.put(unsigned(name), START);
      expect(room.put(unsigned('n8'), START)).toBe('full');
      const larger = payload('a', { metadata: { text: 'more' } });
      expect(room.put(unsigned('node-0', { seq: WALL + 1, payload: larger }), START)).toBe('full');
      expect(room.put(unsigned('node-0', { seq: WALL + 1 }), START)).toBe('replaced');
    });

    test('metadata counts with what it holds in memory, when that is more than its record is long', () => {
      const metadata = { all: Array.from({ length: 400 }, () => []) };
      const long = (name: string): ServiceRecord => record(name, { metadata });
      expect(long('a').payload.record.length).toBeLessThan(1_000);
      // about 36 KB each
      const room = small({ bytes: 200_000 });
      expect(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => room.put(long(name), START))).toEqual([
        ...Array.from({ length: 5 }, () => 'added'),
        'full',
      ]);
      expect(room.put(record('f'), START)).toBe('added');
      room.sweep(at(TTL));
      expect(room.bytes).toBe(0);
    });

    test('one node fills a quarter of the bytes, and others still find room', () => {
      const { record: bytes, sig } = record('a').payload;
      const room = small({ bytes: 8 * (bytes.length + sig.length) });
      const put = (node: string, key: string) => room.put(unsigned(node, { key }), START);
      expect(['k1', 'k2', 'k3'].map((key) => put('n0', key))).toEqual(['added', 'added', 'full']);
      expect(put('n1', 'k1')).toBe('added');
      room.sweep(at(TTL));
      expect(room.put(unsigned('n0', { key: 'k4', expiresAt: WALL + 2 * TTL }), at(TTL))).toBe('added');
    });

    test('marks are bounded: the oldest goes, the newest keep working', () => {
      const store = small({ marks: 2 });
      for (const name of ['n0', 'n1', 'n2']) store.put(unsigned(name), START);
      store.sweep(at(TTL));
      expect(store.marks).toBe(2);
      const again = (name: string) =>
        store.put(unsigned(name, { seq: WALL - 1, expiresAt: WALL + DAY }), at(TTL));
      expect(['n2', 'n1', 'n0'].map(again)).toEqual(['stale', 'stale', 'added']);
    });

    test('an answer fits into a frame of the dht stream, and answers in a row tell all', () => {
      const store = new RecordStore();
      const { payload: large } = record('a', { metadata: { text: 'x'.repeat(3_500) } });
      const seen = new Set<unknown>();
      for (const name of names(256)) store.put(unsigned(name, { payload: { ...large } }), START);
      for (let count = 0; count < 20; count++) {
        const answer = store.get(key, START);
        const bytes = answer.reduce((sum, { record: of, sig }) => sum + of.length + sig.length + 32, 0);
        expect(answer.length).toBeGreaterThan(10);
        expect(bytes).toBeLessThan(60_000);
        for (const one of answer) seen.add(one);
      }
      expect(seen.size).toBe(256);
    });
  });
});
