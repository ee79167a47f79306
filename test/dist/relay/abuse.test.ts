/** Clients that a dist relay has not asked for: what they say and hold back costs nobody else anything. */
import { describe, expect, test } from 'vitest';
import { encodeControl } from '../../../src/dist/relay/protocol/control-encode.ts';
import type { IncomingTunnel } from '../../../src/dist/relay/client/client-tunnel.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { CloseCode, ResetCode } from '../../../src/transport/transport.ts';
import { bytesOf } from '../../fuzz/corpus.ts';
import { rawCbor, rawMsgpack, framed, u32 } from './raw-control.ts';
import { STYLES, type RawEnd } from './raw-end.ts';
import { Drain, RelayWorld, type RelayPlace, staged } from './relay-world.ts';
import { guessedCloses, guessedStreams, slowConnections } from './sizes.ts';
import { guess, witness } from './witness.ts';

describe('ids of tunnels', () => {
  test('20,000 guessed ones, and that of another, close nothing', { timeout: 60_000 }, () =>
    guessedCloses(20_000),
  );

  test(
    '20,000 streams that begin with guessed ones, and with that of a tunnel, are refused and heard by nobody',
    { timeout: 60_000 },
    () => guessedStreams(20_000),
  );

  test('what one client asks for another one cannot ask for: neither end but both may close', async () => {
    const stage = await staged();
    const { world, relay, a, b } = stage;
    for (const closer of [a, b]) {
      const { near } = await world.tunnel(a, b);
      closer.client.closeTunnel(near.tunnelId);
      await world.until(() => relay.relay.status().tunnels === 0, 100);
    }
  });
});

describe('names', () => {
  test('a dead holder is found out within 2.5 s, and then its name is free', async () => {
    const { world, relay, a } = await staged();
    world.network.faults.cut(a.host, relay.host);
    const gone: number[] = [];
    relay.relay.events.addEventListener('dist.client_left', () => gone.push(world.clock.now()));
    const heir = await world.dialing([relay], 'a@one');
    const began = world.clock.now();
    await world.until(() => heir.client.status().identified, 10_000);
    expect((gone[0] as number) - began).toBeLessThan(2_500);
    expect(relay.relay.status().clients.toSorted()).toEqual(['a@one', 'b@two']);
  });

  test('one who claims it every 100 ms hastens that no less, and does a living holder nothing', async () => {
    const stage = await staged();
    const { world, relay, a } = stage;
    const { works } = await witness(stage);
    const left: unknown[] = [];
    relay.relay.events.addEventListener('dist.client_left', (event) => left.push(event));
    const hammer = async (milliseconds: number): Promise<void> => {
      for (const end = world.clock.now() + milliseconds; world.clock.now() < end;) {
        const thief = await world.known(relay, 'a@one');
        if (thief.closed === undefined) return;
        await world.clock.advance(100);
      }
    };
    await hammer(5_000);
    expect(left).toEqual([]);
    await works();
    world.network.faults.cut(a.host, relay.host);
    const before = world.clock.now();
    await hammer(5_000);
    expect(world.clock.now() - before).toBeLessThan(2_500);
    expect(left).toHaveLength(1);
  });

  test('the same key takes its name over from a connection that is dead: its tunnels end, and it may open new ones', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const identity = world.identity('a');
    const old = await world.client([relay], 'a@one', { identity });
    const b = await world.client([relay], 'b@two');
    const { far } = await world.tunnel(old, b);
    const drain = new Drain(far.stream);
    world.network.faults.cut(old.host, relay.host);
    const young = await world.client([relay], 'a@one', { identity });
    await world.until(() => drain.closed, 100);
    expect(drain.failure).toBe('reset');
    expect(relay.relay.status()).toMatchObject({ tunnels: 0, clients: ['a@one', 'b@two'] });
    await world.tunnel(young, b);
  });

  test.each(['', 'a', 'a@', '@one', 'a@one@two', 'a one@two', 'a@two words', `${'x'.repeat(252)}@h.x`])(
    '%j is none',
    async (name) => {
      const { world, relay } = await staged();
      const raw = await world.raw(relay);
      raw.say({ type: 'identify', node_name: name });
      await world.clock.advance(10_010);
      expect(raw.told('identified')).toEqual([]);
      expect(raw.closed?.tag).toBe('remote');
      expect(relay.relay.status().clients).toEqual(['a@one', 'b@two']);
    },
  );
});

