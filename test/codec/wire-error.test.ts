import { expect, test } from 'vitest';
import { WIRE_CODES, wireCodeOf, wireErrorOf, type ErrorTag } from '../../src/codec/wire-error.ts';

const tags = Object.keys(WIRE_CODES) as ErrorTag[];

test.each(tags.filter((tag) => tag !== 'protocol_error'))('%s travels as itself and comes back', (tag) => {
  expect(wireCodeOf(tag)).toBe(tag);
  expect(wireErrorOf(tag)).toEqual({ tag });
});

test('the fifteen tags of the contract are all there', () => {
  expect(tags).toHaveLength(15);
});

test('protocol_error never travels: its stream is closed', () => {
  expect(wireCodeOf('protocol_error')).toBeUndefined();
  expect(wireErrorOf('protocol_error')).toEqual({ tag: 'handler_error', code: 'protocol_error' });
});

test('relay_unreachable is a cross_relay_error that keeps its code', () => {
  expect(wireErrorOf('relay_unreachable')).toEqual({ tag: 'cross_relay_error', code: 'relay_unreachable' });
});

test.each(['quota_exceeded', '', 'toString', '__proto__', 'TIMEOUT'])(
  'unknown code %j is a handler_error that keeps it',
  (code) => {
    expect(wireErrorOf(code)).toEqual({ tag: 'handler_error', code });
  },
);
