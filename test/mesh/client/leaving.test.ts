/**
 * Who leaves, and who waits: the least time given counts, also when it is said later; and no signal keeps a listener
 * of ours once what it was given to is over.
 */
import { getEventListeners, setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { connectLocal } from '../../../src/index.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import { worker, type GenServer } from '../../../src/otp.ts';
import { contextOf, left, meshWorld, pair } from '../../mesh-world.ts';

const forever = (): Promise<never> => new Promise(() => undefined);
const stubborn: GenServer<undefined, null> = { trapExit: true, init: () => null, terminate: forever };
const immortal = [worker('immortal', stubborn, undefined, { shutdown: Infinity })];

test('who calls again and again on a closed client leaves the event loop its turns', async () => {
  const world = meshWorld();
  const { client } = await pair(world);
  await world.settle(client.disconnect());
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  let calls = 0;
  for (; !turned && calls < 10_000; calls++) expect((await client.tryCall('x.y')).ok).toBe(false);
  expect(calls).toBeLessThan(10_000);
});

describe('several that wait for one goodbye', () => {
  test.each(['node', 'client', 'local'] as const)(
    'with calls in flight, the smaller timeout counts, whoever said it first (%s)',
    async (which) => {
      for (const timeouts of [
        [60_000, 100],
        [100, 60_000],
      ]) {
        const world = meshWorld();
        const { node, client } = await pair(world);
        await node.advertise('node.slow', forever);
        const one: Client = { node, client, local: connectLocal(node) }[which];
        const call = one.tryCall('node.slow', {}, { timeout: 600_000 });
        await world.clock.advance(10);
        const start = world.clock.now();
        const leaving = timeouts.map((timeout) => one.disconnect({ timeout }));
        await world.settle(Promise.all(leaving), 120_000);
        expect(world.clock.now() - start).toBeLessThanOrEqual(120);
        const result = await world.settle(call);
        expect(result.ok || result.error.failure).toMatchObject({ tag: 'connection_error', sent: true });
      }
    },
  );

  test('one that comes later cuts short what is waited for already', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('node.slow', forever);
    const call = client.tryCall('node.slow', {}, { timeout: 600_000 });
    await world.clock.advance(10);
    const first = client.disconnect({ timeout: 60_000 });
    await world.clock.advance(5_000);
    const start = world.clock.now();
    await world.settle(Promise.all([first, client.disconnect({ timeout: 300 })]), 120_000);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(300);
    expect(world.clock.now() - start).toBeLessThanOrEqual(320);
    expect((await world.settle(call)).ok).toBe(false);
    expect(left(client)).toEqual({ alive: 0, timers: 0, calls: 0 });
  });

  test('children of yours too: of the time that was said they have what is left, and a second', async () => {
    const world = meshWorld();
    for (const first of [{}, { timeout: 60_000 }]) {
      const node = await world.node({ children: immortal });
      const leaving = node.close(first);
      await world.clock.advance(10_000);
      const start = world.clock.now();
      await world.settle(Promise.all([leaving, node.close({ timeout: 100 })]), 120_000);
      expect(world.clock.now() - start).toBeLessThanOrEqual(120);
      const other = await world.node({ children: immortal });
      const again = world.clock.now();
      await world.settle(Promise.all([other.close(first), other.close({ timeout: 100 })]), 120_000);
      expect(world.clock.now() - again).toBeGreaterThanOrEqual(1_000);
      expect(world.clock.now() - again).toBeLessThanOrEqual(1_020);
      expect(left(other)).toEqual({ alive: 0, timers: 0, calls: 0 });
    }
  });

  test('a default cuts nothing short that was given more time', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('node.slow', forever);
    const call = client.tryCall('node.slow', {}, { timeout: 600_000 });
    await world.clock.advance(10);
    const start = world.clock.now();
    const first = client.disconnect({ timeout: 20_000 });
    await world.settle(Promise.all([first, client.disconnect(), client[Symbol.asyncDispose]()]), 120_000);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(20_000);
    expect(world.clock.now() - start).toBeLessThanOrEqual(20_020);
    expect((await world.settle(call)).ok).toBe(false);
  });
});

describe('a signal has no listener of ours left', () => {
  const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

  test('after 1,000 calls that ended well, badly, at their deadline, or because another signal was aborted', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('m.well', () => 1);
    await node.advertise('m.never', forever, { limits: { maxConcurrent: 1_000 } });
    const controller = new AbortController();
    const { signal } = controller;
    setMaxListeners(0, signal);
    for (const caller of [node, client, connectLocal(node)]) {
      const calls = Array.from({ length: 1_000 }, (_, n) =>
        caller.tryCall(['m.well', 'm.never', 'm.absent'][n % 3] as string, {}, { signal, timeout: 500 }),
      );
      // one for all of them
      expect(listeners(signal)).toBe(1);
      await world.settle(Promise.all(calls));
      expect(listeners(signal)).toBe(0);
    }
    const calls = Array.from({ length: 1_000 }, () => client.tryCall('m.never', {}, { signal }));
    controller.abort();
    await world.settle(Promise.all(calls));
    expect(listeners(signal)).toBe(0);
  });

  test('after 1,000 advertise and unadvertise, some of which had to wait or were refused', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    for (const user of [node, client]) {
      const advertised = Array.from({ length: 1_000 }, (_, n) =>
        user
          .advertise(n % 10 === 0 ? 'm.one' : `m.n${n}`, () => 1, { signal, exclusive: true })
          .catch(() => {}),
      );
      expect(listeners(signal)).toBeGreaterThan(0);
      await world.settle(Promise.all(advertised));
      expect(listeners(signal)).toBe(0);
      const withdrawn = Array.from({ length: 1_000 }, (_, n) => user.unadvertise(`m.n${n}`, { signal }));
      await world.settle(Promise.all(withdrawn));
      expect(listeners(signal)).toBe(0);
    }
  });

  test('after connect, disconnect and close, that of a start which failed included', async () => {
    const world = meshWorld();
    const { signal } = new AbortController();
    const node = await world.node({ signal });
    expect(listeners(signal)).toBe(0);
    const client = await world.client(node, { signal });
    const second = await world.client(node, { signal });
    expect(listeners(signal)).toBe(0);
    await world.failure(world.dial('https://198.19.1.1:9443', { signal, timeout: 50, children: immortal }));
    expect(listeners(signal)).toBe(0);
    await node.advertise('m.slow', forever);
    const call = client.tryCall('m.slow', {}, { timeout: 600_000 });
    const leaving = [client, second, client].map((one) => one.disconnect({ signal, timeout: 100 }));
    expect(listeners(signal)).toBeGreaterThan(0);
    await world.settle(Promise.all(leaving));
    expect([listeners(signal), (await call).ok]).toEqual([0, false]);
    await world.settle(Promise.all([node.close({ signal }), node.disconnect({ signal, timeout: 10 })]));
    await world.settle(node.close({ signal }));
    expect(listeners(signal)).toBe(0);
    expect(contextOf(node).calls.size).toBe(0);
  });
});
