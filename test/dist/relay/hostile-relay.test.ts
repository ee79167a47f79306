/** Dist relays that are silent, lie, or say too much: their clients wait a bounded time, keep a bounded amount, and go elsewhere. */
import { describe, expect, test } from 'vitest';
import type { TunnelNotify } from '../../../src/dist/relay/protocol/messages.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { ResetCode } from '../../../src/transport/transport.ts';
import { framed, u32 } from './raw-control.ts';
import type { RawEnd, RawStream } from './raw-end.ts';
import {
  Drain,
  processesOf,
  RelayWorld,
  type ClientPlace,
  type RawRelay,
  type RelayPlace,
} from './relay-world.ts';

interface Stage {
  readonly world: RelayWorld;
  readonly raw: RawRelay;
  /** Asked second. */
  readonly good: RelayPlace;
  /** At both. */
  readonly a: ClientPlace;
  /** At the good one. */
  readonly b: ClientPlace;
  /** The raw relay's end of the connection with `a`. */
  readonly end: RawEnd;
}

/** A raw relay that takes every name, and a good one. */
async function staged(options: Parameters<RelayWorld['client']>[2] = {}): Promise<Stage> {
  const world = new RelayWorld();
  const raw = await world.rawRelay();
  raw.onEnd = (end) => {
    end.answer = ({ type }) => type === 'identify' && end.say({ type: 'identified', status: 'ok' });
  };
  const good = await world.relay();
  const b = await world.client([good], 'b@two', { ...options });
  const a = await world.client([raw, good], 'a@one', options);
  return { world, raw, good, a, b, end: raw.ends[0] as RawEnd };
}

const idOf = (at: number): string => at.toString(16).toUpperCase().padStart(32, '0');

async function expectWorking({ world, a, b }: Stage): Promise<void> {
  const { near, far } = await world.tunnel(a, b);
  const drain = new Drain(far.stream);
  near.stream.end('works');
  await world.until(() => drain.text === 'works', 1_000);
  far.stream.destroy();
  await world.clock.advance(10);
}

describe('a relay that never answers', () => {
  test('to a name is given up after 10 s, and dialed again', async () => {
    const world = new RelayWorld();
    const raw = await world.rawRelay();
    const a = await world.dialing([raw], 'a@one');
    await world.until(() => a.client.status().relays[0]?.state === 'identifying');
    await world.clock.advance(9_990);
    expect(a.client.status().relays[0]?.state).toBe('identifying');
    await world.clock.advance(20);
    const [relay] = a.client.status().relays;
    expect(relay).toMatchObject({ reason: 'the relay has not answered to our name in time' });
    await world.until(() => raw.ends.length === 2, 1_000);
    expect(raw.ends[0]?.closed?.tag).toBe('remote');
  });

  test('to a connection is given up after 5 s', async () => {
    const world = new RelayWorld();
    const a = await world.dialing([{ url: 'quic://198.18.70.1:4434' }], 'a@one');
    await world.clock.advance(4_990);
    expect(a.client.status().relays[0]?.state).toBe('connecting');
    await world.clock.advance(20);
    expect(a.client.status().relays[0]?.reason).not.toBe('');
    expect(a.client.status().identified).toBe(false);
  });

  test('to a request leaves time for the next one, which is asked then', async () => {
    const stage = await staged();
    const { world, a, end } = stage;
    const before = world.clock.now();
    const { near } = await world.tunnel(a, stage.b);
    // half of 15 s
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(7_500);
    expect(world.clock.now() - before).toBeLessThan(7_600);
    expect(near.peer).toBe('b@two');
    // and what it says after that is unwanted
    end.say({ type: 'tunnel_ok', tunnel_id: idOf(1) });
    await world.until(() => end.told('tunnel_close').length === 1, 100);
    expect(end.told('tunnel_close')).toEqual([{ type: 'tunnel_close', tunnel_id: idOf(1) }]);
  });

  test('alone, fails the request after 15 s, and when that is aborted at once', async () => {
    const world = new RelayWorld();
    const raw = await world.rawRelay();
    raw.onEnd = (end) => {
      end.answer = ({ type }) => type === 'identify' && end.say({ type: 'identified', status: 'ok' });
    };
    const a = await world.client([raw], 'a@one');
    const before = world.clock.now();
    const abort = new AbortController();
    const aborted = world.failure(a.client.requestTunnel('b@two', { signal: abort.signal }));
    abort.abort();
    expect(await aborted).toBe('aborted');
    expect(await world.failure(a.client.requestTunnel('b@two'))).toBe('timeout');
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(15_000);
    expect(world.clock.now() - before).toBeLessThan(15_050);
    expect(processesOf(a.runtime).filter(({ label }) => String(label).startsWith('tunnel '))).toEqual([]);
  });

  test('leaves no more than 64 requests under way, however many are given up', async () => {
    const { world, a } = await staged();
    for (let at = 0; at < 100; at++) {
      const asked = a.client.requestTunnel('nobody@here', { timeout: 5 });
      await world.failure(asked);
    }
    expect(a.client.status().pendingOutbound).toBe(64);
  });
});

