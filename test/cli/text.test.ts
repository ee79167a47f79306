/**
 * What the command writes for people: columns, durations, the way of a call.
 */
import { describe, expect, test } from 'vitest';
import { columns } from '../../src/cli/columns.ts';
import { duration, millis } from '../../src/cli/duration.ts';
import { explainText } from '../../src/cli/explain-text.ts';

describe('columns', () => {
  test('are as wide as their widest cell, and nothing hangs behind the last', () => {
    expect(
      columns([
        ['a', 'bb', ''],
        ['aaa', 'b', 'c'],
      ]),
    ).toEqual(['a    bb', 'aaa  b   c']);
    expect(columns([])).toEqual([]);
  });
});

describe('durations', () => {
  test('have two units at most, rounded down', () => {
    expect([0, 999, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 90_061_000].map(duration)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min 0 s',
      '59 min 59 s',
      '1 h 0 min',
      '23 h 59 min',
      '1 d 1 h',
    ]);
    expect(millis(1.005_9)).toBe('1.01 ms');
  });
});

describe('the way of a call', () => {
  const took = { discovery: 12.3, ms: 20 };

  test('names tier, providers, hops and times, and everybody who was tried', () => {
    expect(
      explainText({
        tier: 'dht',
        providers: 2,
        hops: 3,
        ...took,
        attempts: [
          { node: 'ab'.repeat(32), route: 'dht', outcome: 'connection_error', sent: false, ms: 1 },
          { node: '', route: 'dht', outcome: 'ok', sent: true, ms: 2.5 },
        ],
      }),
    ).toEqual([
      'found: dht; 2 providers known, 3 hops; 12.30 ms to find, 20.00 ms in all',
      '  1  abababababababab  dht  connection_error  not sent  1.00 ms',
      '  2  -                 dht  ok                sent      2.50 ms',
    ]);
  });

  test('says when there was nobody, and nothing of hops when there was no lookup', () => {
    const nobody = { tier: undefined, providers: 0, hops: undefined, ...took, attempts: [] };
    expect(explainText(nobody)).toEqual([
      'found: nobody; 0 providers known; 12.30 ms to find, 20.00 ms in all',
    ]);
    expect(explainText({ ...nobody, tier: 'cache', providers: 1, hops: 1 })[0]).toContain(
      '1 provider known, 1 hop;',
    );
  });
});
