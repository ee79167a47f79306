/** Calls with an idempotency key whose provider is at another node than the caller's. */
import { expect, test } from 'vitest';
import { closeAtEnd, gate, meshWorld, told } from '../../mesh-world.ts';
import { mesh } from './journey-mesh.ts';

test('clients of one node share no keys: each has its own run and its own outcome', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  let runs = 0;
  await others[0]!.advertise('m.pay', (args) => [runs++, args['who'] as string]);
  const clients = [await world.client(caller), await world.client(caller)];
  closeAtEnd(world, ...clients);
  const pay = (of: number) =>
    world.settle(clients[of]!.call('m.pay', { who: `client ${of}` }, { idempotencyKey: '1' }));
  expect([await pay(0), await pay(1), await pay(0)]).toEqual([
    [0, 'client 0'],
    [1, 'client 1'],
    [0, 'client 0'],
  ]);
});

test('a client that loses its connection and asks again with its key finds the run of before', async () => {
  const world = meshWorld();
  const { caller, others } = await mesh(world, 1);
  const identity = world.identity('same');
  let [runs, aborted] = [0, 0];
  const door = gate();
  await others[0]!.advertise('m.long', async (_args, { signal }) => {
    runs++;
    signal.addEventListener('abort', () => aborted++);
    await door.promise;
    return runs;
  });
  const first = await world.client(caller, { identity });
  const lost = first.tryCall('m.long', {}, { idempotencyKey: 'k' });
  await world.clock.advance(100);
  await world.settle(first.disconnect({ timeout: 1 }));
  await world.settle(lost);
  const second = await world.client(caller, { identity });
  closeAtEnd(world, second);
  const found = second.tryCall('m.long', {}, { idempotencyKey: 'k' });
  await world.clock.advance(100);
  expect([runs, aborted]).toEqual([1, 0]);
  door.open();
  expect(told(await world.settle(found))).toBe(1);
});
