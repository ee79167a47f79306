/** The four steps, failover, and that the death of an actor on the way fails nobody. */
import { describe, expect, test } from 'vitest';
import type { CallOptions } from '../../../src/mesh/client/client.ts';
import type { Result } from '../../../src/mesh/errors/rpc-error.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  meshWorld,
  processOf,
  processesOf,
  REALM,
  runtimeOf,
  told,
} from '../../mesh-world.ts';
import { rawNode } from '../raw-peer.ts';
import { answered, blackhole, cachedIds, CALM, failed, mesh, serve } from './journey-mesh.ts';

const settled = (results: readonly Result[]): unknown[] => results.map(told);

describe('the four steps', () => {
  test('local, then DHT, then cache: the result says where the provider was found', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.there');
    await caller.advertise('m.here', () => 'here');
    const ways: unknown[] = [];
    for (const procedure of ['m.here', 'm.there', 'm.there']) {
      const result = await world.settle(caller.tryCall(procedure));
      ways.push(result.ok ? [result.route, result.node] : result);
    }
    const [other] = others;
    expect(ways).toEqual([
      ['local', caller.id],
      ['dht', other!.id],
      ['cache', other!.id],
    ]);
  });

  test('a local call sends nothing at all', async () => {
    const world = meshWorld();
    const { caller } = await mesh(world, 1);
    await caller.advertise('m.here', () => 'here');
    await world.clock.advance(CALM);
    const before = world.network.events;
    const results = await Promise.all(Array.from({ length: 100 }, () => caller.tryCall('m.here')));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(world.network.events).toBe(before);
    expect(contextOf(caller).counters.callsOut).toBe(0);
  });

  test('forceRefresh asks the DHT whatever the cache knows', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.there');
    await world.settle(caller.call('m.there'));
    const result = await world.settle(caller.tryCall('m.there', {}, { forceRefresh: true }));
    expect(result).toMatchObject({ ok: true, route: 'dht' });
  });

  test('SPEC §14 B6: an unknown service is service_not_found after one lookup, not after a timeout', async () => {
    const world = meshWorld();
    const { caller } = await mesh(world, 2);
    const begun = world.clock.now();
    const lookups = contextOf(caller).discovery.lookups;
    const all = Array.from({ length: 20 }, () => caller.tryCall('m.nobody'));
    for (const result of await world.settle(Promise.all(all))) {
      expect(failed(result).failure).toEqual({ tag: 'service_not_found' });
    }
    expect(world.clock.now() - begun).toBeLessThan(1_000);
    expect(contextOf(caller).discovery.lookups).toBe(lookups + 1);
    // the empty answer is remembered
    const again = world.clock.now();
    expect(told(await world.settle(caller.tryCall('m.nobody')))).toBe('service_not_found');
    expect(world.clock.now()).toBe(again);
  });

  test('without a DHT: what is connected is asked directly, and nobody else', async () => {
    const world = meshWorld();
    const gateway = await world.node();
    const node = await world.node({ dht: false, bootstrap: [gateway.url] });
    const far = await world.node({ bootstrap: [gateway.url] });
    closeAtEnd(world, far, node, gateway);
    await world.clock.advance(CALM);
    await serve(world, [gateway], 'm.near');
    await serve(world, [far], 'm.far');
    expect(await world.settle(node.tryCall('m.near'))).toMatchObject({
      ok: true,
      route: 'direct',
      node: gateway.id,
    });
    // the gateway resolves what it does not serve itself
    expect(await world.settle(node.tryCall('m.far'))).toMatchObject({
      ok: true,
      route: 'direct',
      node: gateway.id,
    });
    const nobody = await world.settle(node.tryCall('m.nobody'));
    expect(failed(nobody).failure).toEqual({ tag: 'service_not_found' });
    const alone = await world.node({ dht: false });
    closeAtEnd(world, alone);
    expect(told(await world.settle(alone.tryCall('m.near')))).toBe('service_not_found');
  });

  test('a node that asks another gets no_handler for what that one does not serve, and nobody else is asked', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    const [one, two] = others as [typeof caller, typeof caller];
    await serve(world, [two], 'm.two');
    const calls = contextOf(two).counters.callsIn;
    const result = await world.settle(caller.tryCall('m.two', {}, { target: one.id }));
    expect(failed(result).failure).toEqual({ tag: 'no_handler' });
    expect(contextOf(two).counters.callsIn).toBe(calls);
  });

  test('SPEC §14 B12: what is advertised on a client is found by calls on that client, on its node and elsewhere', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    const client = await world.client(others[0]!);
    closeAtEnd(world, client);
    await world.settle(client.advertise('m.mine', (_args, { caller: { local } }) => local));
    await world.clock.advance(CALM);
    const frames = contextOf(client).counters.callsOut;
    expect(await world.settle(client.tryCall('m.mine'))).toMatchObject({ value: true, route: 'local' });
    expect(contextOf(client).counters.callsOut).toBe(frames);
    expect(await world.settle(others[0]!.tryCall('m.mine'))).toMatchObject({ value: false, route: 'local' });
    expect(await world.settle(caller.tryCall('m.mine'))).toMatchObject({ value: false, route: 'dht' });
  });

  test("a client's node runs the steps for it, as the client wants them", async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 3);
    const client = await world.client(caller);
    closeAtEnd(world, client);
    await serve(world, others, 'm.where');
    for (const [at, { id: target }] of others.entries()) {
      expect(await world.settle(client.call('m.where', {}, { target }))).toBe(at);
    }
    const seen: unknown[] = [];
    for (let n = 0; n < 6; n++)
      seen.push(await world.settle(client.call('m.where', {}, { strategy: 'round_robin' })));
    expect(new Set(seen.slice(0, 3)).size).toBe(3);
    expect(seen.slice(3)).toEqual(seen.slice(0, 3));
    const told = await world.settle(client.tryCall('m.where', {}, { explain: true }));
    expect(told).toMatchObject({
      ok: true,
      route: 'cache',
      explanation: { tier: 'cache', providers: 3, attempts: [{ outcome: 'ok', route: 'cache' }] },
    });
    expect(others.map(({ id }) => id)).toContain(told.ok ? told.node : '');
    const refused = await world.settle(client.tryCall('m.where', {}, { strategy: ([first]) => first! }));
    expect(failed(refused).failure).toMatchObject({ tag: 'invalid_args', field: 'strategy' });
    const stranger = await world.settle(
      client.tryCall('m.where', {}, { target: 'ab'.repeat(32), timeout: 2_000 }),
    );
    expect(stranger.ok).toBe(false);
  });
});

