import { inspect } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ConnectionCore } from '../../../src/mesh/connection/core.ts';
import { contextOf } from '../../mesh-world.ts';
import { natWorld, pathTo } from './nat-world.ts';

/** In args and results, as often as a frame has room for it. */
const MARKER = 'nobody else may read this; ';
const LONG = MARKER.repeat(35_000);

test('a relayed call of most of a megabyte each way is none of the frames that its station gets', async () => {
  const { world, station, behind } = await natWorld('opaque');
  const [alice, bob] = [await behind('alice', 'sym'), await behind('bob', 'sym')];
  await world.settle(bob.advertise('bob.mirror', ({ text }: { text: string }) => ({ text })));
  await world.clock.until(
    () => contextOf(bob).discovery.publications.get('bob.mirror')?.state === 'published',
  );
  await world.settle(station.advertise('station.mirror', ({ text }: { text: string }) => ({ text })));
  let seen = 0;
  const look = ({ context }: ConnectionCore, what: unknown): void => {
    const shown = inspect(what, { depth: null, maxStringLength: null });
    if (context === contextOf(station) && shown.includes(MARKER)) seen++;
  };
  const { onFrame, onBody } = ConnectionCore.prototype;
  vi.spyOn(ConnectionCore.prototype, 'onFrame').mockImplementation(function (this: ConnectionCore, ...given) {
    look(this, given[1]);
    onFrame.apply(this, given);
  });
  vi.spyOn(ConnectionCore.prototype, 'onBody').mockImplementation(function (this: ConnectionCore, ...given) {
    look(this, given[1]);
    onBody.apply(this, given);
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const before = contextOf(station).relays.passed?.stats.bytes ?? 0;
  expect(await world.settle(alice.call('bob.mirror', { text: LONG }))).toEqual({ text: LONG });
  expect(pathTo(alice, bob)?.kind).toBe('relayed');
  expect((contextOf(station).relays.passed?.stats.bytes ?? 0) - before).toBeGreaterThan(2 * LONG.length);
  expect(seen).toBe(0);
  // what is for the station itself would have been noticed
  await world.settle(alice.call('station.mirror', { text: MARKER }));
  await world.settle(alice.call('station.mirror', { text: LONG }));
  expect(seen).toBe(2);
});
