/** RELIABILITY §2: a consumer that stops reading is cut off, not buffered for ever; real QUIC. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { systemRandom } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { RpcFailure } from '../../src/mesh/errors/rpc-failure.ts';
import { connect, startNode, type Node } from '../../src/node.ts';
import { quicTransport } from '../../src/transport/quic/transport.ts';
import { CloseCode, type Endpoint, type EndpointLimits } from '../../src/transport/transport.ts';
import { RawPeer } from '../mesh/raw-peer.ts';
import { contextOf, type MeshWorld } from '../mesh-world.ts';

const MIB = 1_048_576;
const KIB = 1_024;
const REALM = 'slow';
/** Milliseconds after which it may have come to that. A link is cut after two looks of 5 s. */
const REFUSALS = 45_000;

let node: Node;
let endpoint: Endpoint;

afterEach(async () => {
  await endpoint.close();
  await node.close({ timeout: 100 });
});

async function until(condition: () => boolean, limit = 30_000): Promise<void> {
  const end = performance.now() + limit;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it did not happen in time');
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A peer that is accepted, serves a name, and reads nothing more. */
async function deaf(limits: EndpointLimits = {}): Promise<RawPeer> {
  node = await startNode({
    realm: REALM,
    listen: '127.0.0.1:0',
    runtime: new Runtime({ logger: silentLogger }),
  });
  const identity = createIdentity(systemRandom, systemClock.wall());
  endpoint = await quicTransport().open({ clock: systemClock, random: systemRandom, identity, limits });
  const peer = new RawPeer({ clock: { until } } as unknown as MeshWorld, identity);
  const { hostname, port } = new URL(node.url);
  peer.link = endpoint.dial({ address: { host: hostname, port: Number(port) }, protocol: 'macula' }, peer);
  await peer.greeted({ realm: contextOf(node).settings.realm });
  const onStream = peer.onStream.bind(peer);
  peer.onStream = (stream) => {
    stream.pause();
    return onStream(stream);
  };
  peer.channels.control.send('register_procedure', { request_id: peer.id(), procedure: 'raw.serve' });
  await until(() => peer.channels.control.of('registered').length === 1);
  return peer;
}

test('1 GiB offered to a reader that stopped: it ends as slow_consumer, RSS grows by less than 64 MiB, others are served', async () => {
  const peer = await deaf();
  const other = await connect(node.url, { realm: REALM, runtime: new Runtime({ logger: silentLogger }) });
  await node.advertise('m.echo', (args) => args);
  const large = 'l'.repeat(512 * KIB);
  // what the first calls and the engine take is not what is measured
  for (let n = 0; n < 500; n++) await other.call('m.echo', { n });
  collect();
  const before = process.memoryUsage.rss();
  let peak = before;
  let offered = 0;
  const start = performance.now();
  const failures: unknown[] = [];
  const offer = (pad: string): void => {
    offered += pad.length;
    node.tryCall('raw.serve', { pad }, { timeout: 60_000 }).then(
      (result) => failures.push(result.ok ? 'ok' : result.error.failure),
      (error: unknown) => failures.push(error),
    );
  };
  for (let n = 0; n < 2_100; n++) offer(large);
  expect(offered).toBeGreaterThanOrEqual(1_024 * MIB);
  // where the machine is busy its transport may come first, and refuse each stream that stands in the way of others:
  // then bytes leave, the link is not cut, and every call fails for itself
  const refusedOnly = (): boolean =>
    performance.now() - start > REFUSALS && failures.length > 100 && told(failures).size === 1;
  while (peer.isOpen && !refusedOnly()) {
    // what is garbage already is the engine's business, and varies by 30 MiB from run to run
    collect();
    peak = Math.max(peak, process.memoryUsage.rss());
    expect(await other.call('m.echo', { n: 1 })).toEqual({ n: 1 });
    await new Promise((wake) => setTimeout(wake, 50));
  }
  console.info(`RSS grew by ${((peak - before) / MIB).toFixed(1)} MiB`);
  expect(peak - before).toBeLessThan(64 * MIB);
  if (peer.isOpen) {
    console.info(`its transport refused ${failures.length} streams`);
    expect([...told(failures)]).toEqual(['overloaded streams']);
  } else {
    expect(peer.closeCode, JSON.stringify(peer.closes)).toBe(CloseCode.slowConsumer);
    await until(() => failures.length === 2_100);
    // a stream that stood in the way of the others was refused before; all else ended with the connection
    const ends = told(failures);
    ends.delete('overloaded streams');
    expect([...ends]).toEqual(['slow_consumer']);
  }
  await other.disconnect();
});

test('60 calls to a reader that stopped say, when it ends as slow_consumer, which of them were sent; others are served', async () => {
  const peer = await deaf({ stalled: 100 });
  const other = await connect(node.url, { realm: REALM, runtime: new Runtime({ logger: silentLogger }) });
  await node.advertise('m.echo', (args) => args);
  const pad = 'p'.repeat(100_000);
  // small enough to be wholly written, too large to be read unseen
  const calls = Array.from({ length: 60 }, () => node.tryCall('raw.serve', { pad }, { timeout: 40_000 }));
  while (peer.isOpen) {
    expect(await other.call('m.echo', { n: 1 })).toEqual({ n: 1 });
    await new Promise((wake) => setTimeout(wake, 100));
  }
  expect(peer.closeCode).toBe(CloseCode.slowConsumer);
  const results = await Promise.all(calls);
  const failures = results.map((result) => (result.ok ? undefined : result.error.failure));
  const detail = 'connection closed here: slow_consumer (nothing is read)';
  expect(new Set(failures.map((one) => one?.tag === 'connection_error' && one.detail))).toEqual(
    new Set([detail]),
  );
  expect(new Set(failures.map((one) => one?.tag === 'connection_error' && one.sent))).toEqual(
    new Set([true, false]),
  );
  await other.disconnect();
});

const told = (failures: readonly unknown[]): Set<string> =>
  new Set(failures.map((one) => (one === 'ok' ? one : words(one as RpcFailure))));

function words(failure: RpcFailure): string {
  if (failure.tag === 'overloaded') return `overloaded ${failure.bound}`;
  const slow = failure.tag === 'connection_error' && failure.detail.includes('slow_consumer');
  return slow ? 'slow_consumer' : JSON.stringify(failure);
}
