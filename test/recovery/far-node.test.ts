/** A node that died and is there again is found soon, however far away it is and however often it is told to be gone. */
import { expect, test } from 'vitest';
import { closeAtEnd } from '../mesh-world.ts';
import { forget } from './forget.ts';
import { die, HOST, started, untilServed } from './lost-node.ts';

test.each([1, 50, 200, 300, 350, 500, 600])(
  'with %d ms one way, a restarted node is found within a second and nine round trips by a client that calls',
  async (delay) => {
    const { world, node, client } = await started(delay);
    forget(client.tryCall('node.slow', {}, { timeout: 60_000 }));
    await world.clock.advance(50 + 2 * delay);
    await die(world, node);
    const again = await world.node({ host: HOST });
    closeAtEnd(world, again);
    await again.advertise('node.one', () => 2);
    const took = await untilServed(world, client, 40_000, 40_000);
    console.log(`${delay} ms one way: found after ${took} ms`);
    expect(took).toBeLessThanOrEqual(1_000 + 18 * delay);
  },
);