describe('a relay that lies', () => {
  test.each(['c@three', 'b@two.evil', 'b'])(
    'about the target, with %s: wrong_target, and the next one is asked',
    async (target) => {
      const stage = await staged();
      const { world, a, end } = stage;
      end.answer = (message) => {
        if (message.type !== 'tunnel_request') return;
        end.open()?.write(`${idOf(1)}poison`);
        end.say({ type: 'tunnel_ok', tunnel_id: idOf(1), target });
      };
      const { near } = await world.tunnel(a, stage.b);
      expect(near.tunnelId).not.toBe(idOf(1));
      expect(end.told('tunnel_close')).toEqual([{ type: 'tunnel_close', tunnel_id: idOf(1) }]);
    },
  );

  test('about the target, alone: the request says so', async () => {
    const world = new RelayWorld();
    const raw = await world.rawRelay();
    let stream: RawStream | undefined;
    raw.onEnd = (end) => {
      end.answer = (message) => {
        if (message.type === 'identify') end.say({ type: 'identified', status: 'ok' });
        if (message.type !== 'tunnel_request') return;
        stream = end.open();
        stream?.write(idOf(1));
        end.say({ type: 'tunnel_ok', tunnel_id: idOf(1), target: 'c@three' });
      };
    };
    const a = await world.client([raw], 'a@one');
    expect(await world.failure(a.client.requestTunnel('b@two'))).toBe('wrong_target');
    await world.until(() => stream?.code !== undefined, 100);
  });

  test('and joins another node to the tunnel is found out by its key', async () => {
    const world = new RelayWorld();
    const raw = await world.rawRelay();
    const [b, evil] = [world.identity('b'), world.identity('evil')];
    const hex = Buffer.from(b.nodeId).toString('hex');
    // two relays of its own, as it were: what one node sends the other gets
    raw.onEnd = (end) => {
      end.answer = (message) => {
        if (message.type === 'identify') end.say({ type: 'identified', status: 'ok' });
        if (message.type !== 'tunnel_request') return;
        const [to] = raw.ends.filter((each) => each !== end) as [RawEnd];
        end.say({ type: 'tunnel_ok', tunnel_id: idOf(1), target: message.target });
        to.say({ type: 'tunnel_notify', tunnel_id: idOf(1), source: 'a@one' });
        const ends = [end.open(), to.open()] as [RawStream, RawStream];
        ends.forEach((one, at) => {
          one.write(idOf(1));
          one.onData = (bytes) => void ends[1 - at]?.write(bytes);
          one.onReset = () => ends[1 - at]?.stream.reset(ResetCode.canceled);
        });
      };
    };
    await world.client([raw], 'evil@here', { encryption: true, identity: evil });
    const a = await world.client([raw], 'a@one', { encryption: true, keys: { 'b@two': hex } });
    expect(await world.failure(a.client.requestTunnel('b@two'))).toBe('wrong_peer');
    await world.clock.advance(100);
    expect(a.client.status().activeTunnels).toBe(0);
  });

  test('and gives two requests one tunnel: one has it, the other one goes elsewhere', async () => {
    const stage = await staged();
    const { world, a, end } = stage;
    end.answer = ({ type }) =>
      type === 'tunnel_request' && end.say({ type: 'tunnel_ok', tunnel_id: idOf(1) });
    const both = [a.client.requestTunnel('b@two'), a.client.requestTunnel('b@two')];
    await world.until(() => end.told('tunnel_request').length === 2);
    end.open()?.write(idOf(1));
    const ids = (await world.settle(Promise.all(both), 1_000)).map(({ tunnelId }) => tunnelId);
    expect(ids.filter((id) => id === idOf(1))).toHaveLength(1);
  });

  test('and uses the id of a tunnel that is there makes no second one of it', async () => {
    const stage = await staged();
    const { world, a, b, end } = stage;
    end.answer = ({ type }) =>
      type === 'tunnel_request' && end.say({ type: 'tunnel_error', reason: 'target_not_connected' });
    const { near, far } = await world.tunnel(a, b);
    const drain = new Drain(far.stream);
    end.say({ type: 'tunnel_notify', tunnel_id: near.tunnelId, source: 'evil@here' });
    const stream = end.open() as RawStream;
    stream.write(`${near.tunnelId}poison`);
    await world.until(() => stream.code !== undefined, 6_000);
    expect(a.incoming).toEqual([]);
    near.stream.write('mine');
    await world.until(() => drain.text === 'mine');
    expect(a.client.status().activeTunnels).toBe(1);
    a.client.closeTunnel(near.tunnelId);
    await world.until(() => drain.closed);
  });
});

