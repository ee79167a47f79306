/**
 * What the bench `actors` measures: the workloads, their sizes, and what is wanted of our figures (OTP §7).
 *
 * A workload is a number of operations; its figure is operations per second of CPU time, of a process of its own that
 * has done a little of everything before: code that has seen only one thing is faster than it is in any program.
 */
import type { Goal } from '../harness/goal.ts';

export const OURS = 'espalier';
export const FLOOR = 'floor';
export const BEAM = 'beam';
export const XSTATE = 'xstate';
export const EFFECT = 'effect';
export const OTHERS: readonly string[] = [FLOOR, BEAM, XSTATE, EFFECT];

/** Operations of the full size, where the same program runs everywhere. */
export const SIZES = {
  spawn: 200_000,
  'spawn + exit + DOWN': 200_000,
  'ping-pong': 200_000,
  call: 400_000,
  'call, 64 clients': 400_000,
  'call, from an actor': 400_000,
  'statem call': 200_000,
  'fan-in 100 to 1': 1_000_000,
  'ring of 1,000': 1_000_000,
  'dynamic children, 10,000 at a time': 100_000,
  'dynamic children, 100,000 at a time': 100_000,
  'restart, oneForOne': 60_000,
  'oneForAll of 100': 1_000,
  'isolated call, eager': 150_000,
  'isolated call, queued': 150_000,
  'isolated call that throws': 50_000,
  'timer cancelled in its turn': 300_000,
  'timer cancelled later': 300_000,
  'bytes per idle actor': 100_000,
  'bytes per actor after a message': 100_000,
} as const;

export type WorkloadName = keyof typeof SIZES;

/** Does `n` operations. The memory workload keeps what it made until the returned function is called. */
export type Workload = (n: number) => Promise<(() => void) | void>;
export type Workloads = Partial<Record<WorkloadName, Workload>>;

const atLeast = (than: string, ratio: number): Goal => ({ than, atLeast: ratio });

export const GOALS: Readonly<Record<WorkloadName, readonly Goal[]>> = {
  spawn: [],
  'spawn + exit + DOWN': [atLeast(BEAM, 2), atLeast(XSTATE, 10), atLeast(EFFECT, 10)],
  'ping-pong': [atLeast(FLOOR, 0.35), atLeast(BEAM, 2)],
  call: [atLeast(FLOOR, 0.6), atLeast(BEAM, 2), atLeast(XSTATE, 10), atLeast(EFFECT, 10)],
  'call, 64 clients': [atLeast(FLOOR, 0.5)],
  'call, from an actor': [atLeast(BEAM, 2)],
  'statem call': [atLeast(BEAM, 2), atLeast(XSTATE, 10)],
  'fan-in 100 to 1': [atLeast(FLOOR, 0.5), atLeast(BEAM, 2)],
  'ring of 1,000': [atLeast(FLOOR, 0.5), atLeast(BEAM, 2), atLeast(EFFECT, 10)],
  'dynamic children, 10,000 at a time': [],
  'dynamic children, 100,000 at a time': [],
  'restart, oneForOne': [atLeast(BEAM, 1.5)],
  'oneForAll of 100': [atLeast(BEAM, 3)],
  'isolated call, eager': [atLeast(BEAM, 3), atLeast(XSTATE, 50), atLeast(EFFECT, 8)],
  'isolated call, queued': [atLeast(BEAM, 1)],
  'isolated call that throws': [atLeast(FLOOR, 0.6)],
  'timer cancelled in its turn': [atLeast(BEAM, 1.5)],
  'timer cancelled later': [atLeast(BEAM, 1.5)],
  'bytes per idle actor': [{ atMost: 256 }],
  'bytes per actor after a message': [],
};

/** What must be known to read a peer's figures. */
export const NOTES: Readonly<Record<string, string>> = {
  [OURS]: 'with --quick and --smoke fewer dynamic children are there at a time than their rows say',
  [FLOOR]: 'the same work by hand, without pids, links, monitors, bounds, names or reports',
  [BEAM]:
    'one scheduler (+S 1:1), no busy waiting, CPU time by statistics(runtime); dynamic children are gen_servers of a simple_one_for_one, found by whereis; of a task that fails it also makes a log event, which is dropped',
  [XSTATE]:
    'machines; an isolated call is a machine that invokes a promise; no restart, and a ring of 1,000 overflows the stack',
  [EFFECT]: 'a fiber that reads a queue; calls have a timeout, as ours and those of the BEAM',
};
