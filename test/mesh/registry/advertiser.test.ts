import { describe, expect, test } from 'vitest';
import type { Client } from '../../../src/mesh/client/client.ts';
import type { Result } from '../../../src/mesh/errors/rpc-error.ts';
import { procedureKey, type ServiceRecord } from '../../../src/mesh/dht/record.ts';
import { contextOf, meshWorld, processesOf, processOf, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { hex } from '../../../src/mesh/context.ts';
import { joinAnother, nodesOf } from './nodes.ts';

const HELLO = (): string => 'hello';

type Kept = Pick<ServiceRecord, 'nodeId' | 'endpoints' | 'metadata' | 'seq' | 'expiresAt'>;

/** Records of a procedure that a node keeps, tombstones left out. */
const held = (node: Client, procedure: string): readonly Kept[] => {
  const { records, runtime } = contextOf(node);
  const at = { now: runtime.clock.now(), wall: runtime.clock.wall() };
  return [...records.held(hex(procedureKey(procedure)), at)]
    .filter(({ removed }) => !removed)
    .map(({ nodeId, endpoints, metadata, seq, expiresAt }) => ({
      nodeId,
      endpoints,
      metadata,
      seq,
      expiresAt,
    }));
};

const soon = (world: MeshWorld): Promise<void> => world.clock.advance(500);

describe('advertise', () => {
  test('before the node has its place is not lost: it is published when it has', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const late = await world.node({ bootstrap: [a!.url] });
    const handle = await world.settle(late.advertise('early.bird', HELLO));
    expect(handle.state()).toBe('publishing');
    await world.settle(late.ready());
    await world.clock.until(() => handle.state() === 'published', 1_000);
    expect(held(a!, 'early.bird')).toHaveLength(1);
    await world.settle(late.close());
  });

  test('succeeds here when nobody can be told; that is a state, and what was not told is told later', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const [left, right] = [hostOf(a!.url), hostOf(b!.url)];
    world.network.faults.cut(left, right);
    const handle = await world.settle(b!.advertise('calc.add', HELLO));
    expect(await world.settle(b!.call('calc.add'))).toBe('hello');
    await world.clock.until(() => handle.state() === 'failed', 30_000);
    world.network.faults.heal(left, right);
    await world.clock.until(() => handle.state() === 'published', 60_000);
    expect(held(a!, 'calc.add')).toHaveLength(1);
    // and no longer one at a time
    await world.settle(Promise.all(Array.from({ length: 40 }, (_, n) => b!.advertise(`calc.n${n}`, HELLO))));
    expect(processesOf(b!).filter(({ label }) => label === 'lookup').length).toBeGreaterThan(1);
  });

  test('100 at once are all published, sixteen at a time', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const lookups = (): number => processesOf(b!).filter(({ label }) => label === 'lookup').length;
    const handles = await world.settle(
      Promise.all(Array.from({ length: 100 }, (_, n) => b!.advertise(`calc.n${n}`, HELLO))),
    );
    expect(lookups()).toBeLessThanOrEqual(16);
    await world.clock.until(() => handles.every((handle) => handle.state() === 'published'), 10_000);
    expect(held(a!, 'calc.n99')).toHaveLength(1);
  });

  test('a client that registers thousands of names does not keep the node busy with them: 200 a second are published', async () => {
    const world = meshWorld();
    const node = (await nodesOf(world, 1))[0]!;
    const { publications } = contextOf(node).discovery;
    const count = (): number =>
      [...publications.values()].filter(({ state }) => state === 'published').length;
    const all = Array.from({ length: 1_000 }, (_, n) => node.advertise(`calc.n${n}`, HELLO));
    await world.clock.until(() => count() >= 512, 100);
    expect(count()).toBeLessThan(560);
    await world.clock.advance(1_000);
    expect(count()).toBeGreaterThan(680);
    expect(count()).toBeLessThan(760);
    await world.settle(Promise.all(all));
    // what was not told is not taken back either
    await world.settle(Promise.all(Array.from({ length: 1_000 }, (_, n) => node.unadvertise(`calc.n${n}`))));
    expect(publications.size).toBeLessThan(760);
  });

  test('one record per node, however many serve it there; it says what each of them says', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const clients = [await world.client(b!), await world.client(b!)] as const;
    for (const [n, client] of clients.entries()) {
      await world.settle(client.advertise('weather.get', HELLO, { metadata: { n }, ttl: 60 * (n + 1) }));
    }
    await soon(world);
    const metadata = { n: 0, providers: [{ n: 0 }, { n: 1 }] };
    expect(held(a!, 'weather.get')).toMatchObject([{ nodeId: b!.id, metadata }]);
    expect(await world.settle(a!.discover('weather.get'))).toMatchObject([
      { nodeId: b!.id, metadata, ttl: 60 },
    ]);
    await world.settle(clients[0].disconnect());
    await soon(world);
    expect(held(a!, 'weather.get')).toMatchObject([{ nodeId: b!.id, metadata: { n: 1 } }]);
    await world.settle(clients[1].disconnect());
    await soon(world);
    expect(held(a!, 'weather.get')).toEqual([]);
  });

  test('a second advertise by the same client replaces what the record says; its old handle is withdrawn', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const client = await world.client(b!);
    const first = await world.settle(client.advertise('calc.add', HELLO, { metadata: { version: 1 } }));
    const second = await world.settle(
      client.advertise('calc.add', HELLO, { metadata: { version: 2 }, description: 'adds' }),
    );
    await soon(world);
    expect([first.state(), second.state()]).toEqual(['withdrawn', 'local']);
    expect(held(a!, 'calc.add')).toMatchObject([{ metadata: { version: 2, description: 'adds' } }]);
    await world.settle(client.disconnect());
  });

  test('what a record has no room for is left out of it; the most of what it says stays', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const clients = [await world.client(b!), await world.client(b!)] as const;
    const text = 'x'.repeat(3_000);
    for (const [n, client] of clients.entries())
      await world.settle(client.advertise('weather.get', HELLO, { metadata: { n, text } }));
    await soon(world);
    expect(held(a!, 'weather.get')).toMatchObject([{ metadata: { n: 0, text } }]);
    for (const client of clients) await world.settle(client.disconnect());
  });

  test('metadata and description that do not fit a record together are refused in the call', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const options = { metadata: { text: 'x'.repeat(2_900) }, description: 'y'.repeat(300) };
    expect(await world.failure(a!.advertise('calc.add', HELLO, options))).toMatchObject({
      tag: 'invalid_args',
      field: 'metadata',
    });
    expect(await world.failure(a!.call('calc.add'))).toEqual({ tag: 'service_not_found' });
  });
});

