/**
 * A link through a station, and its change to a direct path and back: nothing is lost, and only the peer decides.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { lossyUdpProxy, type LossyUdpProxy } from '../../src/testing/lossy-udp-proxy.ts';
import type { PhysicalAddress } from '../../src/transport/transport.ts';
import { barrier, LinkRecorder, type Connected } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';
import { active, relayBench, Traffic, type RelayBench } from './quic-relay-bench.ts';

const bench = quicBench();
let net: RelayBench;
let sockets: RawSocket[];
let proxy: LossyUdpProxy | undefined;

beforeEach(async () => {
  sockets = [];
  proxy = undefined;
  net = await relayBench(bench);
});

afterEach(async () => {
  await net.close();
  await proxy?.close();
  for (const socket of sockets) await socket.close();
  bench.empty();
});

const socket = async (): Promise<RawSocket> => {
  const bound = await new RawSocket().bind();
  sockets.push(bound);
  return bound;
};

const now = (): number => bench.clock.now();

/** Both sides use the direct path, which goes through a proxy that can be cut. */
async function upgraded(link: Connected): Promise<LossyUdpProxy> {
  proxy = await lossyUdpProxy({ target: net.b.local });
  // whatever B offers: A shows up behind the proxy
  link.there.link.offerPath('punched', (await socket()).address);
  link.here.link.offerPath('direct', proxy.local);
  await until(() => active(link.here)?.kind === 'direct' && active(link.there)?.kind === 'punched');
  return proxy;
}

describe('a link through a station', () => {
  test('is dialed, and carries what it is given, in datagrams that the station takes', async () => {
    const link = await net.connect();
    expect(link.here.link.paths).toMatchObject([{ kind: 'relayed', address: net.toB, active: true }]);
    expect(link.there.link.observed).toEqual(net.toA);
    const traffic = new Traffic(link, 8, 40_000, now);
    await traffic.more(50);
    await traffic.stop();
    expect(traffic.wrong).toBe(0);
    expect(net.station.stats().dropped).toEqual({ send_failed: 0 });
    const { relayed } = net.station.stats();
    // 50 times 40 kB, there and back
    expect(relayed?.forwardedBytes).toBeGreaterThan(4_000_000);
  });

  test('proves the peer all the same: another node behind the session is refused', async () => {
    const here = new LinkRecorder();
    here.link = net.a.dial({ address: net.toB, protocol: 'macula', expectedId: new Uint8Array(32) }, here);
    await until(() => here.closed.length > 0);
    expect(here.closed[0]).toMatchObject({ tag: 'handshake_failed', by: 'local' });
  });

  test('cannot be dialed when the session is not open', async () => {
    net.a.closeRelayed(net.session);
    const here = new LinkRecorder();
    here.link = net.a.dial({ address: net.toB, protocol: 'macula' }, here);
    await until(() => here.closed.length > 0);
    expect(here.closed[0]).toMatchObject({ tag: 'transport_error', detail: 'that way is not open' });
  });

  test('begins though the first datagrams come before word of their session', async () => {
    net.b.closeRelayed(net.session);
    const { forwarder } = net.station;
    net.station.forwarder = () => 'unknown';
    const here = new LinkRecorder();
    here.link = net.a.dial({ address: net.toB, protocol: 'macula' }, here);
    const [before, held] = [net.station.stats().datagramsIn, net.b.stats().datagramsIn];
    await until(() => net.station.stats().datagramsIn > before);
    net.station.forwarder = forwarder;
    // the session becomes known to B while A's datagram is held there
    await until(() => net.b.stats().datagramsIn > held);
    net.b.openRelayed(net.session, net.viaB.link);
    await until(() => here.isOpen);
  });

  test('carries raw datagrams too', async () => {
    const got: PhysicalAddress[] = [];
    net.b.onRaw = (from) => got.push(from);
    net.a.sendRaw(net.toB, Uint8Array.of(4, 5, 6));
    await until(() => got.length === 1);
    expect(got).toEqual([net.toA]);
  });
});

