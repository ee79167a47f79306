/**
 * Where UDP is blocked the same connection goes over TLS, and back to UDP when that works again.
 */
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { once } from 'node:events';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { lossyUdpProxy, type LossyUdpProxy } from '../../src/testing/lossy-udp-proxy.ts';
import { credentials } from '../../src/transport/tls/credentials.ts';
import { TlsListener } from '../../src/transport/tls/listener.ts';
import type { DialRequest, Endpoint, Link, PhysicalAddress } from '../../src/transport/transport.ts';
import { wayOf } from '../../src/transport/way.ts';
import { barrier, LinkRecorder, type Connected } from '../transport/recorder.ts';
import { freePort } from './free-port.ts';
import { quicBench, until } from './quic-bench.ts';
import { active, Traffic } from './quic-relay-bench.ts';

const bench = quicBench();
const LIMITS = { idleTimeout: 6_000, keepAlive: 1_000 };

let station: Endpoint;
let stationIdentity: Identity;
let client: Endpoint;
let inbound: LinkRecorder[];
/** What is dialed: TCP reaches the station, UDP only when the proxy lets it. */
let proxy: LossyUdpProxy;
let gate: Server;
/** TCP connections through the gate, client side first. */
let tcp: Socket[];

beforeEach(async () => {
  inbound = [];
  tcp = [];
  stationIdentity = createIdentity(systemRandom, bench.clock.wall());
  station = await bench.open({
    identity: stationIdentity,
    tls: true,
    // of others than loopback
    limits: { ...LIMITS, acceptRate: 1 },
    onLink: (link: Link) => {
      const recorder = new LinkRecorder();
      recorder.link = link;
      inbound.push(recorder);
      return recorder;
    },
  });
  client = await bench.open({ limits: LIMITS });
  gate = createServer((front) => {
    const back = connectTcp(station.local.port, station.local.host);
    tcp.push(front, back);
    for (const socket of [front, back]) socket.on('error', () => undefined);
    front.pipe(back).pipe(front);
    front.once('close', () => back.destroy());
    back.once('close', () => front.destroy());
  }).listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const { port } = gate.address() as { port: number };
  proxy = await lossyUdpProxy({ target: station.local, bind: { host: '127.0.0.1', port } });
});

afterEach(async () => {
  await client.close();
  await station.close();
  await proxy.close();
  for (const socket of tcp) socket.destroy();
  gate.close();
  bench.empty();
});

const dial = (request: Partial<DialRequest> = {}): LinkRecorder => {
  const here = new LinkRecorder();
  here.link = client.dial({ address: proxy.local, protocol: 'macula', fallback: 'tls', ...request }, here);
  return here;
};

async function connected(here: LinkRecorder): Promise<Connected> {
  await until(() => here.isOpen && inbound[0]?.isOpen === true);
  const there = inbound[0] as LinkRecorder;
  const seeds = [systemRandom.bytes(32), systemRandom.bytes(32)] as const;
  here.link.keyPaths(...seeds);
  there.link.keyPaths(seeds[1], seeds[0]);
  return { here, there };
}

const way = (recorder: LinkRecorder): string => wayOf(active(recorder)?.address ?? { host: '', port: 0 });

const dropped = (endpoint: Endpoint, reason: string): number => endpoint.stats().dropped[reason] ?? 0;

describe('a dial to where UDP is blocked', () => {
  test('goes over TLS, calls go on, and when UDP answers again they go there: nothing is lost', async () => {
    proxy.blackHole(true);
    const link = await connected(dial());
    expect([way(link.here), way(link.there)]).toEqual(['tls', 'tls']);
    const traffic = new Traffic(link, 16, 20_000, () => bench.clock.now());
    await traffic.more(200);
    proxy.blackHole(false);
    await until(() => way(link.here) === 'udp' && way(link.there) === 'udp');
    await traffic.more(200);
    // blocked again: back to TLS, which was kept
    proxy.blackHole(true);
    await until(() => way(link.here) === 'tls' && way(link.there) === 'tls');
    await traffic.more(200);
    await traffic.stop();
    expect([traffic.wrong, link.here.closed.length, link.there.closed.length]).toEqual([0, 0, 0]);
  });

  test('fails as before without the fallback', async () => {
    const impatient = await bench.open({ limits: { handshakeTimeout: 2_000 } });
    proxy.blackHole(true);
    const here = new LinkRecorder();
    here.link = impatient.dial({ address: proxy.local, protocol: 'macula' }, here);
    await until(() => here.closed.length > 0);
    expect(here.closed[0]?.tag).toBe('handshake_timeout');
    expect(tcp).toEqual([]);
    await impatient.close();
  });

  test('counts as one from where its TLS connection comes: from loopback there may be any number', async () => {
    proxy.blackHole(true);
    const dials = [dial(), dial(), dial()];
    await until(() => dials.every(({ isOpen }) => isOpen));
    expect(dials.map(way)).toEqual(['tls', 'tls', 'tls']);
    expect(dropped(station, 'too_fast')).toBe(0);
  });

  test('is not tried by TLS when UDP answers', async () => {
    const link = await connected(dial());
    await bench.pass(1_700);
    await barrier(bench, link);
    expect([way(link.here), tcp.length]).toEqual(['udp', 0]);
  });

  test('ends at once when the TLS connection that carries it ends', async () => {
    proxy.blackHole(true);
    const link = await connected(dial());
    for (const socket of tcp) socket.destroy();
    await until(() => link.here.closed.length > 0 && link.there.closed.length > 0);
    expect(link.here.closed[0]).toMatchObject({ tag: 'transport_error' });
  });

  test('that is given up meanwhile leaves nothing behind', async () => {
    proxy.blackHole(true);
    const here = dial();
    await bench.pass(50);
    here.link.close(0);
    await until(() => here.closed.length > 0);
    expect(tcp).toEqual([]);
  });

  test('carries relayed sessions too: station and client find each other over TLS', async () => {
    proxy.blackHole(true);
    const link = await connected(dial());
    const session = systemRandom.bytes(16);
    const got: PhysicalAddress[] = [];
    station.forwarder = (_session, from) => {
      got.push(from);
      return 'refused';
    };
    client.sendRaw(client.openRelayed(session, link.here.link), Uint8Array.of(4));
    await until(() => got.length === 1);
    expect(got[0]).toEqual(link.there.link.observed);
  });
});