describe('a relay that says too much', () => {
  test('1,000 streams with made-up ids: no more than 64 wait, all are reset within 5 s, and others work', async () => {
    const stage = await staged();
    const { world, a, end } = stage;
    const streams: RawStream[] = [];
    const open = (): void => {
      for (let one = end.open(); one !== undefined && streams.length < 1_000; one = end.open()) {
        one.write(`${idOf(streams.length)}poison`);
        streams.push(one);
      }
    };
    while (streams.length < 1_000) {
      open();
      await world.clock.advance(10);
      expect(a.client.status().unidentifiedStreams).toBeLessThanOrEqual(64);
    }
    end.answer = ({ type }) => type === 'tunnel_request' && end.say({ type: 'tunnel_error', reason: 'busy' });
    await expectWorking(stage);
    await world.clock.advance(5_000);
    expect(streams.filter(({ code }) => code !== ResetCode.unknownTunnel)).toHaveLength(0);
    expect(a.client.status()).toMatchObject({ unidentifiedStreams: 0, identified: true });
    await expectWorking(stage);
  });

  test.each([1, 15, 30])('streams that stop after %d bytes of an id are reset within 5 s', async (bytes) => {
    const { world, end } = await staged({ probe: 60_000 });
    const streams = Array.from({ length: 100 }, () => end.open() as RawStream);
    for (const stream of streams) stream.write(idOf(1).slice(0, bytes));
    // one that dribbles is not better
    await world.clock.advance(4_900);
    for (const stream of streams) expect(stream.code).toBeUndefined();
    for (const stream of streams) stream.write('0');
    await world.clock.advance(120);
    for (const stream of streams) expect(stream.code).toBe(ResetCode.unknownTunnel);
  });

  test('streams that nobody has announced wait 5 s, whatever the probe is', async () => {
    const { world, a, end } = await staged({ probe: 60_000 });
    const stream = end.open() as RawStream;
    stream.write(idOf(1));
    await world.clock.advance(4_900);
    expect([stream.code, a.client.status().unidentifiedStreams]).toEqual([undefined, 1]);
    await world.clock.advance(110);
    expect([stream.code, a.client.status().unidentifiedStreams]).toEqual([ResetCode.unknownTunnel, 0]);
    // late: it is nobody's any more
    end.say({ type: 'tunnel_notify', tunnel_id: idOf(1), source: 'b@two' });
    await world.clock.advance(100);
    expect(a.incoming).toEqual([]);
  });

  test('an answer whose stream does not come fails its request after 5 s, and the next relay is asked', async () => {
    const stage = await staged();
    const { world, end } = stage;
    end.answer = ({ type }) =>
      type === 'tunnel_request' && end.say({ type: 'tunnel_ok', tunnel_id: idOf(1) });
    const before = world.clock.now();
    await world.tunnel(stage.a, stage.b);
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(5_000);
    expect(world.clock.now() - before).toBeLessThan(5_100);
  });

  test('what begins with no id is reset at its first wrong byte', async () => {
    const { world, end } = await staged();
    for (const begin of ['g', idOf(1).toLowerCase().replace(/0/g, 'f'), `${idOf(1).slice(0, 31)} `]) {
      const stream = end.open() as RawStream;
      stream.write(begin);
      await world.until(() => stream.code !== undefined, 100);
      expect(stream.code).toBe(ResetCode.protocolError);
    }
    const ended = end.open() as RawStream;
    ended.write('0123', true);
    await world.until(() => ended.over, 100);
  });

  test('20,000 announced tunnels without streams: 64 wait, for 5 s', async () => {
    const stage = await staged();
    const { world, a, end } = stage;
    const notify = (at: number): TunnelNotify => ({
      type: 'tunnel_notify',
      tunnel_id: idOf(at),
      source: 'x@y',
    });
    for (let at = 0; at < 20_000; at++) end.say(notify(at));
    await world.clock.advance(1_000);
    expect(a.client.status().pendingInbound).toBe(64);
    // the relay is told of the others
    expect(end.told('tunnel_close')).toHaveLength(20_000 - 64);
    await world.clock.advance(5_000);
    expect(a.client.status().pendingInbound).toBe(0);
    end.answer = ({ type }) => type === 'tunnel_request' && end.say({ type: 'tunnel_error', reason: 'busy' });
    await expectWorking(stage);
  });

  test('300 tunnels at once: 256 are taken, the others are refused', async () => {
    const { world, a, end } = await staged({ limits: { streams: 400 } });
    const streams: RawStream[] = [];
    for (let at = 0; at < 300; at++) {
      const stream = end.open();
      if (stream === undefined) break;
      end.say({ type: 'tunnel_notify', tunnel_id: idOf(at), source: 'x@y' });
      stream.write(idOf(at));
      streams.push(stream);
      if (at % 16 === 15) await world.clock.advance(5);
    }
    await world.clock.advance(100);
    expect(a.incoming).toHaveLength(256);
    const codes = streams.map(({ code }) => code);
    expect(codes.filter((code) => code === ResetCode.overloaded)).toHaveLength(300 - 256);
    expect(await world.failure(a.client.requestTunnel('b@two'))).toBe('overloaded');
    a.incoming[0]?.stream.destroy();
    await world.clock.advance(10);
    expect(a.client.status().activeTunnels).toBe(255);
  });

  test('frames that make no sense are passed over; one that is too large ends that connection alone', async () => {
    const stage = await staged();
    const { world, a, end } = stage;
    end.answer = ({ type }) => type === 'tunnel_request' && end.say({ type: 'tunnel_error', reason: 'busy' });
    for (const frame of [Uint8Array.of(0xff), Uint8Array.of(0x81, 0xa1), Uint8Array.of(0xbf)])
      end.sayBytes(framed(frame));
    // what only clients say
    end.say({ type: 'identify', node_name: 'x@y' });
    end.say({ type: 'tunnel_request', target: 'a@one' });
    end.say({ type: 'tunnel_ok', tunnel_id: idOf(1) });
    end.say({ type: 'tunnel_error', reason: 'nothing was asked' });
    await world.clock.advance(10);
    expect(a.client.status().relays.map(({ state }) => state)).toEqual(['identified', 'identified']);
    end.sayBytes(Uint8Array.from(u32(0x7fff_ffff)));
    await world.until(() => end.closed !== undefined, 100);
    expect(a.client.status().relays[0]).toMatchObject({
      reason: 'the relay has sent a frame that is too large',
    });
    await expectWorking(stage);
  });

  test.each([
    ['ends the control stream', (end: RawEnd) => end.control?.write(new Uint8Array(0), true)],
    ['resets the control stream', (end: RawEnd) => end.control?.reset(ResetCode.canceled)],
    ['refuses the name later', (end: RawEnd) => end.say({ type: 'refused', reason: 'no more' })],
  ])('a relay that %s is lost, and who asked it is told', async (_what, strike) => {
    const world = new RelayWorld();
    const raw = await world.rawRelay();
    raw.onEnd = (end) => {
      end.answer = ({ type }) => type === 'identify' && end.say({ type: 'identified', status: 'ok' });
    };
    const a = await world.client([raw], 'a@one');
    const asked = a.client.requestTunnel('b@two');
    await world.clock.advance(5);
    strike(raw.ends[0] as RawEnd);
    expect(await world.failure(asked, 100)).toBe('connection_error');
    await world.until(() => a.client.status().identified, 2_000);
  });
});

