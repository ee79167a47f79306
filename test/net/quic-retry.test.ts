/**
 * Before a dialer has proven its address it costs us nothing and gets no more bytes than it sent.
 */
import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { LinkRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { RawPeer, RawSocket } from './quic-raw.ts';

/** Where the two connection ids and the token of an Initial of ours lie: 20-byte ids, 2-byte token length. */
const DESTINATION = 6;
const TOKEN = 49;

const bench = quicBench();
const identity = createIdentity(systemRandom, bench.clock.wall());
const credentials = { privateKey: identity.privateKey, certificates: [identity.certificate] };

let skew: number;
let endpoint: Endpoint;
let inbound: LinkRecorder[];
let peers: RawPeer[];
let sockets: RawSocket[];

beforeEach(async () => {
  skew = 0;
  inbound = [];
  peers = [];
  sockets = [];
  endpoint = await bench.open({
    clock: { ...bench.clock, now: () => bench.clock.now() + skew },
    onLink: () => {
      const recorder = new LinkRecorder();
      inbound.push(recorder);
      return recorder;
    },
  });
});

afterEach(async () => {
  await endpoint.close();
  for (const socket of [...sockets, ...peers.map((peer) => peer.socket)]) await socket.close();
});

const socketOf = async (): Promise<RawSocket> => {
  const socket = await new RawSocket().bind();
  sockets.push(socket);
  return socket;
};

/** The second Initial of a dialer that holds a fresh token, caught before it was sent; and its socket. */
async function withToken(): Promise<{ initial: Buffer; socket: RawSocket }> {
  const peer = await RawPeer.dial(endpoint.local, credentials);
  peers.push(peer);
  let initial: Buffer | undefined;
  const out = Buffer.alloc(1_500);
  peer.socket.onDatagram = (bytes) => {
    peer.native.recv(bytes, { from: { host: 'fd00::b', port: 1 }, to: { host: 'fd00::a', port: 1 } });
    const sent = peer.native.send(out);
    if (sent !== null) initial = Buffer.from(out.subarray(0, sent[0]));
  };
  await until(() => initial !== undefined);
  peer.socket.onDatagram = () => undefined;
  return { initial: initial as Buffer, socket: peer.socket };
}

/** Everything that was sent has been looked at. */
async function seen(count: number): Promise<void> {
  await until(() => endpoint.stats().datagramsIn >= count);
}

const nothingStarted = (): void => {
  const { links, halfOpen, bytesIn, bytesOut } = endpoint.stats();
  expect([links, halfOpen, inbound.length]).toEqual([0, 0, 0]);
  expect(bytesOut).toBeLessThanOrEqual(bytesIn);
};

describe('an Initial without a token', () => {
  test('is answered by a Retry shorter than itself, and nothing is stored, however often it comes', async () => {
    const peer = await RawPeer.dial(endpoint.local, credentials);
    peers.push(peer);
    peer.socket.onDatagram = () => undefined;
    await until(() => peer.socket.received.length === 1);
    const first = Buffer.alloc(1_500);
    const other = await socketOf();
    const length = (await RawPeer.dial(other.address, credentials).then((dialer) => {
      peers.push(dialer);
      return until(() => other.received.length > 0).then(() => other.received[0]?.bytes.copy(first) ?? 0);
    })) as number;
    const socket = await socketOf();
    for (let sent = 0; sent < 2_000; sent++) {
      socket.send(first.subarray(0, length), endpoint.local);
      if (sent % 50 === 49) await until(() => socket.received.length > sent - 25);
    }
    await seen(1_900);
    nothingStarted();
    for (const { bytes } of socket.received) expect(bytes.length).toBeLessThan(200);
  });

  test('shorter than 1,200 bytes is not answered at all', async () => {
    const { initial, socket } = await withToken();
    const before = endpoint.stats();
    socket.send(initial.subarray(0, 1_199), endpoint.local);
    await seen(before.datagramsIn + 1);
    expect(endpoint.stats().bytesOut).toBe(before.bytesOut);
    expect(endpoint.stats().dropped['short_initial']).toBe(1);
    nothingStarted();
  });

  test('reaches no one at an endpoint that accepts nothing', async () => {
    const mute = await bench.open();
    const peer = await RawPeer.dial(mute.local, credentials);
    peers.push(peer);
    await until(() => mute.stats().datagramsIn === 1);
    expect(mute.stats()).toMatchObject({ bytesOut: 0, links: 0, dropped: { not_accepting: 1 } });
    await mute.close();
  });
});

describe('a token', () => {
  test('is good once: the same Initial again starts no second link', async () => {
    const { initial, socket } = await withToken();
    for (let copies = 0; copies < 5; copies++) socket.send(initial, endpoint.local);
    await until(() => endpoint.stats().links === 1);
    await seen(6);
    expect(endpoint.stats()).toMatchObject({ links: 1, halfOpen: 1 });
  });

  test('is worth nothing from another port', async () => {
    const { initial } = await withToken();
    const before = endpoint.stats();
    const other = await socketOf();
    for (let copies = 0; copies < 20; copies++) other.send(initial, endpoint.local);
    await seen(before.datagramsIn + 20);
    expect(other.received).toEqual([]);
    expect(endpoint.stats().dropped['token_invalid']).toBe(20);
    nothingStarted();
  });

  test('is worth nothing after ten seconds', async () => {
    const { initial, socket } = await withToken();
    skew = 10_500;
    const before = endpoint.stats();
    socket.send(initial, endpoint.local);
    await seen(before.datagramsIn + 1);
    expect(endpoint.stats().dropped['token_expired']).toBe(1);
    nothingStarted();
  });

  test('is worth nothing when one bit of it, or of the id it names, is changed', async () => {
    const { initial, socket } = await withToken();
    const before = endpoint.stats();
    const forged = [TOKEN, TOKEN + 5, TOKEN + 30, DESTINATION, DESTINATION + 19].map((at) => {
      const copy = Buffer.from(initial);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    });
    for (const copy of forged) socket.send(copy, endpoint.local);
    await seen(before.datagramsIn + forged.length);
    expect(endpoint.stats().dropped['token_invalid']).toBe(forged.length);
    expect(endpoint.stats().bytesOut).toBe(before.bytesOut);
    nothingStarted();
  });

  test('of another endpoint is worth nothing', async () => {
    const { initial, socket } = await withToken();
    const other = await bench.open({ onLink: () => new LinkRecorder() });
    socket.send(initial, other.local);
    await until(() => other.stats().datagramsIn === 1);
    expect(other.stats()).toMatchObject({ links: 0, bytesOut: 0, dropped: { token_invalid: 1 } });
    await other.close();
  });
});

describe('version negotiation', () => {
  const foreign = (length: number, version: number): Buffer => {
    const packet = randomBytes(length);
    packet[0] = 0xc3;
    packet.writeUInt32BE(version, 1);
    packet[5] = 20;
    packet[26] = 20;
    return packet;
  };

  test('answers another version with one short packet that looks like QUIC', async () => {
    const socket = await socketOf();
    for (let count = 0; count < 20; count++) socket.send(foreign(1_200, 0x6b3343cf), endpoint.local);
    await until(() => socket.received.length === 20);
    for (const { bytes } of socket.received) {
      expect(bytes.length).toBeLessThan(100);
      expect((bytes[0] ?? 0) & 0xc0).toBe(0xc0);
      expect(bytes.readUInt32BE(1)).toBe(0);
    }
    nothingStarted();
  });

  test('answers neither a short datagram nor another version negotiation', async () => {
    const socket = await socketOf();
    socket.send(foreign(1_199, 0x6b3343cf), endpoint.local);
    socket.send(foreign(1_300, 0), endpoint.local);
    await seen(2);
    expect(endpoint.stats().bytesOut).toBe(0);
    nothingStarted();
  });
});
