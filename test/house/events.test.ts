/**
 * docs/operations.md shows the catalogue of events as it is: a row per event, in its order, with level, fields and
 * meaning. On a difference the test prints the rows as they have to be.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, definitionOf, type EventName } from '../../src/mesh/events/catalogue.ts';

const NAMES = Object.keys(CATALOGUE) as EventName[];

function row(name: EventName): string {
  const { level, fields, meaning, perSecond } = definitionOf(name);
  const shown = Object.entries(fields).map(([field, spec]) => {
    const optional = spec.endsWith('?') ? '?' : '';
    const type = spec.replace('?', '');
    const unit = type === 'ms' || type === 'bytes' ? ` (${type})` : '';
    return `\`${field}\`${optional}${unit === ` (${field})` ? '' : unit}`;
  });
  const sampled = perSecond === undefined ? '' : `, ${perSecond}/s`;
  return `| \`${name}\` | ${level}${sampled} | ${shown.join(', ')} | ${meaning} |`;
}

describe('docs/operations.md', () => {
  test('shows every event of the catalogue, and no other', () => {
    const text = readFileSync('docs/operations.md', 'utf8');
    const section = text.slice(text.indexOf('## Events'), text.indexOf('## Listening'));
    expect(section.split('\n').filter((line) => line.startsWith('| `'))).toEqual(NAMES.map(row));
  });
});

describe('the catalogue', () => {
  test('has names of the form area.what and meanings of one line', () => {
    for (const name of NAMES) {
      expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
      expect(definitionOf(name).meaning).toMatch(/^[^\n|]{10,120}$/);
    }
  });

  test('is all there is: no line is written to a log but by the hub, the reporter and the state machines', () => {
    const writers = new Set<string>();
    for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(join('src', file), 'utf8');
      if (/logger\??\.(trace|debug|info|warn|error|fatal)\(|logger\[\w+\]\(/.test(text)) writers.add(file);
    }
    expect([...writers].toSorted()).toEqual([
      'actor/logger.ts',
      'actor/report.ts',
      'mesh/events/hub.ts',
      'xstate/cell.ts',
    ]);
  });
});
