import fc from 'fast-check';
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { noReply, reply, startSupervisor, worker, type GenServer } from '../../src/otp.ts';
import {
  partitionOf,
  partitionSupervisor,
  PartitionSupervisorRef,
  startPartitionSupervisor,
} from '../../src/otp/partition-supervisor.ts';
import { failure, reasonOf, same, spawn, world } from '../actor/world.ts';

interface Calls {
  which(): number;
  add(amount: number): number;
}
interface Casts {
  add(amount: number): void;
}

/** Knows its partition and counts. */
const counter: GenServer<number, { readonly id: number; readonly total: number }, Calls, Casts> = {
  init: (id) => ({ id, total: 0 }),
  handleCall: {
    which: (_, state) => reply(state.id, state),
    add: (amount, { id, total }) => reply(total + amount, { id, total: total + amount }),
  },
  handleCast: { add: (amount, { id, total }) => noReply({ id, total: total + amount }) },
};

const child = (partition: number) => worker('counter', counter, partition);

describe('partitionOf (T2)', () => {
  test.each([0, -1, 1.5, Number.NaN, Infinity])('a count of %s is a RangeError', (count) => {
    for (const key of [1, 1n, 'key']) expect(() => partitionOf(key, count as number)).toThrow(RangeError);
  });

  test('an integer goes to abs(key) mod count', () => {
    for (const [key, count, partition] of [
      [0, 3, 0],
      [-0, 3, 0],
      [7, 3, 1],
      [-7, 3, 1],
      [7n, 3, 1],
      [-7n, 3, 1],
      [2 ** 53, 10, 2],
      [5, 1, 0],
    ] as const)
      expect(partitionOf(key, count), String(key)).toBe(partition);
  });

  test('anything else goes by a hash that never changes', () => {
    // pinned: what is kept by partition, on disk or elsewhere, is found again by the next version
    const { runtime } = world();
    const pid = spawn(runtime);
    const keys = ['', 'a', 'user-17', 'ü€😀', 1.5, NaN, true, undefined, null, ['a', 1], { b: 1, a: [2] }];
    const pinned = [607, 73, 845, 763, 891, 705, 383, 649, 652, 229, 139];
    expect(keys.map((key) => partitionOf(key, 1_000))).toEqual(pinned);
    expect(partitionOf(new Uint8Array([1, 2]), 1_000)).toBe(373);
    const { node, creation, serial } = pid;
    expect(partitionOf(pid, 97)).toBe(partitionOf({ node, creation, serial }, 97));
  });

  test('equal keys, equal partitions; fields of an object in any order; always within the count', () => {
    const key = fc.anything({ maxDepth: 3, withBigInt: true, withNullPrototype: true });
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 64 }), (value, count) => {
        const partition = partitionOf(value, count);
        expect(Number.isInteger(partition) && partition >= 0 && partition < count).toBe(true);
        same(partitionOf(reversed(structuredClone(value)), count), partition);
      }),
      { numRuns: 1_000 },
    );
  });

  /** A copy with the fields of its objects in the opposite order. */
  function reversed(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([name, inner]) => [name, reversed(inner)]),
    );
  }

  test('unlike keys that would read alike are told apart', () => {
    const groups = [
      [['ab', 'c'], ['a', 'bc'], 'abc', ['abc'], [['a'], 'bc']],
      [1.5, '1.5', ['1.5'], { 1: 5 }],
      [null, undefined, 'null', 'undefined', [], {}, '', false],
    ];
    for (const keys of groups)
      expect(new Set(keys.map((key) => partitionOf(key, 2 ** 31))).size).toBe(keys.length);
  });

  test('short texts spread evenly: no partition of 8 gets more than 1.3 times its share of 8,000', () => {
    const counts = new Array<number>(8).fill(0);
    for (let n = 0; n < 8_000; n++) {
      const partition = partitionOf(`user-${n}`, 8);
      counts[partition] = (counts[partition] as number) + 1;
    }
    expect(Math.max(...counts)).toBeLessThan(1_300);
  });

  test('a key without a stable value is refused', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const key of [() => {}, Symbol('x'), new Map(), new Date(0), [() => {}], cycle])
      expect(() => partitionOf(key, 4)).toThrow(TypeError);
  });
});

