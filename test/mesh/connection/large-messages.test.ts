/**
 * Large messages: whatever their size and number, a peer that reads gets them, one that does not costs itself.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../../../src/actor/call.ts';
import { CallsOut, type Carrier } from '../../../src/mesh/connection/calls-out.ts';
import type { ConnectionState } from '../../../src/mesh/connection/connection-state.ts';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import { RpcCall } from '../../../src/mesh/router/rpc-call.ts';
import type { Node, RemoteClient } from '../../../src/node.ts';
import {
  contextOf,
  gate,
  meshWorld,
  processesOf,
  processOf,
  runtimeOf,
  type MeshWorld,
} from '../../mesh-world.ts';
import { CloseCode, frame, rawPeer, ResetCode, type RawPeer } from '../raw-peer.ts';

const KB = 1_000;
const MAX_BODY = 67_108_864;

let world: MeshWorld;
let node: Node;
let witness: RemoteClient;

beforeEach(async () => {
  world = meshWorld();
  node = await world.node();
  witness = await world.client(node);
  await node.advertise('m.echo', (args) => args);
  await node.advertise('m.make', ({ size }: { size: number }) => 'r'.repeat(size));
});

afterEach(async () => {
  expect(await world.settle(witness.call('m.echo', { still: 'here' }))).toEqual({ still: 'here' });
  expect(contextOf(witness).counters.connectionsClosed).toBe(0);
  await world.settle(witness.disconnect());
  await world.settle(node.close({ timeout: 1 }));
  expect([runtimeOf(node).alive, runtimeOf(node).timers.size]).toEqual([0, 0]);
});

/** A raw peer that registered a procedure at the node. */
async function provider(procedure = 'raw.serve'): Promise<RawPeer> {
  const peer = await (await rawPeer(world, node)).greeted();
  peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure });
  await world.clock.until(() => peer.channels.control.of('registered').length === 1);
  return peer;
}

/** From now on it pauses each stream that is opened to it. */
function stopReading(peer: RawPeer): void {
  const onStream = peer.onStream.bind(peer);
  peer.onStream = (stream) => {
    stream.pause();
    return onStream(stream);
  };
}

describe('a peer that reads', () => {
  test('gets 30 calls and replies of 900 kB both ways at once', async () => {
    await world.settle(witness.advertise('client.echo', (args) => args));
    const pad = 'p'.repeat(900 * KB);
    const calls = Array.from({ length: 30 }, (_, n) => [
      witness.call('m.echo', { n, pad }, { timeout: 30_000 }),
      node.call('client.echo', { n, pad }, { timeout: 30_000 }),
    ]).flat();
    const results = (await world.settle(Promise.all(calls))) as { pad: string }[];
    expect(results.every((result) => result.pad === pad)).toBe(true);
  });

  test('gets one body of 20 MB, and its echo, when both allow it', async () => {
    const large = await world.node({ maxBody: MAX_BODY });
    const client = await world.client(large, { maxBody: MAX_BODY });
    await large.advertise('m.echo', (args) => args);
    const pad = 'p'.repeat(20_000 * KB);
    const result = (await world.settle(client.call('m.echo', { pad }, { timeout: 60_000 }))) as {
      pad: string;
    };
    expect(result.pad === pad).toBe(true);
    await world.settle(client.disconnect());
    await world.settle(large.close());
  });

  test('gets all 300 replies of 20 kB to framed calls, though only 100 streams may be open', async () => {
    const calls = Array.from({ length: 300 }, () => witness.call<string>('m.make', { size: 20 * KB }));
    const results = await world.settle(Promise.all(calls));
    expect(results.every(({ length }) => length === 20 * KB)).toBe(true);
  });

  test('waits for its large replies when it says goodbye to a node that drains', async () => {
    const calls = Array.from({ length: 150 }, () => witness.tryCall('m.make', { size: 20 * KB }));
    await world.clock.advance(2);
    const other = await world.client(node);
    const mine = Array.from({ length: 150 }, () => other.tryCall<string>('m.make', { size: 20 * KB }));
    const left = other.disconnect({ timeout: 10_000 });
    const results = await world.settle(Promise.all([...calls, ...mine]));
    await world.settle(left);
    expect(results.every(({ ok }) => ok)).toBe(true);
  });
});

