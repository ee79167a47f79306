/**
 * The benches still run: compiled as `npm run bench` compiles them, one moment per step, ours and peers that need
 * no further package. Nothing is said about time.
 */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// as deep as `build/`, so that it finds what it needs
const folder = mkdtempSync(join(process.cwd(), 'build-docs-bench-'));
const node = (...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 300_000 });
const bench = (...args: readonly string[]): SpawnSyncReturns<string> =>
  node(join(folder, 'bench/main.js'), ...args);

interface Row {
  readonly case: string;
  readonly ours: { readonly median: number } | null;
  readonly peers: Readonly<Record<string, { readonly median: number } | null>>;
  readonly goal: readonly { readonly met: boolean | null; readonly notBuilt?: string }[];
}

interface Report {
  readonly bench: string;
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly skipped: readonly { readonly reason: string }[];
  readonly incidents: readonly unknown[];
}

describe('npm run bench', () => {
  beforeAll(() => {
    const project = ['-p', 'tsconfig.tools.json', '--outDir', folder, '--sourceMap', 'false'];
    const compiled = node('node_modules/typescript/bin/tsc', ...project);
    expect(compiled.status, compiled.stdout).toBe(0);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('all of them measure us and the peers asked for, without an incident', () => {
    const run = bench('all', '--smoke', '--json', '--peers', 'dgram,plain,espalier-fresh,floor');
    expect(run.status, run.stderr).toBe(0);
    const { reports } = JSON.parse(run.stdout) as { readonly reports: readonly Report[] };
    expect(reports.map(({ bench: name }) => name)).toEqual([
      'rpc',
      'local',
      'peer',
      'actors',
      'dht',
      'paths',
      'dist',
      'tunnel',
      'inspect',
      'counters',
    ]);
    for (const { rounds, rows, skipped, incidents } of reports) {
      expect({ rounds, skipped, incidents }).toEqual({ rounds: 1, skipped: [], incidents: [] });
      for (const { case: name, ours, goal } of rows) {
        const built = goal.length === 0 || goal.some(({ notBuilt }) => notBuilt === undefined);
        expect(ours !== null, name).toBe(built);
      }
    }
    const compared = reports.map(({ rows }) => rows[0]?.peers);
    expect(compared.map((peers) => Object.keys(peers ?? {}))).toEqual([
      ['dgram'],
      ['plain'],
      ['espalier-fresh'],
      ['floor'],
      [],
      ['direct'],
      ['mesh call', 'over tcp'],
      ['over quic'],
      ['nobody looks'],
      ['not counted'],
    ]);
    expect(compared.every((peers) => Object.values(peers ?? {})[0] !== null)).toBe(true);
  });

  test('tunnels are measured with Erlang too, where there is one', () => {
    const run = bench('tunnel', '--smoke', '--json');
    expect(run.status, run.stderr).toBe(0);
    const { rounds, rows, skipped, incidents } = JSON.parse(run.stdout) as Report;
    const reasons = skipped.map(({ reason }) => reason);
    for (const reason of reasons) expect(reason).toContain('Erlang is not installed');
    expect({ rounds, incidents }).toEqual({ rounds: 1, incidents: [] });
    for (const { case: name, ours } of rows) expect(ours, name).not.toBeNull();
    expect(rows.some(({ peers }) => 'direct' in peers)).toBe(reasons.length === 0);
  }, 300_000);

  test('wrong usage is told and ends with 2', () => {
    expect(bench('rpc', '--help').stdout).toContain('--peers A,B');
    const refused = bench('rpc', '--peers', 'nobody');
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('There is no peer called "nobody"');
  });
});
