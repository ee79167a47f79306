/**
 * How a node is attached to its stations: directly, also after one of them has reached it through another for a while.
 */
import { expect, test } from 'vitest';
import { closeAtEnd, contextOf } from '../../mesh-world.ts';
import { serve } from './conversation.ts';
import { natWorld, pathTo } from './nat-world.ts';

const FIRST = '203.0.113.1';
const OTHER = '203.0.113.4';
const INSIDE = ['203.0.113.11', '10.1.0.2'];

test.each(['port', 'sym', 'blocked'] as const)(
  'a station that talks to its node through another one has it attached within 20 s of when it can, and no call fails (%s)',
  async (type) => {
    const { world, station, behind } = await natWorld(`around-${type}`);
    const other = await world.node({ host: OTHER, station: true, bootstrap: [station.url] });
    closeAtEnd(world, other);
    const stations = [station.url, other.url];
    const node = await behind('node', type, { stations, bootstrap: stations });
    await world.clock.until(() => contextOf(node).relays.attached.length === stations.length);
    await serve(world, node, 'node.echo');
    world.network.faults.partition([FIRST], INSIDE);
    await world.clock.until(() => contextOf(station).standings.ready(node.id, false) === undefined, 60_000);
    expect(await world.settle(station.call('node.echo', { n: 1 }, { timeout: 20_000 }))).toBe(1);
    const kinds = (): readonly unknown[] => [pathTo(node, station)?.kind, pathTo(station, node)?.kind];
    expect(kinds()).toEqual(['relayed', 'relayed']);
    const failures: unknown[] = [];
    let running = true;
    const calls = (async () => {
      while (running) {
        const result = await station.tryCall('node.echo', { n: 1 }, { timeout: 20_000 });
        if (result.ok) continue;
        failures.push(result.error.failure);
        running = false;
      }
    })();
    // longer than the first hole punch tries, and the next one is far away
    await world.clock.advance(10_000);
    world.network.faults.healAll();
    await world.clock.until(() => !kinds().includes('relayed'), 20_000);
    await world.clock.advance(2_000);
    running = false;
    await world.settle(calls);
    expect(failures).toEqual([]);
    expect(contextOf(node).standings.ready(station.id)?.kept).toBe(true);
    expect(contextOf(station).standings.of(node.id).size).toBe(1);
  },
);

test('a node whose attachment has come to go through another station dials that one directly within 40 s of when it can', async () => {
  const { world, station, behind } = await natWorld('around-later');
  const other = await world.node({ host: OTHER, station: true, bootstrap: [station.url] });
  closeAtEnd(world, other);
  const stations = [station.url, other.url];
  const node = await behind('node', 'port', { stations, bootstrap: stations });
  await world.clock.until(() => contextOf(node).relays.attached.length === stations.length);
  await serve(world, node, 'node.echo');
  world.network.faults.partition([FIRST], INSIDE);
  await world.clock.until(() => contextOf(station).standings.ready(node.id, false) === undefined, 60_000);
  const call = async (): Promise<void> => {
    expect(await world.settle(station.call('node.echo', { n: 1 }, { timeout: 20_000 }))).toBe(1);
  };
  await call();
  world.network.faults.healAll();
  const isKept = (): boolean => contextOf(node).standings.ready(station.id, false)?.kept === true;
  await world.clock.until(() => pathTo(node, station)?.kind === 'punched' && isKept(), 20_000);
  // hole punches are tried less and less often
  world.network.faults.partition([FIRST], INSIDE);
  for (let seconds = 0; seconds < 300; seconds += 10) {
    await call();
    await world.clock.advance(10_000);
  }
  expect(pathTo(node, station)?.kind).toBe('relayed');
  world.network.faults.healAll();
  await world.clock.until(() => pathTo(node, station)?.kind === 'direct', 40_000);
  await call();
  expect(isKept()).toBe(true);
});
