/**
 * RELIABILITY §3: a crash stays where it happened, a timeout frees everything.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import { contextOf, left, meshWorld, pair, processesOf, processOf, runtimeOf } from '../mesh-world.ts';

/** Every way a handler can end without an answer. */
const CRASHES: readonly ((args: unknown) => unknown)[] = [
  () => {
    throw new Error('thrown');
  },
  () => Promise.reject(new Error('rejected')),
  () => new Promise((_resolve, reject) => queueMicrotask(() => reject(new Error('later')))),
  async () => {
    await Promise.resolve();
    throw new TypeError('after an await');
  },
  // a thenable that takes its answer back
  () => ({
    then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
      reject(new Error('first'));
      resolve('second');
      throw new Error('third');
    },
  }),
  () => {
    throw 'a string';
  },
  () => {
    throw null;
  },
  () => Promise.reject(undefined as unknown as Error),
  () => {
    throw Object.defineProperties(new Error(''), {
      message: {
        get: () => {
          throw new Error('no message');
        },
      },
      stack: {
        get: () => {
          throw new Error('no stack');
        },
      },
    });
  },
  () => {
    throw new Proxy(
      {},
      {
        get: () => {
          throw new Error('no get');
        },
        getPrototypeOf: () => {
          throw new Error('no prototype');
        },
        has: () => {
          throw new Error('no has');
        },
      },
    );
  },
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    throw proxy;
  },
  () => ({
    get then(): never {
      throw new Error('no then');
    },
  }),
];

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => {
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
});

describe.each(['here', 'over a connection'])('10,000 calls of which 30 %% crash, %s', (where) => {
  test('all crashers answer handler_crash with an id, all others their value; the procedure lives on', async () => {
    const world = meshWorld();
    const random = seededRandom(`crashes-${where}`);
    const { node, client } = await pair(world);
    await node.advertise(
      'm.try',
      ({ n, crash }: { n: number; crash: number }, context) =>
        crash < 0 ? (n % 2 === 0 ? n : Promise.resolve(n)) : CRASHES[crash]!(context),
      { limits: { maxQueue: 10_000 } },
    );
    const caller: Client = where === 'here' ? node : client;
    const [procedure, before] = [processOf(node, 'm.try'), left(node)];
    const kinds = CRASHES.length;
    const plan = Array.from({ length: 10_000 }, () => (random.u32() % 10 < 3 ? random.u32() % kinds : -1));
    const ids = new Set<string>();
    for (let from = 0; from < plan.length; from += 2_000) {
      const calls = plan
        .slice(from, from + 2_000)
        .map((crash, at) => caller.tryCall('m.try', { n: from + at, crash }, { timeout: 30_000 }));
      const results = await world.settle(Promise.all(calls));
      for (const [at, result] of results.entries()) {
        const n = from + at;
        if (plan[n]! < 0) expect(result.ok && result.value).toBe(n);
        else {
          const failure = result.ok ? undefined : result.error.failure;
          expect(failure).toMatchObject({ tag: 'handler_crash', reason: 'error' });
          if (failure?.tag === 'handler_crash') ids.add(failure.id);
        }
      }
    }
    const crashers = plan.filter((crash) => crash >= 0).length;
    expect(crashers).toBeGreaterThan(2_500);
    expect(ids.size).toBe(crashers);
    expect(world.reports.filter(({ tag }) => tag === 'crash')).toHaveLength(crashers);
    // nobody else noticed
    expect(processOf(node, 'm.try')).toBe(procedure);
    expect(left(node)).toEqual(before);
    await world.clock.advance(100);
    expect(unhandled).toEqual([]);
  });
});

describe('10,000 calls that time out', () => {
  test.each(['here', 'over a connection'])(
    '%s: nothing pends, no timer and no child is left, every handler was aborted',
    async (where) => {
      const world = meshWorld();
      const { node, client } = await pair(world);
      let [begun, aborted] = [0, 0];
      await node.advertise(
        'm.never',
        (_args, { signal }) => {
          begun++;
          signal.addEventListener('abort', () => void aborted++);
          return new Promise(() => undefined);
        },
        { limits: { maxConcurrent: 10_000 } },
      );
      const caller = where === 'here' ? node : client;
      await world.settle(caller.tryCall('m.never', {}, { timeout: 10 }));
      await world.clock.advance(100);
      [begun, aborted] = [0, 0];
      const before = [node, client].map(left);
      for (let round = 0; round < 4; round++) {
        const calls = Array.from({ length: 2_500 }, () => caller.tryCall('m.never', {}, { timeout: 500 }));
        const results = await world.settle(Promise.all(calls));
        expect(results.every(({ ok }) => !ok)).toBe(true);
        expect(
          new Set(results.map((result) => (result.ok ? 'ok' : JSON.stringify(result.error.failure)))),
        ).toEqual(new Set([JSON.stringify({ tag: 'timeout', timeout: 500, sent: true })]));
      }
      await world.clock.advance(10);
      expect([begun, aborted]).toEqual([10_000, 10_000]);
      expect([node, client].map(left)).toEqual(before);
      expect(processesOf(node).filter(({ behavior }) => behavior.type === 'Invocation')).toEqual([]);
      expect([contextOf(node).calls.size, contextOf(client).calls.size]).toEqual([0, 0]);
      expect(runtimeOf(client).timers.size).toBeLessThan(5);
    },
  );
});