test('a tunnel that was answered and cut before it was taken fails with a typed error', async () => {
  const world = new RelayWorld();
  const raw = await world.rawRelay();
  raw.onEnd = (end) => {
    end.answer = (message) => {
      if (message.type === 'identify') end.say({ type: 'identified', status: 'ok' });
      if (message.type !== 'tunnel_request') return;
      const stream = end.open();
      stream?.write(idOf(1));
      end.say({ type: 'tunnel_ok', tunnel_id: idOf(1) });
      stream?.stream.reset(ResetCode.overloaded);
    };
  };
  const a = await world.client([raw], 'a@one');
  const result = await world.settle(a.client.requestTunnel('b@two')).catch((error: unknown) => error);
  if (result instanceof TunnelError) expect(['reset', 'timeout']).toContain(result.failure);
  else {
    const drain = new Drain((result as { stream: ConstructorParameters<typeof Drain>[0] }).stream);
    await world.until(() => drain.closed, 100);
    expect(drain.failure).toBe('reset');
  }
  await world.clock.advance(6_000);
  expect(a.client.status()).toMatchObject({ activeTunnels: 0, pendingOutbound: 0, unidentifiedStreams: 0 });
});

describe('amid the handshake of encryption', () => {
  /** A relay that makes tunnels in which nothing passes is asked first. */
  async function stalling(): Promise<Stage> {
    const stage = await staged({ encryption: true });
    const { end } = stage;
    end.answer = (message) => {
      if (message.type !== 'tunnel_request') return;
      end.open()?.write(idOf(1));
      end.say({ type: 'tunnel_ok', tunnel_id: idOf(1) });
    };
    return stage;
  }

  test('a relay that passes nothing on takes half of the time, then the next one is asked', async () => {
    const stage = await stalling();
    const before = stage.world.clock.now();
    const { near } = await stage.world.tunnel(stage.a, stage.b);
    const took = stage.world.clock.now() - before;
    expect(near.peerId).toBeDefined();
    expect([took >= 7_500, took < 7_700]).toEqual([true, true]);
    expect(stage.a.client.status().activeTunnels).toBe(1);
  });

  test('a relay that dies is left at once, and the next one is asked', async () => {
    const stage = await stalling();
    const { world, a, b, end } = stage;
    const asked = world.tunnel(a, b);
    await world.clock.advance(20);
    end.link?.close(0);
    const before = world.clock.now();
    await asked;
    expect(world.clock.now() - before).toBeLessThan(200);
    expect(a.client.status().activeTunnels).toBe(1);
  });

  test('one who asks and says nothing more is given up after 15 s by who is asked', async () => {
    const stage = await staged({ encryption: true });
    const { world, a, end } = stage;
    end.say({ type: 'tunnel_notify', tunnel_id: idOf(1), source: 'x@y' });
    const stream = end.open() as RawStream;
    stream.write(idOf(1));
    const before = world.clock.now();
    await world.until(() => stream.over, 16_000);
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(14_990);
    expect(a.incoming).toEqual([]);
    expect(processesOf(a.runtime).filter(({ label }) => String(label).startsWith('tunnel '))).toEqual([]);
  });
});