describe('control frames', () => {
  /** What no message is, in either encoding. */
  const NONSENSE: Readonly<Record<string, Uint8Array>> = {
    'a list': rawCbor.list(rawCbor.uint(1)),
    'no type': rawCbor.map(rawCbor.text('n'), rawCbor.text('x@y')),
    'an unknown type': rawCbor.map(rawCbor.text('t'), rawCbor.text('hello')),
    'a message of the relay': encodeControl({ type: 'identified', status: 'ok' }).subarray(4),
    'a close of no id': rawCbor.map(
      rawCbor.text('t'),
      rawCbor.text('tun_close'),
      rawCbor.text('tid'),
      rawCbor.text('x'),
    ),
    'cut off': rawCbor.map(rawCbor.text('t'), rawCbor.text('id')).subarray(0, 3),
    'an endless map': Uint8Array.of(0xbf),
    'a list in MessagePack': rawMsgpack.list(rawMsgpack.uint(1)),
    'an unknown type in MessagePack': rawMsgpack.map(rawMsgpack.text('t'), rawMsgpack.text('hello')),
    'a map that claims 4 thousand million fields': bytesOf(0xdf, u32(0xffff_ffff)),
    'a byte': Uint8Array.of(0xff),
  };

  test.each(Object.entries(NONSENSE))('%s is passed over, and counted', async (_name, frame) => {
    const { world, relay } = await staged();
    const raw = await world.known(relay, 'raw@here');
    raw.sayBytes(framed(frame));
    raw.sayBytes(framed(new Uint8Array(0)));
    raw.say({ type: 'tunnel_request', target: 'b@two' });
    await world.until(() => raw.told('tunnel_ok').length === 1, 100);
    expect(relay.relay.status().skipped).toBe(1);
  });

  test.each([65_537, 0x7fff_ffff, 0xffff_ffff])(
    'one of %d bytes ends its connection, and no other',
    async (length) => {
      const stage = await staged();
      const { works } = await witness(stage);
      const { world, relay } = stage;
      const raw = await world.known(relay, 'raw@here');
      raw.sayBytes(Uint8Array.from([...u32(length), 0xa1, 0x61]));
      await world.until(() => raw.closed !== undefined, 100);
      expect(raw.closed).toEqual({ tag: 'remote', code: CloseCode.protocolError, reason: 'frame_too_large' });
      expect(relay.relay.status().clients).toEqual(['a@one', 'b@two']);
      await works();
    },
  );

  test.each(Object.entries(STYLES))(
    '%s: noise of any kind leaves the relay as it was',
    async (_name, style) => {
      const stage = await staged();
      const { works } = await witness(stage);
      const { world, relay } = stage;
      for (let round = 0; round < 100; round++) {
        const raw = await world.raw(relay, { style });
        const frame = encodeControl({ type: 'identify', node_name: 'x@y' }, style);
        for (let flips = 0; flips < 3; flips++)
          frame[4 + (world.random.u32() % (frame.length - 4))] = world.random.u32() % 256;
        raw.sayBytes(frame);
        await world.clock.advance(5);
        raw.link?.close(CloseCode.normal);
        await world.clock.advance(5);
      }
      expect(relay.relay.status().clients).toEqual(['a@one', 'b@two']);
      expect(relay.reports.filter(({ tag }) => tag !== 'progress')).toEqual([]);
      await works();
    },
  );

  test('the end and the reset of the control stream are the end of the client', async () => {
    const { world, relay } = await staged();
    for (const end of [
      (raw: RawEnd) => raw.control?.write(new Uint8Array(0), true),
      (raw: RawEnd) => raw.control?.reset(ResetCode.canceled),
    ]) {
      const raw = await world.known(relay, 'raw@here');
      end(raw);
      await world.until(() => raw.closed !== undefined, 100);
      expect(relay.relay.status().clients).toEqual(['a@one', 'b@two']);
    }
  });
});

