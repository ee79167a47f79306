/** What is queued on a stream: the bytes in their order, whatever the pieces, in about as much memory as they are long. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HIGH_WATER, QUANTUM, QuicStream, type StreamOwner } from '../../../src/transport/quic/stream.ts';

const owner = {
  link: { congested: false },
  wrote: () => {},
  abandoned: () => {},
  resumed: () => {},
} as unknown as StreamOwner;

const scratch = Buffer.alloc(QUANTUM);

test('bytes written in any pieces and taken in any others go once, in order', () => {
  const step = fc.oneof(
    fc.record({ writes: fc.integer({ min: 1, max: 120 }), size: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ takes: fc.integer({ min: 1, max: 20_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const stream = new QuicStream(0, owner);
      const taken: Buffer[] = [];
      let came = 0;
      const take = (most: number): void => {
        const bytes = stream.next(scratch).subarray(0, most);
        taken.push(Buffer.from(bytes));
        stream.took(bytes.length);
      };
      for (const one of steps) {
        if ('takes' in one) {
          take(one.takes);
          continue;
        }
        for (let count = 0; count < one.writes; count++)
          stream.write(Uint8Array.from({ length: 1 + (count % one.size) }, () => came++ % 251));
      }
      while (stream.queued > 0) take(QUANTUM);
      const all = Buffer.concat(taken);
      expect(all.length).toBe(came);
      expect(all.every((byte, at) => byte === at % 251)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('what is written byte by byte while nothing leaves is copied together, the first 64 excepted', () => {
  const stream = new QuicStream(0, owner);
  for (let byte = 0; byte < HIGH_WATER; byte++) stream.write(Uint8Array.of(byte));
  // as many whole pieces as fit
  expect(stream.next(scratch).length).toBe(64 + 7 * 2_048);
});
