/**
 * Coming, going and coming back: disconnect and close during calls, lost connections, restarts, one identity
 * twice, refusals. On the simulated network, by the clock.
 */
import { describe, expect, test } from 'vitest';
import { connectLocal } from '../../../src/index.ts';
import type { Process } from '../../../src/actor/process.ts';
import { startServerLink, type GenServer } from '../../../src/otp/gen-server.ts';
import { reply } from '../../../src/otp/result.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { server } from '../../../src/mesh/handlers/server-handler.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  meshWorld,
  pair,
  processesOf,
  processOf,
  runtimeOf,
  told,
} from '../../mesh-world.ts';

const forever = (): Promise<never> => new Promise(() => undefined);

describe('disconnect of a client', () => {
  test('waits for its own calls and for those it serves, then closes', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const [mine, theirs] = [gate<string>(), gate<string>()];
    await node.advertise('node.slow', () => mine.promise);
    await world.settle(client.advertise('client.slow', () => theirs.promise));
    const calls = [client.call('node.slow'), node.call('client.slow')];
    await world.clock.advance(10);
    let over = false;
    const closing = client.disconnect().then(() => (over = true));
    await world.clock.advance(100);
    expect(over).toBe(false);
    expect((await world.failure(client.call('node.slow'))).tag).toBe('canceled');
    expect((await world.failure(node.call('client.slow'))).tag).toBe('service_not_found');
    mine.open('mine');
    await world.clock.advance(10);
    expect(over).toBe(false);
    theirs.open('theirs');
    expect(await world.settle(Promise.all(calls))).toEqual(['mine', 'theirs']);
    const start = world.clock.now();
    await world.settle(closing);
    expect(world.clock.now() - start).toBeLessThan(50);
    expect(runtimeOf(client).alive).toBe(0);
  });

  test('at its deadline, what is left fails with connection_error sent, on both sides, and handlers stop', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const aborted: string[] = [];
    const hold =
      (name: string) =>
      (_args: unknown, { signal }: { signal: AbortSignal }) => {
        signal.addEventListener('abort', () => aborted.push(name));
        return forever();
      };
    await node.advertise('node.slow', hold('node'));
    await world.settle(client.advertise('client.slow', hold('client')));
    await world.settle(client.advertise('client.own', hold('own')));
    const calls = [client, node, client].map((caller, at) =>
      caller.tryCall(['node.slow', 'client.slow', 'client.own'][at]!, {}, { timeout: 60_000 }),
    );
    await world.clock.advance(10);
    const start = world.clock.now();
    await world.settle(client.disconnect({ timeout: 300 }));
    expect(world.clock.now() - start).toBeLessThan(400);
    const results = await world.settle(Promise.all(calls));
    for (const result of results) {
      expect(result.ok ? result : result.error.failure).toMatchObject({
        tag: 'connection_error',
        sent: true,
      });
    }
    await world.clock.advance(10);
    expect(aborted.toSorted()).toEqual(['client', 'node', 'own']);
    expect(runtimeOf(client).alive).toBe(0);
    expect(contextOf(node).calls.size).toBe(0);
  });

  test('does not wait longer than it was told for a node that says nothing', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await world.settle(client.advertise('a.b', () => 1));
    world.network.faults.cut(hostOf(client), hostOf(node));
    const start = world.clock.now();
    await world.settle(client.disconnect({ timeout: 200 }));
    expect(world.clock.now() - start).toBeLessThan(250);
  });

  test('leaves no registration behind, not even of an advertise that was under way', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const late = client.advertise('late.one', () => 1).catch((error: unknown) => error);
    const slow = client.advertise('late.two', server(slowServer(50))).catch((error: unknown) => error);
    await world.settle(client.disconnect());
    await world.settle(Promise.all([late, slow]));
    await world.clock.advance(100);
    expect((await world.failure(node.call('late.one'))).tag).toBe('service_not_found');
    expect(contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size).toBe(0);
    expect(runtimeOf(client).alive).toBe(0);
  });

  test('twice is once; afterwards advertise and call are refused, unadvertise is nothing', async () => {
    const world = meshWorld();
    const { client } = await pair(world);
    const ad = await world.settle(client.advertise('a.b', () => 1));
    await world.settle(
      Promise.all([client.disconnect(), client.disconnect(), client[Symbol.asyncDispose]()]),
    );
    expect((await world.failure(client.call('a.b'))).tag).toBe('canceled');
    expect((await world.failure(client.advertise('a.b', () => 1))).tag).toBe('canceled');
    await world.settle(Promise.all([ad.unadvertise(), ad[Symbol.asyncDispose](), client.unadvertise('a.b')]));
    expect(await world.failure(client.disconnect({ timeout: -1 }))).toMatchObject({ tag: 'invalid_args' });
  });
});

