/** A station through which 64 MiB go each way sees no word of them (SECURITY §14). */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';

import { quicBench } from '../net/quic-bench.ts';
import { relayBench } from '../net/quic-relay-bench.ts';
import { carry, StationSpy } from '../net/station-spy.ts';

const BYTES = 64 * 1_048_576;

test('of 64 MiB each way, all of them one marker, the station sees not one', async () => {
  const bench = quicBench();
  const spy = new StationSpy(randomBytes(32));
  const net = await relayBench(bench, (station) => spy.before(station, 2));
  expect(await carry(await net.connect(), spy.marker, BYTES)).toBe(true);
  expect(spy.relayedBytes).toBeGreaterThan(2 * BYTES);
  expect(spy.seen).toBe(0);
  await net.close();
  await spy.close();
  bench.empty();
});
