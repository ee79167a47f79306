/**
 * What every report tells of its run, whatever is measured.
 */
import { availableParallelism, loadavg } from 'node:os';
import type { BenchOptions } from './bench.ts';
import type { Report } from './report.ts';
import { rounded } from './statistics.ts';

type Circumstances = Pick<Report, 'node' | 'cpus' | 'rounds' | 'date' | 'quick' | 'load'>;

/** Called before anything is measured; what it gives is called after, with the rounds that are complete. */
export function circumstances({ quick, smoke }: BenchOptions): (rounds: number) => Circumstances {
  const load = (): number => rounded(loadavg()[0] ?? 0);
  const before = load();
  return (rounds) => ({
    node: process.version,
    cpus: availableParallelism(),
    rounds,
    date: new Date().toISOString(),
    quick: quick || smoke,
    load: [before, load()],
  });
}
