/** Whoever waits for a grant that may be lost asks again, later and later, and not while things move. */
import { expect, test } from 'vitest';

import { grantedStreams, keptStreams, Nudge } from '../../../src/transport/quic/nudge.ts';

/** Clock times at which it nudged, asked every 10 ms from 0 on. */
const nudges = (nudge: Nudge, until: number): number[] => {
  const times: number[] = [];
  for (let now = 0; now <= until; now += 10) if (nudge.waits(now, () => now)) times.push(now);
  return times;
};

test('the first comes after a quarter of a second, each further one after twice the pause, at most 8 s', () => {
  expect(nudges(new Nudge(), 40_000)).toEqual([
    250, 750, 1_750, 3_750, 7_750, 15_750, 23_750, 31_750, 39_750,
  ]);
});

test('it has no deadline before something waits, nor after it moved', () => {
  const nudge = new Nudge();
  expect(nudge.due).toBe(Infinity);
  nudge.waits(100, () => 0);
  expect(nudge.due).toBe(350);
  nudge.moves();
  expect(nudge.due).toBe(Infinity);
});

test('what has moved begins with the first pause again', () => {
  const nudge = new Nudge();
  nudges(nudge, 5_000);
  nudge.moves();
  expect(nudges(nudge, 300)).toEqual([250]);
});

test('nothing is spent while nothing comes: the answer would be lost as well', () => {
  const nudge = new Nudge();
  const spent: number[] = [];
  for (let now = 0; now <= 10_000; now += 10)
    if (nudge.waits(now, () => (now < 6_000 ? 1 : 2))) spent.push(now);
  expect(spent).toEqual([250, 6_250]);
});

test('a sender keeps back what a listener adds, and nothing of a few', () => {
  for (let streams = 0; streams <= 200; streams++)
    expect(grantedStreams(streams) - keptStreams(grantedStreams(streams))).toBe(streams);
  expect([1, 3, 6].map(keptStreams)).toEqual([0, 0, 0]);
});