describe('a client is told where its node found the provider, and which node that is', () => {
  test('by the DHT, then in the cache; served at its node it is `direct`, which asked it', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    const [other] = others;
    const client = await world.client(caller);
    closeAtEnd(world, client);
    await serve(world, others, 'm.there');
    await serve(world, [caller], 'm.here');
    const way = async (procedure: string, options: CallOptions = {}): Promise<unknown> => {
      const result = await world.settle(client.tryCall(procedure, {}, options));
      return result.ok ? [result.route, result.node] : result;
    };
    expect(await way('m.there')).toEqual(['dht', other!.id]);
    expect(await way('m.there')).toEqual(['cache', other!.id]);
    expect(await way('m.there', { forceRefresh: true })).toEqual(['dht', other!.id]);
    expect(await way('m.here')).toEqual(['direct', caller.id]);
    expect(await way('m.here', { strategy: 'first' })).toEqual(['direct', caller.id]);
  });

  test('a node tells a client only: another node has found the way itself', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.there');
    const edge = await world.node({ dht: false, bootstrap: [caller.url] });
    closeAtEnd(world, edge);
    expect(await world.settle(edge.tryCall('m.there'))).toMatchObject({
      ok: true,
      route: 'direct',
      node: caller.id,
    });
  });

  test('what it says there is believed of nobody but its own node, and only when it makes sense', async () => {
    const world = meshWorld();
    const { peers, url } = await rawNode(world, 'relay');
    const dialing = world.dial(url);
    await world.clock.until(() => peers[0]?.channels.control.of('connect').length === 1);
    const [relay] = peers;
    const id = relay!.identity.nodeId;
    relay!.channels.control.send('connected', {
      node_id: id,
      realm: REALM,
      version: '1.0',
      seed: new Uint8Array(32),
    });
    const client = await world.settle(dialing);
    closeAtEnd(world, client);
    const node = new Uint8Array(32).fill(7);
    const { rpc } = relay!.channels;
    const own = ['direct', Buffer.from(id).toString('hex')];
    for (const [said, expected] of [
      [{ route: 'dht', node }, ['dht', '07'.repeat(32)]],
      [{ route: 'dht' }, own],
      [{ node }, own],
      [{ route: 'local', node }, own],
      [{ route: 'nonsense', node }, own],
    ] as const) {
      const calling = client.tryCall('m.any');
      const seen = rpc.of('call').length;
      await world.clock.until(() => rpc.of('call').length > seen);
      rpc.send('reply', { call_id: rpc.of('call').at(-1)!.call_id, result: 1, ...said });
      const result = await world.settle(calling);
      expect(result.ok && [result.route, result.node]).toEqual(expected);
    }
  });
});

