/** Bytes that wait: in their order, whatever the pieces they came in, and in about as much memory as they are long. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from '../../../src/dist/relay/byte-queue.ts';

test('whatever comes and goes in whatever pieces, every byte goes once, in order, and none changes when it has gone', () => {
  const step = fc.oneof(
    fc.record({ push: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 3_000 })) }),
    fc.record({ take: fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constant(Infinity)) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const queue = new ByteQueue();
      const taken: Uint8Array[] = [];
      let came = 0;
      for (const one of steps) {
        if ('push' in one) {
          queue.push(Uint8Array.from({ length: one.push }, () => came++ % 251));
        } else {
          const piece = queue.take(one.take);
          if (piece !== undefined) {
            expect(piece.length).toBeGreaterThan(0);
            expect(piece.length).toBeLessThanOrEqual(one.take);
            taken.push(piece);
          }
        }
        expect(queue.length).toBe(came - Buffer.concat(taken).length);
      }
      for (let piece = queue.take(); piece !== undefined; piece = queue.take()) taken.push(piece);
      expect(queue.length).toBe(0);
      const all = Buffer.concat(taken);
      expect(all.length).toBe(came);
      expect(all.every((byte, at) => byte === at % 251)).toBe(true);
    }),
  );
});

test('small ones that wait are one, large ones and what waits alone stay as they are', () => {
  const queue = new ByteQueue();
  const [alone, large] = [Uint8Array.of(1), new Uint8Array(512)];
  queue.push(alone);
  for (let byte = 0; byte < 3_000; byte++) queue.push(Uint8Array.of(byte));
  queue.push(large);
  expect(queue.take()?.buffer).toBe(alone.buffer);
  expect([queue.take()?.length, queue.take()?.length]).toEqual([2_048, 952]);
  expect(queue.take()?.buffer).toBe(large.buffer);
  expect(queue.take()).toBeUndefined();
});

test('what is cleared is gone', () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array(9));
  queue.clear();
  expect([queue.length, queue.take()]).toEqual([0, undefined]);
});
