/** An acknowledgment waits for company for 2 ms, and only when it is alone. */
import { expect, test } from 'vitest';

import { AckDelay } from '../../../src/transport/quic/ack-delay.ts';

test('one datagram is acknowledged 2 ms later at the latest, however often it is looked at', () => {
  const acks = new AckDelay();
  acks.came(100);
  expect(acks.few).toBe(true);
  expect(acks.mayWait(100)).toBe(true);
  expect(acks.due).toBe(102);
  expect(acks.mayWait(101)).toBe(true);
  expect(acks.due).toBe(102);
  expect(acks.mayWait(102)).toBe(false);
});

test('the second datagram that says something is acknowledged at once', () => {
  const acks = new AckDelay();
  acks.came(100);
  acks.mayWait(0);
  acks.came(100);
  expect(acks.few).toBe(false);
});

test('what else is to be sent does not wait, and takes the acknowledgment along', () => {
  const acks = new AckDelay();
  acks.came(100);
  acks.busy();
  expect(acks.few).toBe(false);
  acks.sent();
  expect(acks.due).toBe(Infinity);
  acks.came(100);
  expect(acks.few).toBe(true);
  expect(acks.mayWait(50)).toBe(true);
  expect(acks.due).toBe(52);
});

test('without a datagram there is nothing to wait for', () => {
  const acks = new AckDelay();
  expect(acks.few).toBe(false);
  expect(acks.due).toBe(Infinity);
});

test('small datagrams are acknowledgments: they make nothing hurry, until there are many', () => {
  const acks = new AckDelay();
  acks.came(100);
  for (let n = 0; n < 8; n++) {
    acks.came(60);
    expect(acks.few).toBe(true);
  }
  acks.came(60);
  expect(acks.few).toBe(false);
});

test('what was small may have asked for an acknowledgment all the same: it has it in time', () => {
  const acks = new AckDelay();
  acks.came(40);
  expect([acks.few, acks.mayWait(7), acks.due]).toEqual([true, true, 9]);
});
