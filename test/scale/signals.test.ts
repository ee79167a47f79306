/** RELIABILITY §5 at its stated size: 50 actors, 100,000 messages, 1,000 seeds. */
import { expect, test } from 'vitest';
import { runSignals } from '../reliability/signal-model.ts';

async function seeds(from: number, count: number, messages: number): Promise<void> {
  for (let seed = from; seed < from + count; seed++) {
    try {
      expect(await runSignals(seed, { actors: 50, messages })).toBe(messages);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

test('1,000 seeds of 50 actors: FIFO per pair, no exit overtakes, one DOWN per monitor, noproc, flush', async () => {
  await seeds(0, 1_000, 100_000);
});
