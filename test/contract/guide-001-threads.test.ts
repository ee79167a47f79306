/**
 * Guide 001, work for threads: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import { told } from '../mesh-world.ts';
import { HEAVY, realNode, threads } from './thread-mesh.ts';

test('001-practice-workers: heavy computation goes to workers, several at once', async () => {
  const node = await realNode();
  await node.advertise('heavy.work', HEAVY, threads(2));
  const looping = node.tryCall('heavy.work', { what: 'spin' }, { timeout: 20_000 });
  const control = new AbortController();
  const other = node.tryCall('heavy.work', { what: 'spin' }, { timeout: 20_000, signal: control.signal });
  control.abort();
  expect(told(await other)).toBe('canceled');
  // the first one still occupies its thread
  expect(
    told(await node.tryCall('heavy.work', { what: 'echo', value: 1 }, { timeout: 15_000 })),
  ).toMatchObject({ value: 1 });
  expect(await Promise.race([looping, Promise.resolve('running')])).toBe('running');
});
