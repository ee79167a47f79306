/**
 * What a station sees of a link through it, and what it or somebody with copies can do with that: nothing.
 */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { barrier } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';
import { active, relayBench, Traffic, type RelayBench } from './quic-relay-bench.ts';
import { carry, StationSpy } from './station-spy.ts';

const MIB = 1_048_576;
/** Datagrams that are kept to be said again. */
const KEPT = 500;

const bench = quicBench();
let net: RelayBench;
let spy: StationSpy;

beforeEach(async () => {
  spy = new StationSpy(randomBytes(32), KEPT);
  net = await relayBench(bench, (station) => spy.before(station, 2));
});

afterEach(async () => {
  await net.close();
  await spy.close();
  bench.empty();
});

/** All that was asked was answered, once, along the relay. */
function undisturbed(
  { wrong, asked }: Traffic,
  { here, there }: Awaited<ReturnType<RelayBench['connect']>>,
): void {
  expect([wrong, here.closed.length, there.closed.length]).toEqual([0, 0, 0]);
  expect(there.streams).toHaveLength(asked);
  expect(there.streams.every(({ ended, resets }) => ended === 1 && resets.length === 0)).toBe(true);
  expect([active(here)?.kind, there.link.observed]).toEqual(['relayed', net.toA]);
}

describe('relayed packets', () => {
  test('are opaque to the station: of 4 MiB each way it sees no word, on the wire or on its own links', async () => {
    const link = await net.connect();
    expect(await carry(link, spy.marker, 4 * MIB)).toBe(true);
    expect(active(link.here)?.kind).toBe('relayed');
    expect(spy.relayedBytes).toBeGreaterThan(8 * MIB);
    expect(spy.seen).toBe(0);
    expect(net.atStation.map(({ streams }) => streams.length)).toEqual([0, 0]);
    // it would have seen it
    let heard = 0;
    net.b.onRaw = () => heard++;
    net.a.sendRaw(net.toB, Buffer.concat([Buffer.of(4), spy.marker]));
    await until(() => heard === 1);
    expect(spy.seen).toBe(2);
  });

  test('that the station says again change nothing while the link lives, and begin none after it', async () => {
    const link = await net.connect();
    const traffic = new Traffic(link, 16, 4_000, () => bench.clock.now());
    for (let times = 0; times < 5; times++) {
      await traffic.more(100);
      spy.again();
    }
    await traffic.stop();
    undisturbed(traffic, link);
    link.here.link.close(0);
    await until(() => link.there.closed.length > 0);
    const links = net.b.stats().links;
    const arrived = (): number => net.a.stats().datagramsIn + net.b.stats().datagramsIn;
    const before = arrived();
    const said = spy.again();
    expect(said).toBeGreaterThan(KEPT / 4);
    await until(() => arrived() >= before + said);
    expect(net.b.stats().links).toBeLessThanOrEqual(links);
    // a new one is not hindered
    await barrier(bench, await net.connect());
  });

  test('that somebody copies to the station and to both ends are passed on to nobody, and not taken', async () => {
    const thief = await new RawSocket().bind();
    const link = await net.connect();
    const traffic = new Traffic(link, 16, 4_000, () => bench.clock.now());
    await traffic.more(300);
    const copies = spy.kept.slice();
    expect(copies.length).toBeGreaterThan(KEPT / 2);
    const dropped = (): number =>
      (net.station.stats().dropped['relay_refused'] ?? 0) +
      [net.a, net.b].reduce((sum, end) => sum + (end.stats().dropped['relay_source'] ?? 0), 0);
    let sent = 0;
    for (const { bytes } of copies)
      for (const { local } of [net.station, net.a, net.b]) {
        thief.send(bytes, local);
        // no more at once than a socket takes
        if (++sent % 50 === 0) await until(() => dropped() === sent);
      }
    await until(() => dropped() === sent);
    await traffic.stop();
    undisturbed(traffic, link);
    expect(thief.received).toEqual([]);
    await thief.close();
  });
});
