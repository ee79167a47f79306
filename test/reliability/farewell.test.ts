/** Goodbyes on a long way: what was called before the peer could know is answered, and only silence ends the wait. */
import { describe, expect, test } from 'vitest';
import type { Request } from '../../src/otp/server-ref.ts';
import type { Result } from '../../src/mesh/errors/rpc-error.ts';
import type { Node, RemoteClient } from '../../src/node.ts';
import {
  closeAtEnd,
  contextOf,
  left,
  meshWorld,
  processOf,
  runtimeOf,
  type MeshWorld,
} from '../mesh-world.ts';
import { rawPeer, type RawPeer } from '../mesh/raw-peer.ts';

interface Pair {
  readonly world: MeshWorld;
  readonly node: Node;
  readonly client: RemoteClient;
  /** Ids of calls that a handler began. */
  readonly begun: Set<number>;
}

async function pair(delay: number): Promise<Pair> {
  const world = meshWorld({ delay });
  const node = await world.node({ host: '198.18.77.1' });
  const client = await world.client(node, { host: '198.18.78.1' });
  closeAtEnd(world, client, node);
  const begun = new Set<number>();
  const run = (id: number, ms: number): Promise<number> => {
    begun.add(id);
    return new Promise((resolve) => void world.clock.setTimer(ms, () => resolve(id)));
  };
  await node.advertise('node.work', ({ id }: { id: number }) => run(id, 1));
  await node.advertise('node.slow', ({ id, ms }: { id: number; ms: number }) => run(id, ms));
  return { world, node, client, begun };
}

/** Of those who were refused nobody was served, and all may ask again. */
function judge(results: readonly Result[], begun: ReadonlySet<number>): number {
  let refused = 0;
  for (const [id, result] of results.entries()) {
    if (result.ok) continue;
    refused++;
    const { failure, retryable } = result.error;
    expect([begun.has(id), failure, retryable]).toEqual([
      false,
      { tag: 'connection_error', sent: false, detail: expect.any(String) as string },
      true,
    ]);
  }
  return refused;
}

describe('a closing node', () => {
  test.each([100, 600, 900])(
    'hears every call that was sent before its goodbye arrived, %d ms away',
    async (delay) => {
      const { world, node, client, begun } = await pair(delay);
      const calls: Promise<Result>[] = [];
      const call = (procedure: string, ms: number): void => {
        calls.push(client.tryCall(procedure, { id: calls.length, ms }, { timeout: 30_000 }));
      };
      call('node.slow', delay + 50);
      await world.clock.advance(delay + 10);
      expect(begun.size).toBe(1);
      const began = world.clock.now();
      const closing = node.close({ timeout: 20_000 });
      // the goodbye takes `delay`; the last handler ends in the middle of all this
      for (let n = 0; n < 20; n++) {
        await world.clock.advance((delay - 20) / 20);
        call('node.work', 0);
      }
      await world.settle(closing);
      const took = world.clock.now() - began;
      const results = await world.settle(Promise.all(calls));
      expect(judge(results, begun)).toBe(20);
      expect(results[0]?.ok).toBe(true);
      expect(took).toBeLessThanOrEqual(2 * delay + 100);
      expect(left(node)).toEqual({ alive: 0, timers: 0, calls: 0 });
    },
  );

  test('does not wait out its deadline for a peer that fell silent', async () => {
    const { world, node, client } = await pair(1);
    world.network.faults.cut('198.18.77.1', '198.18.78.1');
    const began = world.clock.now();
    await world.settle(node.close({ timeout: 20_000 }));
    const took = world.clock.now() - began;
    expect(took).toBeGreaterThanOrEqual(1_000);
    expect(took).toBeLessThanOrEqual(1_200);
    expect(left(node)).toEqual({ alive: 0, timers: 0, calls: 0 });
    expect(client.nodeId).not.toBe('');
  });

  test('notices a peer that falls silent later, too', async () => {
    const { world, node } = await pair(1);
    const peer = await (await rawPeer(world, node)).greeted();
    const closing = node.close({ timeout: 20_000 });
    await world.clock.advance(3_000);
    expect(peer.channels.control.of('disconnect')).toHaveLength(1);
    expect(peer.isOpen).toBe(true);
    world.network.faults.cutLink(peer.link);
    const began = world.clock.now();
    await world.settle(closing);
    expect(world.clock.now() - began).toBeLessThanOrEqual(2_500);
  });
});

