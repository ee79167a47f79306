/** Searches that have been at a station: known for a minute, bounded. */
import { expect, test } from 'vitest';
import { SearchesSeen } from '../../../src/mesh/router/searches-seen.ts';

test('a search is new once, for 60 s', () => {
  const searches = new SearchesSeen();
  expect([searches.add('a', 0), searches.add('a', 0), searches.add('b', 1)]).toEqual([true, false, true]);
  expect(searches.add('a', 59_999)).toBe(false);
  expect(searches.add('a', 60_000)).toBe(true);
  // coming back made it no younger
  expect(searches.add('b', 60_001)).toBe(true);
});

test('those that are over leave with the next one', () => {
  const searches = new SearchesSeen();
  for (let n = 0; n < 1_000; n++) searches.add(`${n}`, n);
  expect(searches.size).toBe(1_000);
  searches.add('late', 60_499);
  expect(searches.size).toBe(501);
  searches.add('later', 200_000);
  expect(searches.size).toBe(1);
});

test('32,768 at most: the oldest is forgotten first', () => {
  const searches = new SearchesSeen();
  let fresh = 0;
  for (let n = 0; n < 50_000; n++) if (searches.add(`${n}`, 1)) fresh++;
  expect(fresh).toBe(50_000);
  expect(searches.size).toBe(32_768);
  expect(searches.add('49999', 1)).toBe(false);
  expect(searches.add('1', 1)).toBe(true);
});

test('what strangers begin makes no room among our own and those of our peers', () => {
  const searches = new SearchesSeen();
  searches.add('ours', 0);
  for (let n = 0; n < 50_000; n++) searches.add(`${n}`, 1, 'strange');
  expect(searches.size).toBe(32_769);
  // one that went round comes back from another side
  expect([searches.add('ours', 2, 'strange'), searches.add('49999', 2)]).toEqual([false, false]);
});