describe('disconnect of a local client', () => {
  test('withdraws only its own, waits for what it serves, and leaves the node alone', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const local = connectLocal(node);
    const held = gate<number>();
    await node.advertise('node.one', () => 1);
    await local.advertise('local.one', () => held.promise);
    const call = node.call('local.one');
    await world.clock.advance(1);
    let over = false;
    const leaving = local.disconnect().then(() => (over = true));
    await world.clock.advance(10);
    expect(over).toBe(false);
    held.open(5);
    expect(await world.settle(call)).toBe(5);
    await world.settle(leaving);
    expect(await world.settle(node.call('node.one'))).toBe(1);
    expect((await world.failure(node.call('local.one'))).tag).toBe('service_not_found');
  });

  test('an advertise under way when it leaves is taken back', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const local = connectLocal(node);
    const before = runtimeOf(node).alive;
    const ad = local.advertise('late.one', server(slowServer(50))).catch((error: unknown) => error);
    await world.settle(local.disconnect());
    expect(await world.settle(ad)).toBeInstanceOf(RpcError);
    await world.clock.advance(200);
    expect((await world.failure(node.call('late.one'))).tag).toBe('service_not_found');
    expect(runtimeOf(node).alive).toBe(before);
  });

  test('at its deadline its calls fail as sent and their handlers stop', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const local = connectLocal(node);
    let aborted = false;
    await node.advertise('node.slow', (_args, { signal }) => {
      signal.addEventListener('abort', () => (aborted = true));
      return forever();
    });
    const call = local.tryCall('node.slow', {}, { timeout: 60_000 });
    await world.clock.advance(1);
    await world.settle(local.disconnect({ timeout: 50 }));
    expect(await world.settle(call)).toMatchObject({
      ok: false,
      error: { failure: { tag: 'connection_error', sent: true } },
    });
    expect(aborted).toBe(true);
    expect(processesOf(node).filter(({ behavior }) => behavior.type === 'Invocation')).toEqual([]);
  });
});

describe('close of a node', () => {
  test('lets calls of clients, of local clients and its own finish; new ones are refused', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const local = connectLocal(node);
    const held = gate<string>();
    await node.advertise('node.slow', () => held.promise);
    const calls = [client, local, node].map((caller) => caller.call('node.slow'));
    await world.clock.advance(10);
    const closing = node.close();
    await world.clock.advance(10);
    for (const caller of [client, local, node]) {
      const failure = await world.failure(caller.call('node.slow'));
      expect(['canceled', 'service_not_found', 'connection_error']).toContain(failure.tag);
      if (failure.tag === 'connection_error') expect(failure.sent).toBe(false);
    }
    held.open('done');
    expect(await world.settle(Promise.all(calls))).toEqual(['done', 'done', 'done']);
    const start = world.clock.now();
    await world.settle(closing);
    expect(world.clock.now() - start).toBeLessThan(50);
    expect(runtimeOf(node).alive).toBe(0);
    expect(await world.settle(node.ended)).toBe('shutdown');
  });

  test('at its deadline the rest fails with connection_error sent, never as a crash', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const local = connectLocal(node);
    await node.advertise('node.slow', forever);
    const calls = [client, local, node].map((caller) => caller.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(10);
    await world.settle(node.close({ timeout: 100 }));
    for (const result of await world.settle(Promise.all(calls))) {
      expect(result.ok ? result : result.error.failure).toMatchObject({
        tag: 'connection_error',
        sent: true,
      });
    }
    expect(runtimeOf(node).alive).toBe(0);
    expect(runtimeOf(node).timers.size).toBe(0);
  });

  test('a handle used after the node is gone does nothing, and nothing hangs', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const local = connectLocal(node);
    const ads = [await node.advertise('a.b', () => 1), await local.advertise('c.d', () => 1)];
    await world.settle(node.close());
    for (const ad of ads) await world.settle(ad.unadvertise());
    await world.settle(local.disconnect());
    expect((await world.failure(local.call('a.b'))).tag).toBe('canceled');
  });

  test('a kill of the root ends everything, and every call with it', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('node.slow', forever);
    const calls = [client, node].map((caller) => caller.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(10);
    runtimeOf(node).exit(processOf(node, 'node'), 'kill');
    const results = await world.settle(Promise.all(calls));
    expect(results.map(({ ok }) => ok)).toEqual([false, false]);
    expect(await world.settle(node.ended)).toBe('killed');
    await world.clock.advance(100);
    expect(runtimeOf(node).alive).toBe(0);
    expect((await world.failure(node.call('node.slow'))).tag).toBe('canceled');
    await world.settle(node.close());
  });
});

