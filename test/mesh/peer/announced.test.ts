import { expect, test } from 'vitest';
import { announced, classOf } from '../../../src/mesh/peer/announced.ts';

test.each([
  ['203.0.113.5:1', '198.51.100.1:9', true],
  ['10.0.0.5:1', '198.51.100.1:9', false],
  ['10.0.0.5:1', '192.168.1.1:9', true],
  ['[fd00::1]:1', '10.0.0.1:9', true],
  ['127.0.0.1:1', '198.51.100.1:9', false],
  ['127.0.0.1:1', '10.0.0.1:9', false],
  ['127.0.0.1:1', '127.0.0.1:9', true],
  ['10.0.0.5:1', '127.0.0.1:9', true],
  ['203.0.113.5:1', '127.0.0.1:9', true],
])('whether %s is told to %s: %s', (address, to, told) => {
  const contact = { id: new Uint8Array(32), nodeId: '', address };
  expect(announced(contact, classOf(to))).toBe(told);
  // and again from what is remembered
  expect(announced(contact, classOf(to))).toBe(told);
});