describe('failover', () => {
  test('a provider that lost its handler: the others are asked, nobody asks it again; all lost it: no_handler', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 3);
    await serve(world, others, 'm.gone');
    await world.settle(caller.call('m.gone'));
    expect(cachedIds(caller, 'm.gone').length).toBe(3);
    // without a word to the mesh, as after a crash
    for (const node of others.slice(0, 2)) drop(node, 'm.gone');
    const values = await world.settle(Promise.all(Array.from({ length: 10 }, () => caller.call('m.gone'))));
    expect(new Set(values)).toEqual(new Set([2]));
    expect(cachedIds(caller, 'm.gone')).toEqual([others[2]!.id]);
    drop(others[2]!, 'm.gone');
    const last = await world.settle(caller.tryCall('m.gone'));
    expect(failed(last).failure).toEqual({ tag: 'no_handler' });
  });

  test('when all that the cache knew have failed, the DHT is asked who came since', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    await serve(world, others.slice(0, 1), 'm.moved', () => 'old');
    await world.settle(caller.call('m.moved'));
    await serve(world, others.slice(1), 'm.moved', () => 'new');
    expect(cachedIds(caller, 'm.moved')).toEqual([others[0]!.id]);
    drop(others[0]!, 'm.moved');
    expect(await world.settle(caller.tryCall('m.moved'))).toMatchObject({
      ok: true,
      value: 'new',
      route: 'dht',
    });
  });

  test('a provider that is overloaded: another is asked, here and elsewhere', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    const door = gate();
    const limits = { maxConcurrent: 1, maxQueue: 0 };
    await caller.advertise('m.busy', () => door.promise.then(() => 'here'), { limits });
    await others[0]!.advertise('m.busy', () => door.promise.then(() => 'zero'), { limits });
    await others[1]!.advertise('m.busy', () => door.promise.then(() => 'one'), { limits });
    await world.clock.advance(CALM);
    const calls: Promise<Result>[] = [];
    for (let n = 0; n < 4; n++) {
      calls.push(caller.tryCall('m.busy'));
      await world.clock.advance(50);
    }
    door.open();
    const results = await world.settle(Promise.all(calls));
    expect(new Set(settled(results.slice(0, 3)))).toEqual(new Set(['here', 'zero', 'one']));
    expect(told(results[3]!)).toBe('overloaded');
    expect(failed(results[3]!).attempts.map(({ outcome }) => outcome)).toEqual([
      'overloaded',
      'overloaded',
      'overloaded',
    ]);
    expect(results.every((result) => !result.ok || result.value !== 'here' || result.route === 'local')).toBe(
      true,
    );
  });

  test('what a handler answered is final, also a crash', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    let runs = 0;
    await serve(world, others, 'm.throws', () => {
      runs++;
      throw new Error('no');
    });
    const result = await world.settle(caller.tryCall('m.throws', {}, { idempotent: true }));
    expect(failed(result)).toMatchObject({
      failure: { tag: 'handler_crash' },
      attempts: [{ outcome: 'handler_crash' }],
    });
    expect(runs).toBe(1);
  });

  test('a provider dies in silence: an idempotent call is answered by another within 600 ms, any other waits and is sent', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    const runs = [0, 0];
    const dead = new Set<number>();
    await serve(world, others, 'm.work', async (at) => {
      runs[at]!++;
      const own = world.clock.now() + 100;
      await new Promise<void>((resolve) => void world.clock.setTimer(100, resolve));
      return dead.has(at) ? own : at;
    });
    await world.settle(Promise.all(others.map(({ id: target }) => caller.call('m.work', {}, { target }))));
    const first: typeof caller = others[0]!;
    const strategy = ([one, two]: readonly { readonly nodeId: string }[]) =>
      (one!.nodeId === first.id ? one! : (two ?? one!)) as never;
    const before = [...runs];
    const safe = caller.tryCall('m.work', {}, { idempotent: true, strategy });
    const once = caller.tryCall('m.work', {}, { strategy, timeout: 3_000 });
    await world.clock.advance(20);
    expect(runs[0]).toBe(before[0]! + 2);
    dead.add(0);
    blackhole(world, first, [caller, others[1]!]);
    const begun = world.clock.now();
    expect(answered(await world.settle(safe))).toBe(1);
    expect(world.clock.now() - begun).toBeLessThanOrEqual(600);
    const error = failed(await world.settle(once));
    expect(error.failure).toEqual({ tag: 'timeout', timeout: 3_000, sent: true });
    expect(error.attempts).toMatchObject([{ node: first.id, outcome: 'timeout', sent: true }]);
    expect(runs).toEqual([before[0]! + 2, before[1]! + 1]);
  });

  test('an idempotent call gives each of three that hang its share of the time, and ends in time: SPEC §14 B4, D1', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 3);
    let aborted = 0;
    await serve(world, others, 'm.hang', (_at, signal) => {
      signal.addEventListener('abort', () => aborted++);
      return new Promise(() => undefined);
    });
    const begun = world.clock.now();
    const error = failed(
      await world.settle(caller.tryCall('m.hang', {}, { idempotent: true, timeout: 3_000 })),
    );
    expect(world.clock.now() - begun).toBe(3_000);
    expect(error.failure).toMatchObject({ tag: 'timeout', sent: true });
    expect(error.attempts.map(({ outcome, node }) => [outcome, node]).length).toBe(3);
    expect(new Set(error.attempts.map(({ node }) => node)).size).toBe(3);
    for (const { ms } of error.attempts) expect(ms).toBeLessThanOrEqual(1_100);
    await world.clock.advance(100);
    expect(aborted).toBe(3);
  });

  test('SPEC §14 B5: a slow or killed handler elsewhere is timeout or handler_crash on time, and the caller lives', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.slow', () => new Promise(() => undefined));
    const begun = world.clock.now();
    expect(told(await world.settle(caller.tryCall('m.slow', {}, { timeout: 500 })))).toBe('timeout');
    expect(world.clock.now() - begun).toBe(500);
    const killed = caller.tryCall('m.slow');
    await world.clock.advance(10);
    const victim = processesOf(others[0]!).find(({ behavior }) => behavior.type === 'Invocation');
    runtimeOf(others[0]!).exit(victim!, 'kill');
    expect(failed(await world.settle(killed)).failure).toMatchObject({
      tag: 'handler_crash',
      reason: 'killed',
    });
  });

  test('maxAttempts: 1 turns it off', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    await serve(world, others, 'm.gone');
    await world.settle(caller.call('m.gone'));
    for (const node of others) drop(node, 'm.gone');
    const error = failed(await world.settle(caller.tryCall('m.gone', {}, { maxAttempts: 1 })));
    expect([error.tag, error.attempts.length]).toEqual(['no_handler', 1]);
  });

  test('two providers of which one always crashes: it is ejected', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    const runs = [0, 0];
    await serve(world, others, 'm.half', (at) => {
      runs[at]!++;
      if (at === 0) throw new Error('always');
      return at;
    });
    for (const strategy of ['power_of_two', 'random'] as const) {
      for (let n = 0; n < 10; n++) await world.settle(caller.tryCall('m.half', {}, { strategy }));
      runs.fill(0);
      for (let n = 0; n < 200; n++) await world.settle(caller.tryCall('m.half', {}, { strategy }));
      expect(runs[0]).toBeLessThanOrEqual(4);
    }
  });
});