describe('a lost connection', () => {
  test('fails calls in flight as sent, and a client that is gone serves nobody', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const begun = gate();
    await world.settle(
      client.advertise('client.slow', () => {
        begun.open();
        return forever();
      }),
    );
    const call = node.tryCall('client.slow', {}, { timeout: 60_000 });
    await world.settle(begun.promise);
    expect(world.network.faults.reset(hostOf(client), hostOf(node))).toBe(1);
    const result = await world.settle(call);
    expect(result.ok ? result : result.error.failure).toMatchObject({ tag: 'connection_error', sent: true });
    expect((await world.failure(node.call('client.slow'))).tag).toBe('service_not_found');
  });

  test('is dialed again, and what the client serves is registered again, 600 names of it', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await Promise.all(
      Array.from({ length: 600 }, (_, n) => world.settle(client.advertise(`many.n${n}`, () => n))),
    );
    world.network.faults.reset(hostOf(client), hostOf(node));
    await world.clock.advance(2_000);
    expect(await world.settle(node.call('many.n599'))).toBe(599);
    expect(contextOf(node).scope.shared<{ size: number }>('serviceRegistry')?.size).toBe(600);
    // one withdrawn while the connection is down is not registered again
    world.network.faults.reset(hostOf(client), hostOf(node));
    await world.clock.settle();
    await world.settle(client.unadvertise('many.n0'));
    const ad = client.advertise('many.new', () => 'new');
    await world.settle(ad);
    await world.clock.advance(2_000);
    expect(await world.settle(node.call('many.new'))).toBe('new');
    expect((await world.failure(node.call('many.n0'))).tag).toBe('service_not_found');
  });

  test('a node that restarts finds its clients again; the client shows the new id', async () => {
    const world = meshWorld();
    const node = await world.node({ host: '198.18.200.1' });
    const client = await world.client(node);
    await world.settle(client.advertise('client.one', () => 'still here'));
    const before = client.nodeId;
    await world.settle(node.close());
    await world.clock.advance(1);
    expect(await world.failure(client.call('no.where'))).toMatchObject({
      tag: 'connection_error',
      sent: false,
    });
    await world.clock.advance(3_000);
    const second = await world.node({ host: '198.18.200.1' });
    closeAtEnd(world, client, second);
    await world.clock.advance(20_000);
    expect(await world.settle(second.call('client.one'))).toBe('still here');
    expect(client.nodeId).toBe(second.id);
    expect(client.nodeId).not.toBe(before);
  });

  test('a pinned client does not accept another node in its place, and says so', async () => {
    const world = meshWorld();
    const node = await world.node({ host: '198.18.200.1' });
    const client = await world.client(node, { nodeId: node.id });
    await world.settle(node.close());
    const second = await world.node({ host: '198.18.200.1' });
    closeAtEnd(world, client, second);
    await world.clock.advance(40_000);
    expect((await world.failure(client.call('any.thing'))).tag).toBe('unauthorized');
    expect(opened(second)).toBe(0);
  });
});

