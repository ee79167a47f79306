import { describe, expect, test } from 'vitest';
import { FRAME_TYPE_IDS, type FrameType } from '../../src/codec/frame-type.ts';
import { decodeFrame, encodeFrame } from '../../src/codec/frame.ts';
import { hasSchema, invalidField, requiredFields, validate } from '../../src/codec/messages.ts';
import type { Payloads } from '../../src/codec/payloads.ts';
import type { Value, ValueMap } from '../../src/codec/value.ts';
import { samples } from './payload-samples.ts';

type Known = keyof Payloads;
const known = Object.keys(samples) as Known[];
const sample = (type: Known): ValueMap => samples[type] as unknown as ValueMap;
const bytes = (length: number): Uint8Array => new Uint8Array(length);

describe.each(known)('%s', (type) => {
  test('a good payload is valid and survives the frame', () => {
    expect(validate(type, sample(type))).toEqual({ ok: true, payload: samples[type] });
    const encoded = encodeFrame(type, samples[type]);
    if (!encoded.ok) expect.fail(JSON.stringify(encoded.error));
    expect(decodeFrame(encoded.bytes)).toMatchObject({ ok: true, frame: { type, payload: samples[type] } });
  });

  test('each required field is missed by name, the others are not', () => {
    const required = requiredFields(type);
    for (const field of Object.keys(sample(type))) {
      const { [field]: _left, ...rest } = sample(type);
      if (required.includes(field)) expect(invalidField(type, rest)).toBe(field);
    }
    const { ...bare } = Object.fromEntries(
      Object.entries(sample(type)).filter(([name]) => required.includes(name)),
    );
    const lacking = type === 'reply' ? 'result' : type === 'find_value_reply' ? 'value' : undefined;
    expect(invalidField(type, bare)).toBe(lacking);
  });

  test('a field of another kind is named', () => {
    for (const field of Object.keys(sample(type))) {
      if (type === 'reply' && field === 'result') continue;
      for (const wrong of [Symbol.iterator as unknown as Value, -1.5, { [field]: 1 }]) {
        if ((field === 'args' || field === 'realm_proof') && typeof wrong === 'object') continue;
        const found = invalidField(type, { ...sample(type), [field]: wrong });
        expect(found).toBe(field);
      }
    }
  });

  test('an unknown field is ignored, and an optional one may be null', () => {
    expect(invalidField(type, { ...sample(type), from_the_future: [1] })).toBeUndefined();
    for (const field of Object.keys(sample(type))) {
      const optional = !requiredFields(type).includes(field) && !['result', 'value'].includes(field);
      if (optional) expect(invalidField(type, { ...sample(type), [field]: null })).toBeUndefined();
    }
  });
});

