/** What a call may not do: run twice, go in circles, go to whoever leaves; and what providers tell of themselves. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { Result } from '../../../src/mesh/errors/rpc-error.ts';
import type { ProviderView } from '../../../src/mesh/router/strategy.ts';
import type { Node } from '../../../src/node.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  meshWorld,
  type MeshWorld,
  pair,
  processesOf,
  runtimeOf,
  told,
} from '../../mesh-world.ts';
import { answered, CALM, failed, hostOf, mesh, serve } from './journey-mesh.ts';

/** A strategy that takes this node while it can. */
const rather =
  ({ id }: Node) =>
  (providers: readonly ProviderView[]): ProviderView =>
    providers.find(({ nodeId }) => nodeId === id) ?? providers[0]!;

describe('at most once', () => {
  test.each([
    [false, 'connection_error', 1],
    [true, 'answered', 2],
  ] as const)(
    'a link that is torn with the call sent, idempotent %s: %s',
    async (idempotent, outcome, runs) => {
      const world = meshWorld();
      const { caller, others } = await mesh(world, 2);
      let count = 0;
      const door = gate();
      await serve(world, others, 'm.work', async (at) => {
        count++;
        if (at === 0) await door.promise;
        return at;
      });
      const options = { idempotent, strategy: rather(others[0]!) };
      const call = caller.tryCall('m.work', {}, options);
      await world.clock.advance(50);
      expect(count).toBe(1);
      world.network.faults.reset(hostOf(caller), hostOf(others[0]!));
      const result = await world.settle(call);
      if (outcome === 'answered') expect(answered(result)).toBe(1);
      else expect(failed(result).failure).toMatchObject({ tag: 'connection_error', sent: true });
      expect(count).toBe(runs);
    },
  );

  test('with a key, what fails over and comes back runs once per provider at most', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    let count = 0;
    await serve(world, others, 'm.pay', () => ++count);
    const all = Array.from({ length: 50 }, () => caller.call('m.pay', {}, { idempotencyKey: 'order-1' }));
    expect(new Set(await world.settle(Promise.all(all)))).toEqual(new Set([1]));
  });

  test('an error tells that an earlier provider may have run it', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    await serve(world, others, 'm.hang', () => new Promise(() => undefined));
    await world.settle(caller.tryCall('m.hang', {}, { timeout: 100, strategy: rather(others[0]!) }));
    const call = caller.tryCall(
      'm.hang',
      {},
      {
        idempotent: true,
        strategy: rather(others[0]!),
        timeout: 60_000,
        maxAttempts: 2,
      },
    );
    await world.clock.advance(100);
    world.network.faults.kill(hostOf(others[1]!));
    for (const { process } of contextOf(caller).standings.of(others[1]!.id)) {
      runtimeOf(caller).exit(process, 'kill');
    }
    world.network.faults.reset(hostOf(caller), hostOf(others[0]!));
    const error = failed(await world.settle(call, 100_000));
    expect(error.failure).toMatchObject({ tag: 'connection_error', sent: true });
    expect(error.attempts).toMatchObject([
      { node: others[0]!.id, sent: true },
      { node: others[1]!.id, sent: false },
    ]);
  });
});

describe('a provider that nobody else can replace', () => {
  test('is waited for when it is silent for a while, also by an idempotent call', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.one', async () => {
      await new Promise<void>((resolve) => void world.clock.setTimer(50, resolve));
      return 'late';
    });
    await world.settle(caller.call('m.one'));
    const call = caller.tryCall('m.one', {}, { idempotent: true });
    await world.clock.advance(10);
    world.network.faults.stall(hostOf(caller), hostOf(others[0]!), 2_000);
    expect(answered(await world.settle(call))).toBe('late');
  });
});

describe('a provider that leaves in good order', () => {
  test('gets no new calls and finishes those it has: no call fails', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 3);
    await serve(world, others, 'm.work', async (at) => {
      await new Promise<void>((resolve) => void world.clock.setTimer(30, resolve));
      return at;
    });
    await world.settle(caller.call('m.work'));
    const calls: Promise<Result>[] = [];
    let leaving: Promise<void> | undefined;
    for (let n = 0; n < 100; n++) {
      calls.push(caller.tryCall('m.work', {}, { explain: true }));
      if (n === 30) leaving = others[0]!.disconnect();
      await world.clock.advance(5);
    }
    const results = await world.settle(Promise.all(calls));
    expect(results.filter(({ ok }) => !ok).map(told)).toEqual([]);
    // its goodbye takes a moment; after that nobody even tries
    const tried = results
      .slice(35)
      .flatMap(({ explanation }) => explanation?.attempts.map(({ node }) => node));
    expect(tried).not.toContain(others[0]!.id);
    await world.settle(leaving!);
    const after = await world.settle(Promise.all(Array.from({ length: 20 }, () => caller.call('m.work'))));
    expect(after).not.toContain(0);
  });
});

