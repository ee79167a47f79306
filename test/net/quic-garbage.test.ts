/**
 * Datagrams that mean nothing: no crash, no state, no answer larger than the question, and no harm to links.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { seededRandom } from '../../src/actor/random.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { barrier, LinkRecorder, type Connected } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';

/** Datagrams per kind of garbage. */
const COUNT = 5_000;
/** Datagrams sent before the endpoint is given time to read them. */
const BATCH = 100;

const bench = quicBench();
const random = seededRandom('garbage');

let server: Endpoint;
let client: Endpoint;
let attacker: RawSocket;
let link: Connected;
/** Datagrams a bystander saw on their way from the client to the server. */
let genuine: Buffer[];
let proxy: RawSocket;

beforeEach(async () => {
  let there: LinkRecorder | undefined;
  server = await bench.open({
    onLink: (inbound) => {
      there = new LinkRecorder();
      there.link = inbound;
      return there;
    },
  });
  client = await bench.open();
  genuine = [];
  proxy = await new RawSocket().bind();
  attacker = await new RawSocket().bind();
  let back = client.local;
  proxy.onDatagram = (bytes, from) => {
    if (from.port === server.local.port) {
      proxy.send(bytes, back);
      return;
    }
    back = { host: from.address, port: from.port };
    genuine.push(Buffer.from(bytes));
    proxy.send(bytes, server.local);
  };
  const here = new LinkRecorder();
  here.link = client.dial({ address: proxy.address, protocol: 'macula' }, here);
  await until(() => here.isOpen && there?.isOpen === true);
  link = { here, there: there as LinkRecorder };
  await barrier(bench, link);
});

afterEach(async () => {
  await client.close();
  await server.close();
  await proxy.close();
  await attacker.close();
  bench.empty();
});

async function flood(make: (index: number) => Uint8Array): Promise<void> {
  const before = server.stats();
  for (let sent = 0; sent < COUNT;) {
    for (const end = sent + BATCH; sent < end; sent++) attacker.send(make(sent), server.local);
    const arrived = before.datagramsIn + sent * 0.9;
    await until(() => server.stats().datagramsIn >= arrived);
  }
  const after = server.stats();
  expect(after.bytesOut - before.bytesOut).toBeLessThanOrEqual(after.bytesIn - before.bytesIn);
  await barrier(bench, link);
  expect(server.stats()).toMatchObject({ links: 1, halfOpen: 0 });
  expect(link.there.link.observed).toEqual(proxy.address);
  expect(link.here.faults.concat(link.there.faults)).toEqual([]);
}

const length = (): number => 1 + (random.u32() % 1_400);

describe('garbage', () => {
  test('of random bytes', async () => {
    await flood(() => random.bytes(length()));
  });

  test('that looks like a long header', async () => {
    await flood(() => {
      const bytes = random.bytes(Math.max(length(), 8));
      bytes[0] = 0xc0 | (random.u32() & 0x3f);
      bytes.set([0, 0, 0, 1, random.u32() % 24], 1);
      return bytes;
    });
  });

  test('under the id of an open link moves no path and is not answered', async () => {
    const short = genuine.findLast((bytes) => ((bytes[0] ?? 0) & 0x80) === 0) as Buffer;
    await flood(() => {
      const bytes = random.bytes(Math.max(length(), 40));
      bytes[0] = 0x40 | (random.u32() & 0x3f);
      bytes.set(short.subarray(1, 21), 1);
      return bytes;
    });
    expect(attacker.received).toEqual([]);
    expect(server.stats().dropped['stranger']).toBeGreaterThan(0);
  });

  test('made from real packets by flipping bits, cutting and repeating', async () => {
    await flood((index) => {
      const original = genuine[index % genuine.length] as Buffer;
      const bytes = Uint8Array.from(original);
      if (index % 3 === 0) return bytes.subarray(0, 1 + (random.u32() % bytes.length));
      if (index % 3 === 1) return bytes;
      const at = random.u32() % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (random.u32() & 7));
      return bytes;
    });
  });

  test('an empty datagram is ignored', async () => {
    const before = server.stats().datagramsIn;
    attacker.send(new Uint8Array(0), server.local);
    await until(() => server.stats().datagramsIn > before);
    await barrier(bench, link);
  });
});
