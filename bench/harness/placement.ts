/**
 * Which CPUs a process may use: Linux only, by `taskset`.
 */
import { spawnSync } from 'node:child_process';

/** The CPUs this process may use, or undefined where nobody can tell or change it. */
export function usableCpus(): readonly number[] | undefined {
  const { status, stdout } = spawnSync('taskset', ['-p', '-c', String(process.pid)], { encoding: 'utf8' });
  return status === 0 ? cpuList(stdout.slice(stdout.lastIndexOf(':') + 1).trim()) : undefined;
}

/** All threads of a process to these CPUs. False when the system refused. */
export const place = (pid: number, cpus: readonly number[]): boolean =>
  spawnSync('taskset', ['-a', '-p', '-c', cpus.join(','), String(pid)], { stdio: 'ignore' }).status === 0;

/** `0,2-4` are 0, 2, 3 and 4. */
export function cpuList(text: string): readonly number[] {
  const cpus: number[] = [];
  for (const part of text.split(',')) {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}
