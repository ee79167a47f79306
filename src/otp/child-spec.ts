/**
 * What a supervisor knows of a child before it runs: plain data and one start function.
 */
import type { Pid } from '../actor/pid.ts';
import { Process, type Self } from '../actor/process.ts';
import type { RestartDelay } from './restart-delay.ts';
import type { MaybePromise } from './sequence.ts';
import { SpecError, type SpecPart, type SpecProblem } from './spec-error.ts';
import type { StartResult } from './start.ts';
import type { Shutdown } from './stop.ts';
import type { AutoShutdown, Restart } from './strategy.ts';

/** Whether a child is a supervisor itself: it is then given all the time it takes to stop, and counted apart. */
export type ChildType = 'worker' | 'supervisor';

/** How a supervisor starts, restarts and stops a child. Source: Erlang/OTP `supervisor`; OTP S1. */
export interface ChildSpec {
  /** Unique among its siblings. */
  readonly id: string;
  /** Starts the child linked to `parent`. Must not throw; a throw counts as a failed start. */
  readonly start: (parent: Self, ...args: never[]) => MaybePromise<StartResult>;
  /** What `start` gets after the parent. Default nothing. */
  readonly args?: readonly unknown[] | undefined;
  /** Default `permanent`. */
  readonly restart?: Restart | undefined;
  /** Default 5,000 ms for workers, Infinity for supervisors. */
  readonly shutdown?: Shutdown | undefined;
  /** Default `worker`. */
  readonly type?: ChildType | undefined;
  /** Its own end may end the supervisor (`autoShutdown`); not for permanent children. Default false. */
  readonly significant?: boolean | undefined;
  /** How long each restart waits; an extension of OTP. Default: not at all. */
  readonly restartDelay?: RestartDelay | undefined;
}

/** A child specification with its defaults filled in. */
export interface CheckedSpec extends ChildSpec {
  readonly args: readonly unknown[];
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly type: ChildType;
  readonly significant: boolean;
}

/** OTP's default for workers, milliseconds. */
const WORKER_SHUTDOWN = 5_000;
const NO_ARGS: readonly unknown[] = [];

/** What a specification is judged by beside itself. */
export interface SpecContext {
  readonly part?: SpecPart;
  /** Of the supervisor it is for; without it the two are not compared. */
  readonly autoShutdown?: AutoShutdown | undefined;
}

/** Fills in the defaults. Throws a `SpecError` (a `TypeError`) that names the field for a specification that makes no sense. */
export function checkSpec(spec: ChildSpec, context: SpecContext = {}): CheckedSpec {
  const refuse = (reason: SpecProblem, message: string): never => {
    throw new SpecError(context.part ?? 'child_spec', reason, message);
  };
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    return refuse('invalid_child_spec', 'child spec: must be an object');
  const { id, start } = spec;
  if (typeof id !== 'string' || id === '')
    return refuse(
      id === undefined ? 'missing_id' : { invalid_id: id },
      'child spec: id must be a non-empty string',
    );
  const where = `child spec ${id}`;
  if (typeof start !== 'function')
    return refuse(
      start === undefined ? 'missing_start' : { invalid_start: start },
      `${where}: start must be a function`,
    );
  const { args = NO_ARGS, restart = 'permanent', significant = false, type = 'worker' } = spec;
  if (!Array.isArray(args)) return refuse({ invalid_args: args }, `${where}: args must be an array`);
  if (!['permanent', 'transient', 'temporary'].includes(restart))
    return refuse(
      { invalid_restart_type: restart },
      `${where}: restart must be permanent, transient or temporary`,
    );
  if (typeof significant !== 'boolean')
    return refuse({ invalid_significant: significant }, `${where}: significant must be a boolean`);
  if (significant && restart === 'permanent')
    return refuse(
      { bad_combination: [{ restart }, { significant }] },
      `${where}: a significant child must be transient or temporary`,
    );
  if (significant && context.autoShutdown === 'never')
    return refuse(
      { bad_combination: [{ autoShutdown: 'never' }, { significant }] },
      `${where}: a significant child needs a supervisor with autoShutdown`,
    );
  if (type !== 'worker' && type !== 'supervisor')
    return refuse({ invalid_child_type: type }, `${where}: type must be worker or supervisor`);
  const shutdown = spec.shutdown ?? (type === 'supervisor' ? Infinity : WORKER_SHUTDOWN);
  if (shutdown !== 'brutalKill' && !(typeof shutdown === 'number' && shutdown >= 0))
    return refuse({ invalid_shutdown: shutdown }, `${where}: shutdown must be brutalKill or milliseconds`);
  // written out: a copy that is then added to takes twenty times as long
  const { restartDelay } = spec;
  if (restartDelay === undefined) return { id, start, args, restart, type, shutdown, significant };
  if (typeof restartDelay !== 'function')
    return refuse({ invalid_restart_delay: restartDelay }, `${where}: restartDelay must be a function`);
  return { id, start, args, restart, type, shutdown, significant, restartDelay };
}

