/**
 * The order of callbacks is that of OTP 25.2.3's gen_statem, recorded for random programs. To record anew, where
 * `erl` exists: `ESPALIER_RECORD=1 npx vitest run --project unit test/otp/gen-statem/recorded.test.ts`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { programs, termOf, traceOf, type Program } from './recorded/program.ts';

const FOLDER = join(import.meta.dirname, 'recorded');
const FIXTURE = join(FOLDER, 'otp-25.json');

interface Fixture {
  readonly seed: string;
  readonly traces: readonly string[];
}

/** What OTP does with them. */
function record(all: readonly Program[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-statem-'));
  try {
    writeFileSync(join(folder, 'in'), all.map(termOf).join('\n'));
    const source = JSON.stringify(join(FOLDER, 'order'));
    const run = `{ok, order} = compile:file(${source}), order:main("in", "out").`;
    execFileSync('erl', ['-noshell', '-eval', run], { cwd: folder });
    return readFileSync(join(folder, 'out'), 'utf8').trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('callbacks are called in the order of OTP, for 400 recorded programs', async () => {
  if (process.env['ESPALIER_RECORD'] !== undefined) {
    const seed = process.env['ESPALIER_SEED'] ?? 'gen_statem';
    const fixture: Fixture = { seed, traces: record(programs(400, seed)) };
    writeFileSync(FIXTURE, `${JSON.stringify(fixture, undefined, 2)}\n`);
  }
  const { seed, traces } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Fixture;
  expect(traces.length).toBe(400);
  const all = programs(traces.length, seed);
  for (const [at, trace] of traces.entries()) {
    const program = all[at] as Program;
    expect(await traceOf(program), `program ${at} of seed ${seed}: ${termOf(program)}`).toBe(trace);
  }
});

test('and in the same order when callbacks give promises, all of them or every third', async () => {
  const { seed, traces } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Fixture;
  const all = programs(traces.length, seed);
  for (const [at, trace] of traces.entries()) {
    const program = all[at] as Program;
    const where = `program ${at} of seed ${seed}: ${termOf(program)}`;
    expect(await traceOf(program, () => true), where).toBe(trace);
    expect(await traceOf(program, (callback) => callback % 3 === 0), where).toBe(trace);
  }
});