describe('retry', () => {
  test('is off by default; asked for, it repeats with growing waits inside the deadline, and says when it was used up', async () => {
    const world = meshWorld();
    const { caller } = await mesh(world, 1);
    expect(failed(await world.settle(caller.tryCall('m.later')))).toMatchObject({ exhausted: false });
    const begun = world.clock.now();
    const error = failed(
      await world.settle(caller.tryCall('m.later', {}, { retry: { times: 3, backoff: 100 } })),
    );
    expect(error).toMatchObject({ failure: { tag: 'service_not_found' }, exhausted: true });
    expect(world.clock.now() - begun).toBeGreaterThanOrEqual(350);
    expect(world.clock.now() - begun).toBeLessThanOrEqual(1_000);
    const call = caller.tryCall('m.later', {}, { retry: { times: 20, backoff: 100, maxBackoff: 200 } });
    await world.clock.advance(500);
    await caller.advertise('m.later', () => 'came');
    expect(answered(await world.settle(call))).toBe('came');
  });

  test('repeats nothing that a handler answered, and nothing that may have run unless it is idempotent', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    let runs = 0;
    await serve(world, others, 'm.crash', () => {
      runs++;
      throw new Error('x');
    });
    const retry = { times: 5, backoff: 1 };
    expect(
      failed(await world.settle(caller.tryCall('m.crash', {}, { retry, idempotent: true }))),
    ).toMatchObject({
      exhausted: false,
    });
    expect(runs).toBe(1);
  });

  test.each([
    ['failover', {}],
    ['retry', { retry: { times: 100, backoff: 1, maxBackoff: 5 }, maxAttempts: 1 }],
  ] as const)(
    'by %s: further attempts are at most a tenth of the calls, but for a few at the start',
    async (_how, options) => {
      const world = meshWorld();
      const { caller, others } = await mesh(world, 2);
      const limits = { maxConcurrent: 1, maxQueue: 0 };
      for (const node of others)
        await node.advertise('m.full', () => new Promise(() => undefined), { limits });
      await world.clock.advance(CALM);
      const hung = others.map(({ id: target }) => caller.tryCall('m.full', {}, { target, timeout: 60_000 }));
      expect(hung.length).toBe(2);
      await world.clock.advance(50);
      const before = contextOf(caller).counters.callsOut;
      for (let n = 0; n < 10; n++) {
        const calls = Array.from({ length: 100 }, () => caller.tryCall('m.full', {}, options));
        const results = await world.settle(Promise.all(calls));
        expect(new Set(results.map(told))).toEqual(new Set(['overloaded']));
      }
      const attempts = contextOf(caller).counters.callsOut - before;
      expect(attempts).toBeGreaterThan(1_000);
      expect(attempts).toBeLessThanOrEqual(1_100 + 21);
    },
  );
});