/** A supervisor's record of one child. */
export class Child {
  /** Lives on, as `Runtime.kept` says: the code that knows a child outlives the last one. */
  static readonly kept: Child = new Child({
    id: '',
    start: () => ({ tag: 'ignore' }),
    args: NO_ARGS,
    restart: 'temporary',
    type: 'worker',
    shutdown: 0,
    significant: false,
  });
  spec: CheckedSpec;
  /** What `start` gets after the parent. */
  args: readonly unknown[];
  process: Process | null = null;
  /** A restart failed and is tried again by the work that holds this ticket. */
  retry: object | null = null;
  /** Restarts that its end, or a start that failed, has led to. */
  restarts = 0;
  /** How often it ended, or failed to start, with a reason that is not orderly: by itself, or when it was told to stop. */
  crashes = 0;
  /** Serial of the process it had first; 0: none yet. Where nobody says an order, its place among its siblings. */
  first = 0;
  /** The specification is that of all its siblings (OTP's simple_one_for_one). */
  readonly shared: boolean;
  constructor(spec: CheckedSpec, args: readonly unknown[] = spec.args, shared: boolean = false) {
    this.spec = spec;
    this.args = args;
    this.shared = shared;
  }
  get restarting(): boolean {
    return this.retry !== null;
  }
  /** Whether it runs or will run again. */
  get present(): boolean {
    return this.process !== null || this.retry !== null;
  }
  /** The specification changed while it has, or had, a process. */
  become(spec: CheckedSpec, args: readonly unknown[] = spec.args): this {
    this.spec = spec;
    this.args = args;
    if (spec.restart === 'temporary' && this.process !== null) this.forgetStart();
    return this;
  }
  /** It is never started again: what it was started with may be garbage (OTP S4). */
  forgetStart(): void {
    this.args = NO_ARGS;
    if (!this.shared) {
      const { id, restart, type, shutdown, significant } = this.spec;
      this.spec = { id, start: startedOnce, args: NO_ARGS, restart, type, shutdown, significant };
    }
  }
}

const startedOnce = (): StartResult => ({ tag: 'error', reason: 'temporary' });

/** The child whose process ended, when the sender of an exit signal is one; living processes can send them too. */
export function endedChild(from: Pid): Child | undefined {
  if (!(from instanceof Process) || from.alive || !(from.child instanceof Child)) return undefined;
  return from.child.process === from ? from.child : undefined;
}

/** What `whichChildren` lists. */
export interface ChildInfo {
  readonly id: string;
  /** `restarting`: between two tries. Undefined: it does not run. */
  readonly pid: Pid | 'restarting' | undefined;
  readonly type: ChildType;
  readonly restart: Restart;
}

/**
 * What `countChildren` gives: all specifications, children that live, and how many are supervisors and workers whether
 * they live or not (OTP S18). Under a dynamic supervisor with a template `specs` is 1.
 */
export interface ChildCount {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** @param active how many of them live. */
export function countOf(
  children: readonly Child[],
  active: number,
  specs: number = children.length,
): ChildCount {
  const supervisors = children.filter(({ spec }) => spec.type === 'supervisor').length;
  return { specs, active, supervisors, workers: children.length - supervisors };
}
