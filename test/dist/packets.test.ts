import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Packets, TICK, packet } from '../../src/dist/protocol/packets.ts';
import { vectors } from '../codec/vectors.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'hex');
const LIMIT = 1_000;

interface Input {
  readonly op: string;
  readonly headerBytes?: 2 | 4;
  readonly payload?: string;
  readonly payloadLength?: number;
  readonly hex?: string;
  readonly chunks?: readonly string[];
  readonly switchAfterFrames?: number;
}

interface Parsed {
  readonly frames: readonly string[];
  readonly rest: string;
}

/** @param switchAfter packets of the handshake. */
function parse(chunks: readonly Uint8Array[], switchAfter: number): Parsed {
  const packets = new Packets(LIMIT);
  const frames: string[] = [];
  if (switchAfter === 0) packets.up();
  for (const chunk of chunks) {
    packets.push(chunk);
    for (let taken = packets.take(); taken.tag === 'packet'; taken = packets.take()) {
      frames.push(hex(taken.bytes));
      if (frames.length === switchAfter) packets.up();
    }
  }
  const whole = hex(Buffer.concat(chunks));
  return { frames, rest: whole.slice(whole.length - 2 * packets.held) };
}

describe('vectors of dist-framing', () => {
  test.each(
    vectors<Input, { readonly ok?: unknown; readonly error?: { readonly tag: string } }>('dist-framing'),
  )('$name', ({ input, expect: wanted }) => {
    switch (input.op) {
      case 'frame': {
        const bytes =
          input.payload === undefined ? new Uint8Array(input.payloadLength ?? 0) : bytesOf(input.payload);
        const whole = packet(input.headerBytes ?? 4, bytes);
        return expect(whole === undefined ? undefined : hex(whole)).toBe(wanted.ok);
      }
      case 'parse':
        return expect(parse([bytesOf(input.hex ?? '')], input.headerBytes === 2 ? Infinity : 0)).toEqual(
          wanted.ok,
        );
      case 'switch':
        return expect(parse((input.chunks ?? []).map(bytesOf), input.switchAfterFrames ?? 0)).toEqual(
          wanted.ok,
        );
      case 'read': {
        // nothing is handed out before all of it is there, and nothing is lost by waiting
        const packets = new Packets(LIMIT);
        packets.push(bytesOf('0007'));
        packets.push(new Uint8Array(5));
        expect(packets.take()).toEqual({ tag: 'more' });
        return expect(packets.held).toBe(2 + 5);
      }
      case 'tick':
        return expect(hex(TICK)).toBe(wanted.ok);
      default:
        return expect.fail(`unknown op ${input.op}`);
    }
  });
});

test('packets are the same however the stream is cut, the switch of the length included', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 }),
      fc.nat({ max: 8 }),
      fc.array(fc.nat({ max: 9 }), { maxLength: 60 }),
      (payloads, handshake, cuts) => {
        const whole = Buffer.concat(
          payloads.map((each, at) => packet(at < handshake ? 2 : 4, each) as Uint8Array),
        );
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of cuts) {
          chunks.push(whole.subarray(at, at + size));
          at = Math.min(whole.length, at + size);
        }
        chunks.push(whole.subarray(at));
        expect(parse(chunks, handshake)).toEqual({ frames: payloads.map((each) => hex(each)), rest: '' });
      },
    ),
  );
});

test('a length above the limit is refused before its bytes are there; the limit itself is not', () => {
  const packets = new Packets(LIMIT);
  packets.up();
  packets.push(Buffer.from([0, 0, 0x03, 0xe8]));
  expect(packets.take()).toEqual({ tag: 'more' });
  const other = new Packets(LIMIT);
  other.up();
  other.push(Buffer.from([0, 0, 0x03, 0xe9]));
  expect(other.take()).toEqual({ tag: 'too_large', length: 1_001 });
});

describe('chunks that are lent', () => {
  test('are kept as one, however small they are, and are right when their memory is used again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (payloads, sizes, keeps) => {
          const packets = new Packets(LIMIT);
          packets.up();
          const whole = Buffer.concat(payloads.map((each) => packet(4, each) as Uint8Array));
          const taken: string[] = [];
          const lent: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < whole.length; turn++) {
            const chunk = Uint8Array.prototype.slice.call(
              whole,
              at,
              at + (sizes[turn % sizes.length] as number),
            );
            at += chunk.length;
            packets.push(chunk);
            lent.push(chunk);
            if (keeps[turn % keeps.length] === true)
              for (let one = packets.take(); one.tag === 'packet'; one = packets.take())
                taken.push(hex(one.bytes));
            packets.keep();
            for (const one of lent.splice(0)) one.fill(0xee);
          }
          for (let one = packets.take(); one.tag === 'packet'; one = packets.take())
            taken.push(hex(one.bytes));
          expect(taken).toEqual(payloads.map(hex));
          expect(packets.held).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a packet of a megabyte that comes byte by byte takes a megabyte, not an object for each byte', () => {
    const packets = new Packets(2_000_000);
    packets.up();
    packets.push(Uint8Array.of(0, 0x0f, 0x42, 0x40));
    packets.keep();
    for (let count = 0; count < 1_000_000; count++) {
      packets.push(Uint8Array.of(count & 0xff));
      packets.keep();
    }
    expect(packets.chunks).toBeLessThan(40);
    const taken = packets.take();
    if (taken.tag !== 'packet') throw new Error('no packet');
    expect(taken.bytes.every((byte, index) => byte === (index & 0xff))).toBe(true);
  });
});
