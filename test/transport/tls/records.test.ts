/** Datagrams survive a byte stream, whatever the pieces in which it arrives. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';

import { MAX_RECORD, MAX_RECORD_HERE, record, RecordReader } from '../../../src/transport/tls/records.ts';

const datagrams = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });

describe('records', () => {
  test('come out as they went in, at any cut of the stream', () => {
    fc.assert(
      fc.property(datagrams, fc.array(fc.nat(400), { maxLength: 40 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map((one) => record(one) as Buffer));
        const reader = new RecordReader();
        const got: Buffer[] = [];
        let at = 0;
        for (const size of [...cuts, stream.length]) {
          const chunk = Buffer.from(stream.subarray(at, at + size));
          expect(reader.read(chunk, (one) => got.push(Buffer.from(one)))).toBe(true);
          at += chunk.length;
        }
        expect(got).toEqual(sent.map((one) => Buffer.from(one)));
        expect(reader.pending).toBe(0);
      }),
    );
  });

  test('hold the largest datagram and no larger one, and never an empty one', () => {
    expect(record(new Uint8Array(MAX_RECORD))).toHaveLength(MAX_RECORD + 2);
    expect(record(new Uint8Array(MAX_RECORD + 1))).toBeUndefined();
    expect(record(new Uint8Array(0))).toBeUndefined();
    expect(record(new Uint8Array(MAX_RECORD_HERE), MAX_RECORD_HERE)).toHaveLength(MAX_RECORD_HERE + 2);
  });

  test('that say they are too large break the stream before anything of them is kept', () => {
    for (const largest of [MAX_RECORD, MAX_RECORD_HERE]) {
      const reader = new RecordReader(largest);
      const [most, more] = [Buffer.alloc(2), Buffer.alloc(2)];
      most.writeUInt16BE(largest);
      more.writeUInt16BE(largest + 1);
      expect([reader.read(most, () => undefined), reader.pending]).toEqual([true, 2]);
      expect([new RecordReader(largest).read(more, () => undefined)]).toEqual([false]);
    }
  });

  test('in pieces of a byte are copied once, not with each piece', () => {
    const concat = vi.spyOn(Buffer, 'concat');
    const alloc = vi.spyOn(Buffer, 'allocUnsafe');
    try {
      const reader = new RecordReader(MAX_RECORD_HERE);
      const stream = record(new Uint8Array(MAX_RECORD_HERE).fill(7), MAX_RECORD_HERE) as Buffer;
      alloc.mockClear();
      let got: Buffer | undefined;
      for (let at = 0; at < stream.length; at++)
        reader.read(stream.subarray(at, at + 1), (one) => {
          got = one;
        });
      expect(got?.equals(stream.subarray(2))).toBe(true);
      expect([concat.mock.calls.length, alloc.mock.calls]).toEqual([0, [[MAX_RECORD_HERE]]]);
    } finally {
      concat.mockRestore();
      alloc.mockRestore();
    }
  });

  test('that are empty break the stream for good: what was before was given', () => {
    const reader = new RecordReader();
    const got: string[] = [];
    const take = (one: Buffer): number => got.push(one.toString());
    const stream = Buffer.concat([record(Buffer.from('a')) as Buffer, Buffer.of(0, 0), Buffer.of(0, 1, 98)]);
    expect(reader.read(stream, take)).toBe(false);
    expect(reader.read(record(Buffer.from('c')) as Buffer, take)).toBe(false);
    expect([got, reader.pending]).toEqual([['a'], 0]);
  });

  test('of any bytes at all keep less than one of them', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 30 }), (chunks) => {
        const reader = new RecordReader();
        for (const chunk of chunks) reader.read(Buffer.from(chunk), () => undefined);
        expect(reader.pending).toBeLessThan(MAX_RECORD + 2);
      }),
    );
  });
});
