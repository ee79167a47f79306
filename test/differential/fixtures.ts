/**
 * Recorded scripts: files of one JSON object a line, in `fixtures/`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fixture } from './script.ts';

/** All of them, file by file. @param folder `test/differential/fixtures` */
export function readFixtures(folder: string): ReadonlyMap<string, readonly Fixture[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ndjson'));
  return new Map(
    files.toSorted().map((file) => [
      file,
      readFileSync(join(folder, file), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Fixture),
    ]),
  );
}

export function writeFixtures(file: string, fixtures: readonly Fixture[]): void {
  writeFileSync(file, fixtures.map((fixture) => `${JSON.stringify(fixture)}\n`).join(''));
}
