/**
 * A short reference in a docstring or test (`DESIGN §8`, `OTP S2`) can be followed: docs/decisions.md has it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const NOTES = 'DESIGN|SPEC|SECURITY|TRANSPORT|OTP|RELIABILITY|INSPECTOR|TOOLS|STYLE|DIST|BASELINES';
const REFERENCE = new RegExp(`\\b(${NOTES}) (§\\d+|[A-Z]\\d+)`, 'g');

function referencesIn(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(ts|mjs|md)$/.test(name) || name.includes('node_modules')) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    for (const [, note = '', place = ''] of text.matchAll(REFERENCE))
      found.set(`${note} ${place}`, join(folder, name));
  }
  return found;
}

/** What the page explains: `NOTE §1, §2` and `NOTE A1, A2` in the first column of its tables. */
function explained(): ReadonlySet<string> {
  const all = new Set<string>();
  for (const line of readFileSync('docs/decisions.md', 'utf8').split('\n')) {
    const cell = new RegExp(`^\\| (${NOTES}) ([^|]+) \\|`).exec(line);
    if (cell === null) continue;
    for (const place of (cell[2] ?? '').split(',')) all.add(`${cell[1]} ${place.trim()}`);
  }
  return all;
}

describe('references', () => {
  const known = explained();

  test('the page explains some', () => {
    expect(known.size).toBeGreaterThan(50);
  });

  for (const folder of ['src', 'supervisors', 'test', 'bench']) {
    test(`every reference in ${folder} is explained`, () => {
      const missing = [...referencesIn(folder)].filter(([reference]) => !known.has(reference));
      expect(missing).toEqual([]);
    });
  }
});
