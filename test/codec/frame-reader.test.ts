import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader, type FrameEvent } from '../../src/codec/frame-reader.ts';
import { encodeFrame } from '../../src/codec/frame.ts';
import { CONTROL_FRAME_CAP, RPC_FRAME_CAP } from '../../src/codec/limits.ts';
import type { Payloads } from '../../src/codec/payloads.ts';
import { alike, same } from '../actor/world.ts';
import { bytesOf, head } from '../fuzz/corpus.ts';
import { samples } from './payload-samples.ts';

const id = samples.call.call_id;

function frameOf<T extends keyof Payloads>(type: T, payload: Payloads[T]): Uint8Array {
  const result = encodeFrame(type, payload as never);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.bytes;
}

/** A frame around a payload of any bytes. */
function raw(type: number, payload: Uint8Array): Uint8Array {
  const header = Buffer.from([1, type, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return bytesOf(header, payload);
}

function feed(reader: FrameReader, chunks: readonly Uint8Array[]): FrameEvent[] {
  return chunks.flatMap((chunk) => {
    // Lent: what was pushed is overwritten right after.
    const lent = Uint8Array.from(chunk);
    const events = reader.push(lent);
    lent.fill(0xee);
    same(reader.held <= reader.cap + 65_536, true);
    return events;
  });
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const sorted = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

const call = frameOf('call', samples.call);
const badPayload = raw(
  0x20,
  bytesOf(
    0xa2,
    head(3, 7),
    Buffer.from('call_id'),
    head(2, 16),
    id,
    head(3, 1),
    Buffer.from('t'),
    0xc0,
    0x00,
  ),
);
const stream = bytesOf(call, badPayload, frameOf('ping', samples.ping), frameOf('reply', samples.reply));

describe('FrameReader', () => {
  test('a frame comes out whole whichever two cuts are made', () => {
    const whole = new FrameReader().push(call);
    expect(whole).toMatchObject([{ tag: 'frame', frame: { type: 'call', payload: samples.call } }]);
    for (let first = 0; first <= call.length; first++) {
      for (let second = first; second <= call.length; second += 7) {
        const reader = new FrameReader();
        alike(feed(reader, split(call, [first, second])), whole);
        same(reader.pending, 0);
        same(reader.held, 8);
      }
    }
  });

  test('the events do not depend on how the bytes are cut', () => {
    const expected = new FrameReader().push(stream);
    expect(expected.map((event) => event.tag)).toEqual(['frame', 'rejected', 'frame', 'frame']);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        alike(feed(new FrameReader(), split(stream, cuts)), expected);
      }),
    );
    expect(
      feed(
        new FrameReader(),
        Array.from(stream, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(expected);
  });

  test('every frame of a random stream comes out, in order', () => {
    const types = Object.keys(samples) as (keyof Payloads)[];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...types), { maxLength: 8 }),
        fc.array(fc.nat(5_000), { maxLength: 8 }),
        (sent, cuts) => {
          const bytes = bytesOf(...sent.map((type) => frameOf(type, samples[type])));
          const events = feed(new FrameReader(), split(bytes, cuts));
          expect(events).toMatchObject(
            sent.map((type) => ({ tag: 'frame', frame: { type, payload: samples[type] } })),
          );
        },
      ),
    );
  });

  test('large frames are collected within the cap plus 64 KiB, in chunks of any size', () => {
    const big = frameOf('reply', { call_id: id, result: new Uint8Array(RPC_FRAME_CAP - 100).fill(9) });
    for (const size of [1_000, 1_460, 65_536, 70_000, 500_000]) {
      const reader = new FrameReader();
      const chunks = Array.from({ length: Math.ceil(big.length / size) }, (_, i) =>
        big.subarray(i * size, (i + 1) * size),
      );
      expect(feed(reader, chunks)).toMatchObject([{ tag: 'frame' }]);
      expect(reader.held).toBe(8);
    }
  });

  test('a header alone pins 4 KiB at most, and 64 KiB until more has come', () => {
    const reader = new FrameReader();
    reader.push(bytesOf('0120000000100000', 0xa1));
    expect(reader.held).toBeLessThanOrEqual(4_096 + 8);
    reader.push(new Uint8Array(5_000));
    expect(reader.held).toBeLessThanOrEqual(65_536 + 8);
    reader.push(new Uint8Array(65_536));
    expect(reader.held).toBe(RPC_FRAME_CAP + 8);
  });

  test.each([
    ['a length of cap + 1', '0103000000010001', { tag: 'frame_too_large', length: 65_537 }],
    ['a length of 2^31', '0103000080000000', { tag: 'frame_too_large', length: 2 ** 31 }],
    ['a length of 2^32 - 1', '01030000ffffffff', { tag: 'frame_too_large', length: 2 ** 32 - 1 }],
    [
      'a length over the cap of an unknown type',
      '01630000ffffffff',
      { tag: 'frame_too_large', length: 2 ** 32 - 1 },
    ],
    ['another version', '0203000000000000', { tag: 'unsupported_version', version: 2 }],
    ['an unknown type', '0163000000000005', { tag: 'unknown_type', id: 0x63 }],
  ])('%s closes on the header, cut anywhere, and nothing is kept', (_name, hex, error) => {
    const header = bytesOf(hex);
    for (let cut = 0; cut <= 8; cut++) {
      const reader = new FrameReader(CONTROL_FRAME_CAP);
      const ping = frameOf('ping', samples.ping);
      const events = feed(reader, [ping, ...split(bytesOf(header, new Uint8Array(100)), [cut]), ping]);
      expect(events).toMatchObject([{ tag: 'frame' }, { tag: 'closed', error }]);
      expect([reader.closed, reader.pending, reader.held]).toEqual([true, 0, 8]);
    }
  });

  test('a length of exactly the cap is waited for', () => {
    const reader = new FrameReader(CONTROL_FRAME_CAP);
    expect(reader.push(bytesOf('0103000000010000'))).toEqual([]);
    expect([reader.closed, reader.pending]).toEqual([false, 8]);
  });

  test('an empty payload is refused as a payload, cut or not', () => {
    const empty = bytesOf('0103000000000000');
    for (let cut = 0; cut <= 8; cut++) {
      const events = feed(new FrameReader(), split(bytesOf(empty, call), [cut]));
      expect(events).toMatchObject([
        { tag: 'rejected', type: 'ping', error: { tag: 'payload_decode_error', rule: 'truncated' } },
        { tag: 'frame' },
      ]);
    }
  });

  test('nothing in a frame refers to the bytes it came from', () => {
    const lent = Uint8Array.from(call);
    const events = new FrameReader().push(lent);
    lent.fill(0);
    expect(events).toMatchObject([{ frame: { payload: samples.call } }]);
  });

  test('the values of a frame are frozen', () => {
    const [event] = new FrameReader().push(call);
    if (event?.tag !== 'frame' || event.frame.type !== 'call') return expect.fail();
    expect(Object.isFrozen(event.frame.payload)).toBe(true);
    expect(Object.isFrozen(event.frame.payload.args)).toBe(true);
  });

  describe('a skipped frame tells to whom an error can be answered', () => {
    const rejected = (type: number, payload: Uint8Array): FrameEvent | undefined =>
      new FrameReader().push(raw(type, payload))[0];
    const field = (name: string): Uint8Array =>
      bytesOf(head(3, name.length), Buffer.from(name), head(2, 16), id);

    test.each([
      ['call_id', 0x20],
      ['request_id', 0x03],
      ['session_id', 0x52],
    ])('%s, when a later value breaks a rule', (name, type) => {
      expect(rejected(type, bytesOf(0xa2, field(name), 0x61, 0x74, 0xc2, 0x41, 0xff))).toEqual({
        tag: 'rejected',
        type: type === 0x20 ? 'call' : type === 0x03 ? 'ping' : 'punch_request',
        error: { tag: 'payload_decode_error', rule: 'tag' },
        correlation: { field: name, id },
      });
    });

    test('when the values before it are skipped, tags and nesting included', () => {
      const before = bytesOf(0x61, 0x61, 'c2', 0x82, 0xa1, 0x01, 0x81, 0x00, 'fb0000000000000000');
      expect(rejected(0x20, bytesOf(0xa2, before, field('call_id')))).toMatchObject({
        error: { rule: 'tag' },
        correlation: { field: 'call_id', id },
      });
    });

    test('when a field is missing or wrong', () => {
      expect(rejected(0x20, bytesOf(0xa1, field('call_id')))).toMatchObject({
        error: { tag: 'invalid_args', field: 'procedure' },
        correlation: { field: 'call_id', id },
      });
    });

    test.each([
      ['no map', bytesOf(0x81, 0x00)],
      [
        'an id of another length',
        bytesOf(0xa1, head(3, 7), Buffer.from('call_id'), head(2, 17), new Uint8Array(17)),
      ],
      ['an id cut off', bytesOf(0xa1, head(3, 7), Buffer.from('call_id'), head(2, 16), new Uint8Array(3))],
      ['a key that is no text', bytesOf(0xa2, 0x01, 0x00, field('call_id'))],
      ['an indefinite map', bytesOf(0xbf, field('call_id'), 0xff)],
      ['a key behind the end', bytesOf(0xa1, 0x78, 0xff)],
    ])('but not from %s', (_name, payload) => {
      const event = rejected(0x20, payload);
      expect(event).toMatchObject({ tag: 'rejected' });
      expect(event).not.toHaveProperty('correlation');
    });
  });
});

