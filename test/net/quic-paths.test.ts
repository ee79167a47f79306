/**
 * The physical path under a link may change; the link does not. And nobody but the peer can change it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Endpoint } from '../../src/transport/transport.ts';
import { barrier, LinkRecorder, type Connected } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';

const bench = quicBench();

let server: Endpoint;
let client: Endpoint;
let link: Connected;
/** What the client dials. */
let front: RawSocket;
/** From where the server sees the client; replaced when the NAT rebinds. */
let back: RawSocket;
let used: RawSocket[];
/** Sees each datagram of the client before it goes on; may send copies. */
let spy: (bytes: Buffer) => void;

const bind = async (): Promise<RawSocket> => {
  const socket = await new RawSocket().bind();
  used.push(socket);
  return socket;
};

const rebind = async (): Promise<void> => {
  back.onDatagram = () => undefined;
  back = await bind();
  back.onDatagram = (bytes) => {
    front.send(bytes, client.local);
  };
};

beforeEach(async () => {
  used = [];
  spy = () => undefined;
  let there: LinkRecorder | undefined;
  // a busy machine may leave a link alone for seconds
  const limits = { idleTimeout: 10_000, keepAlive: 300 };
  server = await bench.open({
    limits,
    onLink: (inbound) => {
      there = new LinkRecorder();
      there.link = inbound;
      return there;
    },
  });
  client = await bench.open({ limits });
  front = await bind();
  back = await bind();
  await rebind();
  front.onDatagram = (bytes) => {
    spy(bytes);
    back.send(bytes, server.local);
  };
  const here = new LinkRecorder();
  here.link = client.dial({ address: front.address, protocol: 'macula' }, here);
  await until(() => here.isOpen && there?.isOpen === true);
  link = { here, there: there as LinkRecorder };
  await barrier(bench, link);
});

afterEach(async () => {
  await client.close();
  await server.close();
  for (const socket of used) await socket.close();
  bench.empty();
});

describe('a NAT rebinding', () => {
  test('under a quiet link is survived: calls go on at the new address', async () => {
    expect(link.there.link.observed).toEqual(back.address);
    await rebind();
    await barrier(bench, link);
    expect(link.there.link.observed).toEqual(back.address);
    expect(link.here.closed.concat(link.there.closed)).toEqual([]);
  });

  test('is survived again and again, with traffic', async () => {
    for (let times = 0; times < 4; times++) {
      await rebind();
      for (let calls = 0; calls < 10; calls++) await barrier(bench, link);
      expect(link.there.link.observed).toEqual(back.address);
    }
  });

  test('reaches a server that has something to say first, with the next keep-alive', async () => {
    await rebind();
    const out = link.there.open();
    out.stream.write(Buffer.from('news'), true);
    await until(() => link.here.streams.some(({ id, ended }) => id === out.id && ended === 1));
    expect(link.there.link.observed).toEqual(back.address);
  });
});

describe('a proven address', () => {
  const seeds = [bench.random.bytes(32), bench.random.bytes(32)] as const;

  /** Has the server send 300 kB, which the client only acknowledges; in how many datagrams they go. */
  async function pushed(): Promise<number> {
    const before = server.stats().datagramsOut;
    const out = link.there.open();
    out.stream.write(Buffer.alloc(300_000), true);
    // three times what comes is little: it takes 8 s on a quiet machine
    await until(
      () => link.here.streams.some(({ id, received }) => id === out.id && received === 300_000),
      45_000,
    );
    return server.stats().datagramsOut - before;
  }

  test('gets as much as before; one that was not asked for its proof gets three times what it sends', async () => {
    await rebind();
    expect(await pushed()).toBeGreaterThan(1_000);
    link.here.link.keyPaths(...seeds);
    link.there.link.keyPaths(seeds[1], seeds[0]);
    await rebind();
    expect(await pushed()).toBeLessThan(500);
    expect(link.there.link.observed).toEqual(back.address);
  });

  test('is not the one whose answers are of another key', async () => {
    link.here.link.keyPaths(...seeds);
    link.there.link.keyPaths(seeds[1], bench.random.bytes(32));
    await rebind();
    expect(await pushed()).toBeGreaterThan(1_000);
    expect(client.stats().dropped['probe']).toBeGreaterThan(0);
  });
});

test('what is relayed over a link goes where the peer has proven to be, though the link sends elsewhere', async () => {
  const proven = back;
  const session = server.openRelayed(bench.random.bytes(16), link.there.link);
  // no keys: whoever shows up at another address cannot prove to be there
  await rebind();
  await bench.pass(250);
  await barrier(bench, link);
  expect(link.there.link.observed).toEqual(back.address);
  expect(link.there.link.proven).toEqual(proven.address);
  const before = proven.received.length;
  for (let count = 0; count < 20; count++) server.sendRaw(session, Buffer.alloc(1_000));
  await until(() => proven.received.length === before + 20);
  const relayed = back.received.filter(({ bytes }) => bytes[0] === 1);
  expect(relayed).toEqual([]);
});

describe('somebody else', () => {
  test('who copies packets ahead of the peer does not divert the link', async () => {
    const thief = await bind();
    spy = (bytes) => {
      thief.send(bytes, server.local);
    };
    for (let calls = 0; calls < 50; calls++) await barrier(bench, link);
    spy = () => undefined;
    await barrier(bench, link);
    expect(link.there.link.observed).toEqual(back.address);
  });

  test('who copies packets of a quiet link gets at most three times what he sent', async () => {
    const thief = await bind();
    let sent = 0;
    spy = (bytes) => {
      thief.send(bytes, server.local);
      sent += bytes.length;
    };
    for (let calls = 0; calls < 5; calls++) {
      // Longer than the silence after which an unproven source may take over.
      await bench.pass(250);
      await barrier(bench, link);
    }
    expect(thief.bytesReceived).toBeLessThanOrEqual(3 * sent);
    spy = () => undefined;
    await barrier(bench, link);
    expect(link.there.link.observed).toEqual(back.address);
  });

  test('who repeats old packets from another port is not even a path', async () => {
    const packets: Buffer[] = [];
    spy = (bytes) => packets.push(Buffer.from(bytes));
    for (let calls = 0; calls < 20; calls++) await barrier(bench, link);
    spy = () => undefined;
    const thief = await bind();
    await bench.pass(250);
    for (const bytes of packets) thief.send(bytes, server.local);
    await barrier(bench, link);
    expect(thief.received).toEqual([]);
    expect(link.there.link.paths).toHaveLength(1);
    expect(link.there.link.observed).toEqual(back.address);
  });
});
