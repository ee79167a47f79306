/** The four errors of guide 001, each from end to end: a client of one station asks for what is, or was, at another. */
import { describe, expect, test } from 'vitest';
import { isNotFound, isRetryable } from '../../../src/index.ts';
import type { Node } from '../../../src/node.ts';
import { closeAtEnd, gate, meshWorld, told } from '../../mesh-world.ts';
import { blackhole, CALM } from '../router/journey-mesh.ts';
import { chain, clique, countCalls, hostOf, stations, urlOf } from './stations.ts';

test('no_handler: the last provider that was tried had lost its handler', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(2));
  const [first, second] = all as [Node, Node];
  const caller = await world.client(first);
  const provider = await world.client(second);
  closeAtEnd(world, caller, provider);
  await world.settle(provider.advertise('c.gone', () => 1));
  expect(await world.settle(caller.call('c.gone'))).toBe(1);
  // its station has passed the call on to it when it is gone there
  const calling = caller.tryCall('c.gone');
  await world.clock.advance(2);
  const leaving = provider.unadvertise('c.gone');
  const result = await world.settle(calling);
  expect(told(result)).toBe('no_handler');
  if (!result.ok) expect([isNotFound(result.error), isRetryable(result.error.failure)]).toEqual([true, true]);
  await world.settle(leaving);
  expect(told(await world.settle(caller.tryCall('c.gone')))).toBe('procedure_not_found');
});

test('procedure_not_found: a station whose DHT and peers know nobody', async () => {
  const world = meshWorld();
  const all = await stations(world, chain(3), { dht: true });
  const caller = await world.client(all[0]!);
  const alone = await world.node({ station: true });
  const plain = await world.node();
  closeAtEnd(world, caller, alone, plain);
  await world.clock.advance(CALM);
  const calls = countCalls(all);
  const begun = world.clock.now();
  for (const each of [caller, all[0]!, alone]) {
    const result = await world.settle(each.tryCall('c.nobody'));
    expect(told(result)).toBe('procedure_not_found');
    if (!result.ok) expect(isNotFound(result.error)).toBe(true);
  }
  // at once, and all were asked, once
  expect(world.clock.now() - begun).toBeLessThan(1_000);
  expect(calls()).toEqual([1, 1, 1]);
  expect(told(await world.settle(plain.tryCall('c.nobody')))).toBe('service_not_found');
});

describe('timeout', () => {
  test('timeout: the handler did not answer in time, and stops', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(3));
    const caller = await world.client(all[0]!);
    const provider = await world.client(all[2]!);
    closeAtEnd(world, caller, provider);
    const aborted = gate();
    const wait = (_args: unknown, { signal }: { readonly signal: AbortSignal }): Promise<never> => {
      signal.addEventListener('abort', () => aborted.open());
      return new Promise(() => undefined);
    };
    await world.settle(provider.advertise('c.wait', wait));
    const begun = world.clock.now();
    const failure = await world.failure(caller.call('c.wait', {}, { timeout: 6_000 }));
    expect(failure).toEqual({ tag: 'timeout', timeout: 6_000, sent: true });
    // a call that may not run twice has all its time, whatever a station may take for others
    expect(world.clock.now() - begun).toBe(6_000);
    await world.settle(aborted.promise);
  });

  test('a station has 4,000 ms for a call that may run twice, then the next is asked', async () => {
    const world = meshWorld();
    const all = await stations(world, [[1, 2], [0], [0]]);
    await world.settle(all[1]!.advertise('c.wait', () => new Promise(() => undefined)));
    await world.settle(all[2]!.advertise('c.wait', () => 'second'));
    const begun = world.clock.now();
    const calling = all[0]!.call('c.wait', {}, { timeout: 10_000, idempotent: true });
    expect(await world.settle(calling)).toBe('second');
    expect(world.clock.now() - begun).toBeGreaterThanOrEqual(4_000);
    expect(world.clock.now() - begun).toBeLessThan(4_100);
  });
});