describe('a wall clock that goes back', () => {
  test('does not hold up a change: the next record is newer all the same', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await world.settle(b!.advertise('calc.add', HELLO, { metadata: { version: 1 } }));
    await soon(world);
    world.clock.jump(-30_000);
    const handle = await world.settle(b!.advertise('calc.add', HELLO, { metadata: { version: 2 } }));
    await world.clock.until(() => handle.state() === 'published', 5_000);
    expect(held(a!, 'calc.add')).toMatchObject([{ metadata: { version: 2 } }]);
    await world.settle(handle.unadvertise());
    await soon(world);
    expect(held(a!, 'calc.add')).toEqual([]);
  });
});

describe('unadvertise', () => {
  test('takes the record back: nobody finds it, and the old record is not taken again', async () => {
    const world = meshWorld();
    const [a, b, c] = await nodesOf(world, 3);
    const handle = await world.settle(b!.advertise('calc.add', HELLO));
    await soon(world);
    const [old] = held(a!, 'calc.add');
    await world.settle(handle.unadvertise());
    await soon(world);
    expect([held(a!, 'calc.add'), held(b!, 'calc.add'), held(c!, 'calc.add')]).toEqual([[], [], []]);
    expect(handle.state()).toBe('withdrawn');
    expect(await world.settle(c!.discover('calc.add'))).toEqual([]);
    const again = await world.settle(b!.advertise('calc.add', HELLO));
    await world.clock.until(() => again.state() === 'published', 1_000);
    expect(held(a!, 'calc.add')[0]?.seq).toBeGreaterThan(old?.seq ?? Infinity);
    expect(contextOf(b!).discovery.publications.size).toBe(1);
  });

  test('the last provider that leaves takes it back, also when its connection is lost', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const client = await world.client(b!);
    await world.settle(client.advertise('calc.add', HELLO));
    await soon(world);
    expect(held(a!, 'calc.add')).toHaveLength(1);
    await world.settle(client.disconnect());
    await soon(world);
    expect(held(a!, 'calc.add')).toEqual([]);
    expect(contextOf(b!).discovery.publications.size).toBe(0);
  });

  test('a node that closes takes everything back first, what its clients serve too', async () => {
    const world = meshWorld();
    const [a] = await nodesOf(world, 1);
    const leaving = await world.node({ bootstrap: [a!.url] });
    await world.settle(leaving.ready());
    const client = await world.client(leaving);
    await world.settle(leaving.advertise('node.own', HELLO));
    await world.settle(client.advertise('client.own', HELLO));
    await soon(world);
    expect([held(a!, 'node.own'), held(a!, 'client.own')]).toMatchObject([[{}], [{}]]);
    await world.settle(leaving.close());
    expect([held(a!, 'node.own'), held(a!, 'client.own')]).toEqual([[], []]);
    await world.settle(client.disconnect({ timeout: 1 }));
  });

  test('a node that cannot tell anybody closes all the same, within a second', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await world.settle(b!.advertise('calc.add', HELLO));
    await soon(world);
    world.network.faults.cut(hostOf(a!.url), hostOf(b!.url));
    const before = world.clock.now();
    await world.settle(b!.close({ timeout: 2_000 }));
    expect(world.clock.now() - before).toBeLessThanOrEqual(4_000);
  });
});

