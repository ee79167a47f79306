/**
 * RELIABILITY §6: late, forged and repeated replies mean nothing; the deadline travels with the call.
 */
import { describe, expect, test } from 'vitest';
import { connectLocal } from '../../src/index.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { contextOf, left, meshWorld, pair, runtimeOf } from '../mesh-world.ts';
import { frame, rawPeer } from '../mesh/raw-peer.ts';

const TIMEOUT = 200;

describe('10,000 calls answered after 0 to 2 timeouts', () => {
  test('by a peer that never listens to cancels: each settles once, replies after the timeout are counted', async () => {
    const world = meshWorld();
    const random = seededRandom('late-replies');
    const { node } = await pair(world);
    const peer = await (await rawPeer(world, node)).greeted();
    peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: 'raw.late' });
    await world.clock.until(() => peer.channels.control.of('registered').length === 1);
    const before = left(node);
    const rpc = peer.channels.rpc;
    let [seen, settled, ok] = [0, 0, 0];
    const caller = connectLocal(node);
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 2_000 }, () =>
        caller.tryCall('raw.late', {}, { timeout: TIMEOUT }).then((result) => {
          settled++;
          if (result.ok) ok++;
          else expect(result.error.failure).toEqual({ tag: 'timeout', timeout: TIMEOUT, sent: true });
        }),
      );
      const start = world.clock.now();
      const answers = new Map<number, Uint8Array[]>();
      await world.clock.until(() => rpc.of('call').length === seen + 2_000);
      for (const { call_id } of rpc.of('call').slice(seen)) {
        const at = random.u32() % (2 * TIMEOUT);
        answers.set(at, [...(answers.get(at) ?? []), frame('reply', { call_id, result: 'answer' })]);
      }
      seen += 2_000;
      for (let at = 0; at < 2 * TIMEOUT; at += 4) {
        const now = [at, at + 1, at + 2, at + 3].flatMap((ms) => answers.get(ms) ?? []);
        if (now.length > 0) rpc.stream.write(Buffer.concat(now));
        await world.clock.advance(4);
      }
      await Promise.all(calls);
      expect(world.clock.now() - start).toBeLessThan(3 * TIMEOUT);
    }
    await world.clock.advance(20);
    const repliedLate = 10_000 - ok;
    expect(settled).toBe(10_000);
    expect(ok).toBeGreaterThan(4_000);
    expect(repliedLate).toBeGreaterThan(4_000);
    expect(contextOf(node).counters.lateReplies).toBe(repliedLate);
    expect(left(node)).toEqual(before);
    expect(contextOf(node).calls.size).toBe(0);
  });

  test('by our own handlers: each settles once, by its deadline', async () => {
    const world = meshWorld();
    const random = seededRandom('late-handlers');
    const { node, client } = await pair(world);
    await node.advertise(
      'm.late',
      ({ delay }: { delay: number }, { self }) =>
        new Promise((resolve) => self.runtime.timers.after(delay, () => resolve('answer'))),
      { limits: { maxConcurrent: 10_000 } },
    );
    let settled = 0;
    const before = left(client);
    for (let round = 0; round < 4; round++) {
      const start = world.clock.now();
      const calls = Array.from({ length: 2_500 }, () => {
        const delay = random.u32() % (2 * TIMEOUT);
        return client.tryCall('m.late', { delay }, { timeout: TIMEOUT }).then((result) => {
          settled++;
          expect(world.clock.now() - start).toBeLessThanOrEqual(TIMEOUT + 1);
          if (delay < TIMEOUT - 20) expect(result.ok).toBe(true);
          if (delay > TIMEOUT) expect(result.ok).toBe(false);
        });
      });
      await world.settle(Promise.all(calls));
    }
    expect(settled).toBe(10_000);
    await world.clock.advance(3 * TIMEOUT);
    expect(left(client)).toEqual(before);
    // a handful of its own: what it repeats in the background
    expect(runtimeOf(node).timers.size).toBeLessThan(10);
  });
});