describe('after our goodbye', () => {
  test('a call of the peer is refused and may be asked elsewhere, framed or not; its answer to the goodbye ends it', async () => {
    const { world, node, begun } = await pair(1);
    const peer = await (await rawPeer(world, node)).greeted();
    // it holds the connection open, and the procedure
    const slow = peer.call('node.slow', { args: { id: 0, ms: 6_000 }, timeout: 30_000 });
    peer.channels.rpc.send('call', slow);
    await world.clock.until(() => begun.has(0));
    const closing = node.close({ timeout: 20_000 });
    await world.clock.until(() => peer.channels.control.of('disconnect').length === 1);
    const framed = peer.call('node.slow', { args: { id: 1, ms: 1 } });
    const large = peer.call('node.slow', { args: { id: 2, ms: 1, pad: 'x'.repeat(40_000) } });
    peer.channels.rpc.send('call', framed);
    const body = peer.body();
    body.send('call', large, true);
    await world.clock.until(
      () => peer.channels.rpc.of('reply').length === 1 && body.of('reply').length === 1,
    );
    for (const [reply] of [peer.channels.rpc.of('reply'), body.of('reply')]) {
      expect(reply?.error).toMatchObject({ code: 'connection_error', message: 'the peer is closing' });
    }
    expect([...begun]).toEqual([0]);
    await world.clock.until(() => peer.channels.rpc.of('reply').length === 2, 10_000);
    expect(peer.channels.rpc.of('reply')[1]).toMatchObject({ call_id: slow.call_id, result: 0 });
    expect(peer.isOpen).toBe(true);
    peer.channels.rpc.send('disconnect', { reason: 'normal', message: '' });
    await world.clock.until(() => !peer.isOpen);
    await world.settle(closing);
  });
});

describe("a peer's goodbye", () => {
  const GOODBYE = { reason: 'normal', message: '' } as const;

  async function provider(world: MeshWorld, node: Node): Promise<RawPeer> {
    const peer = await (await rawPeer(world, node)).greeted();
    peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: 'raw.serve' });
    await world.clock.until(() => peer.channels.control.of('registered').length === 1);
    return peer;
  }

  test('is answered behind a large call that is being written: none comes after the answer', async () => {
    const { world, node } = await pair(1);
    const peer = await provider(world, node);
    const onStream = peer.onStream.bind(peer);
    peer.onStream = (stream) => {
      stream.pause();
      return onStream(stream);
    };
    const call = node.tryCall('raw.serve', { pad: 'x'.repeat(900_000) }, { timeout: 30_000 });
    await world.clock.until(() => peer.inbound.length === 1);
    peer.channels.control.send('disconnect', GOODBYE);
    await world.clock.advance(2_000);
    expect(peer.channels.rpc.of('disconnect')).toEqual([]);
    const [body] = peer.inbound;
    body?.stream.resume();
    await world.clock.until(() => body?.ended === true);
    expect(peer.channels.rpc.of('disconnect')).toEqual([]);
    const [payload] = body?.of('call') ?? [];
    body?.send('reply', { call_id: payload!.call_id, result: 'served', load: 0 }, true);
    await world.clock.until(() => peer.channels.rpc.of('disconnect').length === 1);
    expect(await world.settle(call)).toMatchObject({ ok: true, value: 'served' });
  });

  test('is answered though the registry that was told of it is killed', async () => {
    const { world, node } = await pair(1);
    const peer = await provider(world, node);
    const runtime = runtimeOf(node);
    const registry = processOf(node, 'serviceRegistry');
    const cast = runtime.cast.bind(runtime);
    runtime.cast = (to, request) => {
      const taken = cast(to, request);
      // its mailbox is lost with it
      if (to === registry && (request as Request).tag === 'goodbye') runtime.exit(registry, 'kill');
      return taken;
    };
    peer.channels.control.send('disconnect', GOODBYE);
    await world.clock.advance(100);
    expect(registry.alive).toBe(false);
    expect(peer.channels.rpc.of('disconnect')).toHaveLength(1);
    expect((await world.failure(node.call('raw.serve'))).tag).toBe('service_not_found');
    expect(contextOf(node).phase.closing).toBe(false);
  });
});
