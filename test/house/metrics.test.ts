/**
 * docs/operations.md shows the metrics as they are: a row per metric, in its order, with kind, labels and meaning. On a
 * difference the test prints the rows as they have to be.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { METRICS, PREFIX, type MetricDefinition } from '../../src/inspect/metrics/catalogue.ts';

const ALL: readonly [string, MetricDefinition][] = Object.entries(METRICS);

const row = ([name, { type, labels = [], meaning }]: (typeof ALL)[number]): string =>
  `| \`${PREFIX}${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${meaning} |`;

describe('docs/operations.md', () => {
  test('shows every metric, and no other', () => {
    const text = readFileSync('docs/operations.md', 'utf8');
    const section = text.slice(text.indexOf('## Metrics'), text.indexOf('## Tracing'));
    const rows = section.split('\n').filter((line) => /^\| `espalier_[a-z_]+` \|/.test(line));
    expect(rows.map((line) => line.replace('|  |', '| |'))).toEqual(
      ALL.map((one) => row(one).replace('|  |', '| |')),
    );
  });
});

describe('the metrics', () => {
  test('have names as Prometheus wants them, and meanings of one line', () => {
    for (const [name, { type, meaning }] of ALL) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(meaning).toMatch(/^[^\n|\\]{10,160}$/);
    }
  });
});
