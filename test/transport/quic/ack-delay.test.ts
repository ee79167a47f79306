/** An acknowledgment waits for company for 2 ms, only when it is alone, and only when nobody needs what waits with it. */
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

test.each([
  [[15_999], true],
  [[16_000], false],
  [[15_999, 40], false],
])('16,000 bytes do not wait, since the peer may have used up its credit: %j, %s', (sizes, waits) => {
  const acks = new AckDelay();
  for (const size of sizes) acks.came(size);
  expect(acks.few).toBe(waits);
  acks.sent(0);
  acks.came(100);
  expect(acks.few).toBe(true);
});

test.each([
  [[2_048], true],
  [[2_049], false],
  [[1_200, 2_400], false],
])(
  'of more than 2,048 bytes sent since nothing was in flight some may have been kept back: they leave now; %j in all, %s',
  (totals, waits) => {
    const acks = new AckDelay();
    for (const total of totals) acks.sent(total);
    acks.came(100);
    expect(acks.mayWait(0)).toBe(waits);
    acks.sent(Math.max(...totals) + 2_048);
    acks.came(100);
    expect(acks.mayWait(0)).toBe(true);
  },
);

test('what else is to be sent does not wait, and takes the acknowledgment along', () => {
  const acks = new AckDelay();
  acks.came(100);
  acks.busy();
  expect(acks.few).toBe(false);
  acks.sent(0);
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