describe('a refusal', () => {
  test('wrong realm: unauthorized at once, and no second dial', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const start = world.clock.now();
    expect((await world.failure(world.client(node, { realm: 'another' }))).tag).toBe('unauthorized');
    expect(world.clock.now() - start).toBeLessThan(100);
    const links = contextOf(node).counters.connectionsClosed;
    await world.clock.advance(60_000);
    expect(contextOf(node).counters.connectionsClosed).toBe(links);
    expect(opened(node)).toBe(0);
  });

  test('wrong pinned id: unauthorized; nobody there: connection_error or timeout, within the time', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    expect((await world.failure(world.client(node, { nodeId: 'ab'.repeat(32) }))).tag).toBe('unauthorized');
    const start = world.clock.now();
    const failure = await world.failure(world.client('https://198.19.1.1:9443', { timeout: 2_000 }));
    expect(['connection_error', 'timeout']).toContain(failure.tag);
    // it was being tried over TLS too, which ends with a word
    expect(world.clock.now() - start).toBeLessThanOrEqual(2_001);
  });

  test('an aborted signal is canceled, before and during the dial, and nothing is left', async () => {
    const world = meshWorld();
    const runtime = world.runtime();
    const signal = AbortSignal.abort();
    expect((await world.failure(world.client('https://198.19.1.1:9443', { signal }))).tag).toBe('canceled');
    const control = new AbortController();
    const dialing = world.dial('https://198.19.1.1:9443', { signal: control.signal, runtime });
    const failed = dialing.catch((error: unknown) => error);
    await world.clock.advance(100);
    control.abort();
    expect(((await world.settle(failed)) as RpcError).tag).toBe('canceled');
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
  });
});

describe('one identity twice', () => {
  test('the newest takes over; the older is told and does not fight for it', async () => {
    const world = meshWorld();
    const node = await world.node();
    const identity = world.identity('twin');
    const older = await world.client(node, { identity });
    await world.settle(older.advertise('twin.who', () => 'older', { exclusive: true }));
    const newer = await world.client(node, { identity });
    closeAtEnd(world, older, newer, node);
    await world.settle(newer.advertise('twin.who', () => 'newer', { exclusive: true }));
    await world.clock.advance(60_000);
    expect(await world.settle(node.call('twin.who'))).toBe('newer');
    expect(opened(node)).toBe(2);
    expect(await world.failure(older.call('some.thing'))).toMatchObject({
      tag: 'connection_error',
      sent: false,
      detail: expect.stringContaining('newer connection') as string,
    });
    expect(await world.settle(older.call('twin.who'))).toBe('older');
  });
});

describe('several providers of one procedure', () => {
  test('calls reach all of them; one that leaves is not asked any more', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const other = await world.client(node);
    closeAtEnd(world, other);
    await node.advertise('who.are_you', () => 'node');
    await world.settle(client.advertise('who.are_you', () => 'client'));
    await world.settle(other.advertise('who.are_you', () => 'other'));
    const ask = async (): Promise<Set<unknown>> =>
      new Set(await world.settle(Promise.all(Array.from({ length: 60 }, () => node.call('who.are_you')))));
    expect(await ask()).toEqual(new Set(['node', 'client', 'other']));
    await world.settle(other.disconnect());
    expect(await ask()).toEqual(new Set(['node', 'client']));
    await node.unadvertise('who.are_you');
    expect(await ask()).toEqual(new Set(['client']));
    // a client has itself: local first, no frame
    const frames = contextOf(client).counters.callsOut;
    expect(await world.settle(client.call('who.are_you'))).toBe('client');
    expect(contextOf(client).counters.callsOut).toBe(frames);
  });

  test('exclusive refuses others, local and remote, and leaves them what they had', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const local = connectLocal(node);
    await world.settle(client.advertise('mine.only', () => 'client', { exclusive: true }));
    expect((await world.failure(local.advertise('mine.only', () => 1))).tag).toBe('unauthorized');
    await node.advertise('ours.shared', () => 'node');
    const refused = client.advertise('ours.shared', () => 'client', { exclusive: true });
    expect((await world.failure(refused)).tag).toBe('unauthorized');
    expect((await world.failure(client.call('ours.other'))).tag).toBe('service_not_found');
    expect(await world.settle(client.call('ours.shared'))).toBe('node');
    await node.advertise('node.only', () => 'node', { exclusive: true });
    expect((await world.failure(client.advertise('node.only', () => 'client'))).tag).toBe('unauthorized');
    expect(await world.settle(client.call('node.only'))).toBe('node');
    await world.settle(client.unadvertise('mine.only'));
    await local.advertise('mine.only', () => 'local');
    expect(await world.settle(client.call('mine.only'))).toBe('local');
  });

  test("another client's handle does nothing", async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const [one, two] = [connectLocal(node), connectLocal(node)];
    const ad = await one.advertise('m.own', () => 'one');
    await two.unadvertise(ad);
    await two.unadvertise('m.own');
    expect(await world.settle(node.call('m.own'))).toBe('one');
  });
});

