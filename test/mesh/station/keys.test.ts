/** Calls with an idempotency key that stations pass on: whose the key is, and that one provider runs it once. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, contextOf, gate, meshWorld, told, type MeshWorld } from '../../mesh-world.ts';
import { CALM } from '../router/journey-mesh.ts';
import { rawPeer } from '../raw-peer.ts';
import { clique, hostOf, stations, type Peers } from './stations.ts';

/** The last one is asked by all others, and names none of them: to it a call is whose station brings it. */
const BOTH_LEAD_TO_THE_LAST: Peers = [[1, 2], [3], [3], []];

/** Somebody calls with the same key at each of these stations in turn, and once more at the first. */
async function wander(world: MeshWorld, at: readonly Node[], procedure: string): Promise<unknown[]> {
  const identity = world.identity('wanderer');
  const answers: unknown[] = [];
  for (const station of [...at, at[0]!]) {
    const client = await world.client(station, { identity });
    answers.push(await world.settle(client.call(procedure, {}, { idempotencyKey: 'k' })));
    await world.settle(client.disconnect());
  }
  return answers;
}

describe('a caller that comes again with its key', () => {
  test('at whichever station, that of the provider included, finds its run', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3));
    let runs = 0;
    await world.settle(all[2]!.advertise('c.pay', () => ++runs));
    expect(await wander(world, all, 'c.pay')).toEqual([1, 1, 1, 1]);
  });

  test('also where the DHT leads each station to the provider', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(3), { dht: true });
    let runs = 0;
    await world.clock.advance(CALM);
    await world.settle(all[2]!.advertise('c.pay', () => ++runs));
    await world.clock.advance(CALM);
    expect(await wander(world, all, 'c.pay')).toEqual([1, 1, 1, 1]);
  });
});

describe('keys of two callers never meet', () => {
  test('nor do those of two stations that ask through the same third one', async () => {
    const world = meshWorld();
    const all = await stations(world, [[2], [2], [0, 1, 3], []]);
    let runs = 0;
    await world.settle(all[3]!.advertise('c.pay', () => ++runs));
    const pay = (at: number) => world.settle(all[at]!.call('c.pay', {}, { idempotencyKey: 'k' }));
    expect([await pay(0), await pay(1), await pay(0), await pay(2)]).toEqual([1, 2, 1, 3]);
  });

  test("whoever claims to pass on another one's call with its key gets a run of its own", async () => {
    const world = meshWorld();
    const all = await stations(world, [[1], []]);
    let runs = 0;
    await world.settle(all[1]!.advertise('c.pay', () => ++runs));
    const victim = await world.client(all[0]!);
    closeAtEnd(world, victim);
    const pay = () => world.settle(victim.call('c.pay', {}, { idempotencyKey: 'order 7' }));
    expect(await pay()).toBe(1);
    const peer = await rawPeer(world, all[0]!, 'forger');
    await peer.greeted({ capabilities: ['rpc', 'node', 'station'] });
    const { rpc } = peer.channels;
    const forged = createHash('sha256').update(`${victim.id}\norder 7`).digest('base64url');
    for (const [n, key] of [forged, 'order 7', forged].entries()) {
      const over = { search_id: new Uint8Array(16).fill(n + 1), hop_count: 1, idempotency_key: key };
      rpc.send('call', peer.call('c.pay', { ...over, caller: Buffer.from(victim.id, 'hex') }));
      await world.clock.until(() => rpc.of('reply').length > n);
    }
    expect(rpc.of('reply').map(({ result }) => result)).toEqual([2, 3, 2]);
    expect(await pay()).toBe(1);
  });
});

test('a provider that was sent a call with a key and is lost is not asked again through a station', async () => {
  const world = meshWorld();
  const all = await stations(world, clique(2), { dht: true });
  const provider = await world.node({ host: '198.18.93.1', bootstrap: all.map(({ url }) => url) });
  closeAtEnd(world, provider);
  await world.clock.advance(CALM);
  const begun = gate();
  let runs = 0;
  await world.settle(
    provider.advertise('c.pay', async () => {
      if (++runs > 1) return 'paid';
      begun.open();
      return new Promise<string>(() => undefined);
    }),
  );
  await world.clock.advance(CALM);
  const calling = all[0]!.tryCall('c.pay', {}, { timeout: 10_000, idempotencyKey: 'k' });
  await world.settle(begun.promise);
  world.network.faults.cut(hostOf(all[0]!), hostOf(provider));
  world.network.faults.reset(hostOf(all[0]!), hostOf(provider));
  const result = await world.settle(calling);
  expect([result.ok ? result.value : result.error.failure, runs]).toMatchObject([
    { tag: 'connection_error', sent: true },
    1,
  ]);
});

describe('a station that was sent a call with a key', () => {
  test('has all its time: no other one is asked, through which the provider would not know the key', async () => {
    const world = meshWorld();
    const all = await stations(world, BOTH_LEAD_TO_THE_LAST);
    const door = gate();
    let runs = 0;
    await world.settle(
      all[3]!.advertise('c.pay', async () => {
        runs++;
        await door.promise;
        return 'paid';
      }),
    );
    const calling = all[0]!.call('c.pay', {}, { timeout: 10_000, idempotencyKey: 'k' });
    await world.clock.advance(6_000);
    door.open();
    expect([await world.settle(calling), runs]).toEqual(['paid', 1]);
  });

  test('is waited for while it is in doubt', async () => {
    const world = meshWorld();
    const all = await stations(world, BOTH_LEAD_TO_THE_LAST);
    const [begun, door] = [gate(), gate()];
    let runs = 0;
    await world.settle(
      all[3]!.advertise('c.pay', async () => {
        runs++;
        begun.open();
        await door.promise;
        return 'paid';
      }),
    );
    const calling = all[0]!.tryCall('c.pay', {}, { timeout: 10_000, idempotencyKey: 'k' });
    await world.settle(begun.promise);
    world.network.faults.cut(hostOf(all[0]!), hostOf(all[1]!));
    await world.clock.until(() => [...contextOf(all[0]!).standings.all()].some(({ doubtful }) => doubtful));
    world.network.faults.heal(hostOf(all[0]!), hostOf(all[1]!));
    door.open();
    expect([told(await world.settle(calling)), runs]).toEqual(['paid', 1]);
  });

  test.each([
    ['with a key, to no other, however often it is repeated', { idempotencyKey: 'k' }, 'connection_error', 1],
    ['that may run twice, to the next', { idempotencyKey: 'k', idempotent: true }, 'paid', 2],
  ])('is lost: a call %s', async (_what, options, end, count) => {
    const world = meshWorld();
    const all = await stations(world, BOTH_LEAD_TO_THE_LAST);
    let runs = 0;
    const lost = gate();
    await world.settle(
      all[3]!.advertise('c.pay', async () => {
        if (++runs > 1) return 'paid';
        lost.open();
        return new Promise<string>(() => undefined);
      }),
    );
    const retry = { times: 3, backoff: 100 };
    const calling = all[0]!.tryCall('c.pay', {}, { timeout: 10_000, retry, ...options });
    await world.settle(lost.promise);
    world.network.faults.cut(hostOf(all[0]!), hostOf(all[1]!));
    world.network.faults.reset(hostOf(all[0]!), hostOf(all[1]!));
    const result = await world.settle(calling);
    expect([told(result), runs]).toEqual([end, count]);
    if (!result.ok) expect(result.error.failure).toMatchObject({ sent: true });
    expect(contextOf(all[2]!).counters.callsIn > 0).toBe(count > 1);
  });
});