describe('who is at the other end of TLS', () => {
  test('is judged by the dialer: another node is refused before any datagram goes there', async () => {
    proxy.blackHole(true);
    const here = dial({ expectedId: new Uint8Array(32) });
    await until(() => dropped(client, 'tls_dial') === 1);
    expect(inbound).toEqual([]);
    here.link.close(0);
    await until(() => here.closed.length > 0);
  });

  test('is judged by the station: no certificate, no protocol or its own identity are refused', async () => {
    const good = credentials(createIdentity(systemRandom, bench.clock.wall()));
    const own = credentials(stationIdentity);
    const bad = [
      { rejectUnauthorized: false, ALPNProtocols: ['macula-relay'] },
      { ...good, ALPNProtocols: ['h2'] },
      { ...good, ALPNProtocols: [] },
      own,
    ];
    for (const options of bad) {
      const socket = connectTls({ ...options, ...station.local });
      socket.on('error', () => undefined);
      socket.resume();
      await until(() => socket.closed);
    }
    expect(dropped(station, 'tls_refused') + dropped(station, 'tls_handshake')).toBe(bad.length);
    expect(station.stats().datagramsIn).toBe(0);
  });
});

describe('who only keeps connections', () => {
  test('open without a word gets few of them', async () => {
    const small = await bench.open({ tls: true, limits: { halfOpen: 2 }, onLink: () => 4 });
    const sockets = Array.from({ length: 4 }, () => connectTcp(small.local.port, small.local.host));
    for (const socket of sockets) socket.on('error', () => undefined).resume();
    await until(() => sockets.filter(({ closed }) => closed).length === 2);
    expect(dropped(small, 'tls_too_many_half_open')).toBe(2);
    for (const socket of sockets) socket.destroy();
    await small.close();
  });

  test('and uses the port of one again before its end was heard of is counted once', async () => {
    const drops: string[] = [];
    const [port, ours] = [await freePort('tcp'), await freePort('tcp')];
    const listener = await TlsListener.open({
      identity: stationIdentity,
      clock: bench.clock,
      bind: { host: '127.0.0.1', port },
      links: 100,
      halfOpen: 3,
      acceptRate: 1_000,
      judge: () => true,
      onSocket: () => undefined,
      drop: (reason) => drops.push(reason),
    });
    const again = (): Socket =>
      connectTcp({ host: '127.0.0.1', port, localPort: ours }).on('error', () => undefined);
    let socket = again();
    await once(socket, 'connect');
    for (let times = 0; times < 10; times++) {
      await until(() => drops.length === times && listener.size === 1);
      socket.resetAndDestroy();
      // in the same turn: the listener hears of the new one while the other is still there
      socket = again();
      await once(socket, 'connect');
    }
    await until(() => drops.length === 10 && listener.size === 1);
    expect(new Set(drops)).toEqual(new Set(['tls_handshake']));
    socket.destroy();
    await until(() => listener.size === 0);
    expect(listener.halfOpen).toBe(0);
    await listener.close();
  });

  test('that carry no link loses them', async () => {
    const hurried = {
      ...bench.clock,
      setTimer: (delay: number, run: () => void) => bench.clock.setTimer(delay === 15_000 ? 30 : delay, run),
    };
    const strict = await bench.open({ tls: true, clock: hurried, onLink: () => 4 });
    const socket = connectTls({
      ...credentials(createIdentity(systemRandom, bench.clock.wall())),
      ...strict.local,
    });
    socket.on('error', () => undefined).resume();
    await until(() => socket.closed);
    await strict.close();
  });
});

describe('garbage over TLS', () => {
  const open = async (): Promise<TLSSocket> => {
    const socket = connectTls({
      ...credentials(createIdentity(systemRandom, bench.clock.wall())),
      ...station.local,
    });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.resume();
    return socket;
  };

  test('ends that connection and no other', async () => {
    proxy.blackHole(true);
    const link = await connected(dial());
    const socket = await open();
    socket.write(Buffer.of(0, 3, 1, 2, 3, 0, 0, 9));
    await once(socket, 'close');
    expect(dropped(station, 'tls_garbage')).toBe(1);
    await barrier(bench, link);
  });

  test('in sound records is dropped by the rules for datagrams', async () => {
    const socket = await open();
    for (let count = 0; count < 100; count++) {
      const bytes = systemRandom.bytes(60);
      socket.write(Buffer.concat([Buffer.of(0, 60), bytes]));
    }
    await until(() => station.stats().datagramsIn === 100);
    expect(station.stats().links).toBe(0);
    socket.destroy();
    await until(() => socket.closed);
  });

  test('before TLS is a handshake that fails', async () => {
    const socket = connectTcp(station.local.port, station.local.host);
    socket.on('error', () => undefined);
    socket.end(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    socket.resume();
    await once(socket, 'close');
    await until(() => dropped(station, 'tls_handshake') === 1);
  });
});