describe('a server that is started with its advertisement', () => {
  test('that starts slowly holds up nobody else; advertise answers when it can be called', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const slow = node.advertise('slow.get', server(slowServer(1_000)));
    await world.settle(node.advertise('fast.one', () => 1));
    expect(world.clock.now()).toBeLessThan(500);
    await world.settle(slow);
    expect(await world.settle(node.call('slow.get'))).toBe('slow');
  });

  test('that never starts fails the advertise in time, and nothing of it is left', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const before = runtimeOf(node).alive;
    const failure = await world.failure(node.advertise('never.get', server(slowServer(8_000))));
    expect(failure.tag).toBe('connection_error');
    await world.clock.advance(20_000);
    expect((await world.failure(node.call('never.get'))).tag).toBe('service_not_found');
    expect(runtimeOf(node).alive).toBe(before);
  });

  test('that fails to start fails the advertise; the one before it goes on', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const before = await node.advertise('m.get', () => 'before');
    const broken = worker(
      'broken',
      {
        init: () => {
          throw new Error('no');
        },
      } as GenServer,
      undefined,
    );
    expect((await world.failure(node.advertise('m.get', server(broken)))).tag).toBe('connection_error');
    expect(await world.settle(node.call('m.get'))).toBe('before');
    await before.unadvertise();
  });

  test('that crashes on every call rests and comes back; no other procedure notices', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    let broken = true;
    const fragile: GenServer<undefined, null, { get(): string }> = {
      label: 'fragile',
      init: () => null,
      handleCall: {
        get: (_none, state) => {
          if (broken) throw new Error('again');
          return reply('fine', state);
        },
      },
    };
    await node.advertise('other.one', () => 1);
    await node.advertise('fragile.get', server(worker('fragile', fragile, undefined)));
    const other = processOf(node, 'other.one');
    const tags = new Set<unknown>();
    for (let n = 0; n < 500; n++) tags.add(told(await world.settle(client.tryCall('fragile.get'))));
    expect(tags).toEqual(new Set(['handler_crash', 'connection_error']));
    expect([processOf(node, 'other.one'), other.alive]).toEqual([other, true]);
    broken = false;
    await world.clock.advance(6_000);
    expect(await world.settle(client.call('fragile.get'))).toBe('fine');
  });
});

describe('an advertise that is replaced while calls arrive', () => {
  test('never leaves a moment in which nobody serves the name', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    await node.advertise('m.get', () => 'old');
    const replacing = node.advertise('m.get', server(slowServer(100)));
    const answers = new Set<unknown>();
    for (let n = 0; n < 30; n++) {
      answers.add(told(await world.settle(node.tryCall('m.get'))));
      await world.clock.advance(10);
    }
    await world.settle(replacing);
    expect(answers).toEqual(new Set(['old', 'slow']));
  });
});

function hostOf(client: { inspect?: unknown }): string {
  const endpoint = contextOf(client as never).scope.shared<{ local: { host: string } }>('endpoint');
  if (endpoint === undefined) throw new Error('no endpoint');
  return endpoint.local.host;
}

const opened = (node: Parameters<typeof contextOf>[0]): number => contextOf(node).counters.connectionsOpened;

/** A server whose start takes `delay` virtual ms. */
const slowServer = (delay: number) => ({
  id: 'slow',
  start: (parent: Parameters<typeof startServerLink>[0]) =>
    startServerLink(
      parent,
      {
        label: 'slow',
        init: (_args, self) =>
          new Promise<null>((resolve) =>
            (self as Process).runtime.clock.setTimer(delay, () => resolve(null)),
          ),
        handleCall: { get: (_none, state) => reply('slow', state) },
      } as GenServer<undefined, null, { get(): string }>,
      undefined,
    ),
});

