/**
 * The documents tell the truth: code blocks marked `js run` run as they stand, by the package's own name.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const DOCUMENTS = [
  'README.md',
  'docs/best-practices.md',
  'docs/discovery.md',
  'docs/dist-relay.md',
  'docs/distribution.md',
  'docs/inspector.md',
  'docs/migrating-from-wamp.md',
  'docs/naming.md',
  'docs/nat-and-relays.md',
  'docs/otp-for-node.md',
  'docs/operations.md',
  'docs/stations.md',
  'docs/testing.md',
];

/** The code and, from its `// …` comments behind `console.log`, what it says it prints. */
interface Block {
  readonly code: string;
  readonly printed: readonly string[];
}

function blocksOf(document: string): readonly Block[] {
  return [...readFileSync(document, 'utf8').matchAll(/```js run\n([\s\S]*?)```/g)].map(([, code = '']) => ({
    code,
    printed: [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, said = '']) => said),
  }));
}

describe('code blocks', () => {
  // inside the package, so that its own name resolves
  const folder = mkdtempSync(join(process.cwd(), 'build-docs-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  for (const document of DOCUMENTS) {
    const blocks = blocksOf(document);
    test(`${document} has some`, () => {
      expect(blocks.length).toBeGreaterThan(0);
    });
    blocks.forEach(({ code, printed }, index) => {
      test(`${document}, block ${index + 1}, runs, ends by itself and prints what it says`, () => {
        const file = join(folder, `block-${index}.mjs`);
        writeFileSync(file, code);
        const run = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
        expect(run.stderr).toBe('');
        expect(run.status).toBe(0);
        for (const said of printed) expect(run.stdout).toContain(said);
      });
    });
  }
});
