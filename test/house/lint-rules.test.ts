/**
 * The house's rules are refused by the linter, not by good intentions: each sample breaks one rule and must be
 * refused for it. Runs the linter once over a small tree of samples with the project's own configuration.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** file → [code, rule that must refuse it]; no rule: it must pass. */
const SAMPLES: Readonly<Record<string, readonly [code: string, rule: string | undefined]>> = {
  'src/actor/looks-up.ts': ["import { a } from '../otp/a.ts';\nexport const b = a;", 'no-restricted-imports'],
  'src/otp/looks-up.ts': ["import { a } from '../mesh/a.ts';\nexport const b = a;", 'no-restricted-imports'],
  'src/codec/sees-actor.ts': [
    "import { a } from '../actor/a.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/transport/quic/looks-up.ts': [
    "import { a } from '../../mesh/a.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/mesh/router/looks-up.ts': [
    "import { a } from '../../inspect/a.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/otp/sees-effect-layer.ts': [
    "import { a } from '../effect/a.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/effect/sees-client.ts': [
    "import { a } from '../mesh/client/client.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/effect/errors.ts': [
    "import { a } from '../mesh/errors/rpc-error.ts';\nexport const b = a;",
    undefined,
  ],
  'src/isolation/looks-up.ts': [
    "import { a } from '../mesh/a.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/otp/sees-isolation.ts': [
    "import { a } from '../isolation/a.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/mesh/sees-supervisors.ts': [
    "import { a } from '../../supervisors/a.ts';\nexport const b = a;",
    'no-restricted-imports',
  ],
  'src/actor/effect.ts': ["import { a } from 'effect/Effect';\nexport const b = a;", 'no-restricted-imports'],
  'src/otp/xstate.ts': ["import { setup } from 'xstate';\nexport const b = setup;", 'no-restricted-imports'],
  'src/mesh/effect-barrel.ts': [
    "import { Effect } from 'effect';\nexport const b = Effect;",
    'no-restricted-imports',
  ],
  'src/mesh/cbor.ts': ["import { decode } from 'cbor-x';\nexport const b = decode;", 'no-restricted-imports'],
  'src/mesh/cbor-entry.ts': [
    "import { Decoder } from 'cbor-x/decode';\nexport const b = Decoder;",
    'no-restricted-imports',
  ],
  'src/mesh/timers.ts': [
    "import { setTimeout as wait } from 'node:timers/promises';\nexport const b = wait;",
    'no-restricted-imports',
  ],
  'src/mesh/random-bytes.ts': [
    "import { randomBytes } from 'node:crypto';\nexport const b = randomBytes;",
    'no-restricted-imports',
  ],
  'src/mesh/date.ts': ['export const b = Date.now();', 'no-restricted-globals'],
  'src/mesh/timeout.ts': ['export const b = setTimeout(() => {}, 1);', 'no-restricted-globals'],
  'src/mesh/performance.ts': ['export const b = performance.now();', 'no-restricted-globals'],
  'supervisors/chance.ts': ['export const b = Math.random();', 'no-restricted-properties'],
  'src/otp/default.ts': ['const b = 1;\nexport default b;', 'no-default-export'],
  'src/otp/console.ts': ["console.log('x');\nexport {};", 'no-console'],
  'src/otp/any.ts': ['export const b = (a: any): unknown => a;', 'no-explicit-any'],
  'src/actor/cycle-a.ts': [
    "import { b } from './cycle-b.ts';\nexport const a = (): unknown => b;",
    'no-cycle',
  ],
  'src/actor/cycle-b.ts': [
    "import { a } from './cycle-a.ts';\nexport const b = (): unknown => a;",
    'no-cycle',
  ],
  'src/actor/clock.ts': ['export const b = (): number => performance.now();', undefined],
  'src/actor/random.ts': [
    "import { randomFillSync } from 'node:crypto';\nexport const b = randomFillSync;",
    undefined,
  ],
  'src/mesh/looks-down.ts': ["import { a } from '../otp/a.ts';\nexport const b = a;", undefined],
  'src/codec/effect.ts': ["import { Struct } from 'effect/Schema';\nexport const b = Struct;", undefined],
};

describe('the linter', () => {
  const root = process.cwd();
  const house = mkdtempSync(join(tmpdir(), 'espalier-lint-'));
  const refused = new Map<string, string[]>();

  beforeAll(() => {
    cpSync(join(root, '.oxlintrc.json'), join(house, '.oxlintrc.json'));
    for (const [file, [code]] of Object.entries(SAMPLES)) {
      mkdirSync(dirname(join(house, file)), { recursive: true });
      writeFileSync(join(house, file), `${code}\n`);
    }
    const run = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['-f', 'json', 'src', 'supervisors'], {
      cwd: house,
      encoding: 'utf8',
    });
    const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: { filename: string; code: string }[] };
    for (const { filename, code } of diagnostics)
      refused.set(filename, [...(refused.get(filename) ?? []), code]);
  });

  afterAll(() => {
    rmSync(house, { recursive: true, force: true });
  });

  for (const [file, [, rule]] of Object.entries(SAMPLES)) {
    test(rule === undefined ? `accepts ${file}` : `refuses ${file} by ${rule}`, () => {
      const codes = refused.get(file) ?? [];
      if (rule === undefined) expect(codes).toEqual([]);
      else expect(codes.join(' ')).toContain(rule);
    });
  }
});