describe('a peer that does not read', () => {
  async function deaf(): Promise<RawPeer> {
    const peer = await (await rawPeer(world, node, 'deaf')).greeted();
    stopReading(peer);
    return peer;
  }

  test('ends as slow_consumer after 5 to 10 s; others are served meanwhile', async () => {
    const peer = await deaf();
    peer.channels.rpc.stream.pause();
    for (let n = 0; n < 20; n++)
      peer.channels.rpc.send('call', peer.call('m.make', { args: { size: 900 * KB }, timeout: 60_000 }));
    const start = world.clock.now();
    while (peer.closes.length === 0 && world.clock.now() - start < 15_000) {
      await world.clock.advance(500);
      // it lives, it only does not read
      peer.link.ping();
      expect(await world.settle(witness.call('m.echo', { n: 1 }))).toEqual({ n: 1 });
    }
    expect(peer.closeCode).toBe(CloseCode.slowConsumer);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(5_000);
  });

  test('lets 32 MiB of replies wait at most; the next is connection_error, sent', async () => {
    const peer = await deaf();
    for (let n = 0; n < 60; n++)
      peer.channels.rpc.send('call', peer.call('m.make', { args: { size: 900 * KB }, timeout: 60_000 }));
    await world.clock.advance(200);
    const { length } = peer.channels.rpc.of('reply');
    expect(length).toBeGreaterThanOrEqual(60 - 38 - 4);
    expect(length).toBeLessThan(60 - 30);
    for (const { error } of peer.channels.rpc.of('reply')) {
      expect(error).toMatchObject({ code: 'connection_error', details: { sent: true } });
    }
    peer.link.close(CloseCode.normal);
    await world.clock.advance(10);
  });

  test('is sent no more than the link can hold, whatever is called there', async () => {
    const peer = await provider();
    stopReading(peer);
    const calls = Array.from({ length: 30 }, () =>
      node.tryCall('raw.serve', { pad: 'x'.repeat(900 * KB) }, { timeout: 5_000 }),
    );
    const results = await world.settle(Promise.all(calls));
    const failures = results.map((result) => (result.ok ? undefined : result.error.failure));
    // nothing was wholly sent: nobody can have run it
    expect(failures).toEqual(
      Array.from({ length: 30 }, () => ({ tag: 'timeout', timeout: 5_000, sent: false })),
    );
    expect(peer.isOpen).toBe(true);
  });
});

describe('what a peer may keep in memory', () => {
  const tags = (peer: RawPeer): (string | undefined)[] =>
    peer.channels.rpc.of('reply').map(({ error }) => error?.code);

  test('its calls in flight weigh 32 MiB at most; the next is overloaded, bound peer, until one is answered', async () => {
    const held = gate<string>();
    await node.advertise('m.held', () => held.promise, { limits: { maxConcurrent: 1_000 } });
    const peer = await (await rawPeer(world, node)).greeted();
    const args = { list: Array.from({ length: 20_000 }, (_, n) => n) };
    for (let n = 0; n < 400; n++) {
      peer.channels.rpc.send('call', peer.call('m.held', { args, timeout: 60_000 }));
      if (n % 20 === 0) await world.clock.advance(20);
    }
    await world.clock.until(() => contextOf(node).counters.callsIn + tags(peer).length === 400, 10_000);
    expect(new Set(tags(peer))).toEqual(new Set(['overloaded']));
    expect(peer.channels.rpc.of('reply')[0]?.error?.details).toEqual({ bound: 'peer' });
    expect(contextOf(node).counters.callsIn).toBe(69);
    held.open('now');
    await world.clock.until(() => tags(peer).length === 400);
    peer.channels.rpc.send('call', peer.call('m.echo', { args }));
    await world.clock.until(() => peer.inbound.length === 1 && peer.inbound[0]!.of('reply').length === 1);
    expect(peer.inbound[0]!.of('reply')[0]?.error).toBe(undefined);
  });

  test('cancelled calls and those of reset streams weigh nothing', async () => {
    await node.advertise('m.never', () => new Promise(() => undefined), { limits: { maxConcurrent: 1_000 } });
    const peer = await (await rawPeer(world, node)).greeted();
    const args = { pad: 'x'.repeat(900 * KB) };
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 20; n++) {
        const body = peer.body();
        const call = peer.call('m.never', { args, timeout: 60_000 });
        body.send('call', call, true);
        const seen = contextOf(node).counters.callsIn;
        await world.clock.until(() => contextOf(node).counters.callsIn > seen, 1_000);
        if (round % 2 === 0) peer.channels.rpc.send('cancel', { call_id: call.call_id, reason: 'x' });
        else body.stream.reset(ResetCode.canceled);
        await world.clock.advance(5);
      }
    }
    expect(contextOf(node).counters.callsIn).toBe(80);
  });

  test('a body that is whole but does not end counts, and is reset after 5 s', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const bodies = Array.from({ length: 40 }, () => peer.body());
    for (const body of bodies) {
      body.send('call', peer.call('m.echo', { args: { pad: 'x'.repeat(1_000 * KB) } }));
      await world.clock.advance(50);
    }
    const reset = (): number[] => bodies.flatMap(({ resets }) => resets);
    expect(reset()).toEqual(Array.from({ length: 40 - 33 }, () => ResetCode.overloaded));
    await world.clock.advance(5_100);
    expect(new Set(reset())).toEqual(new Set([ResetCode.overloaded, ResetCode.deadline]));
    expect(bodies.every(({ resets }) => resets.length === 1)).toBe(true);
    expect(contextOf(node).counters.callsIn).toBe(0);
  });
});

