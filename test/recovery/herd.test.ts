/** A thousand clients that lose their node in one moment come back spread over the backoff window (RELIABILITY §9). */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import type { RemoteClient } from '../../src/node.ts';
import { delay, maxDelay } from '../../src/mesh/peer/backoff.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { closeAtEnd, contextOf, meshWorld } from '../mesh-world.ts';
import { forget } from './forget.ts';
import { die } from './lost-node.ts';

const SEED = process.env['ESPALIER_SEED'] ?? 'herd';
const CLIENTS = 1_000;
const BATCH = 100;
const NODE = '198.18.77.1';
/** Of all reconnects, in any tenth of the window. */
const SHARE = 0.2;

test(`1,000 clients: at most 20 % of the reconnects in any tenth of the window (seed ${SEED})`, async () => {
  const world = meshWorld({ seed: SEED });
  const node = await world.node({ host: NODE });
  await node.advertise('node.one', () => 1);
  const dialing: Promise<RemoteClient>[] = [];
  while (dialing.length < CLIENTS) {
    for (let n = 0; n < BATCH; n++) dialing.push(world.dial(node));
    // no more handshakes at once than there may be
    await world.clock.advance(20);
  }
  const clients = await world.settle(Promise.all(dialing));
  closeAtEnd(world, node);
  const { counters } = contextOf(node);
  expect(counters.connectionsOpened).toBe(CLIENTS);

  for (const client of clients) {
    const { local } = contextOf(client).scope.shared<Endpoint>('endpoint') as Endpoint;
    world.network.faults.reset(NODE, local.host);
  }
  const window = maxDelay(0);
  const slices: number[] = [];
  for (let slice = 0; slice < 10; slice++) {
    const before = counters.connectionsOpened;
    await world.clock.advance(window / 10);
    slices.push(counters.connectionsOpened - before);
  }
  await world.clock.advance(10);
  console.log(`reconnects per tenth of ${window} ms: ${slices.join(' ')} (seed ${SEED})`);
  expect(counters.connectionsOpened).toBe(2 * CLIENTS);
  expect(Math.max(...slices)).toBeLessThanOrEqual(SHARE * CLIENTS);
  const [one] = clients;
  expect(await world.settle(one!.call('node.one'))).toBe(1);
}, 60_000);

test.each([
  ['at once', 0],
  ['after 3 s', 3_000],
])(
  `200 clients that call a node which is killed and there again %s dial as spread out (seed ${SEED})`,
  async (_when, pause) => {
    const world = meshWorld({ seed: SEED });
    const node = await world.node({ host: NODE });
    await node.advertise('node.hang', () => new Promise(() => undefined));
    const count = 200;
    const dialing: Promise<RemoteClient>[] = [];
    while (dialing.length < count) {
      for (let n = 0; n < BATCH; n++) dialing.push(world.dial(node));
      await world.clock.advance(20);
    }
    const clients = await world.settle(Promise.all(dialing));
    closeAtEnd(world, ...clients);
    for (const client of clients) forget(client.tryCall('node.hang', {}, { timeout: 60_000 }));
    await world.clock.advance(20);
    await die(world, node);
    await world.clock.advance(pause);
    const again = await world.node({ host: NODE });
    closeAtEnd(world, again);
    const { counters } = contextOf(again);
    const slices: number[] = [];
    for (let ms = 0; ms < 2_000; ms += maxDelay(0) / 10) {
      const before = counters.connectionsOpened;
      await world.clock.advance(maxDelay(0) / 10);
      slices.push(counters.connectionsOpened - before);
    }
    console.log(`reconnects per ${maxDelay(0) / 10} ms: ${slices.join(' ')} (seed ${SEED})`);
    expect(counters.connectionsOpened).toBe(count);
    expect(Math.max(...slices)).toBeLessThanOrEqual(SHARE * count);
  },
  60_000,
);

test.each([0, 1, 3, 6, 20])('attempt %d of a thousand clients is spread as well', (attempt) => {
  const window = maxDelay(attempt);
  const slices = new Array<number>(10).fill(0);
  for (let client = 0; client < CLIENTS; client++) {
    const wait = delay(attempt, seededRandom(`${SEED} ${client}`));
    const slice = Math.floor((10 * wait) / window);
    slices[slice] = (slices[slice] ?? 0) + 1;
  }
  expect(slices).toHaveLength(10);
  expect(Math.max(...slices)).toBeLessThanOrEqual(SHARE * CLIENTS);
});
