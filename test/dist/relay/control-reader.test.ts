import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeControl } from '../../../src/dist/relay/protocol/control-encode.ts';
import { ControlReader, type ControlEvent } from '../../../src/dist/relay/protocol/control-reader.ts';
import { bytesOf } from '../../fuzz/corpus.ts';
import { controlMessage, controlStyle, STYLES } from './arbitrary-control.ts';
import { framed, MESSAGES, rawCbor, u32 } from './raw-control.ts';

const CAP = 65_536;
/** 0x90 begins no map. */
const skippable = (length: number): Uint8Array => framed(new Uint8Array(length).fill(0x90));
const good = encodeControl({ type: 'identified', status: 'ok' });

/** Pushes pieces that are used again as soon as the reader has them. */
function read(reader: ControlReader, ...pieces: readonly Uint8Array[]): readonly ControlEvent[] {
  return pieces.flatMap((piece) => {
    const lent = Uint8Array.from(piece);
    const events = reader.push(lent);
    lent.fill(0xee);
    return events;
  });
}

describe('a stream of frames', () => {
  test('gives the same however it is cut', () => {
    const frame = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(controlMessage, controlStyle) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 600 }) },
    );
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.oneof(fc.nat({ max: 9 }), fc.nat({ max: 900 })), { maxLength: 60 }),
        (frames, cuts) => {
          const whole = bytesOf(
            frames.map((one) => (typeof one === 'number' ? skippable(one) : encodeControl(...one))),
          );
          const pieces: Uint8Array[] = [];
          let at = 0;
          for (const size of cuts) pieces.push(whole.subarray(at, (at += size)));
          const reader = new ControlReader();
          expect(read(reader, ...pieces, whole.subarray(at))).toEqual(
            frames.flatMap((one) =>
              typeof one === 'number' ? [] : [{ tag: 'message', message: one[0], style: one[1] }],
            ),
          );
          expect(reader.skipped).toBe(frames.filter((one) => typeof one === 'number' && one > 0).length);
          expect([reader.pending, reader.held]).toEqual([0, 0]);
        },
      ),
    );
  });

  test('of every kind and style gives the same cut at every byte, and byte by byte', () => {
    const whole = bytesOf(STYLES.map((style) => MESSAGES.map((message) => encodeControl(message, style))));
    const expected = STYLES.flatMap((style) =>
      MESSAGES.map((message) => ({ tag: 'message', message, style })),
    );
    const wrong: number[] = [];
    for (let at = 0; at <= whole.length; at++) {
      const events = read(new ControlReader(), whole.subarray(0, at), whole.subarray(at));
      if (!isDeepStrictEqual(events, expected)) wrong.push(at);
    }
    expect(wrong).toEqual([]);
    const bytes = Array.from(whole, (byte) => Uint8Array.of(byte));
    expect(read(new ControlReader(), ...bytes)).toEqual(expected);
  });
});

describe('a frame', () => {
  test('of no length is passed over and not counted', () => {
    const reader = new ControlReader();
    expect(read(reader, bytesOf(u32(0), u32(0), good, u32(0)))).toHaveLength(1);
    expect([reader.skipped, reader.pending]).toEqual([0, 0]);
  });

  test('that is no message is counted, and the one behind it is read', () => {
    const reader = new ControlReader();
    const unknown = framed(rawCbor.map(rawCbor.text('t'), rawCbor.text('noop')));
    expect(read(reader, bytesOf(skippable(1), unknown, good))).toHaveLength(1);
    expect(reader.skipped).toBe(2);
  });

  test('as long as the cap is read, one byte more ends the reading at its header', () => {
    const reader = new ControlReader();
    expect(read(reader, skippable(CAP), good)).toHaveLength(1);
    expect(reader.skipped).toBe(1);
    expect(read(reader, bytesOf(good, u32(CAP + 1), good))).toEqual([
      expect.objectContaining({ tag: 'message' }),
      { tag: 'frame_too_large', length: CAP + 1 },
    ]);
    expect([reader.closed, reader.pending, reader.held]).toEqual([true, 0, 0]);
    expect(read(reader, good, u32s(CAP + 1))).toEqual([]);
    expect(reader.pending).toBe(0);
  });

  test('is too large at the last byte of its header and not before, whatever the cap is', () => {
    const reader = new ControlReader(16);
    expect(read(reader, Uint8Array.of(0xff, 0xff, 0xff))).toEqual([]);
    expect(reader.closed).toBe(false);
    expect(read(reader, Uint8Array.of(0xff))).toEqual([{ tag: 'frame_too_large', length: 0xffff_ffff }]);
    expect(read(new ControlReader(16), u32s(17))).toEqual([{ tag: 'frame_too_large', length: 17 }]);
    expect(read(new ControlReader(16), u32s(16))).toEqual([]);
  });

  test('that comes in parts takes room for what has come, and never more than the cap', () => {
    const reader = new ControlReader();
    read(reader, u32s(CAP));
    expect(reader.held).toBe(0);
    const body = new Uint8Array(CAP).fill(0x90);
    for (let at = 0; at < CAP; at += 7) {
      read(reader, body.subarray(at, at + 7));
      const came = Math.min(at + 7, CAP);
      expect(reader.held).toBeLessThanOrEqual(Math.min(CAP, Math.max(256, 2 * came)));
    }
    expect([reader.skipped, reader.held]).toEqual([1, 0]);
  });
});

function u32s(value: number): Uint8Array {
  return bytesOf(u32(value));
}
