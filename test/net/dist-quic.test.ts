/** The distribution over real QUIC: a NAT rebind loses nothing, large messages, and a node whose socket is taken away. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import {
  quicCarrier,
  startDistribution,
  type Distribution,
  type DistributionOptions,
  type NodeChange,
} from '../../src/distribution.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { lossyUdpProxy, type LossyUdpProxy } from '../../src/testing/lossy-udp-proxy.ts';
import { freePort } from './free-port.ts';

const MIB = 1_048_576;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Peer {
  readonly runtime: Runtime;
  readonly dist: Distribution;
  readonly changes: NodeChange[];
}

async function open(name: string, port: number, options: Partial<DistributionOptions> = {}): Promise<Peer> {
  const runtime = new Runtime({ logger: silentLogger });
  const carriers = [quicCarrier(runtime, { listen: { host: '127.0.0.1', port } })];
  const dist = await startDistribution(runtime, { name, cookie: 'secret', carriers, ...options });
  closers.push(() => dist.close());
  const changes: NodeChange[] = [];
  dist.monitorNodes((change) => changes.push(change));
  return { runtime, dist, changes };
}

/** Two nodes, the second of which others reach through a proxy only. */
async function apart(
  options: Partial<DistributionOptions> = {},
): Promise<{ readonly one: Peer; readonly two: Peer; readonly proxy: LossyUdpProxy }> {
  const port = await freePort('udp');
  const proxy = await lossyUdpProxy({ target: { host: '127.0.0.1', port } });
  closers.push(() => proxy.close());
  const here = await freePort('udp');
  const one = await open(`${here}@127.0.0.1`, here, options);
  const two = await open(`${proxy.local.port}@127.0.0.1`, port, options);
  return { one, two, proxy };
}

const keeper: GenServer<undefined, unknown[], { all(): readonly unknown[] }> = {
  label: 'keeper',
  init: () => [],
  handleRequest: (term, kept) => reply(term, kept),
  handleCall: { all: (_none, kept) => reply(kept, kept) },
  handleInfo: (message, kept) => {
    kept.push(message);
    return noReply(kept);
  },
};

describe('over real QUIC', () => {
  test('the ports of a NAT change again and again: every message arrives, once, in order, and no node is down', async () => {
    const { one, two, proxy } = await apart();
    const ref = await startServer(two.runtime, keeper, undefined, { name: 'keeper', scope: two.dist.names });
    const there = one.dist.whereis('keeper', two.dist.name);
    const rounds = 6;
    const each = 500;
    for (let round = 0; round < rounds; round++) {
      for (let n = 0; n < each; n++) expect(one.runtime.send(there, round * each + n)).toBe(true);
      await proxy.rebind();
      expect(await one.dist.call('keeper', two.dist.name, round)).toBe(round);
    }
    expect(await ref.call('all')).toEqual(Array.from({ length: rounds * each }, (_, n) => n));
    expect(proxy.sourcePorts).toHaveLength(1);
    expect([one.changes, two.changes].map((changes) => changes.map(({ tag }) => tag))).toEqual([
      ['nodeup'],
      ['nodeup'],
    ]);
  });

  test('64 MiB go there and back unchanged, and a longer packet is refused where it is written', async () => {
    const { one, two } = await apart({ maxPacket: 65 * MIB });
    await startServer(two.runtime, keeper, undefined, { name: 'keeper', scope: two.dist.names });
    const bytes = Buffer.alloc(64 * MIB);
    for (let at = 0; at < bytes.length; at += 4)
      bytes.writeUInt32BE((at * 2_654_435_761) % 0x1_0000_0000, at);
    const hash = (all: Uint8Array): string => createHash('sha256').update(all).digest('hex');
    const back = await one.dist.call('keeper', two.dist.name, bytes, { timeout: 60_000 });
    expect(hash(back as Uint8Array)).toBe(hash(bytes));
    await expect(one.dist.call('keeper', two.dist.name, Buffer.alloc(66 * MIB))).rejects.toMatchObject({
      reason: { tag: 'too_large' },
    });
    expect(await one.dist.call('keeper', two.dist.name, 'still')).toBe('still');
  });

  test('the socket of a node is taken away: it comes back at the same port, and both reach each other again', async () => {
    const { one, two } = await apart();
    await startServer(two.runtime, keeper, undefined, { name: 'keeper', scope: two.dist.names });
    expect(await one.dist.call('keeper', two.dist.name, 1)).toBe(1);
    const processes: Process[] = [];
    const collect = (process: Process): void => {
      processes.push(process);
      for (let child = process.firstChild; child !== null; child = child.nextSibling) collect(child);
    };
    if (one.runtime.firstChild !== null) collect(one.runtime.firstChild);
    const endpoint = processes.find(({ label }) => label === 'endpoint');
    if (endpoint === undefined) throw new Error('no endpoint');
    one.runtime.exit(endpoint, 'kill');
    await expect
      .poll(() => one.dist.call('keeper', two.dist.name, 2).catch(() => undefined), { timeout: 10_000 })
      .toBe(2);
    expect(one.changes.map(({ tag }) => tag)).toEqual(['nodeup', 'nodedown', 'nodeup']);
  });

  test('who knows another cookie is not connected, and neither end is harmed', async () => {
    const [here, there] = [await freePort('udp'), await freePort('udp')];
    const one = await open(`${here}@127.0.0.1`, here);
    const two = await open(`${there}@127.0.0.1`, there, { cookie: 'another' });
    expect(await one.dist.ping(two.dist.name)).toBe(false);
    expect(await two.dist.ping(one.dist.name)).toBe(false);
    expect([one.changes, two.changes]).toEqual([[], []]);
  });

  test.each(['disconnect', 'close'] as const)(
    'a node that calls %s has sent what it was given before: more than fits into a connection',
    async (how) => {
      const { one, two } = await apart();
      const ref = await startServer(two.runtime, keeper, undefined, {
        name: 'keeper',
        scope: two.dist.names,
      });
      expect(await one.dist.connect(two.dist.name)).toBe(true);
      const there = one.dist.whereis('keeper', two.dist.name);
      const count = 700;
      for (let n = 0; n < count; n++) expect(one.runtime.send(there, [n, new Uint8Array(10_000)])).toBe(true);
      await (how === 'close' ? one.dist.close() : one.dist.disconnect(two.dist.name));
      await expect.poll(() => two.changes.length, { timeout: 10_000 }).toBe(2);
      const kept = (await ref.call('all')) as readonly (readonly [number, Uint8Array])[];
      expect(kept.map(([n]) => n)).toEqual(Array.from({ length: count }, (_, n) => n));
    },
  );

  test('a node that ends does not wait for one that takes nothing', async () => {
    const { one, two, proxy } = await apart();
    expect(await one.dist.connect(two.dist.name)).toBe(true);
    const there = one.dist.whereis('keeper', two.dist.name);
    proxy.blackHole(true);
    for (let n = 0; n < 700; n++) one.runtime.send(there, new Uint8Array(10_000));
    await one.dist.close();
    expect(one.changes.map(({ tag }) => tag)).toEqual(['nodeup', 'nodedown']);
  });
});
