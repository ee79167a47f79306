/**
 * The proxy over real sockets: each thing it says it does to datagrams, it does.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import {
  lossyUdpProxy,
  type LossyUdpProxy,
  type LossyUdpProxyOptions,
} from '../../src/testing/lossy-udp-proxy.ts';
import { openSockets, until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';

let target: RawSocket;
let source: RawSocket;
let proxy: LossyUdpProxy;
/** What the target got, first byte of each. */
let got: number[];
/** Ports from which it came. */
let ports: Set<number>;

async function open(options: Partial<LossyUdpProxyOptions> = {}): Promise<void> {
  proxy = await lossyUdpProxy({ target: target.address, random: seededRandom('proxy'), ...options });
}

/** Sends `count` datagrams, a turn of the event loop between any two. */
async function send(count: number, size = 1, first = 0): Promise<void> {
  const { toTarget } = proxy;
  const before = toTarget.stats().offered;
  for (let index = 0; index < count; index++) {
    source.send(Buffer.alloc(size, first + index), proxy.local);
    await new Promise(setImmediate);
  }
  await until(() => toTarget.stats().offered === before + count);
}

beforeEach(async () => {
  target = await new RawSocket().bind();
  source = await new RawSocket().bind();
  got = [];
  ports = new Set();
  target.onDatagram = (bytes, from) => {
    got.push(bytes[0] ?? -1);
    ports.add(from.port);
  };
});

afterEach(async () => {
  await proxy.close();
  await target.close();
  await source.close();
  await until(() => openSockets() === 0);
});

describe('lossyUdpProxy', () => {
  test('a perfect link by default: all, in order, both ways, and each source has its own port', async () => {
    await open();
    await send(200);
    await until(() => got.length === 200);
    expect(got).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(proxy.sourcePorts).toEqual([...ports]);
    const other = await new RawSocket().bind();
    other.send(Buffer.from('b'), proxy.local);
    await until(() => ports.size === 2);
    const back: string[] = [];
    source.onDatagram = (bytes) => back.push(`source ${bytes.toString()}`);
    other.onDatagram = (bytes) => back.push(`other ${bytes.toString()}`);
    const [first, second] = proxy.sourcePorts as [number, number];
    target.send(Buffer.from('1'), { host: '127.0.0.1', port: first });
    target.send(Buffer.from('2'), { host: '127.0.0.1', port: second });
    await until(() => back.length === 2);
    expect(back.toSorted()).toEqual(['other 2', 'source 1']);
    await other.close();
  });

  test('loses, doubles, delays, reorders and damages what its seed says, one direction only', async () => {
    await open({
      toTarget: {
        loss: { share: 0.2, burst: 4 },
        duplicate: 0.2,
        corrupt: 0.2,
        delay: { min: 1, max: 20 },
        reorder: { share: 0.2, window: 20 },
      },
    });
    await send(250);
    await until(() => got.length === proxy.toTarget.stats().arrivals);
    const { lost, duplicated, corrupted, reordered } = proxy.toTarget.stats();
    expect(Math.min(lost, duplicated, corrupted, reordered)).toBeGreaterThan(10);
    expect(got).not.toEqual(got.toSorted((left, right) => left - right));
    const before = got.length;
    let back = 0;
    source.onDatagram = () => back++;
    for (let index = 0; index < 50; index++)
      target.send(Buffer.from('x'), { host: '127.0.0.1', port: proxy.sourcePorts[0] as number });
    await until(() => back === 50);
    expect(got).toHaveLength(before);
  });

  test('a limited rate takes the time it must and loses what finds no room', async () => {
    await open({ toTarget: { rate: { bytesPerSecond: 100_000, queue: 10_000 } } });
    const begun = performance.now();
    await send(100, 500);
    await until(() => got.length === proxy.toTarget.stats().arrivals);
    const { overflowed, arrivals } = proxy.toTarget.stats();
    expect(overflowed).toBeGreaterThan(0);
    // the first leaves as the clock starts; timers may fire up to a millisecond early
    expect(performance.now() - begun).toBeGreaterThan(arrivals * 5 - 10);
  });

  test('larger datagrams than the path carries disappear', async () => {
    await open({ toTarget: { maxDatagram: 1_200 } });
    await send(10, 1_200);
    await until(() => got.length === 10);
    await send(10, 1_201);
    expect(proxy.toTarget.stats()).toMatchObject({ tooLarge: 10, arrivals: 10 });
  });

  test('a black hole swallows what comes and what is on its way, until it is over', async () => {
    await open({ toTarget: { delay: 50 } });
    await send(10);
    proxy.blackHole(true);
    await send(10);
    proxy.blackHole(false);
    await send(10, 1, 100);
    await until(() => got.includes(109));
    expect(got).toEqual(Array.from({ length: 10 }, (_, index) => 100 + index));
    expect(proxy.toTarget.stats()).toMatchObject({ offered: 30, swallowed: 10, arrivals: 20 });
    expect(proxy.toTarget.conditions).toEqual({ delay: 50, blackHole: false });
  });

  test('rebinding gives every source a new port; answers to the old one are lost', async () => {
    await open();
    await send(1);
    await until(() => ports.size === 1);
    const [old] = [...ports] as [number];
    await proxy.rebind();
    let back = 0;
    source.onDatagram = () => back++;
    target.send(Buffer.from('x'), { host: '127.0.0.1', port: old });
    await send(1);
    await until(() => ports.size === 2);
    expect(proxy.sourcePorts).toEqual([[...ports][1]]);
    target.send(Buffer.from('x'), { host: '127.0.0.1', port: proxy.sourcePorts[0] as number });
    await until(() => back === 1);
  });

  test('closing frees every socket and drops what is on its way; it may be said twice', async () => {
    await open({ toTarget: { delay: 1_000 } });
    await send(20);
    await Promise.all([proxy.close(), proxy.close(), proxy[Symbol.asyncDispose]()]);
    await expect(proxy.rebind()).rejects.toThrow('closed');
    await until(() => openSockets() === 2);
    expect(got).toEqual([]);
  });
});
