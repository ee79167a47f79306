/**
 * What a supervisor knows of a child before it runs: plain data and one start function.
 */
import type { Pid } from '../actor/pid.ts';
import { Process, type Self } from '../actor/process.ts';
import type { MaybePromise } from './sequence.ts';
import type { StartResult } from './start.ts';
import type { Shutdown } from './stop.ts';
import type { Restart } from './strategy.ts';

export type ChildType = 'worker' | 'supervisor';

export interface ChildSpec {
  /** Unique among its siblings. */
  readonly id: string;
  /** Starts the child linked to `parent`. Must not throw; a throw counts as a failed start. */
  readonly start: (parent: Self) => MaybePromise<StartResult>;
  /** Default `permanent`. */
  readonly restart?: Restart;
  /** Default 5,000 ms for workers, Infinity for supervisors. */
  readonly shutdown?: Shutdown;
  /** Default `worker`. */
  readonly type?: ChildType;
}

/** A child specification with its defaults filled in. */
export interface CheckedSpec extends ChildSpec {
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly type: ChildType;
}

/** OTP's default for workers, milliseconds. */
const WORKER_SHUTDOWN = 5_000;

/** Fills in the defaults. Throws a `TypeError` that names the field for a specification that makes no sense. */
export function checkSpec(spec: ChildSpec): CheckedSpec {
  if (typeof spec.id !== 'string' || spec.id === '')
    throw new TypeError('child spec: id must be a non-empty string');
  const where = `child spec ${spec.id}`;
  if (typeof spec.start !== 'function') throw new TypeError(`${where}: start must be a function`);
  const { restart = 'permanent', type = 'worker' } = spec;
  if (!['permanent', 'transient', 'temporary'].includes(restart)) {
    throw new TypeError(`${where}: restart must be permanent, transient or temporary`);
  }
  if (type !== 'worker' && type !== 'supervisor')
    throw new TypeError(`${where}: type must be worker or supervisor`);
  const shutdown = spec.shutdown ?? (type === 'supervisor' ? Infinity : WORKER_SHUTDOWN);
  if (shutdown !== 'brutalKill' && !(typeof shutdown === 'number' && shutdown >= 0)) {
    throw new TypeError(`${where}: shutdown must be brutalKill or milliseconds`);
  }
  return { ...spec, restart, type, shutdown };
}

/** A supervisor's record of one child. */
export class Child {
  readonly spec: CheckedSpec;
  process: Process | null = null;
  /** A restart failed and is tried again by the work that holds this ticket. */
  retry: object | null = null;
  restarts = 0;
  constructor(spec: CheckedSpec) {
    this.spec = spec;
  }
  get restarting(): boolean {
    return this.retry !== null;
  }
}

/** The child whose process ended, when the sender of an exit signal is one; living processes can send them too. */
export function endedChild(from: Pid): Child | undefined {
  if (!(from instanceof Process) || from.alive || !(from.child instanceof Child)) return undefined;
  return from.child.process === from ? from.child : undefined;
}

/** What `whichChildren` lists. */
export interface ChildInfo {
  readonly id: string;
  readonly pid: Process | 'restarting' | undefined;
  readonly type: ChildType;
  readonly restart: Restart;
}

export interface ChildCount {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}
