/**
 * RELIABILITY §5: the order of messages and signals, and what a lost connection leaves of a sequence.
 * The long runs are in test/scale/signals.test.ts.
 */
import { expect, test } from 'vitest';
import type { Client } from '../../src/mesh/client/client.ts';
import { contextOf, meshWorld, pair, type MeshWorld } from '../mesh-world.ts';
import { runSignals } from './signal-model.ts';

test('per-pair FIFO, exits do not overtake, one DOWN per monitor, noproc, flush: 100 seeds of 50 actors', async () => {
  for (let seed = 0; seed < 100; seed++) {
    try {
      expect(await runSignals(seed, { actors: 50, messages: 1_000 })).toBe(1_000);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

test('what arrives in one connection epoch is a gap-free prefix of what was sent, over 20 lost connections', async () => {
  const world = meshWorld({ seed: 'epochs' });
  const { node, client } = await pair(world);
  const epochs: number[][] = [];
  await node.advertise('m.take', ({ epoch, n }: { epoch: number; n: number }) => {
    (epochs[epoch] ??= []).push(n);
    return n;
  });
  for (let epoch = 0; epoch < 20; epoch++) {
    const calls = Array.from({ length: 200 }, (_, n) =>
      client.tryCall('m.take', { epoch, n }, { timeout: 30_000 }),
    );
    // cut somewhere in the middle: before, while and after they arrive
    await world.clock.advance(world.random.u32() % 3);
    const [from, to] = [client, node].map(hostOf);
    world.network.faults.reset(from!, to!);
    const results = await world.settle(Promise.all(calls));
    const received = epochs[epoch] ?? [];
    expect(received).toEqual(Array.from({ length: received.length }, (_, n) => n));
    // an answer is never to something that was not received
    for (const [n, result] of results.entries()) if (result.ok) expect(received).toContain(n);
    await back(client, world);
  }
  expect(epochs.some((received) => received.length > 0 && received.length < 200)).toBe(true);
});

/** Until the client's calls are answered again. */
async function back(client: Client, world: MeshWorld): Promise<void> {
  const end = world.clock.now() + 60_000;
  while (world.clock.now() < end) {
    const result = await world.settle(client.tryCall('m.take', { epoch: 20, n: 0 }));
    if (result.ok) return;
    await world.clock.advance(100);
  }
  throw new Error('the connection did not come back');
}

function hostOf(client: Client): string {
  const endpoint = contextOf(client).scope.shared<{ local: { host: string } }>('endpoint');
  if (endpoint === undefined) throw new Error('no endpoint');
  return endpoint.local.host;
}