describe('a call with a stream of its own', () => {
  const pad = 'x'.repeat(50 * KB);
  const failureOf = async (call: ReturnType<Node['tryCall']>, limit = 2_000): Promise<unknown> => {
    const result = await world.settle(call, limit);
    return result.ok ? result.value : result.error.failure;
  };

  test('ends with the reason of its link', async () => {
    const peer = await provider();
    const call = node.tryCall('raw.serve', { pad }, { timeout: 20_000 });
    await world.clock.until(() => peer.inbound[0]?.ended === true);
    peer.link.close(CloseCode.slowConsumer);
    expect(await failureOf(call)).toEqual({
      tag: 'connection_error',
      sent: true,
      detail: 'connection closed by the peer: slow_consumer',
    });
  });

  test('that is reset before it was wholly sent was not sent', async () => {
    const peer = await provider();
    const call = node.tryCall('raw.serve', { pad: 'x'.repeat(900 * KB) }, { timeout: 20_000 });
    stopReading(peer);
    await world.clock.until(() => peer.inbound.length === 1);
    await world.clock.advance(20);
    peer.inbound[0]!.stream.reset(ResetCode.handlerCrashed);
    expect(await failureOf(call)).toMatchObject({ tag: 'connection_error', sent: false });
  });

  test('cancelled by a frame gives its stream back', async () => {
    await node.advertise('m.never', () => new Promise(() => undefined));
    const peer = await (await rawPeer(world, node)).greeted();
    const credit = peer.link.streamCredit;
    const body = peer.body();
    const call = peer.call('m.never', { args: { pad }, timeout: 60_000 });
    body.send('call', call, true);
    await world.clock.until(() => contextOf(node).counters.callsIn === 1);
    peer.channels.rpc.send('cancel', { call_id: call.call_id, reason: 'canceled' });
    await world.clock.advance(20);
    expect([body.resets, peer.link.streamCredit]).toEqual([[ResetCode.canceled], credit]);
  });

  test('that finds no stream is put back at once, and is not encoded for nothing', async () => {
    let ids = 0;
    let opened = 0;
    const { runtime, ...rest } = contextOf(node);
    const context = {
      ...rest,
      runtime: {
        clock: runtime.clock,
        random: { bytes: (size: number) => new Uint8Array(size).fill(++ids) },
      },
    };
    const carrier = {
      context,
      peerId: 'ab',
      ready: true,
      rpc: { congested: false },
      outbox: { hasRoom: true },
      streamCredit: 5,
      // credit there is, and yet no stream: a bounded number of tries, or nobody would get out of here
      openBody: () => {
        if (++opened > 1_000) throw new Error('for ever');
        return undefined;
      },
      onOutgoingSettled: () => undefined,
      watch: () => undefined,
    } as unknown as Carrier;
    const out = new CallsOut(carrier);
    class Probe extends RpcCall {
      protected onValue(): void {}
      protected onRefused(failure: RpcFailure): void {
        expect(failure).toBe(undefined);
      }
    }
    const call: Call & RpcCall = new Probe({
      procedure: 'a.b',
      args: { pad },
      timeout: 1_000,
      deadline: runtime.clock.now() + 1_000,
      caller: { nodeId: '', local: true },
      trace: undefined,
      fromPeer: false,
    });
    out.send(call);
    for (let n = 0; n < 10; n++) out.pump();
    expect([ids, opened, out.inFlight, call.settled]).toEqual([1, 11, 1, false]);
  });
});

