/**
 * Random supervisor scripts on OTP's supervisor and on ours, with equal traces (OTP §3):
 * `npm run differential -- [--scripts N] [--seed N] [--record FILE] [--recheck]`.
 *
 * `--seed` is the first script's; the default is drawn from the time. `--record` writes the scripts with OTP's traces
 * to a file of `fixtures/`. `--recheck` plays the recorded scripts again and compares with what was recorded.
 *
 * Exits with 1 on a difference. Without `erl` it says so and exits with 0: the recorded scripts are replayed by
 * `npm test` anyway.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { explain, firstDifference, shrink } from './compare.ts';
import { Oracle, otpRelease } from './erlang.ts';
import { readFixtures, writeFixtures } from './fixtures.ts';
import { generate } from './generate.ts';
import { replay } from './replay.ts';
import type { Script, Trace } from './script.ts';

const HERE = resolve(import.meta.dirname, '../../..', 'test/differential');
const FIXTURES = join(HERE, 'fixtures');
/** Scripts that run in one VM at once. */
const AT_ONCE = 250;
/** Differences that are made small and shown; more of them are only counted. */
const SHOWN = 3;

/** Ours; a script that hangs or breaks the replay is a difference too. */
async function ours(script: Script): Promise<Trace> {
  try {
    return await replay(script);
  } catch (error) {
    return [`replay failed: ${String(error)}`];
  }
}

interface Pair {
  readonly script: Script;
  readonly otp: Trace;
  readonly ours: Trace;
}

async function compareAll(oracle: Oracle, scripts: readonly Script[]): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (let at = 0; at < scripts.length; at += AT_ONCE) {
    const some = scripts.slice(at, at + AT_ONCE);
    const traces = oracle.play(some);
    for (const [n, script] of some.entries())
      pairs.push({ script, otp: traces[n] as Trace, ours: await ours(script) });
  }
  return pairs;
}

/** Differences that are still there when a script has the machine to itself: an overloaded one stretches time. */
const confirmed = (oracle: Oracle, suspects: readonly Pair[]): readonly Pair[] =>
  suspects.filter(({ script, ours: trace }) => {
    const [otp] = oracle.play([script]);
    return otp === undefined || firstDifference(otp, trace) !== undefined;
  });

async function show(oracle: Oracle, script: Script): Promise<void> {
  const smallest = await shrink(script, async (scripts) =>
    (await compareAll(oracle, scripts)).map((pair) => firstDifference(pair.otp, pair.ours) !== undefined),
  );
  for (const pair of await compareAll(oracle, [smallest]))
    console.log(`${explain(pair.script, pair.otp, pair.ours)}\n     ${JSON.stringify(smallest.ops)}\n`);
}

async function fresh(
  oracle: Oracle,
  scripts: readonly Script[],
  otp: string,
  file?: string,
): Promise<number> {
  const begin = performance.now();
  const pairs = await compareAll(oracle, scripts);
  const suspects = pairs.filter((pair) => firstDifference(pair.otp, pair.ours) !== undefined);
  const different = confirmed(oracle, suspects);
  for (const { script } of suspects)
    if (!different.some((pair) => pair.script === script))
      console.log(`seed ${script.seed}: OTP did something else the second time, as ours did the first`);
  const steps = pairs.reduce((sum, pair) => sum + pair.otp.length, 0);
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
  for (const { script } of different.slice(0, SHOWN)) await show(oracle, script);
  if (different.length > 0)
    console.log(`seeds that differ: ${different.map(({ script }) => script.seed).join(' ')}`);
  console.log(
    `differential: ${pairs.length} scripts, ${steps} steps, ${different.length} differ (OTP ${otp}, seeds ${scripts[0]?.seed} to ${scripts.at(-1)?.seed}, ${seconds} s)`,
  );
  if (file !== undefined)
    writeFixtures(
      resolve(FIXTURES, file),
      pairs.map((pair) => ({ otp, ...pair.script, trace: pair.otp })),
    );
  return different.length === 0 ? 0 : 1;
}

/** The recorded scripts once more: OTP must say what it said. */
function recheck(oracle: Oracle): number {
  let count = 0;
  let changed = 0;
  for (const [file, fixtures] of readFixtures(FIXTURES)) {
    const traces = oracle.play(fixtures);
    for (const [n, fixture] of fixtures.entries()) {
      count++;
      const trace = traces[n] as Trace;
      const at = firstDifference(fixture.trace, trace);
      if (at === undefined) continue;
      changed++;
      console.log(
        `${file}, seed ${fixture.seed}, step ${at}\n     then ${fixture.trace[at]}\n     now  ${trace[at]}`,
      );
    }
  }
  console.log(`differential: ${count} recorded scripts played again, ${changed} changed`);
  return changed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      scripts: { type: 'string', default: '200' },
      seed: { type: 'string' },
      record: { type: 'string' },
      recheck: { type: 'boolean', default: false },
    },
  });
  const count = Number(values.scripts);
  const seed =
    values.seed === undefined ? Math.floor(Date.now() / 1_000) % 1_000_000_000 : Number(values.seed);
  if (!(Number.isInteger(count) && count > 0 && Number.isSafeInteger(seed))) {
    console.error('--scripts and --seed are whole numbers, the first at least 1');
    return 2;
  }
  const otp = otpRelease();
  if (otp === undefined) {
    console.log('differential: skipped, there is no erl on the path (Debian: apt-get install erlang-base)');
    return 0;
  }
  const oracle = new Oracle(join(HERE, 'driver.erl'));
  try {
    if (values.recheck) return recheck(oracle);
    return await fresh(
      oracle,
      Array.from({ length: count }, (_, n) => generate(seed + n)),
      otp,
      values.record,
    );
  } finally {
    oracle.close();
  }
}

process.exitCode = await main();
