import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCbor } from '../../../src/codec/cbor.ts';
import type { SignedRecordPayload } from '../../../src/codec/payloads.ts';
import { signBytes } from '../../../src/identity/signed-bytes.ts';
import { hex } from '../../../src/mesh/context.ts';
import {
  joinMetadata,
  makeRecord,
  MAX_DRIFT,
  MAX_TTL,
  MIN_TTL,
  nextSeq,
  procedureKey,
  type Expected,
} from '../../../src/mesh/dht/record.ts';
import { judgeRecord } from './judge.ts';
import { mutated } from './mutated.ts';
import { expected, fields, idOf, KEY, node, odd, payload, TTL, WALL } from './signed.ts';

const fault = (given: SignedRecordPayload, question?: Partial<Expected>): string => {
  const verdict = judgeRecord(given, expected(question));
  return verdict.tag === 'refused' ? verdict.fault : verdict.tag;
};

describe('makeRecord', () => {
  test('what it makes is verified and says what was put in', () => {
    const signed = payload('a');
    expect(judgeRecord(signed, expected())).toEqual({
      tag: 'verified',
      record: {
        key: hex(KEY),
        nodeId: idOf('a'),
        endpoints: ['192.0.2.1:9443', '[2001:db8::1]:9443'],
        metadata: { version: 1 },
        seq: WALL,
        issuedAt: WALL,
        expiresAt: WALL + TTL,
        removed: false,
        payload: signed,
      },
    });
  });

  test('the wire form has the keys of SPEC §5 and no more', () => {
    const keysOf = (signed: SignedRecordPayload): string[] => {
      const decoded = decodeCbor(signed.record);
      return decoded.ok ? Object.keys(decoded.value as object) : [];
    };
    const keys = [
      ['procedure_key', 'realm', 'node_id', 'public_key', 'endpoints', 'metadata'],
      ['seq', 'issued_at', 'expires_at'],
    ].flat();
    expect(keysOf(payload('a'))).toEqual(keys);
    expect(keysOf(payload('a', { removed: true }))).toEqual([...keys, 'removed']);
  });

  test('a tombstone says nothing but that it is one', () => {
    const verdict = judgeRecord(payload('a', { removed: true }), expected());
    expect(verdict).toMatchObject({ record: { removed: true, endpoints: [], metadata: {} } });
  });

  test('makes a record of 4,096 bytes, and says of one byte more that it is too large', () => {
    const withText = (length: number) =>
      makeRecord(node('a'), fields({ metadata: { text: 'x'.repeat(length) } }));
    const plain = withText(1_000);
    const around = plain.tag === 'made' ? plain.payload.record.length - 1_000 : expect.fail(plain.tag);
    const largest = withText(4_096 - around);
    expect(largest).toMatchObject({ tag: 'made' });
    if (largest.tag === 'made') {
      expect(largest.payload.record).toHaveLength(4_096);
      expect(fault(largest.payload)).toBe('verified');
    }
    expect(withText(4_097 - around)).toEqual({ tag: 'too_large' });
  });

  test('makes a record of 512 data items, and says of one more that it is too large; nobody believes a longer one', () => {
    const withItems = (length: number) =>
      makeRecord(node('a'), fields({ metadata: { all: Array.from({ length }, () => []) } }));
    let most = 400;
    while (withItems(most + 1).tag === 'made') most++;
    const largest = withItems(most);
    expect(largest.tag === 'made' ? fault(largest.payload) : largest.tag).toBe('verified');
    expect(most).toBeLessThan(512);
    expect(withItems(most + 1)).toEqual({ tag: 'too_large' });
    const [fits, over] = [most, most + 1].map((length) =>
      // as many of its other fields, and two endpoints instead of one
      odd('a', {
        endpoints: ['192.0.2.1:9443', '[2001:db8::1]:9443'],
        metadata: { all: Array.from({ length }, () => []) },
      }),
    );
    expect([fault(fits!), fault(over!)]).toEqual(['verified', 'malformed']);
  });

  test('says where metadata holds what cannot be written', () => {
    const made = makeRecord(node('a'), fields({ metadata: { at: new Date(0) } }));
    expect(made).toMatchObject({ tag: 'unencodable', error: { path: '$.metadata.at' } });
  });

  test('leaves out endpoints beyond the twentieth', () => {
    const endpoints = Array.from({ length: 21 }, (_, index) => `192.0.2.${index}:1`);
    const verdict = judgeRecord(payload('a', { endpoints }), expected());
    expect(verdict).toMatchObject({ record: { endpoints: endpoints.slice(0, 20) } });
  });

  test('takes whole milliseconds of a clock that gives fractions', () => {
    const issuedAt = WALL + 0.75;
    expect(fault(payload('a', { issuedAt, seq: nextSeq(issuedAt, undefined) }))).toBe('verified');
  });
});