describe('floods', () => {
  test('more than 500 messages a second wait, garbage and requests alike, and others do not', async () => {
    for (const frame of [
      encodeControl({ type: 'tunnel_request', target: 'nobody@here' }),
      framed(Uint8Array.of(0xff)),
    ]) {
      const stage = await staged();
      const { world, relay } = stage;
      const { works } = await witness(stage);
      const raw = await world.known(relay, 'raw@here');
      const handled = (): number => raw.told('tunnel_error').length + relay.relay.status().skipped;
      const all = Buffer.concat(Array.from({ length: 20_000 }, () => frame));
      for (let at = 0; at < all.length; at += 1_000) raw.sayBytes(all.subarray(at, at + 1_000));
      await world.clock.advance(5_000);
      // a window of what was read at once is on credit
      expect(handled()).toBeLessThan(20_000);
      await works();
      await world.clock.advance(60_000);
      expect(handled()).toBe(20_000);
      await works();
    }
  });

  test('a client that asks and does not read the answers is closed', async () => {
    const stage = await staged();
    const { world, relay } = stage;
    const { works } = await witness(stage);
    const raw = await world.known(relay, 'raw@here');
    raw.control?.pause();
    for (let round = 0; round < 100 && raw.closed === undefined; round++) {
      for (let at = 0; at < 500; at++) raw.say({ type: 'tunnel_request', target: 'nobody@here' });
      await world.clock.advance(1_000);
    }
    expect(raw.closed).toMatchObject({ tag: 'remote', code: CloseCode.slowConsumer });
    await works();
  });

  test('100 connections that never say who they are, or a byte a second, are closed within 10 s; others come in', () =>
    slowConnections(100));

  test('50 requests from either end at once give a tunnel each, and every one carries its own', async () => {
    const { world, relay, a, b } = await staged();
    const asked = Array.from({ length: 25 }, () => [
      a.client.requestTunnel('b@two'),
      b.client.requestTunnel('a@one'),
    ]).flat();
    const tunnels = await world.settle(Promise.all(asked), 1_000);
    await world.until(() => a.incoming.length === 25 && b.incoming.length === 25);
    expect(new Set(tunnels.map(({ tunnelId }) => tunnelId)).size).toBe(50);
    const ends = new Map(
      [...a.incoming, ...b.incoming].map(({ tunnelId, stream }) => [tunnelId, new Drain(stream)]),
    );
    for (const { tunnelId, stream } of tunnels) stream.write(tunnelId);
    await world.until(() => [...ends].every(([id, { text }]) => text === id), 1_000);
    expect(relay.relay.status().tunnels).toBe(50);
  });
});

describe('quotas', () => {
  const reasonOf = async (world: RelayWorld, promise: Promise<unknown>): Promise<string> => {
    const error = await world.settle(promise).catch((why: unknown) => why);
    if (!(error instanceof TunnelError)) return expect.fail('a tunnel');
    expect(error.failure).toBe('refused');
    return error.message;
  };

  test('tunnels of one client, of both directions', async () => {
    const { world, relay, a, b } = await staged({ limits: { tunnels: 2 } });
    const c = await world.client([relay], 'c@three');
    await world.tunnel(a, b);
    const second = await world.tunnel(c, a);
    expect(await reasonOf(world, a.client.requestTunnel('c@three'))).toContain('too_many_tunnels');
    expect(await reasonOf(world, c.client.requestTunnel('a@one'))).toContain('target_busy');
    await world.tunnel(b, c);
    second.near.stream.destroy();
    await world.clock.advance(10);
    await world.tunnel(c, a);
  });

  test('tunnels in all', async () => {
    const { world, relay, a, b } = await staged({ limits: { totalTunnels: 2 } });
    const c = await world.client([relay], 'c@three');
    const first = await world.tunnel(a, b);
    await world.tunnel(b, c);
    expect(await reasonOf(world, c.client.requestTunnel('a@one'))).toContain('overloaded');
    a.client.closeTunnel(first.near.tunnelId);
    await world.clock.advance(10);
    await world.tunnel(c, a);
  });

  test('clients: a further one is refused, and one of them may come back over another connection', async () => {
    const world = new RelayWorld();
    const relay = await world.relay({ limits: { clients: 2 } });
    const identity = world.identity('a');
    const a = await world.known(relay, 'a@one', { identity });
    await world.known(relay, 'b@two');
    const c = await world.known(relay, 'c@three');
    expect([c.told('refused'), c.closed?.tag]).toEqual([[{ type: 'refused', reason: 'full' }], 'remote']);
    const again = await world.known(relay, 'a@one', { identity });
    expect(again.told('identified')).toHaveLength(1);
    await world.until(() => a.closed !== undefined);
    again.link?.close(CloseCode.normal);
    await world.clock.advance(10);
    await world.known(relay, 'c@three');
    expect(relay.relay.status().clients).toEqual(['b@two', 'c@three']);
  });

  test('tunnels in which nothing moves are closed, those in which something does are not', async () => {
    const { world, relay, a, b } = await staged({ limits: { idle: 10_000 } });
    const [still, busy] = [await world.tunnel(a, b), await world.tunnel(a, b)];
    const drain = new Drain(still.far.stream);
    new Drain(busy.far.stream);
    for (let second = 0; second < 20; second++) {
      busy.near.stream.write('x');
      await world.clock.advance(1_000);
    }
    expect([drain.failure, busy.far.stream.destroyed]).toEqual(['reset', false]);
    expect(relay.relay.status().tunnels).toBe(1);
  });

  test('bytes: of one tunnel, and of all that a client sends, within the burst', async () => {
    for (const limits of [{ tunnelRate: 400_000 }, { rate: 400_000 }]) {
      const { world, a, b } = await staged({ limits });
      const drains: Drain[] = [];
      for (let at = 0; at < 2; at++) {
        const { near, far } = await world.tunnel(a, b);
        drains.push(new Drain(far.stream));
        near.stream.write(Buffer.alloc(4_000_000));
      }
      const before = drains.map(({ length }) => length);
      await world.clock.advance(5_000);
      const passed = drains.map(({ length }, at) => length - (before[at] as number));
      const total = passed.reduce((sum, one) => sum + one, 0);
      const allowed = 'rate' in limits ? 1 : 2;
      // a quarter of a second's worth at once, and a chunk on credit for each
      expect(total).toBeLessThan(allowed * 400_000 * 5.25 + 2 * 65_536);
      expect(total).toBeGreaterThan(allowed * 400_000 * 4.7);
    }
  });
});

