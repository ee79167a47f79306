/** When a link says something again because nothing is acknowledged. */
import { expect, test } from 'vitest';

import { Unanswered } from '../../../src/transport/memory/unanswered.ts';

test('nothing is due when nothing was sent, or all of it is acknowledged', () => {
  const unanswered = new Unanswered();
  expect([unanswered.outstanding, unanswered.due(20)]).toEqual([false, Infinity]);
  unanswered.sent(100);
  expect(unanswered.outstanding).toBe(true);
  unanswered.acknowledged(99);
  expect(unanswered.outstanding).toBe(true);
  unanswered.acknowledged(100);
  expect([unanswered.outstanding, unanswered.due(20)]).toEqual([false, Infinity]);
});

test('three round trips after the last packet, 25 ms at least, a second while no round trip is known', () => {
  const unanswered = new Unanswered();
  unanswered.sent(100);
  expect([unanswered.due(20), unanswered.due(1), unanswered.due(0)]).toEqual([160, 125, 1_100]);
  unanswered.sent(130);
  expect(unanswered.due(20)).toBe(190);
});

test('the pause doubles with each probe, up to 64 times, and starts anew with an acknowledgment', () => {
  const unanswered = new Unanswered();
  const pauses: number[] = [];
  unanswered.sent(0);
  for (let now = 0, probe = 0; probe < 9; probe++) {
    pauses.push(unanswered.due(20) - now);
    now = unanswered.due(20);
    unanswered.probed(now);
  }
  expect(pauses).toEqual([60, 120, 240, 480, 960, 1_920, 3_840, 3_840, 3_840]);
  unanswered.acknowledged(0);
  unanswered.sent(100_000);
  expect(unanswered.due(20)).toBe(100_060);
});