describe('borders', () => {
  const cases: readonly (readonly [Known, string, readonly Value[], readonly Value[]])[] = [
    ['call', 'call_id', [bytes(16)], [bytes(15), bytes(17), '0123456789abcdef']],
    ['call', 'procedure', ['a', 'x'.repeat(255), 'é'.repeat(127)], ['', 'x'.repeat(256), 'é'.repeat(128)]],
    ['call', 'realm', ['r', 'x'.repeat(255)], ['', 'x'.repeat(256)]],
    ['call', 'args', [{}], [[], null, 'x', bytes(1)]],
    ['call', 'timeout', [1, 2_147_483_647], [0, 2_147_483_648, 1.5, NaN, 5n, '5']],
    ['call', 'target', [bytes(32)], [bytes(31)]],
    ['call', 'idempotency_key', ['x'.repeat(255)], ['', 'x'.repeat(256)]],
    ['call', 'trace', [{ traceparent: '' }], [{}, { traceparent: 'x', tracestate: 'x'.repeat(513) }, []]],
    ['reply', 'load', [0, 2 ** 53 - 1], [-1, 0.5, 2 ** 53, '1']],
    ['reply', 'route', ['dht', 'x'.repeat(255)], ['', 'x'.repeat(256), 1]],
    ['reply', 'node', [bytes(32)], [bytes(31), 'x']],
    ['ping', 'timestamp', [0, 1.5], [-1, NaN, Infinity, '1']],
    ['cancel', 'reason', ['', 'x'.repeat(255)], ['x'.repeat(256)]],
    ['disconnect', 'message', ['', 'x'.repeat(4_096)], ['x'.repeat(4_097)]],
    [
      'connect',
      'capabilities',
      [[], Array<string>(64).fill('rpc')],
      [Array<string>(65).fill('rpc'), [1], ['']],
    ],
    ['connect', 'seed', [bytes(32)], [bytes(16)]],
    ['connect', 'have', [true], [0, 'true']],
    ['connect', 'realm_proof', [bytes(1), {}], [[], 'x']],
    ['find_node', 'target', [bytes(32)], [bytes(20)]],
    ['find_node', 'type', ['find_node'], ['find_value']],
    [
      'find_node_reply',
      'nodes',
      [[]],
      [[{}], [{ node_id: bytes(32) }], [{ node_id: bytes(31), address: 'x' }]],
    ],
    ['find_value_reply', 'result', [], ['both', null]],
    [
      'store',
      'value',
      [{ record: bytes(4_096), sig: bytes(64) }],
      [
        { record: bytes(4_097), sig: bytes(64) },
        { record: bytes(0), sig: bytes(64) },
        { record: bytes(1), sig: bytes(63) },
      ],
    ],
    ['nat_probe', 'local_port', [0, 65_535], [-1, 65_536, 1.5]],
    ['nat_probe_reply', 'reflexive_port', [1, 65_535], [0, 65_536, 1.5]],
    ['punch_coordinate', 'role', ['initiator', 'target'], ['observer']],
    ['punch_coordinate', 'peer_ports', [[], [1]], [[0], ['1'], Array<number>(65).fill(1)]],
    ['relay_data', 'payload', [bytes(0)], ['x', []]],
    ['relay_request', 'source_id', [bytes(32)], [bytes(16), 'x']],
    ['relay_ready', 'error', [{ code: 'overloaded', message: '' }], [{ code: '' }, 'x']],
    ['relay_close', 'reason', ['', 'x'.repeat(255)], ['x'.repeat(256), 1]],
    ['connect', 'holds', [true, false], [1]],
    ['connected', 'holds', [true], ['x']],
    ['path_offer', 'nat', ['ei/pd/pp'], [1, 'x'.repeat(65)]],
    ['path_offer', 'addresses', [[], ['x']], [[1], ['x'.repeat(65)], Array<string>(9).fill('x')]],
    ['dial_back', 'port', [1, 65_535], [0, 65_536]],
    ['dial_back', 'nonce', [bytes(16)], [bytes(8)]],
    ['nat_probe', 'nonce', [bytes(16)], [bytes(8), 'x']],
    ['nat_probe', 'avoid', [[], ['x']], [[1], ['x'.repeat(65)], Array<string>(65).fill('x')]],
    ['nat_probe_reply', 'sent', [[], [0, 255]], [[256], [0.5], ['0'], Array<number>(9).fill(0)]],
    ['punch_request', 'ports', [[], [1, 65_535]], [[0], Array<number>(65).fill(1)]],
    ['punch_execute', 'ports', [[1]], [['1']]],
    ['punch_coordinate', 'delay', [0, 10_000], [-1, 10_001, 0.5]],
    ['punch_result', 'reason', ['timeout'], [1]],
    ['call', 'hop_count', [0, 255], [-1, 256, 1.5, '1']],
    ['call', 'search_id', [bytes(16)], [bytes(15), 'x']],
    ['registered', 'error', [{ code: 'x', message: '' }], [{ code: 'x' }, { code: '', message: '' }, 'x']],
  ];
  test.each(cases)('%s.%s', (type, field, good, bad) => {
    for (const value of good) expect(invalidField(type, { ...sample(type), [field]: value })).toBeUndefined();
    for (const value of bad) expect(invalidField(type, { ...sample(type), [field]: value })).toBe(field);
  });

  test('a reply has exactly one of result and error; a null result is one, a null error is none', () => {
    const { result: _result, ...bare } = sample('reply');
    const error = { code: 'timeout', message: '' };
    expect(invalidField('reply', bare)).toBe('result');
    expect(invalidField('reply', { ...bare, result: null })).toBeUndefined();
    expect(invalidField('reply', { ...bare, error })).toBeUndefined();
    expect(invalidField('reply', { ...bare, result: null, error })).toBe('error');
    expect(invalidField('reply', { ...bare, result: 1, error: null })).toBeUndefined();
    expect(invalidField('reply', { ...bare, error: null })).toBe('result');
    expect(invalidField('reply', { ...bare, error: { code: 'x', message: 'm'.repeat(4_097) } })).toBe(
      'error',
    );
  });

  test('result says which list a find_value_reply carries', () => {
    const { value: _value, ...bare } = sample('find_value_reply');
    expect(invalidField('find_value_reply', { ...bare, result: 'nodes', nodes: [] })).toBeUndefined();
    expect(invalidField('find_value_reply', { ...bare, result: 'value', nodes: [] })).toBe('value');
    expect(invalidField('find_value_reply', { ...bare, result: 'nodes', value: [] })).toBe('nodes');
  });

  test('an answer holds at most 64 contacts and 256 records', () => {
    const contact = { node_id: bytes(32), address: 'h:1' };
    const record = { record: bytes(1), sig: bytes(64) };
    const nodes = (count: number): ValueMap => ({
      ...sample('find_node_reply'),
      nodes: Array(count).fill(contact),
    });
    const value = (count: number): ValueMap => ({
      ...sample('find_value_reply'),
      value: Array(count).fill(record),
    });
    expect([64, 65].map((count) => invalidField('find_node_reply', nodes(count)))).toEqual([
      undefined,
      'nodes',
    ]);
    expect([256, 257].map((count) => invalidField('find_value_reply', value(count)))).toEqual([
      undefined,
      'value',
    ]);
  });
});

test('reserved types have no schema; only the presence of the reference’s fields is asked', () => {
  const reserved = (Object.keys(FRAME_TYPE_IDS) as FrameType[]).filter((type) => !hasSchema(type));
  expect(reserved.every((type) => !(type in samples))).toBe(true);
  expect(reserved).toHaveLength(Object.keys(FRAME_TYPE_IDS).length - known.length);
  expect(invalidField('publish', { payload: null })).toBe('topic');
  expect(invalidField('publish', { payload: null, topic: 1 })).toBeUndefined();
  expect(invalidField('gossip_push', {})).toBeUndefined();
});
