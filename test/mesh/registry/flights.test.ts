/** Lookups under way: a share for each who asks, and what becomes of those whom nobody waits for any more. */
import { describe, expect, test } from 'vitest';
import { askNode } from '../../../src/mesh/client/ask-node.ts';
import { LookupDone } from '../../../src/mesh/dht/lookup-request.ts';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import { DiscoverRequest } from '../../../src/mesh/registry/discovery.ts';
import { Flights } from '../../../src/mesh/registry/flights.ts';
import { DISCOVER, LOOKUP } from '../../../src/mesh/system/system-procedures.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, told } from '../../mesh-world.ts';
import { hostOf, serve } from '../router/journey-mesh.ts';
import { nodesOf } from './nodes.ts';

/** Names one peer may want at once, and how many of these are looked up at a time. */
const SHARE = 1_024;
const RUNNING = 96;
/** Those who may wait for lookups at once. */
const WAITING = 65_536;

describe('the lookups of one peer', () => {
  test('are a share of all: it is told that they are too many, not that nobody serves it, and others find theirs', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await serve(world, [a!], 'm.there');
    const greedy = await world.client(b!);
    const other = await world.client(b!);
    closeAtEnd(world, greedy, other);
    const all = Array.from({ length: SHARE + 20 }, (_, n) => greedy.tryCall(`nobody.serves_${n}`));
    const theirs = other.tryCall('m.there');
    const results = await world.settle(Promise.all(all));
    const tags = results.map(told);
    expect(tags.slice(0, SHARE)).toEqual(Array.from({ length: SHARE }, () => 'service_not_found'));
    expect(results.slice(SHARE).map((result) => (result.ok ? result : result.error.failure))).toEqual(
      Array.from({ length: 20 }, () => ({ tag: 'overloaded', bound: 'lookups' })),
    );
    expect(told(await world.settle(theirs))).toBe(0);
    // it has its share again
    expect(told(await world.settle(greedy.tryCall('nobody.serves_more')))).toBe('service_not_found');
  });

  test('are counted to it until they end, also when it has hung up: it has no more of them at once', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const greedy = await world.client(b!);
    closeAtEnd(world, greedy);
    world.network.faults.cut(hostOf(a!), hostOf(b!));
    const controller = new AbortController();
    const { signal } = controller;
    const all = Array.from({ length: SHARE }, (_, n) => greedy.tryCall(`nobody.serves_${n}`, {}, { signal }));
    await world.clock.advance(10);
    controller.abort();
    expect((await world.settle(Promise.all(all))).map(told)).toEqual(all.map(() => 'canceled'));
    await world.clock.advance(10);
    expect(b!.registry.stats().lookups).toBe(RUNNING);
    const more = greedy.tryCall('nobody.serves_more', {}, { timeout: 100 });
    await world.clock.advance(50);
    expect(b!.registry.stats().lookups).toBe(RUNNING);
    expect(told(await world.settle(more))).toBe('timeout');
  });
});

test('lookups of others, however many peers they are, leave room for our own', async () => {
  const world = meshWorld();
  const [a, b] = await nodesOf(world, 2);
  const flights = new Flights(contextOf(b!), processOf(b!, 'serviceRegistry'));
  world.network.faults.cut(hostOf(a!), hostOf(b!));
  const begun = (asker: string): number =>
    Array.from({ length: SHARE + 1 }, (_, n) => flights.begin(`nobody.serves_${asker}_${n}`, asker)).filter(
      Boolean,
    ).length;
  const peers = Array.from({ length: 9 }, (_, n) => begun(`peer${n}`));
  expect(peers).toEqual([...Array.from({ length: 7 }, () => SHARE), 0, 0]);
  expect(begun('')).toBe(SHARE);
  await world.clock.advance(10_000);
});

describe('whoever hangs up', () => {
  test.each([DISCOVER, LOOKUP])('has the node ask no more: %s', async (procedure) => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const client = await world.client(b!);
    closeAtEnd(world, client);
    world.network.faults.cut(hostOf(a!), hostOf(b!));
    const caller = { nodeId: client.id, local: true };
    const call = askNode(contextOf(client), caller, procedure, { procedure: 'a.b' }, 5_000, () => {});
    await world.clock.advance(10);
    const registry = processOf(b!, 'serviceRegistry');
    expect(registry.calls).not.toBe(null);
    call.cancel(undefined);
    await world.clock.advance(10);
    expect(registry.calls).toBe(null);
  });

  test('leaves its place to others', async () => {
    const world = meshWorld();
    const [, b] = await nodesOf(world, 2);
    const flights = new Flights(contextOf(b!), processOf(b!, 'serviceRegistry'));
    const join = (): DiscoverRequest => {
      const request = new DiscoverRequest('a.b', false, '', () => {});
      flights.join(request);
      return request;
    };
    const all = Array.from({ length: WAITING }, join);
    expect(join().settled).toBe(true);
    for (const request of all) request.cancel(undefined);
    expect(join().settled).toBe(false);
  });

  test('and so does whoever was answered', async () => {
    const world = meshWorld();
    const [, b] = await nodesOf(world, 2);
    const flights = new Flights(contextOf(b!), processOf(b!, 'serviceRegistry'));
    const join = (procedure: string): DiscoverRequest => {
      const request = new DiscoverRequest(procedure, false, '', () => {});
      flights.join(request);
      return request;
    };
    const all = Array.from({ length: WAITING }, () => join('a.b'));
    expect(join('a.c').settled).toBe(true);
    const stats = { asked: 1, answered: 1, failed: 0, hops: 1, first: undefined, took: 1 };
    const request = { kind: 'providers', procedure: 'a.b', key: procedureKey('a.b') } as const;
    const outcome = { tag: 'providers', providers: [] } as const;
    flights.onMessage(new LookupDone(processOf(b!, 'lookup'), request, outcome, stats));
    expect(all.every(({ settled }) => settled)).toBe(true);
    expect(join('a.c').settled).toBe(false);
  });
});
