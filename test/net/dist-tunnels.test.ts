/** Tunnels over real QUIC: a NAT rebind cuts none, a lossy line changes no byte, who does not read holds nobody else up. */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import type { DistRelayClient } from '../../src/dist/relay/client/relay-client.ts';
import type { RelayClientOptions } from '../../src/dist/relay/client/make-client.ts';
import { startDistRelay } from '../../src/dist-relay.ts';
import { startRelayClient } from '../../src/relay-client.ts';
import type { DistRelay } from '../../src/relay-handle.ts';
import { lossyUdpProxy } from '../../src/testing/lossy-udp-proxy.ts';
import { until } from './quic-bench.ts';

const MIB = 1_048_576;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(): Promise<DistRelay> {
  const relay = await startDistRelay({ listen: '127.0.0.1:0', logger: silentLogger });
  closers.push(() => relay.close());
  return relay;
}

async function attach(url: string, name: string, options: RelayClientOptions = {}): Promise<DistRelayClient> {
  const client = await startRelayClient(new Runtime({ logger: silentLogger }), url, name, options);
  closers.push(() => client.close());
  await client.ready();
  return client;
}

const portOf = (url: string): number => Number(url.slice(url.lastIndexOf(':') + 1));

/** All that a stream gives until its end. */
function hashOf(stream: Duplex): Promise<string> {
  const hash = createHash('sha256');
  return new Promise((resolve, reject) => {
    stream.on('data', (bytes: Buffer) => hash.update(bytes));
    stream.once('end', () => resolve(hash.digest('hex')));
    stream.once('error', reject);
  });
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('a client whose address changes keeps its tunnels, and what is under way arrives in order', async () => {
  const relay = await open();
  const proxy = await lossyUdpProxy({ target: { host: '127.0.0.1', port: portOf(relay.url) } });
  closers.push(() => proxy.close());
  const moving = await attach(`quic://127.0.0.1:${proxy.local.port}`, 'moving@host');
  const fixed = await attach(relay.url, 'fixed@host');
  fixed.setKernel(({ stream }) => void stream.pipe(stream));
  const { stream } = await moving.requestTunnel('fixed@host');
  let got = '';
  stream.on('data', (bytes: Buffer) => (got += bytes.toString('latin1')));
  let sent = '';
  const rounds = 6;
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < 200; n++) {
      const line = `${round}:${n}\n`;
      sent += line;
      stream.write(line);
    }
    await proxy.rebind();
    await until(() => got.length === sent.length);
  }
  expect(got).toBe(sent);
  expect(relay.status().clients).toHaveLength(2);
  expect(stream.destroyed).toBe(false);
});

test('over a line that loses and swaps packets 8 MiB arrive each way as they were sent, tails included', async () => {
  const relay = await open();
  const line = { loss: 0.02, duplicate: 0.01 };
  const proxy = await lossyUdpProxy({
    target: { host: '127.0.0.1', port: portOf(relay.url) },
    toTarget: line,
    toSource: line,
    random: seededRandom(7),
  });
  closers.push(() => proxy.close());
  const far = await attach(`quic://127.0.0.1:${proxy.local.port}`, 'far@host');
  const near = await attach(relay.url, 'near@host');
  const [there, back] = [randomBytes(8 * MIB), randomBytes(8 * MIB)];
  const arrived = new Promise<string>((resolve, reject) => {
    near.setKernel(({ stream }) => {
      hashOf(stream).then(resolve, reject);
      stream.end(back);
    });
  });
  const { stream } = await far.requestTunnel('near@host');
  const returned = hashOf(stream);
  stream.end(there);
  expect([await arrived, await returned]).toEqual([digest(there), digest(back)]);
  await until(() => relay.status().tunnels === 0);
}, 60_000);

test('one of twenty tunnels whose end does not read: the others go on, and the one that waits loses nothing', async () => {
  const relay = await open();
  const source = await attach(relay.url, 'source@host');
  const target = await attach(relay.url, 'target@host');
  const streams: Duplex[] = [];
  target.setKernel(({ stream }) => void streams.push(stream));
  const COUNT = 20;
  const bytes = randomBytes(2 * MIB);
  const tunnels: Duplex[] = [];
  for (let n = 0; n < COUNT; n++) {
    tunnels.push((await source.requestTunnel('target@host')).stream);
    await until(() => streams.length === n + 1);
  }
  const [stalled, ...others] = streams;
  const hashes = others.map(hashOf);
  for (const tunnel of tunnels) tunnel.end(bytes);
  expect(new Set(await Promise.all(hashes))).toEqual(new Set([digest(bytes)]));
  // only now
  expect(await hashOf(stalled as Duplex)).toBe(digest(bytes));
}, 60_000);
