/** A file with the cookie `secret`, and one with another, for a file of tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface Cookies {
  readonly folder: string;
  readonly right: string;
  readonly wrong: string;
}

export function cookieFiles(): Cookies {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-cookies-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string, cookie: string): string => {
    writeFileSync(join(folder, name), `${cookie}\n`, { mode: 0o400 });
    return join(folder, name);
  };
  return { folder, right: file('right', 'secret'), wrong: file('wrong', 'another') };
}
