/** Which searches have been here: whoever floods a station with them does not make it forget those of others. */
import { expect, test } from 'vitest';
import { contextOf, closeAtEnd, meshWorld } from '../../mesh-world.ts';
import { judgeTrail, nextTrail } from '../../../src/mesh/router/trail.ts';

const search = (number: number): Uint8Array => {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(0, number);
  return id;
};

test('a search of ours that comes back is known, however many a stranger has passed on since', async () => {
  const world = meshWorld();
  const node = await world.node({ dht: false, station: true });
  closeAtEnd(world, node);
  const context = contextOf(node);
  const ours = nextTrail(context, undefined, '');
  const its = nextTrail(context, undefined, 'client');
  const stranger = (number: number) => judgeTrail(context, { id: search(number), hops: 1 }, 'stranger');
  for (let number = 0; number < 40_000; number++) expect(stranger(number)).toBeUndefined();
  expect(stranger(39_999)?.tag).toBe('procedure_not_found');
  expect(judgeTrail(context, { ...ours, hops: 3 }, 'stranger')?.tag).toBe('procedure_not_found');
  // a client is a stranger too
  expect(judgeTrail(context, its, 'stranger')).toBeUndefined();
});
