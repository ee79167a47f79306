import { describe, expect, test } from 'vitest';
import { contextOf, meshWorld, processesOf, processOf, runtimeOf } from '../../mesh-world.ts';
import type { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { found } from './found.ts';
import { nodesOf } from './nodes.ts';

const HELLO = (): string => 'hello';

describe('discover', () => {
  test('finds on every node what one advertises, with what it says of itself, and then in the cache', async () => {
    const world = meshWorld();
    const [a, b, c] = await nodesOf(world, 3);
    const handle = await world.settle(
      a!.advertise('calc.add', HELLO, { metadata: { version: '1.2.0' }, description: 'adds', ttl: 120 }),
    );
    await world.clock.until(() => handle.state() === 'published', 5_000);
    for (const node of [b!, c!]) {
      const [provider, ...others] = await world.settle(node.discover('calc.add'));
      expect(others).toEqual([]);
      expect(provider).toMatchObject({
        nodeId: a!.id,
        endpoints: [a!.url.slice('https://'.length)],
        metadata: { version: '1.2.0', description: 'adds' },
        ttl: 120,
        route: 'dht',
      });
      expect(Math.abs((provider?.advertisedAt ?? 0) - world.clock.wall())).toBeLessThan(1_000);
      expect((await world.settle(node.discover('calc.add')))[0]?.route).toBe('cache');
    }
    expect((await world.settle(a!.discover('calc.add')))[0]).toMatchObject({ nodeId: a!.id, route: 'local' });
  });

  test('B6: a name that nobody serves is answered at once, by one lookup, and then from the cache', async () => {
    const world = meshWorld();
    const [, b] = await nodesOf(world, 3);
    const before = world.clock.now();
    expect(await world.settle(b!.discover('nobody.serves'))).toEqual([]);
    expect(world.clock.now() - before).toBeLessThan(100);
    for (let n = 0; n < 10; n++) expect(await world.settle(b!.discover('nobody.serves'))).toEqual([]);
    expect(b!.registry.stats()).toMatchObject({ lookups: 1, negativeHits: 10 });
  });

  test('what was found while a question was on its way answers it', async () => {
    const world = meshWorld();
    const [, b] = await nodesOf(world, 2);
    const asking = b!.discover('calc.add');
    const { discovery, runtime } = contextOf(b!);
    const wall = runtime.clock.wall();
    discovery.cache.put('calc.add', [found('x', wall + 60_000)], runtime.clock.now(), wall);
    expect(await world.settle(asking)).toMatchObject([{ nodeId: 'x', route: 'cache' }]);
    expect(b!.registry.stats().lookups).toBe(0);
  });

  test('concurrent callers share one lookup', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const handle = await world.settle(a!.advertise('calc.add', HELLO));
    await world.clock.until(() => handle.state() === 'published', 5_000);
    const all = await world.settle(Promise.all(Array.from({ length: 100 }, () => b!.discover('calc.add'))));
    expect(all.every(([provider]) => provider?.nodeId === a!.id)).toBe(true);
    expect(b!.registry.stats().lookups).toBe(1);
  });

  test('forceRefresh asks the DHT whatever the cache knows, and the cache learns from it', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    expect(await world.settle(b!.discover('calc.add'))).toEqual([]);
    const handle = await world.settle(a!.advertise('calc.add', HELLO));
    await world.clock.until(() => handle.state() === 'published', 1_000);
    expect(await world.settle(b!.discover('calc.add'))).toEqual([]);
    expect((await world.settle(b!.discover('calc.add', { forceRefresh: true })))[0]?.route).toBe('dht');
    expect((await world.settle(b!.discover('calc.add')))[0]?.route).toBe('cache');
  });

  test('B2: 100 calls a minute for ten minutes cause at most two lookups a minute, and nobody waits for them', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await world.settle(a!.advertise('calc.add', HELLO));
    await world.clock.advance(1_000);
    await world.settle(b!.call('calc.add'));
    const perMinute: number[] = [];
    for (let minute = 0; minute < 10; minute++) {
      const before = b!.registry.stats().lookups;
      for (let n = 0; n < 10; n++) {
        await world.clock.advance(6_000);
        const ten = Promise.all(Array.from({ length: 10 }, () => b!.call('calc.add')));
        expect(await world.settle(ten)).toEqual(Array(10).fill('hello'));
      }
      perMinute.push(b!.registry.stats().lookups - before);
    }
    expect(Math.max(...perMinute)).toBeLessThanOrEqual(2);
    const { cacheHitRatio, misses, size } = b!.registry.stats();
    expect(cacheHitRatio).toBeGreaterThanOrEqual(0.98);
    // only the very first one
    expect([misses, size]).toEqual([1, 1]);
  });

  test('without DHT it says so, and knows what is served here', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1, { dht: false });
    expect(await world.failure(node!.discover('calc.add'))).toEqual({
      tag: 'connection_error',
      sent: false,
      detail: 'there is no DHT here',
    });
    const handle = await world.settle(node!.advertise('calc.add', HELLO));
    expect(handle.state()).toBe('local');
    expect(await world.settle(node!.discover('calc.add'))).toMatchObject([{ route: 'local' }]);
  });

  test.each([
    [['Bad Name'], 'procedure'],
    [['a.b', { forceRefresh: 1 }], 'forceRefresh'],
    [['a.b', { timeout: 0 }], 'timeout'],
    [['a.b', { signal: {} }], 'signal'],
    [['a.b', { strategy: 'first' }], 'strategy'],
    [['a.b', 7], 'options'],
  ])('refuses %j before anything is asked', async (args, field) => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    const failure = await world.failure(node!.discover(...(args as [string, object])));
    expect(failure).toMatchObject({ tag: 'invalid_args', field });
    expect(node!.registry.stats().misses).toBe(0);
  });

  test('gives up when its signal is aborted, or its time is over, while the DHT is silent', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    world.network.faults.cut(hostOf(a!.url), hostOf(b!.url));
    const controller = new AbortController();
    const given = b!.discover('calc.add', { signal: controller.signal });
    await world.clock.advance(10);
    controller.abort();
    expect((await world.failure(given)).tag).toBe('canceled');
    expect((await world.failure(b!.discover('calc.add', { timeout: 50 }))).tag).toBe('timeout');
  });

  test('a client has its node look, and does not count itself twice', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const client = await world.client(b!);
    const other = await world.client(b!);
    await world.settle(a!.advertise('calc.add', HELLO, { metadata: { from: 'a' } }));
    await world.settle(client.advertise('calc.add', HELLO, { metadata: { from: 'client' }, ttl: 60 }));
    await world.clock.advance(500);
    const view = async (of: typeof client): Promise<string[]> =>
      (await world.settle(of.discover('calc.add'))).map(({ nodeId, metadata, ttl, route }) =>
        [nodeId, metadata['from'], ttl, route].join(' '),
      );
    const own = `${client.id} client 60 local`;
    expect(await view(client)).toEqual([own, `${a!.id} a 300 dht`]);
    expect(await view(other)).toEqual([own, `${a!.id} a 300 cache`]);
    await world.settle(client.disconnect());
    await world.settle(other.disconnect());
  });

  test('system procedures answer nobody but clients of a node, and no other name that begins with _', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    expect(await world.failure(node!.call('_mesh.discover', { procedure: 'a.b' }))).toMatchObject({
      tag: 'invalid_args',
      field: 'procedure',
    });
  });
});