describe('a caller that gives up', () => {
  test.each(['abort', 'deadline'] as const)('by %s: the handler elsewhere is aborted', async (way) => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 2);
    let aborted = 0;
    await serve(world, others, 'm.hang', (_at, signal) => {
      signal.addEventListener('abort', () => aborted++);
      return new Promise(() => undefined);
    });
    const control = new AbortController();
    const call = caller.tryCall('m.hang', {}, { signal: control.signal, timeout: 400 });
    await world.clock.advance(100);
    if (way === 'abort') control.abort();
    expect(told(await world.settle(call))).toBe(way === 'abort' ? 'canceled' : 'timeout');
    await world.clock.advance(50);
    expect(aborted).toBe(1);
    expect(contextOf(caller).calls.size).toBe(0);
  });

  test('through its node: the cancel passes the node', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    const client = await world.client(caller);
    closeAtEnd(world, client);
    let aborted = 0;
    await serve(world, others, 'm.hang', (_at, signal) => {
      signal.addEventListener('abort', () => aborted++);
      return new Promise(() => undefined);
    });
    const control = new AbortController();
    const call = client.tryCall('m.hang', {}, { signal: control.signal });
    await world.clock.advance(100);
    control.abort();
    expect(told(await world.settle(call))).toBe('canceled');
    await world.clock.advance(50);
    expect(aborted).toBe(1);
  });
});

