/**
 * Turns: who gives one up gives it to the next, in whatever moment.
 */
import { expect, test } from 'vitest';
import { Patience } from '../../../src/mesh/client/patience.ts';
import { Turns } from '../../../src/mesh/client/turns.ts';
import { gate, meshWorld } from '../../mesh-world.ts';

/** Under way at once. */
const PLACES = 512;

test('a turn that is given up in the very moment it comes goes to the next, and no place is lost', async () => {
  const world = meshWorld();
  const runtime = world.runtime();
  const turns = new Turns();
  const patience = (signal?: AbortSignal): Patience => new Patience(runtime, { timeout: 1_000, signal });
  const first = gate();
  const rest = gate();
  const working = Array.from({ length: PLACES }, (_, n) =>
    turns.run(patience(), 'a.b', () => (n === 0 ? first.promise : rest.promise)),
  );
  const ran: string[] = [];
  const controller = new AbortController();
  const late = turns
    .run(patience(controller.signal), 'a.b', async () => void ran.push('late'))
    .catch(() => void ran.push('gave up'));
  const next = turns.run(patience(), 'a.b', async () => void ran.push('next'));
  await world.clock.advance(1);
  first.open();
  // after the place was passed on, before whoever got it can notice
  queueMicrotask(() => controller.abort());
  await world.settle(Promise.all([late, next]));
  expect(ran).toEqual(['gave up', 'next']);
  rest.open();
  await world.settle(Promise.all(working));
  expect(runtime.timers.size).toBe(0);
});
