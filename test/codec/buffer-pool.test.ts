/** Buffers for whole frames are used again, and never while somebody may still read them. */
import { describe, expect, test } from 'vitest';

import { giveBuffer, takeBuffer } from '../../src/codec/buffer-pool.ts';
import { decodeFrame, encodeFrame, HEADER_BYTES } from '../../src/codec/frame.ts';
import { FrameReader } from '../../src/codec/frame-reader.ts';

const LARGE = 65_536;
const id = new Uint8Array(16);

function reply(fill: number, length: number = LARGE): Uint8Array {
  const encoded = encodeFrame('reply', { call_id: id, result: new Uint8Array(length).fill(fill) });
  if (!encoded.ok) throw new Error(encoded.error.tag);
  return encoded.bytes;
}

function resultOf(bytes: Uint8Array): unknown {
  const decoded = decodeFrame(bytes);
  return decoded.ok && decoded.frame.type === 'reply' ? decoded.frame.payload.result : decoded;
}

describe('the pool', () => {
  test('gives a buffer that was given back, whole, also when only a view of it came', () => {
    const first = takeBuffer(LARGE);
    giveBuffer(first.subarray(100, 200));
    const second = takeBuffer(LARGE - 1);
    expect([second.buffer === first.buffer, second.length]).toEqual([true, LARGE]);
  });

  test('does not give one buffer to two', () => {
    giveBuffer(takeBuffer(LARGE));
    expect(takeBuffer(LARGE).buffer).not.toBe(takeBuffer(LARGE).buffer);
  });

  test('does not give one buffer to two, though it came back twice', () => {
    const buffer = takeBuffer(LARGE);
    giveBuffer(buffer);
    giveBuffer(buffer.subarray(1));
    expect(takeBuffer(LARGE).buffer).not.toBe(takeBuffer(LARGE).buffer);
  });

  test("takes nothing it did not give, whatever its size: Node's pool of small buffers has 8 KiB, from Node 24 on 64", () => {
    const small = Buffer.allocUnsafe(100);
    const foreign = [4_096, 16_384, 65_536].map((size) => new Uint8Array(size));
    for (const bytes of [small, ...foreign, new Uint8Array(0)]) giveBuffer(bytes);
    const taken = [4_096, 16_384, 65_536, small.buffer.byteLength].map((size) => takeBuffer(size).buffer);
    for (const { buffer } of [small, ...foreign]) expect(taken).not.toContain(buffer);
    expect(takeBuffer(0).length).toBeGreaterThan(0);
  });

  test('keeps 4 MiB at most', () => {
    const taken = Array.from({ length: 100 }, () => takeBuffer(LARGE));
    const known = new Set(taken.map(({ buffer }) => buffer));
    taken.forEach(giveBuffer);
    const again = Array.from({ length: 100 }, () => takeBuffer(LARGE));
    expect(again.filter(({ buffer }) => known.has(buffer)).length).toBeLessThanOrEqual(64);
  });
});

describe('a large frame', () => {
  test('is written into one buffer of its own, header included', () => {
    const bytes = reply(1);
    expect(bytes.byteOffset).toBe(0);
    expect(bytes.buffer.byteLength).toBeLessThan(LARGE + 32_768);
    expect(resultOf(bytes)).toEqual(new Uint8Array(LARGE).fill(1));
  });

  test('stays as it is while others are written, given back and written again', () => {
    const kept = reply(1);
    giveBuffer(reply(2));
    const other = reply(3);
    expect([resultOf(kept), resultOf(other)]).toEqual([
      new Uint8Array(LARGE).fill(1),
      new Uint8Array(LARGE).fill(3),
    ]);
  });

  test('whose texts outgrow the room beside its byte strings is whole all the same', () => {
    const result = { bytes: new Uint8Array(20_000).fill(4), text: 'ü'.repeat(30_000), more: 'x' };
    const encoded = encodeFrame('reply', { call_id: id, result });
    expect(encoded.ok && resultOf(encoded.bytes)).toEqual(result);
    expect(resultOf(reply(5, 10))).toEqual(new Uint8Array(10).fill(5));
  });

  test('leaves nothing of an earlier one in its header', () => {
    giveBuffer(takeBuffer(LARGE + 4_200).fill(0xff));
    expect([...reply(6).subarray(0, HEADER_BYTES)].slice(2, 4)).toEqual([0, 0]);
  });
});

describe('a collected frame', () => {
  test('refers to nothing of the buffer it was collected in', () => {
    const reader = new FrameReader();
    const results: unknown[] = [];
    for (const fill of [1, 2, 3]) {
      const bytes = reply(fill);
      for (let at = 0; at < bytes.length; at += 10_000) {
        for (const event of reader.push(bytes.subarray(at, at + 10_000)))
          if (event.tag === 'frame' && event.frame.type === 'reply') results.push(event.frame.payload.result);
      }
    }
    expect(results).toEqual([1, 2, 3].map((fill) => new Uint8Array(LARGE).fill(fill)));
  });
});