describe('re-advertising', () => {
  test('D5: a live service is found for hours, with all its options, and each record is newer than the last', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2, { announce: ['198.51.100.7:9443'] });
    await world.settle(b!.advertise('calc.add', HELLO, { ttl: 30, metadata: { version: 1 } }));
    await soon(world);
    let last = 0;
    for (let minute = 0; minute < 10; minute++) {
      const [record] = held(a!, 'calc.add');
      expect(record).toMatchObject({ endpoints: ['198.51.100.7:9443'], metadata: { version: 1 } });
      expect(record?.seq).toBeGreaterThan(last);
      last = record?.seq ?? Infinity;
      await world.clock.advance(60_000);
    }
  });

  test('D10: a record lives as long as its ttl says, at its keepers and in caches, when its node is gone', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await world.settle(b!.advertise('calc.add', HELLO, { ttl: 30 }));
    await soon(world);
    expect(await world.settle(a!.discover('calc.add'))).toHaveLength(1);
    const [record] = held(a!, 'calc.add');
    world.network.faults.kill(hostOf(b!.url));
    await world.clock.advance((record?.expiresAt ?? 0) - world.clock.wall() - 1);
    expect([
      held(a!, 'calc.add').length,
      contextOf(a!).discovery.cache.peek('calc.add', world.clock.now()),
    ]).toEqual([1, expect.anything()]);
    await world.clock.advance(1);
    expect([
      held(a!, 'calc.add').length,
      contextOf(a!).discovery.cache.peek('calc.add', world.clock.now()),
    ]).toEqual([0, undefined]);
  });

  test('a newcomer finds what was advertised before it came', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    await world.settle(b!.advertise('calc.add', HELLO));
    await soon(world);
    const c = await joinAnother(world, a);
    expect(await world.settle(c.call('calc.add'))).toBe('hello');
  });
});

describe('when its actors are killed', () => {
  test.each(['advertiser', 'serviceRegistry', 'lookups', 'recordStore', 'routingTable', 'peerPool'])(
    'S2: %s: what is served stays found, nothing is said again needlessly, and changes are still published',
    async (label) => {
      const world = meshWorld();
      const [a, b] = await nodesOf(world, 2);
      const client = await world.client(b!);
      await world.settle(b!.advertise('node.own', HELLO));
      await world.settle(client.advertise('client.own', HELLO));
      await soon(world);
      const seqs = (): unknown[] => ['node.own', 'client.own'].map((name) => held(a!, name)[0]?.seq);
      const before = seqs();
      runtimeOf(b!).exit(processOf(b!, label), 'kill');
      await world.clock.advance(2_000);
      expect(seqs()).toEqual(before);
      const fresh = await world.settle(b!.advertise('node.fresh', HELLO));
      await world.clock.until(() => fresh.state() === 'published', 5_000);
      await world.settle(client.unadvertise('client.own'));
      await soon(world);
      expect(['node.own', 'node.fresh', 'client.own'].map((name) => held(a!, name).length)).toEqual([
        1, 1, 0,
      ]);
      // and the schedule goes on
      await world.clock.advance(130_000);
      expect(held(a!, 'node.own')[0]?.seq).toBeGreaterThan(before[0] as number);
      await world.settle(client.disconnect());
    },
  );

  test.each(['advertiser', 'serviceRegistry'])(
    'S2: %s, at provider and caller, under load: no call fails, and all is found again within 2 s',
    async (label) => {
      const world = meshWorld();
      const [a, b, c] = await nodesOf(world, 3);
      await world.settle(a!.advertise('calc.add', HELLO));
      await soon(world);
      for (const killed of [a!, c!]) {
        const calls: Promise<Result>[] = [];
        for (let n = 0; n < 60; n++) {
          calls.push(c!.tryCall('calc.add'));
          if (n === 20) runtimeOf(killed).exit(processOf(killed, label), 'kill');
          await world.clock.advance(1);
        }
        const results = await world.settle(Promise.all(calls));
        expect(results.filter(({ ok }) => !ok)).toEqual([]);
        await world.clock.advance(2_000);
        for (const node of [b!, c!])
          expect(await world.settle(node.discover('calc.add', { forceRefresh: true }))).toHaveLength(1);
      }
    },
  );

  test('S2: what was withdrawn while there was no advertiser is taken back by the next', async () => {
    const world = meshWorld();
    const [a, b] = await nodesOf(world, 2);
    const handle = await world.settle(b!.advertise('calc.add', HELLO));
    await soon(world);
    const { publications } = contextOf(b!).discovery;
    const left = [...publications];
    await world.settle(handle.unadvertise());
    await soon(world);
    // as if nobody had been told of it
    const [[, record] = expect.fail('nothing was published')] = left;
    record.until = world.clock.wall() + 60_000;
    record.state = 'published';
    publications.set('calc.add', record);
    const before = contextOf(b!).discovery.seq;
    runtimeOf(b!).exit(processOf(b!, 'advertiser'), 'kill');
    await world.clock.advance(3_000);
    expect([contextOf(b!).discovery.seq > before, publications.size, held(a!, 'calc.add')]).toEqual([
      true,
      0,
      [],
    ]);
  });
});

const hostOf = (url: string): string => new URL(url).hostname;
