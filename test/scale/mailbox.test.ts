/** RELIABILITY §2: the memory a flooded mailbox takes. */
import { expect, test } from 'vitest';
import { urgentSignal } from '../../src/actor/delivery.ts';
import { Kind } from '../../src/actor/mailbox.ts';
import { same, spawn, world } from '../actor/world.ts';

const MIB = 1_048_576;

test('1,000,000 sends of 10 senders to a blocked actor grow the process by less than 50 MB', async () => {
  const { clock, runtime } = world();
  const to = spawn(runtime);
  to.suspended = true;
  const flood = async (): Promise<number> => {
    let accepted = 0;
    for (let sender = 0; sender < 10; sender++) {
      const pid = spawn(runtime, (_kind, _message, self) => {
        for (let n = 0; n < 100_000; n++) if (self.send(to, { sender, n })) accepted++;
      });
      runtime.send(pid, 'go');
    }
    await clock.settle();
    return accepted;
  };
  // what the engine needs to run this at all
  same(await flood(), 1_000);
  const before = process.memoryUsage.rss();
  for (let round = 0; round < 3; round++) same(await flood(), 0);
  expect(process.memoryUsage.rss() - before).toBeLessThan(50 * MIB);
  expect([to.queued, to.dropped]).toEqual([1_000, 4_000_000 - 1_000]);
  const seen: number[] = [];
  Object.assign(to, {
    behavior: { type: 'Test', receive: (_kind: unknown, { n }: { n: number }) => void seen.push(n) },
  });
  to.suspended = false;
  urgentSignal(to, Kind.system, { n: -1 });
  await clock.settle();
  expect(seen).toEqual([-1, ...Array.from({ length: 1_000 }, (_, n) => n)]);
});