describe('neighbors that do not know the name', () => {
  /** A node without a DHT, connected to so many others without one. */
  async function neighborhood(world: MeshWorld, count: number): Promise<readonly [Node, readonly Node[]]> {
    const others: Node[] = [];
    for (let n = 0; n < count; n++) others.push(await world.node({ dht: false }));
    const node = await world.node({ dht: false, bootstrap: others.map(({ url }) => url) });
    closeAtEnd(world, node, ...others);
    return [node, others];
  }
  /** Takes everybody else before this node, once it is connected. */
  const last =
    ({ id }: Node) =>
    (providers: readonly ProviderView[]): ProviderView =>
      providers.find(({ nodeId }) => nodeId !== id) ?? providers[0]!;

  test('are a search, no attempts: who knows it is found behind five of them, and the retry budget is as before', async () => {
    const world = meshWorld();
    const [node, others] = await neighborhood(world, 6);
    // has them all connected
    expect(told(await world.settle(node.tryCall('m.nobody')))).toBe('service_not_found');
    await others[0]!.advertise('m.there', () => 'there');
    for (let n = 0; n < 30; n++) {
      const result = await world.settle(node.tryCall('m.there', {}, { strategy: last(others[0]!) }));
      expect(told(result)).toBe('there');
    }
    expect(contextOf(node).routing.budget.refused).toBe(0);
  });

  test('are twenty at most', async () => {
    const world = meshWorld();
    const [node, others] = await neighborhood(world, 25);
    const calls = (): number => others.reduce((sum, other) => sum + contextOf(other).counters.callsIn, 0);
    const before = calls();
    expect(told(await world.settle(node.tryCall('m.nobody')))).toBe('service_not_found');
    expect(calls() - before).toBe(20);
  });

  test('do not hide that the provider here is overloaded', async () => {
    const world = meshWorld();
    const [node] = await neighborhood(world, 1);
    const door = gate();
    await node.advertise('m.busy', () => door.promise, { limits: { maxConcurrent: 1, maxQueue: 0 } });
    const first = node.tryCall('m.busy');
    expect(told(await world.settle(node.tryCall('m.busy')))).toBe('overloaded');
    door.open();
    expect((await world.settle(first)).ok).toBe(true);
  });
});

describe('no circles', () => {
  test('three nodes without a DHT that know each other: nobody serves it, and each is asked once', async () => {
    const world = meshWorld();
    const one = await world.node({ dht: false });
    const two = await world.node({ dht: false, bootstrap: [one.url] });
    const three = await world.node({ dht: false, bootstrap: [one.url, two.url] });
    closeAtEnd(world, three, two, one);
    for (const [from, to] of [
      [two, one],
      [three, one],
      [three, two],
    ] as const) {
      await to.advertise('m.hello', () => 1);
      await world.settle(from.tryCall('m.hello', {}, { target: to.id }));
      await to.unadvertise('m.hello');
    }
    await world.clock.advance(CALM);
    const before = [one, two, three].map((node) => contextOf(node).counters.callsIn);
    expect(told(await world.settle(three.tryCall('m.nobody')))).toBe('service_not_found');
    const asked = [one, two, three].map((node, at) => contextOf(node).counters.callsIn - before[at]!);
    expect(asked.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(6);
  });
});

describe('what a reply tells of the load', () => {
  test('is what the procedure still runs and keeps waiting, and the caller spreads by it', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const doors = [gate(), gate(), gate(), gate()];
    await node.advertise('m.wait', ({ at }: { at: number }) => doors[at]!.promise, {
      limits: { maxConcurrent: 2 },
    });
    const loads: (number | undefined)[] = [];
    const calls = doors.map((_door, at) => client.tryCall('m.wait', { at }));
    const settledLoads = [...contextOf(client).calls].map((call) =>
      (call as never as { over(): Promise<void> })
        .over()
        .then(() => loads.push((call as never as { load: number }).load)),
    );
    await world.clock.advance(20);
    for (const door of doors) {
      door.open();
      await world.clock.advance(20);
    }
    await world.settle(Promise.all([...calls, ...settledLoads]));
    expect(loads).toEqual([3, 2, 1, 0]);
  });
});

describe('options of a node', () => {
  test('strategy is that of calls that do not say', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 3, { strategy: 'round_robin' });
    await serve(world, others, 'm.turn');
    const values: unknown[] = [];
    for (let n = 0; n < 9; n++) values.push(await world.settle(caller.call('m.turn')));
    for (let at = 0; at < 3; at++) expect(values.filter((value) => value === at).length).toBe(3);
  });

  test('nearest goes by metadata.location, and needs a location of its own', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2, { location: { lat: 52.5, lon: 13.4 } });
    await others[0]!.advertise('m.near', () => 'tokyo', {
      metadata: { location: { lat: 35.7, lon: 139.7 } },
    });
    await others[1]!.advertise('m.near', () => 'paris', { metadata: { location: { lat: 48.9, lon: 2.4 } } });
    await world.clock.advance(CALM);
    for (let n = 0; n < 5; n++) {
      expect(await world.settle(caller.call('m.near', {}, { strategy: 'nearest' }))).toBe('paris');
    }
    const lost = await world.settle(others[0]!.tryCall('m.near', {}, { strategy: 'nearest' }));
    expect(failed(lost).failure).toMatchObject({ tag: 'invalid_args', field: 'strategy' });
    await expect(world.node({ strategy: 'nearest' })).rejects.toMatchObject({
      failure: { field: 'location' },
    });
    await expect(world.node({ strategy: 'best' as never })).rejects.toMatchObject({
      failure: { field: 'strategy' },
    });
    await expect(world.node({ location: { lat: 91, lon: 0 } })).rejects.toMatchObject({
      failure: { field: 'location' },
    });
  });
});

