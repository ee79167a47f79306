/** The short way of a lookup's frames must say and understand exactly what the long one does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCbor } from '../../src/codec/cbor.ts';
import { readFind } from '../../src/codec/find-reader.ts';
import { writeNodes, writeQuestion, writeValue } from '../../src/codec/find-writer.ts';
import { decodeFrame, encodeFrame } from '../../src/codec/frame.ts';
import { HEADER_BYTES } from '../../src/codec/header.ts';
import { CONTROL_FRAME_CAP } from '../../src/codec/limits.ts';
import { invalidField } from '../../src/codec/messages.ts';
import type { FindValueReplyPayload, PayloadOf, SignedRecordPayload } from '../../src/codec/payloads.ts';
import type { ValueMap } from '../../src/codec/value.ts';

type FindType = 'find_node' | 'find_value' | 'find_node_reply' | 'find_value_reply';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = fc.oneof(
  fc.constantFrom(
    '127.0.0.1:9443',
    '[2001:db8::1]:443',
    'x',
    'a'.repeat(23),
    'a'.repeat(24),
    'a'.repeat(255),
  ),
  fc.string({ minLength: 1, maxLength: 40 }),
);
const named = fc.record({ id: bytes(32), address });
const nodes = fc.array(named, { maxLength: 64 });
const signed = fc.record({ record: fc.uint8Array({ minLength: 1, maxLength: 300 }), sig: bytes(64) });
const value = fc.array(signed, { maxLength: 30 });
const payloads = (list: readonly { readonly id: Uint8Array; readonly address: string }[]) =>
  list.map((each) => ({ node_id: each.id, address: each.address }));

/** Its fields in the order in which they are written. */
const answer = (
  request_id: Uint8Array,
  key: Uint8Array,
  records: readonly SignedRecordPayload[],
  list: Parameters<typeof payloads>[0],
): FindValueReplyPayload => ({
  request_id,
  key,
  ...(records.length > 0 ? { result: 'value', value: records } : { result: 'nodes' }),
  nodes: payloads(list),
});

function encoded<T extends FindType>(type: T, payload: PayloadOf<T>): Uint8Array {
  const result = encodeFrame(type, payload, CONTROL_FRAME_CAP);
  if (!result.ok) return expect.fail(JSON.stringify(result.error));
  return result.bytes;
}

/** What the scan and the schemas make of a payload. */
function judged(type: FindType, payload: Uint8Array): unknown {
  const decoded = decodeCbor(payload);
  if (!decoded.ok || invalidField(type, decoded.value as ValueMap) !== undefined) return 'refused';
  return decoded.value;
}

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/** One frame of each kind, as we write it. */
const frame = fc
  .record({ id: bytes(16), key: bytes(32), value, nodes: fc.array(named, { maxLength: 5 }) })
  .chain(({ id, key, value: found, nodes: list }) => {
    return fc.constantFrom<readonly [FindType, Uint8Array]>(
      ['find_node', encoded('find_node', { type: 'find_node', request_id: id, target: key })],
      ['find_value', encoded('find_value', { type: 'find_value', request_id: id, key })],
      ['find_node_reply', encoded('find_node_reply', { request_id: id, nodes: payloads(list) })],
      ['find_value_reply', encoded('find_value_reply', answer(id, key, found, list))],
    );
  });

