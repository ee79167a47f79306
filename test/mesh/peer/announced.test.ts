import { expect, test } from 'vitest';
import { announced, classOf, isSameEverywhere } from '../../../src/mesh/peer/announced.ts';

const contactAt = (address: string) => ({ id: new Uint8Array(32), nodeId: '', address });

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
])('whether %s is told to %s, and believed from there: %s', (address, to, told) => {
  const contact = contactAt(address);
  expect(announced(contact, classOf(to))).toBe(told);
  // and again from what is remembered
  expect(announced(contact, classOf(to))).toBe(told);
});

test.each(['169.254.169.254:80', '[fe80::1]:1', '[::1]:1', '[::ffff:127.0.0.1]:1', '[::ffff:10.0.0.1]:1'])(
  'a public peer does not make us dial %s',
  (address) => {
    expect(announced(contactAt(address), 'public')).toBe(false);
  },
);

test.each([
  '',
  'host.example:1',
  '203.0.113.5',
  '203.0.113.5:0',
  '0.0.0.0:1',
  '255.255.255.255:1',
  '[ff02::1]:1',
])('what is no address is told by nobody: %j', (address) => {
  const contact = contactAt(address);
  for (const from of ['loopback', 'private', 'public'] as const) expect(announced(contact, from)).toBe(false);
});

test.each([
  ['203.0.113.5:1', true],
  ['10.0.0.1:1', true],
  ['[2001:db8::1]:1', true],
  ['127.0.0.2:1', false],
  ['[::1]:1', false],
  ['[::ffff:127.0.0.1]:1', false],
  ['169.254.1.1:1', false],
  ['[fe80::1]:1', false],
  ['[::ffff:169.254.1.1]:1', false],
  ['nowhere', false],
])('whether %s means the same on every machine: %s', (address, same) => {
  expect(isSameEverywhere(address)).toBe(same);
});