describe('a bad reply on a stream that the provider opened', () => {
  const answer = async (bytes: (id: Uint8Array) => readonly Uint8Array[]): Promise<unknown> => {
    const peer = await provider();
    const failed = node.tryCall('raw.serve', {}, { timeout: 30_000 });
    await world.clock.until(() => peer.channels.rpc.of('call').length === 1);
    const body = peer.body();
    for (const part of bytes(peer.channels.rpc.of('call')[0]!.call_id)) {
      body.stream.write(part);
      await world.clock.advance(3);
    }
    const result = await world.settle(failed, 1_000);
    expect(body.resets.length).toBe(1);
    return result.ok ? result.value : result.error.failure;
  };
  const whole = (id: Uint8Array): Uint8Array => frame('reply', { call_id: id, result: 'x'.repeat(50 * KB) });

  test('tells its caller: it cannot be decoded', async () => {
    const damaged = (id: Uint8Array): Uint8Array => {
      const bytes = whole(id);
      bytes[bytes.length - 1] = 0xff;
      return bytes;
    };
    expect(await answer((id) => [damaged(id)])).toMatchObject({ tag: 'protocol_error' });
  });

  test.each([
    ['in one piece', [Infinity]],
    ['cut in its header', [3]],
    ['cut in its id', [12, 20]],
  ])('tells its caller: it is too large, %s', async (_name, cuts) => {
    const bytes = (id: Uint8Array): Uint8Array => {
      const large = whole(id);
      large.set([0x7f, 0xff, 0xff, 0xff], 4);
      return large;
    };
    const parts = (id: Uint8Array): Uint8Array[] =>
      [0, ...cuts].map((from, at) => bytes(id).slice(from, cuts[at] ?? Infinity));
    expect(await answer(parts)).toEqual({ tag: 'frame_too_large', limit: 1_048_576 });
  });
});

describe('frames in the wrong place, or too often', () => {
  test('a goodbye counts once', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const registry = processOf(node, 'serviceRegistry');
    registry.suspended = true;
    const before = registry.mailbox?.length ?? 0;
    const goodbye = frame('disconnect', { reason: 'normal', message: '' });
    peer.channels.control.stream.write(Buffer.concat(Array.from({ length: 500 }, () => goodbye)));
    await world.clock.advance(20);
    expect((registry.mailbox?.length ?? 0) - before).toBe(1);
    registry.suspended = false;
    runtimeOf(node).send(registry, 'go on');
    await world.clock.advance(20);
    expect(peer.channels.rpc.of('disconnect').length).toBe(1);
  });

  test('the dht stream knows ping and pong only', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const { dht } = peer.channels;
    const pongs = dht.of('pong').length;
    const before = { ...contextOf(node).counters };
    dht.send('call', peer.call('m.echo'));
    dht.send('reply', { call_id: peer.id(), result: 1 });
    dht.send('cancel', { call_id: peer.id(), reason: 'x' });
    dht.send('disconnect', { reason: 'normal', message: '' });
    dht.send('ping', { request_id: peer.id(), timestamp: 1 });
    await world.clock.until(() => dht.of('pong').length === pongs + 1);
    const { callsIn, lateReplies, unexpectedFrames } = contextOf(node).counters;
    expect([callsIn - before.callsIn, lateReplies - before.lateReplies]).toEqual([0, 0]);
    expect(unexpectedFrames - before.unexpectedFrames).toBe(4);
    expect([dht.of('reply').length, peer.channels.rpc.of('reply').length]).toEqual([0, 0]);
  });
});

test('what the hellos told is kept: epoch, capabilities and both seeds', async () => {
  const greetingOf = (client: Node | RemoteClient): ConnectionState['core']['hello'] => {
    const connection = processesOf(client).find(({ label }) => label.startsWith('connection '))!;
    return (connection.state as ConnectionState).core.hello;
  };
  const here = greetingOf(node)!;
  const there = greetingOf(witness)!;
  expect(here).toMatchObject({ epoch: contextOf(witness).epoch, capabilities: ['rpc'] });
  expect([here.ourSeed, here.theirSeed]).toEqual([there.theirSeed, there.ourSeed]);
  expect([here.ourSeed.length, here.theirSeed.length]).toEqual([32, 32]);
});
