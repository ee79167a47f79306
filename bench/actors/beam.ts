/**
 * Runs the workloads on the BEAM, when there is one.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { WorkloadName } from './cases.ts';
import type { Cost } from './messages.ts';

/** The source, seen from `build/bench/actors/`. */
const SOURCE = new URL('../../../bench/actors/beam.erl', import.meta.url);
/** Milliseconds a workload may take. */
const LIMIT = 120_000;

/** What beam.erl calls them. */
const NAMES: Readonly<Record<WorkloadName, string>> = {
  spawn: 'spawn',
  'spawn + exit + DOWN': 'spawn_down',
  'ping-pong': 'ping_pong',
  call: 'call',
  'call, 64 clients': 'call64',
  'call, from an actor': 'call',
  'statem call': 'statem',
  'fan-in 100 to 1': 'fan_in',
  'ring of 1,000': 'ring',
  'dynamic children, 10,000 at a time': 'dynamic_10k',
  'dynamic children, 100,000 at a time': 'dynamic_100k',
  'restart, oneForOne': 'restart',
  'oneForAll of 100': 'one_for_all',
  'isolated call, eager': 'isolated',
  'isolated call, queued': 'isolated',
  'isolated call that throws': 'isolated_throw',
  'timer cancelled in its turn': 'timers',
  'timer cancelled later': 'timers_later',
  'bytes per idle actor': 'bytes',
  'bytes per actor after a message': 'bytes',
};

/** The compiled program; made once, removed at the end. */
export class Beam {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** A string says why there is none. */
  static compile(): Beam | string {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-beam-'));
    try {
      execFileSync('erlc', ['-o', folder, fileURLToPath(SOURCE)], { stdio: ['ignore', 'pipe', 'pipe'] });
      return new Beam(folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      const code = (error as NodeJS.ErrnoException).code;
      return code === 'ENOENT'
        ? 'Erlang is not installed (erlc)'
        : `beam.erl does not compile: ${String(error)}`;
    }
  }

  async measure(workload: WorkloadName, n: number, repeats: number): Promise<Cost> {
    const flags = [
      '+S',
      '1:1',
      '+SDio',
      '1',
      '+sbwt',
      'none',
      '+sbwtdcpu',
      'none',
      '+sbwtdio',
      'none',
      '+P',
      '1000000',
    ];
    const run = [
      '-noshell',
      '-pa',
      this.#folder,
      '-run',
      'beam',
      'main',
      NAMES[workload],
      String(n),
      String(repeats),
    ];
    const { stdout } = await promisify(execFile)('erl', [...flags, ...run], {
      timeout: LIMIT,
      // one that crashes writes nothing into the folder it was called from
      env: { ...process.env, ERL_CRASH_DUMP_BYTES: '0' },
    });
    const lines = stdout.trim().split('\n');
    const bytes = /^bytes (\d+)$/.exec(lines[0] ?? '');
    if (bytes !== null) return { tag: 'bytes', bytes: Number(bytes[1]) };
    const times = lines.map((line) => line.split(' ').map(Number));
    if (times.length !== repeats || times.flat().some(Number.isNaN))
      throw new Error(`the BEAM said ${stdout}`);
    return {
      tag: 'times',
      // CPU time comes in milliseconds: a run below one counts as one
      runs: times.map(([cpu = 0, wall = 0]) => ({ cpu: Math.max(1_000, cpu), wall })),
    };
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
