/**
 * Guide 000, discovery: one test per built row of docs/from-macula.md, in its order.
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { connectLocal } from '../../src/index.ts';
import { hex } from '../../src/mesh/context.ts';
import { procedureKey } from '../../src/mesh/dht/record.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, runtimeOf } from '../mesh-world.ts';
import { found } from '../mesh/registry/found.ts';
import { nodesOf } from '../mesh/registry/nodes.ts';
import { loggedWorld } from '../mesh/events/listening.ts';
import { actorAt, traffic } from './mesh.ts';
import { halves, hostOf, isolate, knownAt, published, recordsAt, threeNodes } from './discovery-mesh.ts';

const NAME = 'myapp.user.get';

// --- overview and discovery hierarchy -------------------------------------------------------------------------

test('000-decentralized: what one node advertises every node finds, also when the first one is gone', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, b, NAME);
  world.network.faults.kill(hostOf(a));
  expect(await world.settle(c.call(NAME), 60_000)).toBe(b.id);
});

test('000-feature-cache: what was found is known for 60 s', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.call(NAME));
  await world.clock.advance(49_000);
  expect((await world.settle(b.discover(NAME)))[0]?.route).toBe('cache');
  await world.clock.advance(11_001);
  expect((await world.settle(b.discover(NAME)))[0]?.route).toBe('dht');
});

test('000-feature-degradation: without the DHT the local step and the cache step go on', async () => {
  const nodes = await threeNodes();
  const { world, a, b, c } = nodes;
  await published(world, a, NAME);
  await world.settle(b.call(NAME));
  await world.settle(b.advertise('b.own', () => 'own'));
  // the DHT is away, the provider is not
  runtimeOf(b).exit(processOf(b, 'lookups'), 'kill');
  world.network.faults.kill(hostOf(c));
  expect(await world.settle(b.call('b.own'))).toBe('own');
  expect(await world.settle(b.call(NAME))).toBe(a.id);
});

test('000-hierarchy-order: local before cache before DHT', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  const route = async (): Promise<unknown> => {
    const result = await world.settle(b.tryCall(NAME));
    return result.ok ? [result.route, result.node] : result.error;
  };
  expect(await route()).toEqual(['dht', a.id]);
  expect(await route()).toEqual(['cache', a.id]);
  const handle = await world.settle(b.advertise(NAME, () => b.id));
  expect(await route()).toEqual(['local', b.id]);
  await world.settle(handle.unadvertise());
  expect(await route()).toEqual(['cache', a.id]);
});

test('000-hierarchy-cache: the second call asks nobody where; that nobody serves it is known too', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  for (let n = 0; n < 5; n++) await world.settle(b.call(NAME));
  expect(b.registry.stats().lookups).toBe(1);
  for (let n = 0; n < 5; n++)
    expect(await world.failure(b.call('no.where'))).toEqual({ tag: 'service_not_found' });
  expect(b.registry.stats().lookups).toBe(2);
});

test('000-hierarchy-dht: callers at once share one lookup', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  const all = await world.settle(Promise.all(Array.from({ length: 50 }, () => b.call(NAME))));
  expect(new Set(all)).toEqual(new Set([a.id]));
  expect(b.registry.stats().lookups).toBe(1);
});

test('000-cache-speed: what is cached is given without a frame and without time', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.discover(NAME));
  const before = world.clock.now();
  const { value, sent } = await traffic(world, () => b.discover(NAME));
  expect([value[0]?.route, sent, world.clock.now() - before]).toEqual(['cache', false, 0]);
});

test('000-dht-only-on-miss: one lookup per service and 60 s, and one per forceRefresh', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  for (let second = 0; second < 49; second++) {
    await world.settle(b.discover(NAME));
    await world.clock.advance(1_000);
  }
  expect(b.registry.stats().lookups).toBe(1);
  await world.settle(b.discover(NAME, { forceRefresh: true }));
  expect(b.registry.stats().lookups).toBe(2);
});

test('000-works-without-dht: with dht: false local services answer, and a client reaches them', async () => {
  const world = meshWorld();
  const [node] = await nodesOf(world, 1, { dht: false });
  const client = await world.client(node!);
  closeAtEnd(world, client);
  await world.settle(node!.advertise(NAME, () => 'here'));
  expect(await world.settle(connectLocal(node!).call(NAME))).toBe('here');
  expect(await world.settle(client.call(NAME))).toBe('here');
  expect(await world.failure(client.call('no.where'))).toEqual({ tag: 'service_not_found' });
});

// --- components -----------------------------------------------------------------------------------------------

test('000-registry-cache: the service registry keeps the lists that were found', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.call(NAME));
  expect(knownAt(b, NAME)?.providers.map(({ nodeId }) => nodeId)).toEqual([a.id]);
  expect(b.registry.stats().size).toBe(1);
});

test('000-registry-dht: the actor advertiser publishes; the registry goes on while it does', async () => {
  const { world, a, c } = await threeNodes();
  expect(actorAt(a.inspect().root, 'services', 'advertiser').name).toBe('advertiser');
  runtimeOf(a).exit(processOf(a, 'advertiser'), 'kill');
  const handle = await world.settle(a.advertise(NAME, () => 'served'));
  expect(await world.settle(a.call(NAME))).toBe('served');
  await world.clock.until(() => handle.state() === 'published', 10_000);
  expect(recordsAt(c, NAME)).toHaveLength(1);
});

test('000-fn-discover-service-2: discover gives the providers of a procedure, wherever they are', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, a, NAME);
  await published(world, c, NAME);
  await world.settle(b.advertise(NAME, () => b.id));
  const all = await world.settle(b.discover(NAME));
  expect(all.map(({ nodeId, route }) => `${route} ${nodeId}`).toSorted()).toEqual(
    [`dht ${a.id}`, `dht ${c.id}`, `local ${b.id}`].toSorted(),
  );
});

test('000-fn-discover-service-3: discover takes forceRefresh, timeout and signal', async () => {
  const { world, a, b } = await threeNodes();
  expect(await world.settle(b.discover(NAME))).toEqual([]);
  await published(world, a, NAME);
  const { signal } = new AbortController();
  const options = { forceRefresh: true, timeout: 1_000, signal };
  expect(await world.settle(b.discover(NAME, options))).toHaveLength(1);
});

test('000-fn-cache-service: what was found is cached by the discovery itself, and users cannot write there', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  expect(knownAt(b, NAME)).toBe(undefined);
  await world.settle(b.discover(NAME));
  expect(knownAt(b, NAME)?.providers).toHaveLength(1);
  expect(Object.keys(b.registry).toSorted()).toEqual(['clearCache', 'pruneExpired', 'stats']);
});

test('000-fn-publish-to-dht: advertise publishes a signed record with sequence and expiry', async () => {
  const { world, a, c } = await threeNodes();
  await published(world, a, NAME);
  const [record] = recordsAt(c, NAME);
  expect(record).toMatchObject({ nodeId: a.id, removed: false });
  expect(record?.payload.sig).toHaveLength(64);
  expect(record?.seq).toBeGreaterThanOrEqual(record?.issuedAt ?? Infinity);
  expect(record?.expiresAt).toBe((record?.issuedAt ?? 0) + 300_000);
});

test('000-fn-query-dht: discover and call ask the DHT', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.discover(NAME));
  await world.settle(c.call(NAME));
  expect([b.registry.stats().lookups, c.registry.stats().lookups]).toEqual([1, 1]);
});

test('000-fn-remove-from-dht: a tombstone with a higher sequence takes the place of the record', async () => {
  const { world, a, b, c } = await threeNodes();
  const handle = await published(world, a, NAME);
  const [old] = recordsAt(c, NAME);
  await world.settle(handle.unadvertise());
  await world.clock.advance(500);
  expect(recordsAt(c, NAME).filter(({ removed }) => !removed)).toEqual([]);
  expect(contextOf(a).discovery.seq).toBeGreaterThan(old?.seq ?? Infinity);
  expect(await world.settle(b.discover(NAME))).toEqual([]);
});

// --- data flow and storage ------------------------------------------------------------------------------------

test('000-flow-advertise: resolves when it is registered at the node; that the DHT fails is state, not an error', async () => {
  const nodes = await threeNodes();
  const { world, a, b } = nodes;
  const client = await world.client(a);
  closeAtEnd(world, client);
  isolate(nodes, a);
  const handle = await world.settle(a.advertise(NAME, () => a.id));
  await world.settle(client.advertise('client.own', () => 'client'));
  expect([await world.settle(a.call(NAME)), await world.settle(a.call('client.own'))]).toEqual([
    a.id,
    'client',
  ]);
  await world.clock.until(() => handle.state() === 'failed', 30_000);
  world.network.faults.healAll();
  await world.clock.until(() => handle.state() === 'published', 120_000);
  expect(await world.settle(b.call(NAME, {}, { forceRefresh: true }))).toBe(a.id);
});

test('000-dht-key: the SHA-256 of the procedure, 32 bytes', async () => {
  const { world, a, c } = await threeNodes();
  await published(world, a, NAME);
  const key = createHash('sha256').update(NAME).digest('hex');
  expect([key, recordsAt(c, NAME)[0]?.key]).toEqual([hex(procedureKey(NAME)), key]);
});

test('000-record-endpoint: addresses to dial, up to 20, of which announce gives others', async () => {
  const { world, a, c } = await threeNodes();
  await published(world, a, NAME);
  expect(recordsAt(c, NAME)[0]?.endpoints).toEqual([a.url.replace('https://', '')]);
  const announce = ['203.0.113.9:9443', '[2001:db8::9]:9443'];
  const [other] = await nodesOf(world, 1, { bootstrap: [a.url], announce });
  await published(world, other!, 'other.one');
  expect(recordsAt(c, 'other.one')[0]?.endpoints).toEqual(announce);
  const many = Array.from({ length: 21 }, (_, n) => `203.0.113.${n + 1}:9443`);
  expect(await world.failure(world.node({ announce: many }))).toMatchObject({ field: 'announce' });
});

test('000-record-metadata: what the provider says; more than a record of 4 KiB holds is invalid_args', async () => {
  const { world, a, b, c } = await threeNodes();
  const metadata = { version: '1.0.0', nested: { list: [1, 'two', null] } };
  await published(world, a, NAME, { metadata });
  expect(recordsAt(c, NAME)[0]?.metadata).toEqual(metadata);
  expect((await world.settle(b.discover(NAME)))[0]?.metadata).toEqual(metadata);
  const large = { metadata: { text: 'x'.repeat(4_096) } };
  expect(await world.failure(a.advertise('too.large', () => 1, large))).toMatchObject({
    tag: 'invalid_args',
    field: 'metadata',
  });
});

test('000-record-advertised-at: when it was said last, ms since 1970, and a later record wins', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  const first = (await world.settle(b.discover(NAME)))[0]?.advertisedAt ?? 0;
  expect(Math.abs(first - world.clock.wall())).toBeLessThan(1_000);
  await world.clock.advance(5_000);
  await published(world, a, NAME, { metadata: { version: 2 } });
  await world.clock.advance(100);
  const second = (await world.settle(b.discover(NAME, { forceRefresh: true })))[0];
  expect(second?.metadata).toEqual({ version: 2 });
  expect(second?.advertisedAt).toBeGreaterThanOrEqual(first + 5_000);
});

test('000-record-ttl: seconds to live, enforced where it is kept and where it is read', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, a, NAME, { ttl: 45 });
  expect((await world.settle(b.discover(NAME)))[0]?.ttl).toBe(45);
  world.network.faults.kill(hostOf(a));
  await world.clock.advance(45_000);
  expect([recordsAt(c, NAME), knownAt(b, NAME)]).toEqual([[], undefined]);
});

test('000-cache-entry-service: an entry is of one procedure', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, 'svc.a');
  await published(world, a, 'svc.z');
  await world.settle(Promise.all([b.discover('svc.a'), b.discover('svc.z'), b.discover('svc.none')]));
  expect(['svc.a', 'svc.z', 'svc.none'].map((name) => knownAt(b, name)?.providers.length)).toEqual([1, 1, 0]);
});

test('000-cache-entry-providers: the list may be empty: nobody serves it, believed for 5 s', async () => {
  const { world, a, b } = await threeNodes();
  expect(await world.settle(b.discover(NAME))).toEqual([]);
  await published(world, a, NAME);
  await world.clock.advance(4_000);
  expect(await world.failure(b.call(NAME))).toEqual({ tag: 'service_not_found' });
  await world.clock.advance(1_000);
  expect(await world.settle(b.call(NAME))).toBe(a.id);
});

test('000-cache-entry-cached-at: ages are monotonic: a step of the clock on the wall ages nothing', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.discover(NAME));
  world.clock.jump(3_600_000);
  expect((await world.settle(b.discover(NAME)))[0]?.route).toBe('cache');
});

test("000-cache-entry-ttl: 60 s, or what is left of the record's own life", async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, 'long.one');
  await published(world, a, 'short.one', { ttl: 30 });
  world.network.faults.kill(hostOf(a));
  const { cache } = contextOf(b).discovery;
  const now = world.clock.now();
  cache.put('long.one', [found('x', world.clock.wall() + 300_000)], now, world.clock.wall());
  cache.put('short.one', [found('x', world.clock.wall() + 30_000)], now, world.clock.wall());
  await world.clock.advance(30_000);
  expect([knownAt(b, 'long.one')?.providers.length, knownAt(b, 'short.one')]).toEqual([1, undefined]);
  await world.clock.advance(30_000);
  expect(knownAt(b, 'long.one')).toBe(undefined);
});

// --- advertising ----------------------------------------------------------------------------------------------

test('000-advertise-metadata: default {}', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  expect((await world.settle(b.discover(NAME)))[0]?.metadata).toEqual({});
});

test('000-advertise-ttl: 30 to 86,400 s, else invalid_args', async () => {
  const { world, a, b } = await threeNodes();
  for (const ttl of [29, 86_401, 30.5, -1]) {
    expect(await world.failure(a.advertise(NAME, () => 1, { ttl }))).toMatchObject({
      tag: 'invalid_args',
      field: 'ttl',
    });
  }
  for (const ttl of [30, 86_400]) {
    await published(world, a, NAME, { ttl });
    await world.clock.advance(100);
    expect((await world.settle(b.discover(NAME, { forceRefresh: true })))[0]?.ttl).toBe(ttl);
  }
});

test('000-advertise-options-example: version, description, capabilities and ttl', async () => {
  const { world, a, b } = await threeNodes();
  const metadata = { version: '1.0.0', description: 'Fetch user by ID', capabilities: ['read'] };
  await published(world, a, NAME, { metadata, ttl: 300 });
  expect(await world.settle(b.discover(NAME))).toMatchObject([{ metadata, ttl: 300 }]);
  await published(world, a, 'other.one', { description: 'Another one' });
  expect(await world.settle(b.discover('other.one'))).toMatchObject([
    { metadata: { description: 'Another one' } },
  ]);
});

test('000-ttl-default: 300 s', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  expect((await world.settle(b.discover(NAME)))[0]?.ttl).toBe(300);
});

test('000-readvertise-required: a service is found long after its first record is over', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME, { ttl: 30 });
  await world.clock.advance(600_000);
  expect(await world.settle(b.call(NAME))).toBe(a.id);
});

test('000-readvertise-manual: by itself, every TTL/3 give or take 10 %', async () => {
  const { world, a, c } = await threeNodes();
  await published(world, a, NAME, { ttl: 90 });
  const issued: number[] = [];
  for (let second = 0; second < 300; second++) {
    const at = recordsAt(c, NAME)[0]?.issuedAt ?? 0;
    if (issued.at(-1) !== at) issued.push(at);
    await world.clock.advance(1_000);
  }
  expect(issued.length).toBeGreaterThanOrEqual(9);
  for (const [n, at] of issued.slice(1).entries()) {
    expect(at - (issued[n] ?? 0)).toBeGreaterThanOrEqual(27_000);
    // and a few ms of lookup
    expect(at - (issued[n] ?? 0)).toBeLessThanOrEqual(33_100);
  }
});

test('000-readvertise-loop: a TTL of 60 s does not spin: it is said again every 20 s', async () => {
  const { world, a } = await threeNodes();
  await published(world, a, NAME, { ttl: 60 });
  const before = contextOf(a).discovery.seq;
  await world.clock.advance(120_000);
  const [, publication] = [...contextOf(a).discovery.publications][0] ?? [];
  expect(publication?.state).toBe('published');
  expect(contextOf(a).discovery.seq - before).toBeGreaterThanOrEqual(90_000);
});

test('000-unadvertise-dht: with the last provider of the node a tombstone goes out; the old record is refused', async () => {
  const { world, a, b, c } = await threeNodes();
  const client = await world.client(a);
  closeAtEnd(world, client);
  await world.settle(client.advertise(NAME, () => 'client'));
  const handle = await published(world, a, NAME);
  const [old] = recordsAt(c, NAME);
  await world.settle(handle.unadvertise());
  await world.clock.advance(500);
  expect(recordsAt(c, NAME).map(({ removed }) => removed)).toEqual([false]);
  await world.settle(client.unadvertise(NAME));
  await world.clock.advance(500);
  expect(recordsAt(c, NAME).filter(({ removed }) => !removed)).toEqual([]);
  const { records, runtime } = contextOf(c);
  const at = { now: runtime.clock.now(), wall: runtime.clock.wall() };
  expect(records.judge(old!, at)).toBe('stale');
  expect(await world.failure(b.call(NAME))).toEqual({ tag: 'service_not_found' });
});

test('000-unadvertise-expiry: what nobody could be told ends with its TTL', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, a, NAME, { ttl: 30 });
  world.network.faults.kill(hostOf(a));
  await world.clock.advance(30_000);
  expect(recordsAt(c, NAME)).toEqual([]);
  expect((await world.failure(b.call(NAME), 60_000)).tag).toBe('service_not_found');
});

// --- discovery ------------------------------------------------------------------------------------------------

test('000-discovery-automatic: call looks by itself; discover only looks', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  expect(await world.settle(b.call(NAME))).toBe(a.id);
  expect(await world.settle(b.tryCall(NAME))).toMatchObject({ ok: true, value: a.id });
  const before = contextOf(a).counters.callsIn;
  await world.settle(b.discover(NAME, { forceRefresh: true }));
  expect(contextOf(a).counters.callsIn).toBe(before);
});

test('000-discovery-cache-hit: step 2 takes a cached provider', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.discover(NAME));
  expect(await world.settle(b.tryCall(NAME))).toMatchObject({ ok: true, route: 'cache', node: a.id });
});

test('000-discovery-dht-found: step 3 caches for 60 s, picks and calls', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  expect(await world.settle(b.tryCall(NAME))).toMatchObject({ ok: true, route: 'dht', node: a.id });
  const until = knownAt(b, NAME)?.until ?? 0;
  expect(until - world.clock.now()).toBeGreaterThan(59_000);
  expect(until - world.clock.now()).toBeLessThanOrEqual(60_000);
});

test('000-discovery-empty: nobody in the DHT is service_not_found, at once', async () => {
  const { world, b } = await threeNodes();
  const before = world.clock.now();
  expect(await world.failure(b.call(NAME))).toEqual({ tag: 'service_not_found' });
  expect(world.clock.now() - before).toBeLessThan(500);
});

test('000-force-refresh: on call and on discover', async () => {
  const { world, a, b } = await threeNodes();
  expect(await world.failure(b.call(NAME))).toEqual({ tag: 'service_not_found' });
  await published(world, a, NAME);
  expect(await world.failure(b.call(NAME))).toEqual({ tag: 'service_not_found' });
  expect(await world.settle(b.call(NAME, {}, { forceRefresh: true }))).toBe(a.id);
  const lookups = (): number => b.registry.stats().lookups;
  const before = lookups();
  await world.settle(b.discover(NAME, { forceRefresh: true }));
  expect(lookups() - before).toBe(1);
});

test('000-cache-ttl: known at an age of 59,999 ms, not at 60,000', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.discover(NAME));
  const { until } = knownAt(b, NAME)!;
  await world.clock.advance(until - world.clock.now() - 1);
  expect(knownAt(b, NAME)).toBeDefined();
  await world.clock.advance(1);
  expect(knownAt(b, NAME)).toBe(undefined);
});

test('000-cache-prune: pruneExpired gives the number removed; it also runs every 60 s', async () => {
  const { world, b } = await threeNodes();
  await world.settle(b.discover('none.one'));
  await world.settle(b.discover('none.two'));
  await world.clock.advance(5_000);
  expect([b.registry.pruneExpired(), b.registry.pruneExpired()]).toEqual([2, 0]);
  await world.settle(b.discover('none.one'));
  await world.clock.advance(65_000);
  expect(b.registry.stats().size).toBe(0);
});

test('000-cache-clear: clearCache forgets what was found, not what is served', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.advertise('b.own', () => 'own'));
  await world.settle(b.discover(NAME));
  b.registry.clearCache();
  expect(b.registry.stats().size).toBe(0);
  expect(await world.settle(b.call('b.own'))).toBe('own');
  expect((await world.settle(b.discover(NAME)))[0]?.route).toBe('dht');
});

// --- performance ----------------------------------------------------------------------------------------------

test('000-perf-cache: a change elsewhere is seen within 60 s', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.discover(NAME));
  await published(world, c, NAME);
  expect(await world.settle(b.discover(NAME))).toHaveLength(1);
  await world.clock.advance(60_000);
  expect(await world.settle(b.discover(NAME))).toHaveLength(2);
});

test('000-perf-hit-ratio: registry.stats() has hits of all that asked', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  for (let n = 0; n < 4; n++) await world.settle(b.discover(NAME));
  expect(b.registry.stats()).toMatchObject({ hits: 3, misses: 1, cacheHitRatio: 0.75 });
});

test('000-perf-hit-ratio-example: 100 calls a minute: at most two lookups a minute, 98 % hits at least', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME);
  await world.settle(b.call(NAME));
  for (let round = 0; round < 60; round++) {
    await world.clock.advance(3_000);
    await world.settle(Promise.all(Array.from({ length: 5 }, () => b.call(NAME))));
  }
  const { cacheHitRatio, lookups } = b.registry.stats();
  expect([cacheHitRatio >= 0.98, lookups <= 6]).toEqual([true, true]);
});

test('000-perf-key-deterministic: the key follows from the name alone', () => {
  expect(procedureKey(NAME)).toEqual(procedureKey(['myapp', 'user', 'get'].join('.')));
  expect(procedureKey(NAME)).not.toEqual(procedureKey('myapp.user.got'));
});

test('000-perf-key-even: keys of like names spread over the whole space', () => {
  const counts = new Array<number>(16).fill(0);
  for (let n = 0; n < 1_600; n++) counts[(procedureKey(`myapp.user.n${n}`)[0] ?? 0) >> 4]!++;
  // a hundred each, and no sixteenth has half or twice of that
  for (const count of counts) {
    expect(count).toBeGreaterThan(50);
    expect(count).toBeLessThan(200);
  }
});

// --- graceful degradation -------------------------------------------------------------------------------------

test('000-degraded-log: one warning per episode, and one line when it is over', async () => {
  const world = loggedWorld();
  const log = world.log();
  const [a] = await nodesOf(world, 1);
  const [b] = await nodesOf(world, 1, { bootstrap: [a!.url], runtime: log.runtime });
  world.network.faults.cut(hostOf(a!), hostOf(b!));
  for (let n = 0; n < 5; n++) await world.rejection(b!.discover(`no.n${n}`), 60_000);
  await world.clock.advance(60_000);
  const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ event }) => event);
  expect(warnings.filter((event) => event.startsWith('dht.'))).toEqual(['dht.unreachable']);
  world.network.faults.healAll();
  await world.clock.until(() => log.of('dht.recovered').length === 1, 120_000);
});

test('000-partition-own-dht: in a partition each side goes on with what it has', async () => {
  const { world, left, right } = await halves();
  for (const [provider, caller, name] of [
    [...left, 'left.one'],
    [...right, 'right.one'],
  ] as const) {
    await published(world, provider, name);
    expect(await world.settle(caller.call(name, {}, { timeout: 30_000 }))).toBe(provider.id);
  }
});

test('000-partition-discoverable: services of one side are found there, and not on the other', async () => {
  const { world, left, right } = await halves();
  await published(world, right[0], 'right.one');
  expect(await world.settle(right[1].discover('right.one', { timeout: 30_000 }))).toHaveLength(1);
  expect(await world.settle(left[0].discover('right.one', { timeout: 30_000 }))).toEqual([]);
});

test('000-partition-heals: what was advertised meanwhile is found on both sides, by itself', async () => {
  const { world, left, right } = await halves();
  await published(world, left[1], 'left.one', { ttl: 60 });
  await published(world, right[0], 'right.one', { ttl: 60 });
  world.network.faults.healAll();
  await world.clock.advance(180_000);
  expect(await world.settle(right[1].call('left.one', {}, { timeout: 30_000 }))).toBe(left[1].id);
  expect(await world.settle(left[0].call('right.one', {}, { timeout: 30_000 }))).toBe(right[0].id);
});

// --- best practices -------------------------------------------------------------------------------------------

test('000-metadata-version: metadata.version is seen by whoever looks', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME, { metadata: { version: '1.2.3' } });
  expect((await world.settle(b.discover(NAME)))[0]?.metadata['version']).toBe('1.2.3');
});

test('000-metadata-description: metadata.description, or the option of that name', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, 'by.metadata', { metadata: { description: 'User management' } });
  await published(world, a, 'by.option', { description: 'User management' });
  for (const name of ['by.metadata', 'by.option'])
    expect((await world.settle(b.discover(name)))[0]?.metadata).toEqual({ description: 'User management' });
});

test('000-metadata-capabilities: what the service can do', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME, { metadata: { capabilities: ['read', 'write'] } });
  expect((await world.settle(b.discover(NAME)))[0]?.metadata['capabilities']).toEqual(['read', 'write']);
});

test('000-ttl-long: 3,600 s for services that rarely change', async () => {
  const { world, a, b } = await threeNodes();
  await published(world, a, NAME, { ttl: 3_600 });
  expect((await world.settle(b.discover(NAME)))[0]?.ttl).toBe(3_600);
  await world.clock.advance(1_000_000);
  expect(await world.settle(b.call(NAME))).toBe(a.id);
});

test('000-ttl-normal: the default is for normal services: a node that dies is forgotten after five minutes', async () => {
  const { world, a, b, c } = await threeNodes();
  await published(world, a, NAME);
  world.network.faults.kill(hostOf(a));
  await world.clock.advance(299_000);
  expect(recordsAt(c, NAME)).toHaveLength(1);
  await world.clock.advance(1_000);
  expect([recordsAt(c, NAME), recordsAt(b, NAME)]).toEqual([[], []]);
});

test('000-ttl-short: 60 s for services that change often: one that dies is forgotten after a minute', async () => {
  const { world, a, c } = await threeNodes();
  await published(world, a, NAME, { ttl: 60 });
  world.network.faults.kill(hostOf(a));
  await world.clock.advance(60_000);
  expect(recordsAt(c, NAME)).toEqual([]);
});

test('000-log-published: the event dht.published, with how many keep the record', async () => {
  const world = loggedWorld();
  const log = world.log();
  const [a] = await nodesOf(world, 1);
  const [b] = await nodesOf(world, 1, { bootstrap: [a!.url], runtime: log.runtime });
  await published(world, b!, NAME);
  expect(log.of('dht.published')).toMatchObject([
    { level: 'info', fields: { procedure: NAME, stored: 2, of: 2 } },
  ]);
});

test('000-log-publish-failed: the event dht.publish_failed, with the time of the next try', async () => {
  const world = loggedWorld();
  const log = world.log();
  const [a] = await nodesOf(world, 1);
  const [b] = await nodesOf(world, 1, { bootstrap: [a!.url], runtime: log.runtime });
  world.network.faults.cut(hostOf(a!), hostOf(b!));
  await world.settle(b!.advertise(NAME, () => 1));
  await world.clock.until(() => log.of('dht.publish_failed').length > 0, 30_000);
  const [line] = log.of('dht.publish_failed');
  expect(line?.fields).toMatchObject({ procedure: NAME, retry: expect.any(Number) as number });
});