describe('the death of an actor on the way', () => {
  test.each(['router', 'serviceRegistry', 'peerPool', 'advertiser', 'routingTable', 'recordStore'])(
    'of the %s, under load, fails no call: those under way, those that wait, those that come',
    async (victim) => {
      const world = meshWorld();
      const { caller, others } = await mesh(world, 2);
      const client = await world.client(caller);
      closeAtEnd(world, client);
      await serve(world, others, 'm.work', async (at) => {
        await new Promise<void>((resolve) => void world.clock.setTimer(20, resolve));
        return at;
      });
      await caller.advertise('m.own', () => 'own');
      await world.settle(caller.call('m.work'));
      const calls: Promise<Result>[] = [];
      const forgetPeers = async (): Promise<void> => {
        await world.settle(Promise.all(calls));
        for (const { id } of others) {
          for (const { process } of contextOf(caller).standings.of(id))
            runtimeOf(caller).exit(process, 'kill');
        }
        runtimeOf(caller).exit(processOf(caller, victim), 'kill');
      };
      for (let n = 0; n < 60; n++) {
        calls.push(caller.tryCall('m.work'), caller.tryCall('m.own'), client.tryCall('m.work'));
        if (n % 20 === 5) {
          calls.push(caller.tryCall('m.work', {}, { forceRefresh: true }), caller.tryCall('m.work'));
          runtimeOf(caller).exit(processOf(caller, victim), 'kill');
          // nobody is connected any more: the pool is needed, and calls that were sent are not repeated
          if (victim === 'peerPool') await forgetPeers();
          calls.push(caller.tryCall('m.work'), caller.tryCall('m.own'));
        }
        await world.clock.advance(5);
      }
      const results = await world.settle(Promise.all(calls));
      expect(results.filter(({ ok }) => !ok).map(told)).toEqual([]);
    },
  );
});

describe('the death of several actors at once', () => {
  test('a call that begins in that moment waits for them', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.work');
    await caller.advertise('m.own', () => 'own');
    await world.settle(caller.call('m.work'));
    for (const { process } of contextOf(caller).standings.of(others[0]!.id))
      runtimeOf(caller).exit(process, 'kill');
    for (const label of ['router', 'peerPool']) runtimeOf(caller).exit(processOf(caller, label), 'kill');
    const first = [caller.tryCall('m.work'), caller.tryCall('m.own')];
    expect(settled(await world.settle(Promise.all(first)))).toEqual([0, 'own']);
    for (const label of ['router', 'serviceRegistry'])
      runtimeOf(caller).exit(processOf(caller, label), 'kill');
    const second = [caller.tryCall('m.work'), caller.tryCall('m.own')];
    expect(settled(await world.settle(Promise.all(second)))).toEqual([0, 'own']);
  });

  test('whoever waits for one that never comes is told when the node closes, or at the deadline', async () => {
    const world = meshWorld();
    const { caller } = await mesh(world, 1);
    // the root is gone, and nobody restarts anything
    runtimeOf(caller).exit(processOf(caller, 'node'), 'kill');
    const result = await world.settle(caller.tryCall('m.own', {}, { timeout: 500 }));
    expect(result.ok).toBe(false);
  });
});

describe('calls', () => {
  test('SPEC §14 D2: one client has any number under way, and a handler may call through its own client', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    const [other] = others;
    await caller.advertise('m.inner', () => 1);
    await serve(world, [other!], 'm.outer', () => other!.call('m.inner'));
    const all = Array.from({ length: 50 }, () => caller.call('m.outer'));
    expect(await world.settle(Promise.all(all))).toEqual(all.map(() => 1));
  });

  test('SPEC §14 D6: one that is made while the way is being dialed waits for it, within its deadline', async () => {
    const world = meshWorld();
    const { caller, others } = await mesh(world, 1);
    await serve(world, others, 'm.there');
    await world.settle(caller.call('m.there'));
    for (const { process } of contextOf(caller).standings.of(others[0]!.id))
      runtimeOf(caller).exit(process, 'kill');
    await world.clock.advance(1);
    expect(answered(await world.settle(caller.tryCall('m.there')))).toBe(0);
  });
});

/** Takes a handler away, and tells nobody. */
function drop(node: Parameters<typeof contextOf>[0], procedure: string): void {
  const table = contextOf(node).scope.shared<{ remove(procedure: string, owner: string): unknown }>(
    'serviceRegistry',
  );
  expect(table?.remove(procedure, 'node')).toBeDefined();
}
