/** Calls that stations pass on to each other: a chain, whose stations know their neighbors only. */
import { describe, expect, test } from 'vitest';
import { err } from '../../../src/index.ts';
import type { HandlerContext } from '../../../src/mesh/handlers/handler.ts';
import type { Node, RemoteClient } from '../../../src/node.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  left,
  meshWorld,
  processOf,
  runtimeOf,
  told,
  type MeshWorld,
} from '../../mesh-world.ts';
import { chain, countCalls, stations } from './stations.ts';

interface Chain {
  readonly world: MeshWorld;
  readonly all: readonly Node[];
  readonly first: Node;
  readonly last: Node;
  /** Of the first. */
  readonly near: RemoteClient;
  /** Of the last. */
  readonly far: RemoteClient;
}

async function openChain(): Promise<Chain> {
  const world = meshWorld();
  const all = await stations(world, chain(4));
  const [first, , , last] = all as [Node, Node, Node, Node];
  const near = await world.client(first);
  const far = await world.client(last);
  closeAtEnd(world, near, far);
  return { world, all, first, last, near, far };
}

describe('a chain of four stations without a DHT', () => {
  test('carries a call from end to end, both ways, for clients and the stations themselves', async () => {
    const { world, first, last, near, far } = await openChain();
    await world.settle(far.advertise('c.far', ({ n }: { readonly n: number }) => n + 1));
    await world.settle(near.advertise('c.near', () => 'near'));
    await world.settle(last.advertise('c.last', () => 'last'));
    expect(await world.settle(near.call('c.far', { n: 1 }))).toBe(2);
    expect(await world.settle(first.call('c.far', { n: 2 }))).toBe(3);
    expect(await world.settle(far.call('c.near'))).toBe('near');
    expect(await world.settle(last.call('c.near'))).toBe('near');
    expect(await world.settle(near.call('c.last'))).toBe('last');
  });

  test('carries many calls at once, each to its own answer', async () => {
    const { world, near, far } = await openChain();
    await world.settle(far.advertise('c.far', ({ n }: { readonly n: number }) => n));
    const calls = Array.from({ length: 500 }, (_, n) => near.call('c.far', { n }));
    expect(await world.settle(Promise.all(calls))).toEqual(calls.map((_, n) => n));
  });

  test('the handler is told who called, with what is left of the time, and the trace', async () => {
    const { world, last, near, far } = await openChain();
    const seen: HandlerContext[] = [];
    await world.settle(far.advertise('c.far', (_args, context) => void seen.push(context)));
    await world.settle(last.advertise('c.last', (_args, context) => void seen.push(context)));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    for (const procedure of ['c.far', 'c.last'])
      await world.settle(near.call(procedure, {}, { timeout: 3_000, trace: { traceparent } } as object));
    const [client, station] = seen as [HandlerContext, HandlerContext];
    expect([client.caller.nodeId, station.caller.nodeId]).toEqual([near.id, near.id]);
    // the station says who told it; its client has only one who could
    expect([client.caller.via, station.caller.via]).toEqual([
      undefined,
      contextOf(last).routing.stations.all[0]!.nodeId,
    ]);
    for (const { deadline, trace } of seen) {
      expect(deadline).toBeLessThanOrEqual(world.clock.wall() + 3_000);
      expect(trace?.traceparent).toBe(traceparent);
    }
  });

  test('a declared failure, a crash and a refusal arrive as they left', async () => {
    const { world, near, far } = await openChain();
    await world.settle(far.advertise('c.err', () => err({ code: 7, why: ['so'] })));
    await world.settle(
      far.advertise('c.crash', () => {
        throw new Error('secret');
      }),
    );
    await world.settle(far.advertise('c.mine', () => 1, { authorize: ({ nodeId }) => nodeId === near.id }));
    await world.settle(far.advertise('c.none', () => 1, { authorize: () => false }));
    expect(await world.failure(near.call('c.err'))).toEqual({
      tag: 'handler_error',
      reason: { code: 7, why: ['so'] },
    });
    const crash = await world.failure(near.call('c.crash'));
    expect(crash).toEqual({
      tag: 'handler_crash',
      id: expect.stringMatching(/./) as string,
      reason: 'error',
    });
    expect(await world.settle(near.call('c.mine'))).toBe(1);
    expect((await world.failure(near.call('c.none'))).tag).toBe('unauthorized');
  });

  test('a cancel and a timeout reach the handler at the other end, and nothing is left', async () => {
    const { world, all, near, far } = await openChain();
    let [started, aborted] = [0, 0];
    const wait = (_args: unknown, { signal }: HandlerContext): Promise<never> => {
      started++;
      signal.addEventListener('abort', () => aborted++);
      return new Promise(() => undefined);
    };
    await world.settle(far.advertise('c.wait', wait));
    const abort = new AbortController();
    const canceled = near.tryCall('c.wait', {}, { signal: abort.signal });
    await world.clock.until(() => started === 1);
    abort.abort();
    expect(told(await world.settle(canceled))).toBe('canceled');
    await world.clock.until(() => aborted === 1);
    expect(told(await world.settle(near.tryCall('c.wait', {}, { timeout: 500 })))).toBe('timeout');
    await world.clock.until(() => aborted === 2);
    await world.clock.advance(1_000);
    expect(started).toBe(2);
    for (const node of all)
      for (const standing of contextOf(node).standings.all()) expect(standing.inFlight()).toBe(0);
    expect([near, far, ...all].map((each) => left(each).calls)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('bodies that are too large for a frame pass, both ways', async () => {
    const { world, near, far } = await openChain();
    await world.settle(far.advertise('c.echo', ({ text }) => text));
    for (const size of [16_000, 17_000, 400_000]) {
      const text = 'x'.repeat(size);
      expect(await world.settle(near.call('c.echo', { text }))).toBe(text);
    }
  });

  test('a call with a key runs once, whichever end its caller asks at', async () => {
    const { world, last, near, far } = await openChain();
    let runs = 0;
    await world.settle(last.advertise('c.pay', () => ++runs));
    await world.settle(far.advertise('c.far', () => ++runs));
    for (const [procedure, run] of [
      ['c.pay', 1],
      ['c.far', 2],
    ] as const)
      for (let n = 0; n < 2; n++)
        expect(await world.settle(near.call(procedure, {}, { idempotencyKey: 'k' }))).toBe(run);
    // another client's key is another key
    const other = await world.client(last);
    closeAtEnd(world, other);
    expect(await world.settle(other.call('c.pay', {}, { idempotencyKey: 'k' }))).toBe(3);
  });

  test('a client that goes on at another station finds its run by its key', async () => {
    const { world, first, last, far } = await openChain();
    const identity = world.identity('wanderer');
    let runs = 0;
    await world.settle(far.advertise('c.far', () => ++runs));
    for (const station of [first, last, first]) {
      const client = await world.client(station, { identity });
      expect(await world.settle(client.call('c.far', {}, { idempotencyKey: 'k' }))).toBe(1);
      await world.settle(client.disconnect());
    }
  });

  test('whoever answered for a name is asked first from then on, until it no longer knows it', async () => {
    const { world, all, far, near } = await openChain();
    const [, second] = all as [Node, Node];
    await world.settle(far.advertise('c.far', () => 'far'));
    expect(await world.settle(second.call('c.far'))).toBe('far');
    const calls = countCalls(all);
    expect(await world.settle(second.call('c.far'))).toBe('far');
    // not the first station, though it comes first
    expect(calls()).toEqual([0, 0, 1, 1]);
    await world.settle(far.unadvertise('c.far'));
    expect(told(await world.settle(second.tryCall('c.far')))).toBe('procedure_not_found');
    await world.settle(near.advertise('c.far', () => 'near'));
    // that nobody knows it is believed for a moment
    await world.clock.advance(2_000);
    expect(await world.settle(second.call('c.far'))).toBe('near');
  });

  test('what is found says where it was asked: direct, at the next station', async () => {
    const { world, all, first, near, far } = await openChain();
    await world.settle(far.advertise('c.far', () => 1));
    expect(await world.settle(first.tryCall('c.far'))).toMatchObject({ route: 'direct', node: all[1]!.id });
    expect(await world.settle(near.tryCall('c.far'))).toMatchObject({ route: 'direct', node: first.id });
  });

  test('the death of every actor of a station role costs no call', async () => {
    const { world, all, near, far } = await openChain();
    const door = gate();
    await world.settle(far.advertise('c.slow', () => door.promise.then(() => 'slow')));
    await world.settle(far.advertise('c.far', () => 'far'));
    const slow = near.call('c.slow', {}, { timeout: 20_000 });
    await world.clock.advance(50);
    const opened = all.map((node) => contextOf(node).counters.connectionsOpened);
    for (const label of ['peerings', 'station', 'roles']) {
      for (const node of all) runtimeOf(node).exit(processOf(node, label), 'kill');
      expect(await world.settle(near.call('c.far'))).toBe('far');
      await world.clock.advance(1_000);
    }
    door.open();
    expect(await world.settle(slow)).toBe('slow');
    expect(all.map((node) => contextOf(node).counters.connectionsOpened)).toEqual(opened);
    // and the new ones look after the connections
    for (const node of all) runtimeOf(node).exit(processOf(node, 'connections'), 'kill');
    await world.clock.advance(5_000);
    expect(await world.settle(near.call('c.far'))).toBe('far');
  });

  test('a peering is kept when nobody uses it', async () => {
    const { world, all, near, far } = await openChain();
    await world.settle(far.advertise('c.far', () => 'far'));
    const opened = all.map((node) => contextOf(node).counters.connectionsOpened);
    await world.clock.advance(300_000);
    expect(await world.settle(near.call('c.far'))).toBe('far');
    expect(all.map((node) => contextOf(node).counters.connectionsOpened)).toEqual(opened);
  });
});