describe('interests', () => {
  test('are looked up when the node has its place, so that the first call does not wait for it', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 2);
    await world.settle(a!.advertise('calc.add', HELLO));
    await world.clock.advance(500);
    const [late] = await nodesOf(world, 1, {
      bootstrap: [a!.url],
      serviceInterests: ['calc.add', 'calc.sub'],
    });
    await world.clock.advance(500);
    expect(late!.registry.stats()).toMatchObject({ size: 2, lookups: 2, misses: 0 });
    late!.addInterests(['calc.mul', 'calc.add']);
    await world.clock.advance(500);
    expect(late!.registry.stats()).toMatchObject({ size: 3, lookups: 3 });
    expect(contextOf(late!).discovery.interests).toEqual(['calc.add', 'calc.mul', 'calc.sub']);
    expect((await world.settle(late!.discover('calc.add')))[0]?.route).toBe('cache');
  });

  test("a client's are looked up at its node", async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await world.settle(a!.advertise('calc.add', HELLO));
    await world.clock.advance(500);
    const client = await world.client(b!, { serviceInterests: ['calc.add'] });
    await world.clock.advance(500);
    expect(b!.registry.stats()).toMatchObject({ size: 1, lookups: 1 });
    await world.settle(client.disconnect());
  });

  test('bad ones are refused', async () => {
    const world = meshWorld();
    const [node] = await nodesOf(world, 1);
    expect(() => {
      node!.addInterests(['Bad Name']);
    }).toThrow(/procedure/);
    expect(() => {
      node!.addInterests(Array.from({ length: 1_001 }, (_, n) => `name.n${n}`));
    }).toThrow(/names/);
  });
});

describe('the cache', () => {
  test('outlives the registry, whose death costs nobody a lookup', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await world.settle(a!.advertise('calc.add', HELLO));
    await world.clock.advance(500);
    await world.settle(b!.discover('calc.add'));
    runtimeOf(b!).exit(processOf(b!, 'serviceRegistry'), 'kill');
    await world.clock.advance(100);
    expect((await world.settle(b!.discover('calc.add')))[0]?.route).toBe('cache');
    expect(b!.registry.stats().lookups).toBe(1);
  });

  test('is pruned once a minute by itself, and at will; clearing it leaves what is served here', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    await world.settle(a!.advertise('calc.add', HELLO));
    await world.settle(a!.discover('nobody.serves'));
    await world.clock.advance(6_000);
    expect([a!.registry.stats().size, a!.registry.pruneExpired(), a!.registry.pruneExpired()]).toEqual([
      1, 1, 0,
    ]);
    await world.settle(a!.discover('nobody.serves'));
    await world.clock.advance(60_000);
    expect(a!.registry.stats().size).toBe(0);
    await world.settle(a!.discover('nobody.serves'));
    a!.registry.clearCache();
    expect(a!.registry.stats().size).toBe(0);
    expect(await world.settle(a!.call('calc.add'))).toBe('hello');
  });

  test('a lookup that is killed is made again; one that is killed each time is unreachable, and not cached', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 3);
    await world.settle(a!.advertise('calc.add', HELLO));
    await world.clock.advance(1_000);
    const lookup = () => processesOf(b!).find(({ label }) => label === 'lookup');
    const asking = b!.discover('calc.add');
    await world.clock.advance(0);
    runtimeOf(b!).exit(lookup()!, 'kill');
    expect(await world.settle(asking)).toHaveLength(1);
    const again = b!.discover('calc.sub').catch((error: RpcError) => error.failure.tag);
    let killed = 0;
    for (let n = 0; n < 30; n++) {
      await world.clock.advance(0);
      const victim = lookup();
      if (victim !== undefined) {
        runtimeOf(b!).exit(victim, 'kill');
        killed++;
      }
      await world.clock.advance(5);
    }
    expect([await again, killed]).toEqual(['connection_error', 11]);
    expect(await world.settle(b!.discover('calc.sub'))).toEqual([]);
  });
});

const hostOf = (url: string): string => new URL(url).hostname;