describe('what is written', () => {
  test('a question is the very bytes that the codec makes of it', () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), (request_id, of) => {
        expect(writeQuestion('find_node', request_id, of)).toEqual(
          encoded('find_node', { type: 'find_node', request_id, target: of }),
        );
        expect(writeQuestion('find_value', request_id, of)).toEqual(
          encoded('find_value', { type: 'find_value', request_id, key: of }),
        );
      }),
    );
  });

  test('so is an answer, unless an address is not ASCII', () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), value, nodes, (request_id, key, records, list) => {
        const sayable = list.every((each) => isAscii(each.address));
        const made = writeNodes(request_id, list);
        const found = writeValue(request_id, key, records, list);
        if (!sayable) {
          expect(made).toBeUndefined();
          expect(found).toBeUndefined();
          return;
        }
        expect(made).toEqual(encoded('find_node_reply', { request_id, nodes: payloads(list) }));
        expect(found).toEqual(encoded('find_value_reply', answer(request_id, key, records, list)));
      }),
      { numRuns: 60 },
    );
  });

  test('nothing is written that a peer would refuse', () => {
    const id = new Uint8Array(16);
    const key = new Uint8Array(32);
    const one = { id: key, address: '127.0.0.1:1' };
    const record = { record: new Uint8Array(4_096), sig: new Uint8Array(64) };
    expect(
      writeNodes(
        id,
        Array.from({ length: 64 }, () => one),
      ),
    ).toBeDefined();
    expect(
      writeNodes(
        id,
        Array.from({ length: 65 }, () => one),
      ),
    ).toBeUndefined();
    for (const bad of [
      { ...one, id: new Uint8Array(31) },
      { ...one, address: '' },
      { ...one, address: 'a'.repeat(256) },
    ]) {
      expect(writeNodes(id, [bad])).toBeUndefined();
      expect(writeValue(id, key, [], [bad])).toBeUndefined();
    }
    for (const bad of [
      { ...record, sig: new Uint8Array(63) },
      { ...record, record: new Uint8Array(0) },
      { ...record, record: new Uint8Array(4_097) },
    ])
      expect(writeValue(id, key, [bad], [])).toBeUndefined();
    expect(
      writeValue(
        id,
        key,
        Array.from({ length: 15 }, () => record),
        [one],
      ),
    ).toBeDefined();
    // above the cap of the stream: the peer would close it
    expect(
      writeValue(
        id,
        key,
        Array.from({ length: 16 }, () => record),
        [one],
      ),
    ).toBeUndefined();
  });
});

describe('what is read', () => {
  test('what we write is read as the scan and the schemas read it, and nothing refers to the bytes', () => {
    fc.assert(
      fc.property(frame, ([type, whole]) => {
        const wanted = judged(type, whole.subarray(HEADER_BYTES));
        const lent = whole.slice();
        const read = readFind(type, lent.subarray(HEADER_BYTES));
        lent.fill(0xff);
        if (read !== undefined) expect(read).toEqual(wanted);
        else expect(JSON.stringify(wanted)).toMatch(/[^\0-\x7f]/);
        expect(decodeFrame(whole)).toMatchObject({ ok: true, frame: { type, payload: wanted } });
      }),
    );
  });

  test('whatever is wrong in it, it is never read as something else', () => {
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), cut: fc.nat(3) });
    fc.assert(
      fc.property(frame, fc.array(change, { minLength: 1, maxLength: 3 }), ([type, whole], changes) => {
        let payload = whole.slice(HEADER_BYTES);
        for (const { at, to, cut } of changes) {
          payload[at % payload.length] = to;
          // too short or too long by a few bytes, one time in four each
          if (cut === 1) payload = payload.slice(0, -1 - (to % 3));
          else if (cut === 2) payload = Uint8Array.from([...payload, to]);
        }
        const read = readFind(type, payload);
        if (read !== undefined) expect(read).toEqual(judged(type, payload));
      }),
      { numRuns: 1_000 },
    );
  });

  test('a frame that ends anywhere too early is none', () => {
    fc.assert(
      fc.property(frame, fc.nat(), ([type, whole], at) => {
        const payload = whole.subarray(HEADER_BYTES);
        expect(readFind(type, payload.subarray(0, at % payload.length))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('another spelling of the same is left to the scan', () => {
    const id = new Uint8Array(16).fill(1);
    const target = new Uint8Array(32).fill(2);
    const turned = { request_id: id, type: 'find_node' as const, target };
    const whole = encoded('find_node', turned);
    expect(readFind('find_node', whole.subarray(HEADER_BYTES))).toBeUndefined();
    expect(decodeFrame(whole)).toMatchObject({ ok: true, frame: { payload: turned } });
    const longer = encoded('find_node_reply', { request_id: id, nodes: [], more: 1 } as never);
    expect(readFind('find_node_reply', longer.subarray(HEADER_BYTES))).toBeUndefined();
    expect(decodeFrame(longer)).toMatchObject({ ok: true, frame: { payload: { more: 1 } } });
  });

  test('frames of other types are none of its business', () => {
    const id = new Uint8Array(16);
    expect(readFind('ping', encoded('find_node_reply', { request_id: id, nodes: [] }))).toBeUndefined();
  });
});