describe('the change to a direct path', () => {
  test('and back, planned, loses and repeats nothing of what is under way, small or large', async () => {
    for (const size of [100, 16_384]) {
      const link = await net.connect();
      const traffic = new Traffic(link, 32, size, now);
      await traffic.more(100);
      for (let times = 0; times < 5; times++) {
        let changes = 0;
        link.here.hooks.onPath = () => changes++;
        link.here.link.offerPath('direct', net.b.local);
        link.there.link.offerPath('direct', net.a.local);
        await until(() => active(link.here)?.kind === 'direct' && active(link.there)?.kind === 'direct');
        expect(link.here.link.paths.every(({ proven, rtt }) => proven && rtt !== undefined)).toBe(true);
        await traffic.more(200);
        expect(changes).toBeGreaterThan(0);
        link.here.link.withdrawPath(net.b.local);
        link.there.link.withdrawPath(net.a.local);
        expect([active(link.here)?.kind, active(link.there)?.kind]).toEqual(['relayed', 'relayed']);
        await traffic.more(200);
      }
      await traffic.stop();
      expect([traffic.wrong, link.here.closed.length]).toEqual([0, 0]);
      // each question was one stream, answered once
      expect(link.there.streams).toHaveLength(traffic.asked);
      expect(link.there.streams.every(({ ended, resets }) => ended === 1 && resets.length === 0)).toBe(true);
      link.here.link.close(0);
      await until(() => link.there.closed.length > 0);
    }
  });

  test('leaves it in time when it goes dark, and comes back to it: nothing is lost', async () => {
    const link = await net.connect();
    const between = await upgraded(link);
    const traffic = new Traffic(link, 16, 1_000, now);
    await traffic.more(500);
    const relayed = net.station.stats().relayed?.forwarded ?? 0;
    traffic.pause = 0;
    between.blackHole(true);
    await until(() => active(link.here)?.kind === 'relayed' && active(link.there)?.kind === 'relayed');
    await traffic.more(100);
    expect(net.station.stats().relayed?.forwarded).toBeGreaterThan(relayed);
    expect(link.here.link.paths.find(({ kind }) => kind === 'direct')?.proven).toBe(false);
    between.blackHole(false);
    await until(() => active(link.here)?.kind === 'direct' && active(link.there)?.kind === 'punched');
    await traffic.more(500);
    await traffic.stop();
    expect([traffic.wrong, link.here.closed.length, link.there.closed.length]).toEqual([0, 0, 0]);
  });

  test('is lost one way only: both sides leave it', async () => {
    const link = await net.connect();
    const between = await upgraded(link);
    const traffic = new Traffic(link, 16, 1_000, now);
    await traffic.more(500);
    between.toSource.blackHole(true);
    await until(() => active(link.here)?.kind === 'relayed' && active(link.there)?.kind === 'relayed');
    await traffic.more(100);
    await traffic.stop();
    expect(traffic.wrong).toBe(0);
  });

  test("follows the peer's new port", async () => {
    const link = await net.connect();
    const between = await upgraded(link);
    const traffic = new Traffic(link, 16, 1_000, now);
    await traffic.more(500);
    for (let times = 0; times < 3; times++) {
      await between.rebind();
      const [port] = between.sourcePorts;
      await until(() => link.there.link.observed.port === port);
      await traffic.more(200);
    }
    await traffic.stop();
    expect([traffic.wrong, link.there.closed.length]).toEqual([0, 0]);
  });

  test('is not one that a peer without the key can make', async () => {
    const link = await net.connect();
    link.there.link.keyPaths(bench.random.bytes(32), bench.random.bytes(32));
    link.here.link.offerPath('direct', net.b.local);
    link.there.link.offerPath('direct', net.a.local);
    await until(() => (net.b.stats().dropped['probe'] ?? 0) > 20);
    expect(active(link.here)?.kind).toBe('relayed');
    await barrier(bench, link);
  });

  test('the same to many addresses at once keeps to six paths', async () => {
    const link = await net.connect();
    const nobody = await socket();
    for (let port = 1; port < 40; port++)
      link.here.link.offerPath('direct', { host: '127.0.0.1', port: nobody.address.port - port });
    expect(link.here.link.paths).toHaveLength(6);
    await barrier(bench, link);
  });
});