describe('encodeFrame', () => {
  test('a payload over the cap is frame_too_large, a value that cannot be sent is unencodable with its place', () => {
    const body = (size: number): Payloads['call'] => ({
      ...samples.call,
      args: { body: new Uint8Array(size) },
    });
    expect(encodeFrame('call', body(1_000_000))).toMatchObject({ ok: true });
    expect(encodeFrame('call', body(RPC_FRAME_CAP))).toMatchObject({
      ok: false,
      error: { tag: 'frame_too_large' },
    });
    expect(encodeFrame('call', body(RPC_FRAME_CAP), 64 * RPC_FRAME_CAP)).toMatchObject({ ok: true });
    const unencodable = { ...samples.call, args: { when: new Date() } as never };
    expect(encodeFrame('call', unencodable)).toMatchObject({
      ok: false,
      error: { tag: 'unencodable', reason: 'instance', path: '$.args.when' },
    });
  });

  test('a body of the cap exactly passes both ends, one byte more neither', () => {
    const overhead =
      frameOf('relay_data', { session_id: id, payload: new Uint8Array(60_000) }).length - 60_000 - 8;
    const exact = { session_id: id, payload: new Uint8Array(CONTROL_FRAME_CAP - overhead) };
    const frame = encodeFrame('relay_data', exact, CONTROL_FRAME_CAP);
    expect(frame.ok && new FrameReader(CONTROL_FRAME_CAP).push(frame.bytes)).toMatchObject([
      { tag: 'frame' },
    ]);
    const over = { ...exact, payload: new Uint8Array(exact.payload.length + 1) };
    expect(encodeFrame('relay_data', over, CONTROL_FRAME_CAP)).toMatchObject({
      error: { tag: 'frame_too_large' },
    });
  });
});
