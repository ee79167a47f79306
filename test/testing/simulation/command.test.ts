/**
 * What `npm run sim` says and which exit code it gives, without threads: a suite's jobs run here, one after the other.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulate } from '../../../src/testing/simulation/simulate.ts';
import type { Configuration } from '../../../src/testing/simulation/configuration.ts';
import { command, type Tools } from '../../sim/command.ts';
import { outcomeOf, type JobOutcome } from '../../sim/outcome.ts';
import { SUITES, type Job } from '../../sim/suites.ts';

const SMALL = ['--nodes', '2', '--clients', '0', '--minutes', '0.02', '--faults', '0'];
const VIOLATION = { invariant: 15, at: 1_234.5, detail: 'nobody is found' };

const folder = mkdtempSync(join(tmpdir(), 'espalier-command-'));
beforeAll(() => {
  // the events of a failing run are written below it
  vi.stubEnv('TMPDIR', folder);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

interface Said {
  readonly code: number;
  readonly lines: readonly string[];
}

async function run(args: readonly string[], tools: Partial<Tools> = {}): Promise<Said> {
  const lines: string[] = [];
  const code = await command(args, { say: (line) => lines.push(line), ...tools });
  return { code, lines };
}

/** As the real one, and something is wrong. */
const failing: typeof simulate = async (options) => ({
  ...(await simulate(options)),
  violations: [VIOLATION, VIOLATION],
});

/** The configuration a command line repeats. */
const repeated = (line: string | undefined): Configuration => {
  const [, json = ''] = /--configuration '(.*)'$/.exec(line ?? '') ?? [];
  return JSON.parse(json.replaceAll(String.raw`'\''`, "'")) as Configuration;
};

const inTurn: Tools['runSuite'] = async ({ jobs }, tell) => {
  const outcomes: JobOutcome[] = [];
  for (const job of jobs) {
    outcomes.push(await outcomeOf(job));
    tell(outcomes.at(-1) as JobOutcome, outcomes.length);
  }
  return outcomes;
};

const jobOf = (seed: string, twice = false): Job => ({
  kind: 'mesh',
  options: { seed, nodes: 2, clients: 0, duration: 1_000, faults: 0 },
  twice,
});

test('one run: the last line is its trace, the same for the same seed; it exits with 0', async () => {
  const [first, again, other] = [
    await run(['--seed', '42', ...SMALL]),
    await run(['--seed', '42', ...SMALL]),
    await run(['--seed', '43', ...SMALL]),
  ];
  expect(first.code).toBe(0);
  expect(first.lines.at(-1)).toMatch(/^trace [0-9a-f]{64}$/);
  expect(first.lines.at(-2)).toMatch(/^2 nodes, 0 clients, 2 lives, \d+ events in \d+ virtual ms; /);
  expect(again.lines.at(-1)).toBe(first.lines.at(-1));
  expect(other.lines.at(-1)).not.toBe(first.lines.at(-1));
});

test('a run that violates an invariant exits with 1, says which and when, what repeats it and what happened last', async () => {
  const { code, lines } = await run(['--seed', "it's", ...SMALL], { simulate: failing });
  expect(code).toBe(1);
  expect(lines[0]).toBe("seed it's");
  expect(lines[1], 'for a shell').toContain(String.raw`"seed":"it'\''s"`);
  const report = await simulate(repeated(lines[1]));
  expect(lines[2]).toBe(`its trace ${report.trace}`);
  expect(lines[3]).toBe('invariant 15 violated at 1235 ms: nobody is found');
  expect(lines).toContain(`  ${report.events.at(-1)?.trimEnd()}`);
  expect(lines.at(-1)).toBe(`trace ${report.trace}`);
  const [, file = ''] = /are in (.*)$/.exec(lines.find((line) => line.includes('are in')) ?? '') ?? [];
  const kept = readFileSync(file, 'utf8');
  for (const line of [...report.events, ...report.outcomes]) expect(kept).toContain(line);
});

test('--shrink: the smaller run is a command line too', async () => {
  const { lines } = await run(['--shrink', ...SMALL], {
    simulate: failing,
    shrink: async (configuration) => ({ ...configuration, nodes: 1 }),
  });
  const line = lines.find((one) => one.startsWith('still fails: npm run sim -- '));
  expect(repeated(line)).toMatchObject({ seed: '1', nodes: 1 });
});

test('a suite says how many of its jobs ran, and how many seeds ran twice', async () => {
  const suites = { small: { jobs: [jobOf('a', true), jobOf('b'), jobOf('c')], limit: 60_000 } };
  const all = await run(['--suite', 'small'], { suites, runSuite: inTurn });
  expect(all.lines.at(-1)).toBe('3 of 3 jobs ran, 0 violated');
  expect(all.lines.at(-2)).toMatch(/^\d+ events; 1 seeds ran twice$/);
  expect(all.code).toBe(0);
  const some = await run(['--suite', 'small', '--jobs', '2'], { suites, runSuite: inTurn });
  expect(some.lines.at(-1)).toBe('2 of 2 jobs ran, 0 violated');
  const late: Tools['runSuite'] = ({ jobs, limit }, tell) => inTurn({ jobs: jobs.slice(1), limit }, tell);
  const less = await run(['--suite', 'small'], { suites, runSuite: late });
  expect(less.lines.at(-1), 'its time was over').toBe('2 of 3 jobs ran, 0 violated');
  expect(less.code).toBe(1);
});

