/**
 * Guide 000, work for threads: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import { told } from '../mesh-world.ts';
import { HEAVY, realNode, threads } from './thread-mesh.ts';

test('000-handler-heavy: what computes runs in a thread: a loop there ends at its deadline and holds up nobody', async () => {
  const node = await realNode();
  await node.advertise('heavy.work', HEAVY, threads(1));
  await node.advertise('light.work', () => 'light');
  expect(await node.call('heavy.work', { what: 'echo', value: 7 }, { timeout: 20_000 })).toMatchObject({
    value: 7,
  });
  const order: unknown[] = [];
  const looping = node.tryCall('heavy.work', { what: 'spin' }, { timeout: 500 });
  const watched = looping.then((result) => order.push(told(result)));
  for (let n = 0; n < 3; n++) order.push(await node.call('light.work'));
  await watched;
  expect(order).toEqual(['light', 'light', 'light', 'timeout']);
});