describe('providers at one node', () => {
  const [TOKYO, PARIS] = [
    { lat: 35.7, lon: 139.7 },
    { lat: 48.9, lon: 2.4 },
  ];

  /** A node in Berlin with a client in Tokyo and one in Paris, both of which serve `m.near`. */
  async function places(world: MeshWorld): Promise<Node> {
    const node = await world.node({ location: { lat: 52.5, lon: 13.4 } });
    const clients = [await world.client(node), await world.client(node)];
    closeAtEnd(world, ...clients, node);
    const at = { tokyo: TOKYO, paris: PARIS };
    const serving = Object.entries(at).map(([name, location], index) =>
      clients[index]!.advertise('m.near', () => name, { metadata: { location }, description: name }),
    );
    await world.settle(Promise.all(serving));
    return node;
  }

  test('are told apart by what each says of itself: nearest goes to the nearest', async () => {
    const world = meshWorld();
    const node = await places(world);
    for (let n = 0; n < 10; n++)
      expect(await world.settle(node.call('m.near', {}, { strategy: 'nearest' }))).toBe('paris');
  });

  test('show a custom strategy what discover shows of them', async () => {
    const world = meshWorld();
    const node = await places(world);
    const seen: unknown[] = [];
    const strategy = (all: readonly ProviderView[]): ProviderView => {
      seen.push(...all.map(({ nodeId, metadata }) => [nodeId, metadata]));
      return all[0]!;
    };
    expect(await world.settle(node.call('m.near', {}, { strategy }))).toBe('tokyo');
    const known = await world.settle(node.discover('m.near'));
    expect(seen).toEqual(known.map(({ nodeId, metadata }) => [nodeId, metadata]));
    expect(seen).toMatchObject([
      [expect.any(String), { location: TOKYO, description: 'tokyo' }],
      [expect.any(String), { location: PARIS, description: 'paris' }],
    ]);
  });
});

describe('the death of who holds a call', () => {
  test('of a procedure with calls in its mailbox: no crash, no circle, each call is told', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    await node.advertise('m.own', () => new Promise(() => undefined), { limits: { maxConcurrent: 1 } });
    const calls = Array.from({ length: 20 }, () => node.tryCall('m.own', {}, { timeout: 1_000 }));
    await world.clock.advance(0);
    const procedure = processesOf(node).find(({ behavior }) => behavior.type === 'Procedure') as Process;
    runtimeOf(node).exit(procedure, 'kill');
    const tags = (await world.settle(Promise.all(calls))).map(told);
    expect(
      tags.every((tag) => ['timeout', 'connection_error', 'handler_crash'].includes(tag as string)),
    ).toBe(true);
    expect(told(await world.settle(node.tryCall('m.own', {}, { timeout: 50 })))).toBe('timeout');
  });

  test('of every connection of the caller, again and again: calls that were not sent go another way', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    await serve(world, others, 'm.echo');
    await world.settle(caller.call('m.echo'));
    for (let n = 0; n < 5; n++) {
      const calls = Array.from({ length: 20 }, () => caller.tryCall('m.echo', {}, { idempotent: true }));
      for (const { id } of others) {
        for (const { process } of contextOf(caller).standings.of(id)) runtimeOf(caller).exit(process, 'kill');
      }
      const results = await world.settle(Promise.all(calls));
      expect(results.filter(({ ok }) => !ok).map(told)).toEqual([]);
      await world.clock.advance(CALM);
    }
  });
});

describe('SPEC §14 D3', () => {
  test('ids of calls are random: an answer to an older call is nobody else’s', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    const doors: (() => void)[] = [];
    await serve(
      world,
      others,
      'm.late',
      () => new Promise<number>((resolve) => doors.push(() => resolve(doors.length))),
    );
    const results: unknown[] = [];
    for (let n = 0; n < 3; n++)
      results.push(told(await world.settle(caller.tryCall('m.late', {}, { timeout: 20 }))));
    const call = caller.tryCall('m.late', {}, { timeout: 500 });
    await world.clock.advance(20);
    for (const open of doors.slice(0, 3)) open();
    await world.clock.advance(20);
    expect(contextOf(caller).calls.size).toBe(1);
    doors[3]!();
    expect([...results, answered(await world.settle(call))]).toEqual(['timeout', 'timeout', 'timeout', 4]);
  });
});