describe('somebody else', () => {
  test('who copies packets and probes of a punched link from a third socket never moves it', async () => {
    const link = await net.connect();
    const between = await upgraded(link);
    const thief = await socket();
    const front = await socket();
    // a direct path through two spies: everything A sends goes to B, and a copy from the thief ahead of it
    front.onDatagram = (bytes) => {
      thief.send(bytes, net.b.local);
      thief.send(bytes, net.a.local);
    };
    link.here.link.offerPath('direct', front.address);
    const traffic = new Traffic(link, 8, 1_000, now);
    await traffic.more(500);
    await traffic.stop();
    await until(() => front.received.length >= 20);
    expect(link.here.link.observed).toEqual(between.local);
    expect(link.there.link.observed.port).toBe(between.sourcePorts[0]);
    const sent = front.received.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(thief.bytesReceived).toBeLessThanOrEqual(3 * sent);
  });

  test('cannot speak through a session: only the station that has it is heard', async () => {
    const link = await net.connect();
    const thief = await socket();
    const forged = Buffer.concat([Buffer.of(1), net.session, Buffer.alloc(60, 0x40)]);
    for (let count = 0; count < 50; count++) thief.send(forged, net.b.local);
    await until(() => net.b.stats().dropped['relay_source'] === 50);
    for (let count = 0; count < 50; count++) thief.send(forged, net.station.local);
    await until(() => net.station.stats().dropped['relay_refused'] === 50);
    expect(thief.received).toEqual([]);
    await barrier(bench, link);
  });

  test('who guesses sessions gets no room, takes none from peers, and nothing is sent', async () => {
    const thief = await socket();
    const out = net.station.stats().datagramsOut;
    for (let count = 0; count < 200; count++)
      thief.send(
        Buffer.concat([Buffer.of(1), bench.random.bytes(16), Buffer.alloc(1_200)]),
        net.station.local,
      );
    await until(() => (net.station.stats().dropped['relay_unknown'] ?? 0) === 200);
    expect(thief.received).toEqual([]);
    expect(net.station.stats().datagramsOut - out).toBeLessThan(20);
    const got: PhysicalAddress[] = [];
    net.b.onRaw = (from) => got.push(from);
    const { forwarder } = net.station;
    net.station.forwarder = () => 'unknown';
    const before = net.station.stats().datagramsIn;
    for (let count = 0; count < 50; count++)
      thief.send(Buffer.concat([Buffer.of(1), bench.random.bytes(16), Buffer.alloc(100)]), net.station.local);
    await until(() => net.station.stats().datagramsIn >= before + 50);
    net.a.sendRaw(net.toB, Buffer.of(4, 5, 6));
    await until(() => net.station.stats().datagramsIn >= before + 51);
    net.station.forwarder = forwarder;
    await until(() => got.length === 1);
  });

  test('who sends relayed datagrams that are too large, or wrapped twice, is not served', async () => {
    const thief = await socket();
    for (let count = 0; count < 20; count++)
      thief.send(Buffer.concat([Buffer.of(1), net.session, Buffer.alloc(16_368)]), net.station.local);
    await until(() => net.station.stats().dropped['relay_oversized'] === 20);
    const twice = Buffer.concat([Buffer.of(1), net.session, Buffer.of(1), net.session, Buffer.alloc(9)]);
    net.a.sendRaw(net.toB, twice.subarray(17));
    await until(() => net.b.stats().dropped['relay_nested'] === 1);
  });
});