test('a suite with --within has that time, and some of its jobs are enough; what they violate is not', async () => {
  const suites = { small: { jobs: [jobOf('a'), jobOf('b')], limit: 60_000 } };
  const limits: number[] = [];
  const late =
    (violations: readonly string[]): Tools['runSuite'] =>
    async ({ jobs, limit }) => {
      limits.push(limit);
      const outcomes = await inTurn({ jobs: jobs.slice(1), limit }, () => {});
      return outcomes.map((one) => ({ ...one, violations }));
    };
  const asked = ['--suite', 'small', '--within', '0.5'];
  const some = await run(asked, { suites, runSuite: late([]) });
  expect(some.lines.at(-1)).toBe('1 of 2 jobs ran, 0 violated');
  expect(some.code).toBe(0);
  expect((await run(asked, { suites, runSuite: late(['15: nobody']) })).code).toBe(1);
  expect(limits).toEqual([30_000, 30_000]);
});

test('the first failure of a suite is told whole and made small, within its time; the suite exits with 1', async () => {
  const suites = { small: { jobs: [jobOf('a'), jobOf('b'), jobOf('c')], limit: 60_000 } };
  const { violations, ...report } = await simulate(jobOf('b').options as never);
  const failure = { ...report, violations: [...violations, VIOLATION] };
  const two: Tools['runSuite'] = async (suite, tell) => {
    const outcomes = await inTurn(suite, () => {});
    const bad = outcomes.map((one, n) => (n > 0 ? { ...one, violations: ['15: nobody'], failure } : one));
    for (const [n, outcome] of bad.entries()) tell(outcome, n + 1);
    return bad;
  };
  const asked: unknown[] = [];
  const { code, lines } = await run(['--suite', 'small'], {
    suites,
    runSuite: two,
    shrink: async (configuration, options) => {
      asked.push(options?.invariants, options?.signal?.aborted);
      return configuration;
    },
  });
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('3 of 3 jobs ran, 2 violated');
  expect(asked, 'once').toEqual([[15], false]);
  expect(lines.filter((line) => line.startsWith('violated after'))).toHaveLength(2);
  expect(lines.filter((line) => line.startsWith('its trace'))).toEqual([`its trace ${failure.trace}`]);
  const line = lines.find((one) => one.startsWith('still fails: '));
  expect(repeated(line)).toEqual(failure.configuration);
});

test.each([
  ['an unknown option', ['--sed', '1'], '--sed'],
  ['no value', ['--seed'], '--seed'],
  ['an unknown suite', ['--suite', 'all'], 'ci, soak'],
  ['no job of a suite', ['--suite', 'ci', '--jobs', 'few'], 'jobs'],
  ['no time for a suite', ['--suite', 'ci', '--within', '0'], 'within'],
  ['more time than timers have', ['--suite', 'ci', '--within', 'Infinity'], 'within'],
  ['time for what is no suite', ['--within', '1'], '--suite'],
  ['jobs of what is no suite', ['--jobs', '1'], '--suite'],
  ['a seed for a suite', ['--suite', 'ci', '--seed', '7'], '--suite cannot'],
  ['a part of a configuration', ['--configuration', '{}', '--nodes=3'], '--configuration cannot'],
  ['nonsense', ['--nodes', 'many'], 'nodes'],
  ['what is no JSON', ['--configuration', '{'], 'JSON'],
  ['what is no configuration', ['--configuration', '{"sead":1}'], 'sead'],
])('%s is refused with 2 and says so', async (_what, args, named) => {
  const { code, lines } = await run(args);
  expect(code).toBe(2);
  expect(lines.join('\n')).toContain(named);
});

test('sim:ci: 200 meshes of 50 and two of 1,000; a quarter outlives refresh and records, some are split, a seventh has NATs; 1 in 20 twice', () => {
  const jobs = (SUITES['ci']?.jobs ?? []).filter((job) => job.kind === 'mesh');
  const fifty = jobs.filter(({ options }) => options.nodes === 50);
  expect([jobs.length, fifty.length]).toEqual([202, 200]);
  const split = fifty.filter(({ options }) => (options.split ?? 0) > 90_000);
  // the start and the calm are 50 s at least
  const long = fifty.filter(({ options }) => (options.duration ?? 0) >= 60_000);
  expect(split.length).toBeGreaterThanOrEqual(10);
  expect(split.length + long.length).toBeGreaterThanOrEqual(50);
  const behind = fifty.filter(({ options }) => options.nat === true);
  expect(behind.length).toBeGreaterThanOrEqual(25);
  const twice = fifty.filter((job) => job.twice);
  expect(twice).toHaveLength(10);
  for (const kind of [split, long, behind]) expect(kind.some((job) => job.twice)).toBe(true);
});
