import { describe, expect, test } from 'vitest';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import { questionOf } from '../../../src/mesh/peer/peer-message.ts';

const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
const value = { record: bytes(10), sig: bytes(64) };

describe('a message by name', () => {
  test('is a question that nodes answer; the names of seed 002 mean the same', () => {
    expect(questionOf('ping', undefined)).toEqual({ ok: true, value: { type: 'ping' } });
    expect(questionOf('find_node', { target: 'AB'.repeat(32) })).toEqual({
      ok: true,
      value: { type: 'find_node', target: bytes(32, 0xab) },
    });
    for (const type of ['store', 'dht_store']) {
      expect(questionOf(type, { key: bytes(32), value })).toEqual({
        ok: true,
        value: { type: 'store', key: bytes(32), value },
      });
    }
  });

  test('a key that is a name is hashed', () => {
    expect(questionOf('find_value', { key: 'service.calculator.add' })).toEqual({
      ok: true,
      value: { type: 'find_value', key: procedureKey('service.calculator.add') },
    });
  });

  test('is a copy: what the caller changes later is not sent', () => {
    const key = bytes(32);
    const question = questionOf('find_value', { key });
    key.fill(9);
    expect(question).toEqual({ ok: true, value: { type: 'find_value', key: bytes(32) } });
  });

  test.each([
    ['nat_probe', {}, 'type'],
    ['toString', {}, 'type'],
    [7, {}, 'type'],
    ['find_node', undefined, 'message'],
    ['find_node', { target: bytes(31) }, 'message.target'],
    ['find_node', { target: 'name' }, 'message.target'],
    ['find_value', { key: '' }, 'message.key'],
    ['find_value', { key: bytes(16) }, 'message.key'],
    ['store', { key: bytes(32), value: 'host:1' }, 'message.value'],
    ['store', { key: bytes(32), value: { ...value, sig: bytes(63) } }, 'message.value'],
    ['store', { key: bytes(32), value: { ...value, record: bytes(4_097) } }, 'message.value'],
    ['store', { key: bytes(32), value: { ...value, record: bytes(0) } }, 'message.value'],
  ])('%s with %o names %s', (type, message, field) => {
    expect(questionOf(type, message)).toMatchObject({ ok: false, failure: { tag: 'invalid_args', field } });
  });

  test('one whose fields throw when they are read is no message', () => {
    const message = Object.defineProperty({}, 'key', {
      get: (): never => {
        throw new Error('no');
      },
    });
    expect(questionOf('find_value', message)).toMatchObject({ ok: false, failure: { field: 'message' } });
  });
});