describe("the user's own children at the end", () => {
  const slowToEnd = (ended: string[], ms: number): GenServer<undefined, null> => ({
    label: 'slow to end',
    trapExit: true,
    init: () => null,
    terminate: (_reason, _state, self) =>
      new Promise((resolve) => {
        self.clock.setTimer(ms, () => {
          ended.push('terminated');
          resolve();
        });
      }),
  });

  test('have the time their own shutdown values give them', async () => {
    const world = meshWorld();
    const ended: string[] = [];
    const node = await world.node({
      children: [worker('slow', slowToEnd(ended, 8_000), undefined, { shutdown: 20_000 })],
    });
    const start = world.clock.now();
    await world.settle(node.close());
    expect(ended).toEqual(['terminated']);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(8_000);
    expect(world.clock.now() - start).toBeLessThan(8_500);
    expect(runtimeOf(node).alive).toBe(0);
  });

  test('and no more: what does not end by then is killed, and the node ends', async () => {
    const world = meshWorld();
    const ended: string[] = [];
    const server = slowToEnd(ended, 1_000_000);
    const node = await world.node({
      children: [
        worker('one', server, undefined, { shutdown: 7_000 }),
        worker('two', server, undefined, { shutdown: 8_000 }),
      ],
    });
    const start = world.clock.now();
    await world.settle(node.close());
    expect(ended).toEqual([]);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(15_000);
    expect(world.clock.now() - start).toBeLessThan(15_500);
    expect(runtimeOf(node).alive).toBe(0);
  });

  test('a restart of theirs that hangs does not hold up the end for ever', async () => {
    const world = meshWorld();
    let starts = 0;
    const hangs: GenServer<undefined, null> = {
      label: 'hangs',
      init: () => (starts++ === 0 ? null : forever()),
    };
    const node = await world.node({ children: [worker('hangs', hangs, undefined)] });
    runtimeOf(node).exit(processOf(node, 'hangs'), 'kill');
    await world.clock.settle();
    const start = world.clock.now();
    await world.settle(node.close());
    expect(world.clock.now() - start).toBeLessThan(16_000);
    expect(runtimeOf(node).alive).toBe(0);
  });
});

describe('a tree that has ended by itself', () => {
  test.each(['node', 'client'] as const)('of a %s answers as a closed one does', async (side) => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const owner = side === 'node' ? node : client;
    runtimeOf(owner).exit(processesOf(owner)[0]!, 'kill');
    await world.settle(owner.ended);
    const users = side === 'node' ? [node, connectLocal(node)] : [client];
    for (const user of users) {
      const error = (await world.rejection(user.call('a.b'))) as RpcError;
      expect([error.failure, error.retryable]).toEqual([
        { tag: 'canceled', detail: 'the client is closed' },
        false,
      ]);
      expect((await world.failure(user.advertise('a.b', () => 1))).tag).toBe('canceled');
      await world.settle(user.unadvertise('a.b'));
      await world.settle(user.disconnect());
    }
  });
});

describe('a server behind an advertisement whose init hangs', () => {
  const hanging = (trapExit: boolean): GenServer<undefined, null> => ({
    label: 'hanging',
    trapExit,
    init: forever,
  });

  test.each([true, false])('fails the advertise in time and is gone (traps exits: %s)', async (trapExit) => {
    const world = meshWorld();
    const { node } = await pair(world);
    const before = runtimeOf(node).alive;
    const start = world.clock.now();
    const failure = await world.failure(
      node.advertise('m.hangs', server(worker('hanging', hanging(trapExit), undefined))),
    );
    expect(failure).toEqual({
      tag: 'connection_error',
      sent: false,
      detail: 'what should serve it did not start within 5000 ms',
    });
    expect(world.clock.now() - start).toBe(5_000);
    expect(runtimeOf(node).alive).toBe(before);
    // the name is free
    await node.advertise('m.hangs', () => 1);
    expect(await world.settle(node.call('m.hangs'))).toBe(1);
  });

  test('leaves nothing behind when the node is closed meanwhile', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const late = node
      .tryCall('a.b')
      .then(() =>
        node.advertise('m.hangs', server(worker('hanging', hanging(true), undefined))).catch(() => 'failed'),
      );
    await world.clock.advance(10);
    await world.settle(node.close());
    await world.clock.advance(5_000);
    expect(await world.settle(late)).toBe('failed');
    expect(runtimeOf(node).alive).toBe(0);
  });

  test('a start that has no process is given up too', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const failure = await world.failure(node.advertise('m.hangs', server({ id: 'none', start: forever })));
    expect(failure).toMatchObject({ tag: 'connection_error', sent: false });
    expect(world.reports.some(({ tag }) => tag === 'crash')).toBe(false);
  });
});