test('100,000 forged replies, of unknown ids and of the right id on the wrong connection: none is accepted', async () => {
  const world = meshWorld();
  const { node } = await pair(world);
  const [owner, other] = [
    await (await rawPeer(world, node, 'owner')).greeted(),
    await (await rawPeer(world, node, 'other')).greeted(),
  ];
  owner.channels.control.send('register_procedure', { request_id: owner.id(), procedure: 'raw.serve' });
  await world.clock.until(() => owner.channels.control.of('registered').length === 1);
  let settled: unknown;
  const call = node.call('raw.serve', {}, { timeout: 60_000 });
  call.then(
    (value) => (settled = value),
    (error: unknown) => (settled = error),
  );
  await world.clock.until(() => owner.channels.rpc.of('call').length === 1);
  const { call_id } = owner.channels.rpc.of('call')[0]!;
  const unknown = Buffer.concat(
    Array.from({ length: 2_500 }, () => frame('reply', { call_id: owner.id(), result: 'forged' })),
  );
  const stolen = Buffer.concat(
    Array.from({ length: 2_500 }, () => frame('reply', { call_id, result: 'forged' })),
  );
  for (let round = 0; round < 20; round++) {
    owner.channels.rpc.stream.write(unknown);
    other.channels.rpc.stream.write(stolen);
    await world.clock.advance(5);
  }
  await world.clock.advance(50);
  expect([settled, contextOf(node).counters.lateReplies]).toEqual([undefined, 100_000]);
  // repeated replies of the right one: the first counts
  const right = Array.from({ length: 100 }, (_, n) => frame('reply', { call_id, result: n }));
  owner.channels.rpc.stream.write(Buffer.concat(right));
  expect(await world.settle(call)).toBe(0);
  await world.clock.advance(5);
  expect(contextOf(node).counters.lateReplies).toBe(100_099);
});

test('3 hops of 400 ms under a deadline of 1,000 ms: what is left travels along, the third hop is not started', async () => {
  const world = meshWorld();
  const node = await world.node();
  const started: { readonly hop: number; readonly left: number }[] = [];
  const hops = await Promise.all([1, 2, 3].map(() => world.client(node)));
  // each hop is busy until its 400 ms are over: the call waits for its turn, and its budget runs
  for (const [at, client] of hops.entries()) {
    const hop = at + 1;
    await world.settle(
      client.advertise(
        `hop.h${hop}`,
        async ({ busy }: { busy?: number }, { self, timeLeft, signal }) => {
          if (busy !== undefined) {
            return new Promise((resolve) => self.runtime.timers.after(busy, () => resolve('free')));
          }
          started.push({ hop, left: timeLeft });
          if (hop === 3) return 'reached';
          return client.call(`hop.h${hop + 1}`, {}, { timeout: timeLeft, signal });
        },
        { limits: { maxConcurrent: 1 } },
      ),
    );
  }
  const start = world.clock.now();
  const busy = [1, 2, 3].map((hop) => node.call(`hop.h${hop}`, { busy: 400 * hop }));
  const failure = await world.failure(node.call('hop.h1', {}, { timeout: 1_000 }));
  expect(failure).toEqual({ tag: 'timeout', timeout: 1_000, sent: true });
  expect(world.clock.now() - start).toBeLessThanOrEqual(1_001);
  await world.settle(Promise.all(busy));
  await world.clock.advance(1_000);
  expect(started.map(({ hop }) => hop)).toEqual([1, 2]);
  expect(started[0]!.left).toBeGreaterThan(580);
  expect(started[0]!.left).toBeLessThanOrEqual(610);
  expect(started[1]!.left).toBeGreaterThan(180);
  // the way itself is not counted: nobody has a common clock
  expect(started[1]!.left).toBeLessThanOrEqual(210);
  for (const client of hops) await world.settle(client.disconnect());
  await world.settle(node.close());
});