describe('cross_relay_error', () => {
  test('cross_relay_error: no connection to a peer that had to be asked, detail relay_unreachable', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(2));
    const [first, second] = all as [Node, Node];
    const caller = await world.client(first);
    closeAtEnd(world, caller);
    let runs = 0;
    await world.settle(second.advertise('c.far', () => ++runs));
    expect(await world.settle(caller.call('c.far'))).toBe(1);
    await world.settle(second.close());
    await world.clock.advance(1_000);
    const begun = world.clock.now();
    const result = await world.settle(caller.tryCall('c.far'));
    expect(world.clock.now() - begun).toBeLessThan(100);
    if (result.ok) return expect.fail('answered');
    expect(result.error.failure).toEqual({ tag: 'cross_relay_error', detail: 'relay_unreachable' });
    expect([isRetryable(result.error.failure), isNotFound(result.error)]).toEqual([true, false]);
    // it is dialed until it is there again
    const again = await world.node({ host: hostOf(second), dht: false, station: { peers: [urlOf(0)] } });
    closeAtEnd(world, again);
    await world.settle(again.advertise('c.far', () => 'again'));
    await world.clock.advance(16_000);
    expect(await world.settle(caller.call('c.far'))).toBe('again');
    return undefined;
  });

  test('a station that nobody can reach costs only what nobody else knows', async () => {
    const world = meshWorld();
    const all = await stations(world, clique(4));
    await world.settle(all[3]!.advertise('c.far', () => 'far'));
    await world.settle(all[1]!.close());
    await world.clock.advance(1_000);
    expect(await world.settle(all[0]!.call('c.far'))).toBe('far');
    expect((await world.failure(all[0]!.call('c.nobody'))).tag).toBe('cross_relay_error');
  });

  test('it is told by whoever noticed it, along the whole chain', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(4));
    const caller = await world.client(all[0]!);
    closeAtEnd(world, caller);
    await world.settle(all[3]!.close());
    await world.clock.advance(1_000);
    expect(await world.failure(caller.call('c.far'))).toEqual({
      tag: 'cross_relay_error',
      detail: 'relay_unreachable',
    });
  });

  test('a peer that never was there, and a name that cannot be resolved', async () => {
    const world = meshWorld();
    const peers = ['https://198.18.99.9:9443', 'https://no-such-host.invalid:9443'];
    const station = await world.node({ dht: false, station: { peers } });
    closeAtEnd(world, station);
    await world.clock.advance(30_000);
    expect(await world.failure(station.call('c.far'))).toEqual({
      tag: 'cross_relay_error',
      detail: 'relay_unreachable',
    });
  });

  test('a call that was sent to a station that fell silent is not said never to have run', async () => {
    const world = meshWorld();
    const all = await stations(world, chain(2));
    const [first, second] = all as [Node, Node];
    let runs = 0;
    await world.settle(
      second.advertise('c.far', () => {
        runs++;
        blackhole(world, second, [first]);
        return new Promise(() => undefined);
      }),
    );
    const failure = await world.failure(first.call('c.far', {}, { timeout: 2_000 }));
    expect([failure, runs]).toEqual([{ tag: 'timeout', timeout: 2_000, sent: true }, 1]);
  });
});

describe('with a DHT', () => {
  test('who serves it is found there first, and no station is asked', async () => {
    const world = meshWorld();
    const first = await world.node({ host: '198.18.90.1', station: { peers: [urlOf(1)] } });
    const second = await world.node({ host: '198.18.90.2', station: { peers: [urlOf(0)] } });
    const third = await world.node({ bootstrap: [first.url] });
    const provider = await world.client(third);
    const caller = await world.client(first);
    closeAtEnd(world, caller, provider, third, second, first);
    await world.clock.advance(CALM);
    await world.settle(provider.advertise('c.far', () => 'far'));
    await world.clock.advance(CALM);
    const calls = countCalls([second, third]);
    expect(await world.settle(caller.tryCall('c.far'))).toMatchObject({
      ok: true,
      value: 'far',
      route: 'dht',
      node: third.id,
    });
    expect(calls()).toEqual([0, 1]);
  });

  test('stations of two meshes that share no DHT find what the other serves', async () => {
    const world = meshWorld();
    const east = await world.node({ host: '198.18.90.1', station: { peers: [urlOf(1)] } });
    const west = await world.node({ host: '198.18.90.2', dht: false, station: { peers: [urlOf(0)] } });
    const inEast = await world.node({ bootstrap: [east.url] });
    const caller = await world.client(west);
    closeAtEnd(world, caller, inEast, west, east);
    await world.clock.advance(CALM);
    await world.settle(inEast.advertise('c.east', () => 'east'));
    await world.settle(caller.advertise('c.west', () => 'west'));
    await world.clock.advance(CALM);
    expect(await world.settle(caller.call('c.east'))).toBe('east');
    expect(await world.settle(east.call('c.west'))).toBe('west');
  });
});
