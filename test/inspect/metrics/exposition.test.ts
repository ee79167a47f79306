import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { Histogram } from '../../../src/actor/histogram.ts';
import { family as pieces } from '../../../src/inspect/metrics/exposition.ts';
import { parsed } from './prometheus.ts';

const family = (...args: Parameters<typeof pieces>): string => [...pieces(...args)].join('');

const counter = { type: 'counter', meaning: 'what it counts' } as const;

describe('family', () => {
  test('is read by others as it was meant: name, kind, meaning, labels and values', () => {
    const text = family('a_total', counter, [
      { labels: { procedure: 'a.b', route: 'dht' }, value: 3 },
      { labels: { procedure: 'a.c', route: 'local' }, value: 1e21 },
      { value: Infinity },
    ]);
    expect(parsed(text)).toEqual([
      {
        name: 'a_total',
        help: 'what it counts',
        type: 'COUNTER',
        metrics: [
          { value: '3', labels: { procedure: 'a.b', route: 'dht' } },
          { value: '1e+21', labels: { procedure: 'a.c', route: 'local' } },
          { value: '+Inf' },
        ],
      },
    ]);
  });

  test('a histogram has cumulative buckets in the unit that is shown, a sum and a count', () => {
    const histogram = new Histogram([0.1, 25, 1_000]);
    for (const value of [0.1, 20, 30, 5_000]) histogram.observe(value);
    const text = family('a_seconds', { type: 'histogram', meaning: 'x' }, [{ histogram, unit: 0.001 }]);
    expect(parsed(text)[0]?.metrics).toEqual([
      { buckets: { '0.0001': '1', '0.025': '2', '1': '3', '+Inf': '4' }, sum: '5.0501', count: '4' },
    ]);
  });

  test('nothing is written without samples', () => {
    expect(family('a_total', counter, [])).toBe('');
  });

  test('whatever a label is, it is one line and is read as it was, but for control characters and length', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({
        unit: fc.constantFrom('"', '\\', '\n', '}', ',', '=', ' ', 'n', '\u202e', '\0', '\ud800'),
      }),
    );
    fc.assert(
      fc.property(hostile, (procedure) => {
        const text = family('a_total', counter, [{ labels: { procedure }, value: 1 }]);
        expect(text.split('\n')).toHaveLength(4);
        expect(text).not.toMatch(/[^\P{C}\n]/u);
        const shown = procedure.slice(0, 255).replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, '\ufffd');
        expect(parsed(text)[0]?.metrics).toEqual([{ value: '1', labels: { procedure: shown } }]);
      }),
    );
  });
});
