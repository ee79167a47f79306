/**
 * What a peer may do wrong, and what it costs: its frame, its stream or its own connection. Nobody else
 * notices, nothing grows.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectLocal } from '../../../src/index.ts';
import type { Counters } from '../../../src/mesh/context.ts';
import type { Node, RemoteClient } from '../../../src/node.ts';
import { contextOf, gate, meshWorld, processOf, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { CloseCode, frame, rawNode, rawPeer, ResetCode, type RawPeer } from '../raw-peer.ts';

let world: MeshWorld;
let node: Node;
let witness: RemoteClient;

beforeEach(async () => {
  world = meshWorld();
  node = await world.node();
  witness = await world.client(node);
  await node.advertise('m.echo', (args) => args);
});

afterEach(async () => {
  // whatever happened above, others are served
  expect(await world.settle(witness.call('m.echo', { still: 'here' }))).toEqual({ still: 'here' });
  expect(contextOf(witness).counters.connectionsClosed).toBe(0);
  await world.settle(witness.disconnect());
  await world.settle(node.close({ timeout: 1 }));
  expect(runtimeOf(node).alive).toBe(0);
});

const counters = (): Counters => contextOf(node).counters;

describe('before the hello', () => {
  test.each([
    ['call', (peer: RawPeer) => frame('call', peer.call('m.echo'))],
    ['register', (peer: RawPeer) => frame('register_procedure', { request_id: peer.id(), procedure: 'a.b' })],
    ['ping', (peer: RawPeer) => frame('ping', { request_id: peer.id(), timestamp: 1 })],
    [
      'connected',
      (peer: RawPeer) =>
        frame('connected', {
          node_id: peer.identity.nodeId,
          realm: 'test',
          version: '1.0',
          seed: new Uint8Array(32),
        }),
    ],
    ['a malformed connect', () => frame('gossip_push', {}).fill(0x01, 1, 2)],
  ])('%s on the control stream closes the connection', async (_name, bytes) => {
    const peer = await (await rawPeer(world, node)).opened();
    peer.openChannels();
    peer.channels.control.stream.write(bytes(peer));
    await world.clock.until(() => peer.closes.length > 0);
    expect(peer.closeCode).toBe(CloseCode.protocolError);
  });

  test('a call on the rpc stream waits there for the hello, and a megabyte of them costs us nothing', async () => {
    const peer = await (await rawPeer(world, node)).opened();
    peer.openChannels();
    const call = peer.call('m.echo', { args: { n: 1 } });
    peer.channels.rpc.send('call', call);
    for (let sent = 0; sent < 40; sent++) {
      peer.channels.rpc.send('call', peer.call('no.thing', { args: { pad: 'x'.repeat(100_000) } }));
    }
    await world.clock.advance(100);
    expect([counters().callsIn, peer.channels.rpc.frames.length]).toEqual([0, 0]);
    expect(peer.channels.rpc.stream.queued).toBeGreaterThan(1_000_000);
    peer.channels.control.stream.write(peer.connectFrame());
    await world.clock.until(() => peer.channels.rpc.of('reply').length === 41);
    const replies = peer.channels.rpc.of('reply').filter(({ error }) => error === undefined);
    expect(replies).toMatchObject([{ call_id: call.call_id, result: { n: 1 } }]);
  });

  test('a stream beyond the three is refused', async () => {
    const peer = await (await rawPeer(world, node)).opened();
    peer.openChannels();
    const body = peer.body();
    body.stream.write(frame('call', peer.call('m.echo')), true);
    await world.clock.until(() => body.resets.length > 0);
    expect(body.resets).toEqual([ResetCode.notAccepted]);
    expect(peer.isOpen).toBe(true);
  });

  test('silence is closed after the hello timeout', async () => {
    const peer = await (await rawPeer(world, node)).opened();
    const start = world.clock.now();
    await world.clock.until(() => peer.closes.length > 0);
    expect(peer.closeCode).toBe(CloseCode.helloTimeout);
    expect(world.clock.now() - start).toBeLessThanOrEqual(10_010);
  });

  test('another realm, id or version is refused with words; what follows in the same breath is not served', async () => {
    const cases = [
      [{ realm: 'other' }, 'unauthorized'],
      [{ node_id: new Uint8Array(32) }, 'unauthorized'],
      [{ version: '2.0' }, 'protocol_error'],
    ] as const;
    for (const [over, code] of cases) {
      const peer = await (await rawPeer(world, node, code + JSON.stringify(over))).opened();
      peer.openChannels();
      peer.channels.rpc.send('call', peer.call('m.echo'));
      peer.channels.control.stream.write(Buffer.concat([peer.connectFrame(over), peer.connectFrame()]));
      await world.clock.until(() => peer.closes.length > 0);
      expect(peer.closeCode).toBe(CloseCode.refused);
      expect(peer.channels.control.of('refused')[0]?.code).toBe(code);
      expect([peer.accepted, peer.channels.rpc.frames.length]).toEqual([false, 0]);
    }
    expect(counters().callsIn).toBe(0);
  });

  test('100 connections that never say hello are gone after the hello timeout', async () => {
    const before = runtimeOf(node).alive;
    for (let n = 0; n < 100; n++) await rawPeer(world, node, `silent-${n}`);
    await world.clock.advance(1_000);
    expect(runtimeOf(node).alive).toBeGreaterThan(before + 50);
    await world.clock.advance(12_000);
    expect(runtimeOf(node).alive).toBe(before);
  });
});

describe('frames', () => {
  test('cut at every byte they mean the same', async () => {
    const peer = await (await rawPeer(world, node)).opened();
    peer.openChannels();
    for (const byte of peer.connectFrame()) peer.channels.control.stream.write(Uint8Array.of(byte));
    await world.clock.until(() => peer.accepted);
    const bytes = frame('call', peer.call('m.echo', { args: { at: 'x' } }));
    for (let cut = 1; cut < bytes.length; cut++) {
      // another id each time
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(8 + 1 + 8 + 1, 1_000 + cut);
      peer.channels.rpc.stream.write(bytes.slice(0, cut));
      await world.clock.advance(3);
      peer.channels.rpc.stream.write(bytes.slice(cut));
      await world.clock.until(() => peer.channels.rpc.of('reply').length === cut, 1_000);
    }
    expect(peer.channels.rpc.of('reply').every(({ result }) => JSON.stringify(result) === '{"at":"x"}')).toBe(
      true,
    );
  });

  test('a broken header closes the connection, whichever byte is broken', async () => {
    const whole = frame('call', (await rawPeer(world, node, 'tmp')).call('m.echo'));
    const broken: readonly (readonly [string, (bytes: Uint8Array) => void])[] = [
      ['version', (bytes) => bytes.set([2], 0)],
      ['type', (bytes) => bytes.set([0xfe], 1)],
      ['length', (bytes) => bytes.set([0xff, 0xff, 0xff, 0xff], 4)],
      ['length one over the cap', (bytes) => bytes.set([0, 0x10, 0, 1], 4)],
    ];
    for (const [name, damage] of broken) {
      for (const channel of ['control', 'dht', 'rpc'] as const) {
        const peer = await (await rawPeer(world, node, name + channel)).greeted();
        const bytes = new Uint8Array(whole);
        damage(bytes);
        peer.channels[channel].stream.write(bytes.slice(0, 8));
        await world.clock.until(() => peer.closes.length > 0, 1_000);
        expect([name, channel, peer.closeCode]).toEqual([name, channel, CloseCode.protocolError]);
      }
    }
  });

  test('a broken payload costs its frame; a call or registration is told, the next one is served', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const bytes = frame('call', peer.call('m.echo', { args: { a: 1 } }));
    for (let at = 8 + 1 + 8 + 17; at < bytes.length; at++) {
      for (const value of [0xff, 0x00, 0xc0, 0x5f]) {
        const damaged = new Uint8Array(bytes);
        damaged[at] = value;
        new DataView(damaged.buffer).setUint32(8 + 1 + 8 + 1, at * 4);
        peer.channels.rpc.stream.write(damaged);
      }
    }
    peer.channels.control.stream.write(
      frame('register_procedure', { request_id: peer.id(), procedure: 'x' }).map((byte, at, all) =>
        at === all.length - 1 ? 0xff : byte,
      ),
    );
    await world.clock.advance(50);
    expect(counters().rejectedFrames).toBeGreaterThan(10);
    const codes = new Set(peer.channels.rpc.of('reply').map(({ error }) => error?.code));
    expect(codes.has('invalid_args')).toBe(true);
    expect(peer.channels.control.of('registered')[0]?.error?.code).toBe('invalid_args');
    const replies = peer.channels.rpc.of('reply').length;
    peer.channels.rpc.send('call', peer.call('m.echo'));
    await world.clock.until(() => peer.channels.rpc.of('reply').length === replies + 1);
    expect(peer.isOpen).toBe(true);
  });

  test('100,000 junk frames of every known type are counted, not kept', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const before = runtimeOf(node).alive;
    const junk = [
      frame('gossip_push', { any: 'thing' }),
      frame('pong', { request_id: peer.id(), timestamp: 1, server_time: 1 }),
      frame('reply', { call_id: peer.id(), result: 1 }),
      frame('cancel', { call_id: peer.id(), reason: 'x' }),
      frame('connected', {
        node_id: new Uint8Array(32),
        realm: 'x',
        version: '1.0',
        seed: new Uint8Array(32),
      }),
      peer.connectFrame(),
      frame('find_node', { type: 'find_node', request_id: peer.id(), target: new Uint8Array(32) }),
      frame('relay_data', { session_id: peer.id(), payload: new Uint8Array(9) }),
      frame('registered', { request_id: peer.id() }),
      frame('swim_ping', {}),
    ];
    const batch = Buffer.concat(Array.from({ length: 500 }, () => junk).flat());
    for (const channel of ['control', 'rpc'] as const) {
      for (let sent = 0; sent < 10; sent++) {
        peer.channels[channel].stream.write(batch);
        await world.clock.advance(20);
      }
    }
    await world.clock.advance(500);
    expect(counters().unexpectedFrames + counters().lateReplies).toBeGreaterThan(50_000);
    expect(runtimeOf(node).alive).toBe(before);
    expect(peer.isOpen).toBe(true);
  });
});

describe('calls', () => {
  test('an id twice at once is answered once; a realm, name or timeout out of order is refused', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const held = gate<string>();
    let runs = 0;
    await node.advertise('m.held', () => {
      runs++;
      return held.promise;
    });
    const call = peer.call('m.held', { timeout: 10_000 });
    peer.channels.rpc.send('call', call);
    peer.channels.rpc.send('call', call);
    const body = peer.body();
    body.send('call', call, true);
    peer.channels.rpc.send('call', peer.call('m.echo', { realm: 'other' }));
    peer.channels.rpc.send('call', peer.call('_mesh.resolve'));
    peer.channels.rpc.send('call', peer.call('Bad Name'));
    await world.clock.advance(20);
    expect([runs, counters().duplicateCalls, body.resets]).toEqual([1, 2, [ResetCode.protocolError]]);
    held.open('once');
    await world.clock.advance(20);
    const replies = peer.channels.rpc.of('reply');
    expect(replies.map(({ error }) => error?.code)).toEqual([
      'unauthorized',
      'invalid_args',
      'invalid_args',
      undefined,
    ]);
    expect(replies[3]).toMatchObject({ call_id: call.call_id, result: 'once' });
  });

  test('4,096 at once per peer, the rest is overloaded; when the peer goes, all handlers stop', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    let aborted = 0;
    await node.advertise(
      'm.held',
      (_args, { signal }) => {
        signal.addEventListener('abort', () => aborted++);
        return new Promise(() => undefined);
      },
      { limits: { maxConcurrent: 10_000 } },
    );
    const [before, timers] = [runtimeOf(node).alive, runtimeOf(node).timers.size];
    for (let n = 0; n < 5_000; n++) peer.channels.rpc.send('call', peer.call('m.held', { timeout: 60_000 }));
    await world.clock.advance(100);
    expect(peer.channels.rpc.of('reply').map(({ error }) => error?.code)).toEqual(
      Array.from({ length: 904 }, () => 'overloaded'),
    );
    expect(runtimeOf(node).alive).toBe(before + 4_096);
    peer.link.close(CloseCode.normal);
    await world.clock.advance(50);
    expect(aborted).toBe(4_096);
    expect(runtimeOf(node).alive).toBe(before - 1);
    expect(runtimeOf(node).timers.size).toBe(timers);
  });

  test("a caller's word about who asked is not believed", async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    let caller = '';
    await node.advertise('m.who', (_args, context) => {
      caller = context.caller.nodeId;
    });
    peer.channels.rpc.send('call', peer.call('m.who', { caller: new Uint8Array(32).fill(7) }));
    await world.clock.advance(10);
    expect(caller).toBe(Buffer.from(peer.identity.nodeId).toString('hex'));
  });

  test('a body that is no frame, too many, too large or cut off is reset with its reason', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const call = frame('call', peer.call('m.echo'));
    const large = new Uint8Array(call);
    large.set([0x7f, 0xff, 0xff, 0xff], 4);
    const cases: readonly (readonly [Uint8Array, number])[] = [
      [new Uint8Array(0), ResetCode.protocolError],
      [Uint8Array.of(1, 2, 3), ResetCode.protocolError],
      [Buffer.concat([call, call]), ResetCode.protocolError],
      [Buffer.concat([call, Uint8Array.of(1)]), ResetCode.protocolError],
      [call.slice(0, -1), ResetCode.protocolError],
      [large, ResetCode.frameTooLarge],
      [frame('ping', { request_id: peer.id(), timestamp: 1 }), ResetCode.protocolError],
      [frame('register_procedure', { request_id: peer.id(), procedure: 'a.b' }), ResetCode.protocolError],
    ];
    for (const [bytes, code] of cases) {
      const body = peer.body();
      body.stream.write(bytes, true);
      await world.clock.advance(10);
      expect(body.resets).toEqual([code]);
    }
    const credit = peer.link.streamCredit;
    for (let n = 0; n < 200; n++) {
      const body = peer.body();
      body.send('reply', { call_id: peer.id(), result: 1 }, true);
      await world.clock.advance(5);
      expect([body.ended, body.resets]).toEqual([true, []]);
    }
    expect(peer.link.streamCredit).toBe(credit);
    expect(peer.isOpen).toBe(true);
  });
});

test('unfinished bodies hold at most 32 MiB per peer, the next is overloaded; giving them up makes room', async () => {
  const peer = await (await rawPeer(world, node)).greeted();
  const whole = frame('call', peer.call('m.echo', { args: { pad: 'x'.repeat(1_000_000) } }));
  const bodies = [];
  for (let n = 0; n < 60; n++) {
    const body = peer.body();
    body.stream.write(whole.slice(0, -1));
    await world.clock.advance(50);
    bodies.push(body);
  }
  expect(bodies.filter(({ resets }) => resets.length === 0).length).toBeLessThanOrEqual(33);
  expect(new Set(bodies.flatMap(({ resets }) => resets))).toEqual(new Set([ResetCode.overloaded]));
  for (const body of bodies) body.stream.reset(ResetCode.canceled);
  await world.clock.advance(50);
  const again = peer.body();
  again.stream.write(whole, true);
  await world.clock.until(() => again.of('reply').length === 1, 5_000);
  expect(again.of('reply')[0]?.error).toBe(undefined);
});

describe('replies of a peer that was called', () => {
  /** A raw peer that registered a procedure at the node. */
  const provider = async (procedure = 'raw.serve'): Promise<RawPeer> => {
    const peer = await (await rawPeer(world, node)).greeted();
    peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure });
    await world.clock.until(() => peer.channels.control.of('registered').length === 1);
    return peer;
  };

  test('with another id are ignored and counted, 100,000 of them; the right one counts once', async () => {
    const peer = await provider();
    const call = connectLocal(node).call('raw.serve', {}, { timeout: 50_000 });
    await world.clock.until(() => peer.channels.rpc.of('call').length === 1);
    const id = peer.channels.rpc.of('call')[0]!.call_id;
    const forged = Buffer.concat(
      Array.from({ length: 5_000 }, () => frame('reply', { call_id: peer.id(), result: 'forged' })),
    );
    for (let sent = 0; sent < 20; sent++) {
      peer.channels.rpc.stream.write(forged);
      await world.clock.advance(5);
    }
    await world.clock.advance(50);
    expect(counters().lateReplies).toBe(100_000);
    peer.channels.rpc.send('reply', { call_id: id, result: 'right' });
    peer.channels.rpc.send('reply', { call_id: id, result: 'again' });
    expect(await world.settle(call)).toBe('right');
    await world.clock.advance(5);
    expect(counters().lateReplies).toBe(100_001);
  });

  test('from another connection, with the right id, are ignored and counted', async () => {
    const peer = await provider();
    const other = await (await rawPeer(world, node, 'other')).greeted();
    const call = node.call('raw.serve');
    await world.clock.until(() => peer.channels.rpc.of('call').length === 1);
    const id = peer.channels.rpc.of('call')[0]!.call_id;
    other.channels.rpc.send('reply', { call_id: id, result: 'forged' });
    await world.clock.advance(10);
    expect(counters().lateReplies).toBe(1);
    peer.channels.rpc.send('reply', { call_id: id, result: 'right' });
    expect(await world.settle(call)).toBe('right');
  });

  test('after the deadline are late: counted, and the caller had its timeout', async () => {
    const peer = await provider();
    const failed = world.failure(node.call('raw.serve', {}, { timeout: 100 }));
    expect(await failed).toMatchObject({ tag: 'timeout', sent: true });
    const [call] = peer.channels.rpc.of('call');
    await world.clock.advance(5);
    expect(peer.channels.rpc.of('cancel')).toEqual([{ call_id: call!.call_id, reason: 'timeout' }]);
    peer.channels.rpc.send('reply', { call_id: call!.call_id, result: 'late' });
    await world.clock.advance(5);
    expect(counters().lateReplies).toBe(1);
  });

  test('that cannot be decoded are protocol_error at once; unknown codes keep the code', async () => {
    const peer = await provider();
    const answer = async (bytes: (id: Uint8Array) => Uint8Array): Promise<unknown> => {
      const seen = peer.channels.rpc.of('call').length;
      const failed = node.tryCall('raw.serve', {}, { timeout: 30_000 });
      await world.clock.until(() => peer.channels.rpc.of('call').length > seen);
      peer.channels.rpc.stream.write(bytes(peer.channels.rpc.of('call').at(-1)!.call_id));
      const result = await world.settle(failed, 1_000);
      return result.ok ? result.value : result.error.failure;
    };
    const damaged = (id: Uint8Array): Uint8Array => {
      const bytes = frame('reply', { call_id: id, result: 'x' });
      bytes[bytes.length - 1] = 0xff;
      return bytes;
    };
    expect(await answer(damaged)).toMatchObject({ tag: 'protocol_error' });
    expect(
      await answer((id) =>
        frame('reply', { call_id: id, error: { code: 'quota_exceeded', message: 'no more' } }),
      ),
    ).toEqual({ tag: 'handler_error', reason: 'no more', code: 'quota_exceeded' });
    const strange = { code: 'handler_crash', message: 'm', details: { id: 5, reason: {}, stack: 'x' } };
    expect(await answer((id) => frame('reply', { call_id: id, error: strange }))).toEqual({
      tag: 'handler_crash',
      id: '',
      reason: 'error',
    });
    expect(peer.isOpen).toBe(true);
  });

  test('to a large call on its stream must be for that call', async () => {
    const peer = await provider();
    const failed = node.tryCall('raw.serve', { pad: 'x'.repeat(50_000) }, { timeout: 20_000 });
    await world.clock.until(() => peer.inbound.length === 1 && peer.inbound[0]!.ended);
    peer.inbound[0]!.send('reply', { call_id: peer.id(), result: 'for somebody else' }, true);
    const result = await world.settle(failed, 1_000);
    expect(result.ok ? result.value : result.error.failure).toMatchObject({ tag: 'protocol_error' });
    // reset codes say what happened to others
    for (const [code, expected] of [
      [ResetCode.frameTooLarge, { tag: 'frame_too_large' }],
      [ResetCode.overloaded, { tag: 'overloaded', bound: 'streams' }],
      [ResetCode.handlerCrashed, { tag: 'connection_error', sent: true }],
    ] as const) {
      const call = node.tryCall('raw.serve', { pad: 'x'.repeat(50_000) }, { timeout: 20_000 });
      const seen = peer.inbound.length;
      await world.clock.until(() => peer.inbound.length > seen && peer.inbound.at(-1)!.ended);
      peer.inbound.at(-1)!.stream.reset(code);
      const outcome = await world.settle(call, 1_000);
      expect(outcome.ok ? outcome.value : outcome.error.failure).toMatchObject(expected);
    }
  });

  test('large calls that find no stream wait for one; small calls pass them by', async () => {
    const peer = await provider();
    const pad = 'x'.repeat(20_000);
    const large = Array.from({ length: 150 }, () => node.tryCall('raw.serve', { pad }, { timeout: 60_000 }));
    await world.clock.advance(50);
    expect(peer.inbound.length).toBe(100);
    const small = node.call('raw.serve', { n: 1 });
    await world.clock.until(() => peer.channels.rpc.of('call').length === 1);
    peer.channels.rpc.send('reply', { call_id: peer.channels.rpc.of('call')[0]!.call_id, result: 'small' });
    expect(await world.settle(small)).toBe('small');
    for (let answered = 0; answered < 150; answered++) {
      await world.clock.until(() => (peer.inbound[answered]?.of('call').length ?? 0) === 1, 1_000);
      const body = peer.inbound[answered]!;
      body.send('reply', { call_id: body.of('call')[0]!.call_id, result: answered }, true);
    }
    const results = await world.settle(Promise.all(large));
    expect(results.every(({ ok }) => ok)).toBe(true);
  });

  test('a provider that never answers: its window and queue fill, the rest is overloaded, all end in time', async () => {
    const peer = await provider();
    const timers = runtimeOf(node).timers.size;
    const calls = Array.from({ length: 10_000 }, () => node.tryCall('raw.serve', {}, { timeout: 2_000 }));
    await world.clock.advance(100);
    expect(peer.channels.rpc.of('call').length).toBe(4_096);
    const results = await world.settle(Promise.all(calls));
    const tags = results.map((result) => (result.ok ? 'ok' : result.error.failure.tag));
    expect(tags.filter((tag) => tag === 'timeout').length).toBe(8_192);
    expect(tags.filter((tag) => tag === 'overloaded').length).toBe(1_808);
    const unsent = results.filter(
      (result) => !result.ok && result.error.failure.tag === 'timeout' && result.error.failure.sent === false,
    );
    expect(unsent.length).toBe(4_096);
    expect(runtimeOf(node).timers.size).toBe(timers);
  });
});