describe('a slow reader', () => {
  test('holds its own writer back, little is kept for it, and others go on', async () => {
    const stage = await staged();
    const { world, relay, a, b } = stage;
    const { near, far } = await world.tunnel(a, b);
    const { works } = await witness(stage);
    let written = 0;
    const fill = (): void => {
      while (written < 64 * 1_048_576 && near.stream.write(Buffer.alloc(65_536))) written += 65_536;
    };
    near.stream.on('drain', fill);
    fill();
    await world.clock.advance(1_000);
    // windows of two connections, and what is kept at each of three places
    expect(written).toBeLessThan(4 * 1_048_576);
    const queued = [...(relay.endpoints[0]?.links ?? [])].reduce((sum, link) => sum + link.queued, 0);
    expect(queued).toBeLessThan(1_048_576);
    for (let round = 0; round < 20; round++) await works('x'.repeat(10_000));
    const drain = new Drain((far as IncomingTunnel).stream);
    await world.until(() => written === 64 * 1_048_576, 60_000);
    await world.until(() => drain.length >= written, 60_000);
  });
});

describe('windows', () => {
  /** A client that keeps to windows, as it says. */
  async function ofWindows(world: RelayWorld, relay: RelayPlace, name: string): Promise<RawEnd> {
    const raw = await world.raw(relay);
    raw.say({ type: 'identify', node_name: name, version: 1 });
    await world.until(() => raw.told('identified').length === 1);
    return raw;
  }

  test('who sends more than it may loses its tunnel, and nobody else anything', async () => {
    const stage = await staged();
    const { world, relay } = stage;
    const { works } = await witness(stage);
    const raw = await ofWindows(world, relay, 'raw@here');
    const silent = await ofWindows(world, relay, 'silent@here');
    raw.say({ type: 'tunnel_request', target: 'silent@here' });
    await world.until(() => raw.streams.length === 1 && silent.streams.length === 1);
    const [stream] = raw.streams;
    // 256 KiB are allowed, and nothing is credited: the other end has not read
    for (let at = 0; at < 64; at++) stream?.write(new Uint8Array(65_536));
    await world.until(() => stream?.code !== undefined, 1_000);
    expect(stream?.code).toBe(ResetCode.protocolError);
    await world.until(() => silent.streams[0]?.code !== undefined, 100);
    expect(silent.streams[0]?.length).toBeLessThanOrEqual(262_144 + 32);
    expect([raw.closed, silent.closed, relay.relay.status().tunnels]).toEqual([undefined, undefined, 1]);
    await works();
  });

  test('credit for tunnels of others, or that nobody has, and more than any window, lets nobody send more', async () => {
    const stage = await staged();
    const { world, relay, a } = stage;
    const { id, works } = await witness(stage);
    const raw = await ofWindows(world, relay, 'raw@here');
    for (let at = 0; at < 100; at++)
      for (const tunnel_id of [id, guess(world)])
        raw.say({ type: 'tunnel_credit', tunnel_id, bytes: 0xffff_ffff });
    const { stream } = await world.settle(a.client.requestTunnel('raw@here'));
    await world.until(() => raw.told('tunnel_notify').length === 1);
    const tunnel_id = raw.told('tunnel_notify')[0]?.tunnel_id as string;
    for (let at = 0; at < 100; at++) raw.say({ type: 'tunnel_credit', tunnel_id, bytes: 0xffff_ffff });
    raw.streams[0]?.stream.pause();
    stream.write(Buffer.alloc(32 * 1_048_576));
    await world.clock.advance(5_000);
    const queued = [...(relay.endpoints[0]?.links ?? [])].reduce((sum, link) => sum + link.queued, 0);
    expect(queued).toBeLessThan(4 * 1_048_576);
    await works('x'.repeat(100_000));
  });
});