describe('PartitionSupervisor (T2)', () => {
  test('runs the child once per partition, and says so', async () => {
    const { runtime } = world();
    const ref = await startPartitionSupervisor(runtime, { child, partitions: 3 });
    expect(ref.partitions).toBe(3);
    expect(await ref.countChildren()).toMatchObject({ specs: 3, active: 3, supervisors: 0, workers: 3 });
    const children = await ref.whichChildren();
    expect(children.map(({ partition, pid }) => [partition, pid])).toEqual(
      [0, 1, 2].map((n) => [n, ref.whereis(n)]),
    );
    expect(new Set(children.map(({ pid }) => pid)).size).toBe(3);
    expect(await ref.server<Calls>(2).call('which')).toBe(2);
    expect(await ref.stop()).toBe('shutdown');
    expect(ref.partitions).toBe(0);
    expect(ref.whereis(2)).toBeUndefined();
  });

  test('one spec serves for all; the default is as many as the machine works in parallel', async () => {
    const { runtime } = world();
    const ref = await startPartitionSupervisor(runtime, { child: child(9) });
    expect(ref.partitions).toBe(availableParallelism());
    expect(await ref.server<Calls>('x').call('which')).toBe(9);
  });

  test('the same key always reaches the same partition, by call, cast and message', async () => {
    const { runtime } = world();
    const ref = await startPartitionSupervisor(runtime, { child, partitions: 4 });
    for (const key of [3, -3, 'user', { id: 1 }, spawn(runtime)]) {
      const server = ref.server<Calls, Casts>(key);
      const before = await server.call('add', 0);
      server.cast('add', 2);
      expect(await ref.server<Calls>(key).call('add', 1)).toBe(before + 3);
      expect(await server.call('which')).toBe(partitionOf(key, 4));
      expect(server.pid).toBe(ref.via(key).scope.whereis(key));
    }
  });

  test('the crash of one partition leaves the others alone, and its keys find the new one', async () => {
    const { runtime, clock } = world();
    const ref = await startPartitionSupervisor(runtime, { child, partitions: 3, intensity: 3 });
    const before = [0, 1, 2].map((key) => ref.whereis(key) as Process);
    const server = ref.server<Calls>(1);
    await server.call('add', 5);
    runtime.exit(before[1] as Process, 'kill');
    // not restarted yet: there is nobody, rather than the dead one
    expect(ref.whereis(1)).toBeUndefined();
    expect(await reasonOf(server.call('add', 0))).toBe('noproc');
    await clock.settle();
    const after = [0, 1, 2].map((key) => ref.whereis(key));
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(after[1]).not.toBe(before[1]);
    expect(await server.call('add', 0)).toBe(0);
  });

  test('partitions see their supervisor ready for them as soon as they have started', async () => {
    const { runtime } = world();
    const seen: unknown[] = [];
    const late: GenServer<number, null> = {
      init: (n, self) => {
        const siblings = new PartitionSupervisorRef(runtime, self.parent as Process);
        seen.push([0, 1].map((key) => siblings.whereis(key) !== undefined));
        return n === 0 ? null : Promise.resolve(null);
      },
    };
    await startPartitionSupervisor(runtime, { child: (n) => worker('late', late, n), partitions: 2 });
    expect(seen).toEqual([
      [false, false],
      [true, false],
    ]);
  });

  test('below a supervisor: its name leads to the one that runs now', async () => {
    const { runtime, clock } = world();
    await startSupervisor(runtime, {
      children: [partitionSupervisor('counters', { child, partitions: 2 }, { scope: runtime.names })],
    });
    const ref = new PartitionSupervisorRef(runtime, { scope: runtime.names, name: 'counters' });
    const server = ref.server<Calls>('user');
    const first = server.pid as Process;
    runtime.exit(ref.pid as Process, 'kill');
    expect(ref.partitions).toBe(0);
    expect(server.pid).toBeUndefined();
    await clock.settle();
    expect(ref.partitions).toBe(2);
    expect(server.pid).not.toBe(first);
    expect(await server.call('add', 1)).toBe(1);
    await ref.stop('brutalKill');
  });

  test('its names cannot be taken, and a wrong spec is refused', async () => {
    const { runtime } = world();
    const ref = await startPartitionSupervisor(runtime, { child, partitions: 1 });
    expect(() => spawn(runtime).register('x', ref.via('x').scope)).toThrow('belong to the partitions');
    for (const partitions of [0, 1.5, NaN, -1])
      await expect(startPartitionSupervisor(runtime, { child, partitions })).rejects.toThrow(RangeError);
    for (const partitions of ['2', null] as never[])
      await expect(startPartitionSupervisor(runtime, { child, partitions })).rejects.toThrow(TypeError);
  });

  test('a partition that does not start fails the start, by its number (S5)', async () => {
    const { runtime } = world();
    const failing = (n: number) => ({
      id: 'x',
      start: () => (n === 1 ? { tag: 'error' as const, reason: 'no' } : { tag: 'ignore' as const }),
    });
    const error = await failure(startPartitionSupervisor(runtime, { child: failing, partitions: 2 }));
    expect(String(error)).toContain('supervisor/1 did not start: no');
  });
});
