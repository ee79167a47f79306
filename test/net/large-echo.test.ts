/** Frames of large messages are written into buffers that are used again: nobody may see another's bytes. */
import { expect, test } from 'vitest';

import { connect, startNode } from '../../src/index.ts';

const CALLS = 300;
const AT_ONCE = 40;

/** Different for each call, at each place. */
const content = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 20_000 + ((seed * 7_919) % 120_000) }, (_, at) => (at + seed * 31) & 0xff);

test('300 large calls of different content, 40 at once, a fifth given up: each answer is what was sent', async () => {
  const node = await startNode({ listen: '127.0.0.1:0' });
  const client = await connect(String(node.url));
  let wrong = 0;
  let answered = 0;
  let next = 0;
  try {
    await node.advertise('test.echo', ({ bytes }: { readonly bytes: Uint8Array }) => bytes);
    const lane = async (): Promise<void> => {
      while (next < CALLS) {
        const seed = next++;
        const bytes = content(seed);
        const impatient = seed % 5 === 0;
        const result = await client.tryCall<Uint8Array>(
          'test.echo',
          { bytes },
          impatient ? { signal: AbortSignal.timeout(1) } : {},
        );
        if (result.ok) {
          answered++;
          if (Buffer.compare(result.value, content(seed)) !== 0) wrong++;
        } else if (!impatient) throw result.error;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    expect([wrong, answered >= (CALLS * 4) / 5]).toEqual([0, true]);
  } finally {
    await client.disconnect();
    await node.close();
  }
});
