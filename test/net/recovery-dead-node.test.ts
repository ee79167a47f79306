/** Leaving a node that is dead, over real QUIC: nobody waits for answers that cannot come. */
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { connect, startNode } from '../../src/node.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { forget } from '../recovery/forget.ts';
import { contextOf, left, processOf, runtimeOf } from '../mesh-world.ts';

/** Milliseconds: what closing takes beside the timeout, on a loaded machine. */
const GRACE = 700;
/** What was written has so long to be acknowledged, milliseconds. */
const LINGER = 1_000;

test.each([
  [false, 300],
  [true, 300],
  [true, 1_000],
])('with a call under way (%s) a disconnect within %d ms takes no longer', async (busy, timeout) => {
  const logger = silentLogger;
  const node = await startNode({ listen: '127.0.0.1:0', runtime: new Runtime({ logger }) });
  await node.advertise('node.hang', () => new Promise(() => {}));
  const client = await connect(node.url, { runtime: new Runtime({ logger }) });
  contextOf(node).scope.shared<Endpoint>('endpoint')?.destroy();
  runtimeOf(node).exit(processOf(node, 'node'), 'kill');
  if (busy) forget(client.tryCall('node.hang', {}, { timeout: 60_000 }));
  const began = performance.now();
  await client.disconnect({ timeout });
  const took = performance.now() - began;
  console.log(`disconnect within ${timeout} ms from a dead node: ${Math.round(took)} ms`);
  expect(took).toBeLessThanOrEqual(Math.max(timeout, LINGER) + GRACE);
  expect(left(client)).toEqual({ alive: 0, timers: 0, calls: 0 });
});
