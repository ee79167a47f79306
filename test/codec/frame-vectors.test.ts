/** `test/vectors/frames.json`, one test per case. */
import { describe, expect, test } from 'vitest';
import { decodeCbor } from '../../src/codec/cbor.ts';
import { FrameReader, type FrameEvent } from '../../src/codec/frame-reader.ts';
import type { FrameType } from '../../src/codec/frame-type.ts';
import { decodeFrame, encodeFrame, encodeHeader, type FrameError } from '../../src/codec/frame.ts';
import { requiredFields } from '../../src/codec/messages.ts';
import type { ValueMap } from '../../src/codec/value.ts';
import { fromHex, realValue, toHex, vectors } from './vectors.ts';

interface Input {
  readonly op: string;
  readonly type: FrameType;
  readonly payload: unknown;
  readonly hex: string;
  readonly cap?: number;
  readonly chunks: readonly string[];
  readonly payloadLength: number;
}
interface Expectation {
  readonly ok?: { readonly hex: string; readonly frames: readonly string[]; readonly rest: string };
  readonly error?: Partial<Record<string, unknown>>;
}

function encodes(input: Input, wanted: Expectation): void {
  const result = encodeFrame(input.type, realValue(input.payload) as never);
  if (wanted.error !== undefined) {
    expect(result).toMatchObject({ ok: false, error: wanted.error });
    return;
  }
  if (!result.ok) expect.fail(JSON.stringify(result.error));
  const expected = fromHex(wanted.ok!.hex);
  expect(result.bytes.subarray(0, 8)).toEqual(expected.subarray(0, 8));
  expect(decodeCbor(result.bytes.subarray(8))).toEqual(decodeCbor(expected.subarray(8)));
}

function decodes(input: Input, wanted: Expectation): void {
  const result = decodeFrame(fromHex(input.hex), input.cap);
  if (wanted.error !== undefined) {
    expect(result).toMatchObject({ ok: false, error: wanted.error });
    return;
  }
  if (!result.ok) expect.fail(JSON.stringify(result.error));
  expect({ ...result.frame, rest: toHex(result.rest) }).toEqual(realValue(wanted.ok));
}

function decodesStream(input: Input, wanted: Expectation): void {
  const reader = new FrameReader();
  const events: FrameEvent[] = [];
  for (const chunk of input.chunks) events.push(...reader.push(fromHex(chunk)));
  if (wanted.error !== undefined) {
    const { closed, ...error } = wanted.error;
    expect(events).toMatchObject([{ tag: 'closed', error }]);
    expect(reader.closed).toBe(closed);
    return;
  }
  expect(events.map((event) => (event.tag === 'frame' ? event.frame.type : event.tag))).toEqual(
    wanted.ok!.frames,
  );
  expect(reader.pending).toBe(wanted.ok!.rest.length / 2);
}

describe('frames', () => {
  test.each(vectors<Input, Expectation>('frames'))('vector: $name', ({ input, expect: wanted }) => {
    switch (input.op) {
      case 'encode':
        return encodes(input, wanted);
      case 'decode':
        return decodes(input, wanted);
      case 'decodeStream':
        return decodesStream(input, wanted);
      case 'header':
        return expect(toHex(encodeHeader(input.type, input.payloadLength))).toBe(wanted.ok!.hex);
      case 'requiredFields':
        return expect(requiredFields(input.type)).toEqual(wanted.ok);
      case 'roundTrip':
        return; // payload level: cbor.test.ts
      default:
        return expect.fail(`unknown op ${input.op}`);
    }
  });

  test('an empty payload of a type without schema is still a map', () => {
    expect(encodeFrame('swim_ping', {})).toMatchObject({ ok: true });
    expect(encodeFrame('swim_ping', [] as unknown as ValueMap)).toMatchObject({
      ok: false,
      error: { tag: 'invalid_args' } satisfies Partial<FrameError>,
    });
  });
});
