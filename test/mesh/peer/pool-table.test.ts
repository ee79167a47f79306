import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLEANUP, poolSettings, poolStats, PoolTable, type Use } from '../../../src/mesh/peer/pool-table.ts';

interface Case {
  readonly name: string;
  readonly input: { readonly op: string; readonly max?: number; readonly ops?: readonly string[] };
  readonly expect: { readonly ok: unknown };
}

const { cases } = JSON.parse(readFileSync('test/vectors/pool-endpoints.json', 'utf8')) as {
  readonly cases: readonly Case[];
};

/** What the pool's actor does with its table, connections being their peers' names. */
function run(ops: readonly string[], max: number): readonly unknown[] {
  const table = new PoolTable<string>();
  const used = new Map<string, number>();
  let clock = 0;
  let [misses, dials] = [0, 0];
  const dialing = new Set<string>();
  const use = (peer: string): Use => ({
    mayLeave: true,
    dialed: true,
    idle: true,
    usedAt: used.get(peer) ?? 0,
  });
  const results: unknown[] = [];
  for (const op of ops) {
    const [what = '', peer = ''] = op.replace(' (parallel)', '').split(' ');
    clock++;
    if (what === 'put') {
      table.put(peer, peer);
      used.set(peer, clock);
      for (const leaver of table.leavers({ size: max, idleTimeout: Infinity }, clock, use))
        table.remove(leaver);
    } else if (what === 'get') {
      if (table.get(peer) === undefined) misses++;
      if (!dialing.has(peer)) dials++;
      dialing.add(peer);
    } else if (what === 'invalidate') table.remove(peer);
    else if (what === 'size') results.push(table.size);
    else if (what === 'keys' || what === 'connectedPeers') results.push(table.peers());
    else if (what === 'stats')
      results.push(poolStats({ poolHits: 0, poolMisses: misses, poolEvictions: 0 }, 0));
    else expect.fail(`unknown op ${op}`);
  }
  return ops.some((op) => op.includes('parallel')) ? [{ dials }] : results;
}

describe('test/vectors/pool-endpoints.json, the pool', () => {
  const others = cases.filter(({ input }) => input.op !== 'parseEndpoint');

  test.each(others)('$name', ({ input, expect: expected }) => {
    switch (input.op) {
      case 'stats':
        expect(poolStats({ poolHits: 0, poolMisses: 0, poolEvictions: 0 }, 0)).toMatchObject(
          expected.ok as object,
        );
        return;
      case 'defaults': {
        const { size, idleTimeout } = poolSettings();
        expect({ maxConnections: size, idleTimeoutMs: idleTimeout, cleanupMs: CLEANUP }).toEqual(expected.ok);
        return;
      }
      case 'pool': {
        const results = run(input.ops ?? [], input.max ?? 100);
        const single = results.length === 1 && !(Array.isArray(expected.ok) && expected.ok.length === 1);
        const told = single ? results[0] : results;
        if (Array.isArray(expected.ok)) expect(Array.isArray(told) ? told : [told]).toEqual(expected.ok);
        else expect(told).toMatchObject(expected.ok as object);
        return;
      }
      default:
        expect.fail(`unknown op ${input.op}`);
    }
  });
});

describe('which connections leave', () => {
  const uses = fc.array(
    fc.record({
      mayLeave: fc.boolean(),
      dialed: fc.boolean(),
      idle: fc.boolean(),
      usedAt: fc.integer({ min: 0, max: 100 }),
    }),
    { maxLength: 30 },
  );

  test('none that is busy or may not, all that were idle too long, and as many of the others as are too many in its direction', () => {
    fc.assert(
      fc.property(
        uses,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 100 }),
        (all, size, idleTimeout) => {
          const table = new PoolTable<number>();
          for (const peer of all.keys()) table.put(String(peer), peer);
          const leavers = table.leavers({ size, idleTimeout }, 100, (peer) => all[peer]!);
          expect(leavers.every((peer) => all[peer]!.mayLeave && all[peer]!.idle)).toBe(true);
          for (const dialed of [true, false]) {
            const may = all.filter((use) => use.mayLeave && use.dialed === dialed);
            const idle = may.filter((use) => use.idle);
            const old = idle.filter(({ usedAt }) => 100 - usedAt >= idleTimeout);
            const leave = leavers.map((peer) => all[peer]!).filter((use) => use.dialed === dialed);
            expect(leave.length).toBe(Math.max(old.length, Math.min(idle.length, may.length - size)));
            // whoever stays was used after whoever goes
            const newest = Math.max(-1, ...leave.map(({ usedAt }) => usedAt));
            const stay = idle.filter((use) => !leave.includes(use));
            expect(stay.every(({ usedAt }) => usedAt >= newest)).toBe(true);
          }
        },
      ),
    );
  });

  test('those that dialed us put none out that we dialed, however many and busy they are', () => {
    const table = new PoolTable<string>();
    for (const peer of ['ours', 'busy 1', 'busy 2', 'busy 3', 'idle']) table.put(peer, peer);
    const use = (peer: string): Use => ({
      mayLeave: true,
      dialed: peer === 'ours',
      idle: !peer.startsWith('busy'),
      usedAt: peer === 'ours' ? 0 : 50,
    });
    expect(table.leavers({ size: 1, idleTimeout: 1_000 }, 60, use)).toEqual(['idle']);
  });

  test('the newcomer of the moment is not put out by the others that are busy', () => {
    const table = new PoolTable<string>();
    for (const peer of ['busy 1', 'busy 2', 'new']) table.put(peer, peer);
    const use = (peer: string): Use => ({ mayLeave: true, dialed: true, idle: peer === 'new', usedAt: 50 });
    const settings = { size: 2, idleTimeout: 1_000 };
    expect(table.leavers(settings, 60, use, 'new')).toEqual([]);
    expect(table.leavers(settings, 60, use)).toEqual(['new']);
  });

  test('on the edge of its time one leaves', () => {
    const table = new PoolTable<string>();
    table.put('a', 'a');
    const leavers = (now: number): readonly string[] =>
      table.leavers({ size: 9, idleTimeout: 60 }, now, () => ({
        mayLeave: true,
        dialed: true,
        idle: true,
        usedAt: 0,
      }));
    expect([leavers(59), leavers(60)]).toEqual([[], ['a']]);
  });

  test('what was replaced is forgotten: its end takes nobody along', () => {
    const table = new PoolTable<string>();
    table.put('peer', 'older');
    expect(table.put('peer', 'newer')).toBe('older');
    expect([table.remove('older'), table.get('peer'), table.size]).toEqual([false, 'newer', 1]);
  });

  test('the hit rate is percent of all that asked', () => {
    expect(poolStats({ poolHits: 3, poolMisses: 1, poolEvictions: 2 }, 5)).toEqual({
      hits: 3,
      misses: 1,
      evictions: 2,
      total: 4,
      hitRate: 75,
      size: 5,
    });
  });
});