describe('judgeRecord', () => {
  test('refuses a record of another procedure or of another realm', () => {
    expect(fault(payload('a'), { key: hex(procedureKey('weather.then')) })).toBe('wrong_key');
    expect(fault(payload('a'), { realm: 'other' })).toBe('wrong_realm');
  });

  test('refuses a record at its expiry and after, and not the millisecond before', () => {
    const at = (wall: number): string => fault(payload('a'), { wall });
    expect([at(WALL + TTL - 1), at(WALL + TTL), at(WALL + TTL + 1)]).toEqual([
      'verified',
      'expired',
      'expired',
    ]);
  });

  test('accepts a publisher whose clock is a minute ahead, and none further', () => {
    expect(fault(payload('a', { issuedAt: WALL + MAX_DRIFT }))).toBe('verified');
    expect(fault(payload('a', { issuedAt: WALL + MAX_DRIFT + 1 }))).toBe('future');
  });

  test('a record lives ten seconds at least and a day at most', () => {
    for (const ttl of [MIN_TTL, MAX_TTL]) expect(fault(payload('a', { ttl }))).toBe('verified');
    for (const ttl of [MIN_TTL - 1, MAX_TTL + 1, 0, -TTL]) {
      expect(fault(payload('a', { ttl }))).toBe('bad_ttl');
    }
  });

  test('refuses a record whose id is not that of its key', () => {
    expect(fault(odd('a', { node_id: node('b').nodeId }))).toBe('bad_id');
    const { nodeId, publicKey } = node('b');
    expect(fault(odd('a', { node_id: nodeId, public_key: publicKey }))).toBe('forged');
    expect(fault(odd('a', { public_key: new Uint8Array(44) }))).toBe('bad_id');
  });

  test('refuses endpoints that are too many or nothing to dial', () => {
    const endpoints = (list: readonly unknown[]): string => fault(odd('a', { endpoints: list }));
    expect(endpoints(Array.from({ length: 20 }, () => '192.0.2.1:1'))).toBe('verified');
    expect(endpoints(Array.from({ length: 21 }, () => '192.0.2.1:1'))).toBe('too_many_endpoints');
    const bad = [
      [
        '',
        'host.example:9443',
        '192.0.2.1',
        '192.0.2.1:0',
        '192.0.2.1:65536',
        '192.0.2.1:+1',
        '192.0.2.1:01',
      ],
      ['2001:db8::1:9443', '[2001:db8::1]', '[fe80::1%eth0]:1', '[192.0.2.1]:1', '256.0.0.1:1', 5, null, {}],
      ['0.0.0.0:9443', '[::]:9443', 'x'.repeat(3_000)],
    ].flat();
    for (const one of bad) expect([one, endpoints(['192.0.2.1:1', one])]).toEqual([one, 'bad_endpoint']);
  });

  test('refuses whatever is not one canonical map with these fields', () => {
    const missing = { procedure_key: 1, realm: 1, node_id: 1, public_key: 1, endpoints: 1, metadata: 1 };
    for (const field of [...Object.keys(missing), 'seq', 'issued_at', 'expires_at']) {
      expect([field, fault(odd('a', { [field]: null }))]).toEqual([field, 'malformed']);
    }
    const wrong = [
      [
        { seq: -1 },
        { seq: 1.5 },
        { seq: 2n ** 60n },
        { issued_at: '1' },
        { metadata: [] },
        { endpoints: {} },
      ],
      [{ procedure_key: KEY.subarray(1) }, { realm: '' }, { realm: 'x'.repeat(256) }],
      [{ removed: false }, { removed: 1 }, { removed: true }],
    ].flat();
    for (const one of wrong) expect([one, fault(odd('a', one))]).toEqual([one, 'malformed']);
    const { record, sig } = payload('a');
    const resigned = (bytes: Uint8Array): SignedRecordPayload => ({
      record: bytes,
      sig: signBytes(node('a').privateKey, 'dht record', bytes),
    });
    expect(fault(resigned(record))).toBe('verified');
    expect(fault(resigned(new Uint8Array([...record, 0])))).toBe('malformed');
    expect(fault(resigned(new Uint8Array(record.subarray(0, -1))))).toBe('malformed');
    // the same map under a head that is longer than need be
    expect(fault(resigned(new Uint8Array([0xb8, record[0]! & 31, ...record.subarray(1)])))).toBe('malformed');
    expect(fault(resigned(Uint8Array.of(0x80)))).toBe('malformed');
    expect(fault({ record, sig: sig.subarray(1) })).toBe('malformed');
  });

  test('refuses a record of 4,097 bytes unread', () => {
    expect(fault(odd('a', { metadata: { text: 'x'.repeat(4_096) } }))).toBe('oversized');
  });

  test('fields of a newer version do no harm', () => {
    expect(fault(odd('a', { newer: 'word' }))).toBe('verified');
  });

  test('a signature for another purpose is none', () => {
    const { record } = payload('a');
    expect(fault({ record, sig: signBytes(node('a').privateKey, 'realm membership', record) })).toBe(
      'forged',
    );
  });

  test('every single bit flipped in a record or its signature is noticed', () => {
    const { record, sig } = payload('a');
    let accepted = 0;
    for (let bit = 0; bit < (record.length + sig.length) * 8; bit++) {
      const [ofRecord, ofSig] = [record.slice(), sig.slice()];
      const at = bit >> 3;
      if (at < record.length) ofRecord[at]! ^= 1 << (bit & 7);
      else ofSig[at - record.length]! ^= 1 << (bit & 7);
      if (fault({ record: ofRecord, sig: ofSig }) === 'verified') accepted++;
    }
    expect(accepted).toBe(0);
  });

  test('none of 10,000 mutated records is accepted', () => {
    expect(mutated(10_000, 7)).toEqual({ tried: 10_000, accepted: 0 });
  });

  test('any bytes get a verdict', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(fc.property(bytes, bytes, (record, sig) => fault({ record, sig }) !== 'verified'));
  });
});

describe('nextSeq', () => {
  test('is the wall clock, and rises all the same when that stands still or goes back', () => {
    expect(nextSeq(WALL, undefined)).toBe(WALL);
    expect(nextSeq(WALL + 5, WALL)).toBe(WALL + 5);
    expect(nextSeq(WALL, WALL)).toBe(WALL + 1);
    expect(nextSeq(WALL - 3_600_000, WALL)).toBe(WALL + 1);
  });
});

describe('joinMetadata', () => {
  test('is that of the only provider, or lists all beside that of the first', () => {
    expect(joinMetadata([])).toEqual({});
    expect(joinMetadata([{ a: 1 }])).toEqual({ a: 1 });
    expect(joinMetadata([{ a: 1 }, { b: 2 }])).toEqual({ a: 1, providers: [{ a: 1 }, { b: 2 }] });
  });
});