test('calls wait for a peer that has not opened its rpc stream, and were not sent when they time out', async () => {
  const peer = await (await rawPeer(world, node)).greeted({ rpc: false });
  peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: 'raw.late' });
  await world.clock.until(() => peer.channels.control.of('registered').length === 1);
  expect(await world.failure(node.call('raw.late', {}, { timeout: 100 }))).toMatchObject({
    tag: 'timeout',
    sent: false,
  });
  const call = node.call('raw.late');
  await world.clock.advance(10);
  peer.channels.rpc.send('ping', { request_id: peer.id(), timestamp: 1 });
  await world.clock.until(() => peer.channels.rpc.of('call').length === 1);
  peer.channels.rpc.send('reply', { call_id: peer.channels.rpc.of('call')[0]!.call_id, result: 'late' });
  expect(await world.settle(call)).toBe('late');
});

describe('registrations', () => {
  test('10,000 names per client, the rest is overloaded, and all leave with the connection', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    for (let n = 0; n < 10_100; n++) {
      peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: `junk.n${n}` });
      if (n % 500 === 499) await world.clock.advance(5);
    }
    await world.clock.advance(50);
    const answers = peer.channels.control.of('registered');
    expect(answers.length).toBe(10_100);
    expect(answers.filter(({ error }) => error?.code === 'overloaded').length).toBe(100);
    const table = contextOf(node).scope.shared<{ size: number }>('serviceRegistry')!;
    expect(table.size).toBe(10_001);
    peer.link.close(CloseCode.normal);
    await world.clock.advance(20);
    expect(table.size).toBe(1);
  });

  test('more than 1,024 unanswered at once are refused, and the local user is served all the same', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    const registry = processOf(node, 'serviceRegistry');
    registry.suspended = true;
    const flood = Array.from({ length: 5_000 }, (_, n) =>
      frame('register_procedure', { request_id: peer.id(), procedure: `junk.n${n}` }),
    );
    peer.channels.control.stream.write(Buffer.concat(flood));
    await world.clock.advance(50);
    const answers = (): (string | undefined)[] =>
      peer.channels.control.of('registered').map(({ error }) => error?.code);
    expect(answers()).toEqual(Array.from({ length: 5_000 - 1_024 }, () => 'overloaded'));
    const ad = node.advertise('mine.now', () => 1);
    registry.suspended = false;
    runtimeOf(node).send(registry, 'go on');
    await world.settle(ad, 1_000);
    await world.clock.advance(50);
    expect(answers().filter((code) => code === undefined).length).toBe(1_024);
    expect(await world.settle(node.call('mine.now'))).toBe(1);
  });

  test('a bad name is invalid_args; unregistering what is not there is fine', async () => {
    const peer = await (await rawPeer(world, node)).greeted();
    peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: '_mesh.x' });
    peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: 'no spaces.x' });
    peer.channels.control.send('unregister_procedure', { request_id: peer.id(), procedure: 'not.there' });
    await world.clock.advance(10);
    expect(peer.channels.control.of('registered').map(({ error }) => error?.code)).toEqual([
      'invalid_args',
      'invalid_args',
      undefined,
    ]);
  });
});

