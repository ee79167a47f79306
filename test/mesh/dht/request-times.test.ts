import { describe, expect, test } from 'vitest';
import { RequestTimes } from '../../../src/mesh/dht/request-times.ts';

const seen = (times: RequestTimes, nodeId: string, samples: readonly number[]): RequestTimes => {
  for (const took of samples) times.observed(nodeId, took);
  return times;
};
const steady = (took: number): number[] => Array.from({ length: 100 }, () => took);

describe('waits', () => {
  test('before anybody has answered there is a guess, longer for whoever must be dialed', () => {
    const times = new RequestTimes();
    expect(times.waits('a')).toEqual({ late: 250, soon: 250, hard: 1_000 });
    expect(times.waits('a', true)).toEqual({ late: 1_000, soon: 1_000, hard: 4_000 });
  });

  test('on a fast line a question is late after 50 ms and over after 400', () => {
    expect(seen(new RequestTimes(), 'a', steady(0.3)).waits('a')).toEqual({ late: 50, soon: 20, hard: 400 });
  });

  test('on a steady line it is late soon after the usual time', () => {
    const { late, hard } = seen(new RequestTimes(), 'a', steady(200)).waits('a');
    expect(late).toBeCloseTo(200, 0);
    expect(hard).toBeCloseTo(800, 0);
  });

  test('where times vary it is waited for longer', () => {
    const samples = Array.from({ length: 100 }, (_each, i) => (i % 2 === 0 ? 100 : 300));
    expect(seen(new RequestTimes(), 'a', samples).waits('a').late).toBeGreaterThan(450);
  });

  test('where times vary one that others overtake is waited for twice the mean, 20 ms at least', () => {
    const samples = Array.from({ length: 100 }, (_each, i) => (i % 2 === 0 ? 20 : 180));
    const { late, soon } = seen(new RequestTimes(), 'a', samples).waits('a');
    expect(late).toBeGreaterThan(350);
    expect(soon).toBeGreaterThan(150);
    expect(soon).toBeLessThan(250);
  });

  test('are never longer than 1 s and 4 s', () => {
    expect(seen(new RequestTimes(), 'a', steady(60_000)).waits('a', true)).toEqual({
      late: 1_000,
      soon: 1_000,
      hard: 4_000,
    });
  });

  test('one who has not answered yet is waited for as for the others, four times as long when dialed', () => {
    const times = seen(new RequestTimes(), 'a', steady(100));
    expect(times.waits('b')).toEqual(times.waits('a'));
    expect(times.waits('b', true).late).toBeCloseTo(400, 0);
  });

  test('a slow peer does not slow down the others', () => {
    const times = new RequestTimes();
    seen(times, 'fast', steady(1));
    seen(times, 'slow', [900]);
    expect(times.waits('fast').late).toBe(50);
    expect(times.waits('slow').late).toBe(1_000);
  });
});

test('a thousand peers are remembered, those heard of last', () => {
  const times = new RequestTimes();
  seen(times, 'old', [900]);
  for (let i = 0; i < 1_023; i++) times.observed(`peer ${i}`, 1);
  expect(times.size).toBe(1_024);
  expect(times.waits('old').late).toBe(1_000);
  times.observed('old', 900);
  times.observed('new', 1);
  expect(times.waits('old').late).toBe(1_000);
  for (let i = 0; i < 5_000; i++) times.observed(`other ${i}`, 1);
  expect(times.size).toBe(1_024);
  expect(times.waits('old').late).toBe(50);
});
