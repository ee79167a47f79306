/** A thousand clients that lose their station in one moment come to the next one spread out (RELIABILITY §9). */
import { expect, test } from 'vitest';
import { maxDelay } from '../../../src/mesh/peer/backoff.ts';
import { connect, type RemoteClient } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld, processOf, REALM, runtimeOf, told } from '../../mesh-world.ts';
import { chain, stations } from './stations.ts';

const SEED = process.env['ESPALIER_SEED'] ?? 'crowd';
const CLIENTS = 1_000;
const BATCH = 100;
/** Of all first tries, in any tenth of the window. */
const SHARE = 0.2;

test(`1,000 clients: at most 20 % of the first tries in any tenth of the window (seed ${SEED})`, async () => {
  const world = meshWorld({ seed: SEED });
  const [first, second] = await stations(world, chain(2));
  if (first === undefined || second === undefined) return expect.fail('no stations');
  await world.settle(second.advertise('c.far', () => 'far'));
  const dialing: Promise<RemoteClient>[] = [];
  while (dialing.length < CLIENTS) {
    for (let n = 0; n < BATCH; n++) {
      const options = { realm: REALM, runtime: world.runtime(), transport: world.network.transport() };
      dialing.push(connect([first.url, second.url], options));
    }
    // no more handshakes at once than there may be
    await world.clock.advance(20);
  }
  const clients = await world.settle(Promise.all(dialing));
  const { counters } = contextOf(second);
  const before = counters.connectionsOpened;

  runtimeOf(first).exit(processOf(first, 'node'), 'kill');
  const window = maxDelay(0);
  const slices: number[] = [];
  for (let slice = 0; slice < 10; slice++) {
    const opened = counters.connectionsOpened;
    await world.clock.advance(window / 10);
    slices.push(counters.connectionsOpened - opened);
  }
  await world.clock.advance(10);
  expect(counters.connectionsOpened - before).toBe(CLIENTS);
  expect(Math.max(...slices)).toBeLessThanOrEqual(SHARE * CLIENTS);
  expect(clients.every(({ nodeId }) => nodeId === second.id)).toBe(true);
  expect(told(await world.settle(clients[0]!.tryCall('c.far')))).toBe('far');
  closeAtEnd(world, second);
  return undefined;
}, 60_000);