describe('a node that lies to a client', () => {
  test('is refused when its id or realm is another, or its answer malformed', async () => {
    const cases = [{ realm: 'other' }, { node_id: new Uint8Array(32) }, { version: '9.1' }];
    for (const [at, over] of cases.entries()) {
      const raw = await rawNode(world, `liar-${at}`);
      const dialing = world.dial(raw.url).catch((error: unknown) => error);
      await world.clock.until(() => raw.peers[0]?.channels.control.of('connect').length === 1);
      const [peer] = raw.peers;
      peer!.channels.control.send('connected', {
        node_id: peer!.identity.nodeId,
        realm: 'test',
        version: '1.0',
        seed: new Uint8Array(32),
        ...over,
      });
      const tag = ((await world.settle(dialing)) as { tag: string }).tag;
      expect(tag).toBe('version' in over ? 'protocol_error' : 'unauthorized');
      await world.settle(raw.endpoint.close());
    }
  });

  test('a node that sends junk instead of an answer is given up, one that sends nothing is timed out', async () => {
    const raw = await rawNode(world, 'junk');
    const dialing = world.dial(raw.url, { timeout: 5_000 }).catch((error: unknown) => error);
    await world.clock.until(() => raw.peers[0]?.channels.control.of('connect').length === 1);
    raw.peers[0]!.channels.control.stream.write(new Uint8Array(64).fill(0x99));
    expect(((await world.settle(dialing)) as { tag: string }).tag).toBe('connection_error');
    const start = world.clock.now();
    const silent = world.dial(raw.url, { timeout: 3_000 }).catch((error: unknown) => error);
    expect(((await world.settle(silent)) as { tag: string }).tag).toBe('timeout');
    expect(world.clock.now() - start).toBeLessThanOrEqual(3_010);
    await world.settle(raw.endpoint.close());
  });

  test('a node cannot register procedures at its client', async () => {
    const raw = await rawNode(world, 'upside-down');
    const dialing = world.dial(raw.url);
    await world.clock.until(() => raw.peers[0]?.channels.control.of('connect').length === 1);
    const [peer] = raw.peers;
    peer!.channels.control.send('connected', {
      node_id: peer!.identity.nodeId,
      realm: 'test',
      version: '1.0',
      seed: new Uint8Array(32),
    });
    const client = await world.settle(dialing);
    peer!.channels.control.send('register_procedure', { request_id: peer!.id(), procedure: 'a.b' });
    peer!.channels.rpc.send('call', peer!.call('a.b'));
    await world.clock.advance(10);
    expect(peer!.channels.control.of('registered')[0]?.error?.code).toBe('unauthorized');
    expect(peer!.channels.rpc.of('reply')[0]?.error?.code).toBe('no_handler');
    await world.settle(client.disconnect({ timeout: 10 }));
    await world.settle(raw.endpoint.close());
  });
});
