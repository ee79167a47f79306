/** Duplicate suppression at its full figure (RELIABILITY §6): 100,000 calls, 30 % of them repetitions. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { meshWorld, pair } from '../mesh-world.ts';

const CALLS = 100_000;
/** Of one key at a time; the node remembers 10,000. */
const BATCH = 2_000;

test(
  '100,000 calls, a third of them repetitions: the handler runs once per key',
  { timeout: 300_000 },
  async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const random = seededRandom('idempotency');
    let runs = 0;
    await node.advertise('m.pay', ({ key }: { key: number }) => ++runs && key, {
      limits: { maxConcurrent: 4_096 },
    });
    const keys = new Set<number>();
    let next = 0;
    for (let sent = 0; sent < CALLS; sent += BATCH) {
      const calls = Array.from({ length: BATCH }, async () => {
        // repetitions are of recent keys: at once, or a while later
        const key = random.float() < 0.3 && next > 0 ? next - (random.u32() % Math.min(next, 3_000)) : next++;
        keys.add(key);
        expect(await client.call('m.pay', { key }, { idempotencyKey: `k${key}` })).toBe(key);
      });
      await world.settle(Promise.all(calls));
    }
    expect(runs).toBe(keys.size);
  },
);
