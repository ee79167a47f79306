/** How soon a node that was killed is in doubt, over real QUIC and real processes. */
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { connect } from '../../src/node.ts';
import { child, sleep } from '../recovery/processes.ts';
import { contextOf } from '../mesh-world.ts';
import { until } from '../net/quic-bench.ts';

/** Milliseconds from SIGKILL on a quiet machine; a loaded one may take several times as long. */
const PROMISED = 600;
const LOADED = 5;
const RUNS = 5;

test(`a node killed with calls outstanding is suspect within ${PROMISED} ms, and the calls fail as sent`, async () => {
  const took: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const node = child('node', '0');
    const { ready } = (await node.said()) as { ready: string };
    const client = await connect(ready, {
      logger: silentLogger,
      limits: { idleTimeout: 3_000, keepAlive: 1_000 },
    });
    try {
      let suspect: number | undefined;
      client.events.addEventListener('peer.suspect', () => (suspect ??= performance.now()));
      const calls = Array.from({ length: 10 }, () => client.tryCall('node.hang', {}, { timeout: 60_000 }));
      await until(() => contextOf(client).calls.size === 10);
      // its round trips are known, and the calls have arrived
      await client.call('node.pid');
      await sleep(100);
      expect(suspect).toBeUndefined();
      const killed = performance.now();
      await node.kill();
      await until(() => suspect !== undefined, PROMISED * LOADED);
      took.push(Math.round((suspect ?? Infinity) - killed));
      for (const result of await Promise.all(calls))
        expect(result.ok || result.error.failure).toMatchObject({ tag: 'connection_error', sent: true });
    } finally {
      await client.disconnect({ timeout: 50 });
      await node.kill();
    }
  }
  console.log(`suspect after SIGKILL with calls outstanding: ${took.join(', ')} ms`);
  expect(Math.max(...took)).toBeLessThan(PROMISED * LOADED);
});
