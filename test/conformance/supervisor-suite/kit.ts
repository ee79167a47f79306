/**
 * What the supervisor cases stand on: a starter that traps exits and is linked to the supervisor, as the cases of
 * OTP are, children that end as they are told, and a virtual clock.
 */
import { expect } from 'vitest';
import { Kind } from '../../../src/actor/mailbox.ts';
import type { Exit } from '../../../src/actor/monitor.ts';
import type { Pid } from '../../../src/actor/pid.ts';
import type { Process } from '../../../src/actor/process.ts';
import type { ChildSpec } from '../../../src/otp/child-spec.ts';
import {
  DynamicSupervisorRef,
  startDynamicSupervisorLink,
  type DynamicSupervisorInit,
} from '../../../src/otp/dynamic-supervisor.ts';
import type { StartResult } from '../../../src/otp/start.ts';
import {
  startSupervisorLink,
  SupervisorRef,
  type SupervisorInit,
  type SupervisorSpec,
} from '../../../src/otp/supervisor.ts';
import { recorder, world, type World } from '../../actor/world.ts';
import { child, plan, type Plan } from '../../otp/tree.ts';

export type ChildOptions = NonNullable<Parameters<typeof child>[2]> &
  Pick<ChildSpec, 'significant' | 'type' | 'args'>;

export interface Stage extends World {
  /** Linked to what it starts, and traps exits. */
  readonly starter: Process;
  readonly made: Plan;
  /** What happened to the children, in order. */
  readonly log: string[];
  /** How often the next starts of a child fail. */
  readonly failures: Map<string, number>;
  /** Reasons of the exit signals the starter got. */
  exits(): readonly unknown[];
  /** A child that traps exits and does as it is told. */
  kid(id: string, options?: ChildOptions): ChildSpec;
  start(init: SupervisorInit): Promise<SupervisorRef>;
  dynamic(init?: DynamicSupervisorInit): Promise<DynamicSupervisorRef>;
  tryStart(init: SupervisorInit): Promise<StartResult>;
  tryDynamic(init: DynamicSupervisorInit): Promise<StartResult>;
  /** Ends a process from within with `reason`, or with `kill` from without, and lets everything follow. */
  end(process: Pid | undefined, reason: unknown): Promise<void>;
  /** The parent's `shutdown`; true when the supervisor then ended with `shutdown` and nothing of it is left. */
  shutDown(ref: SupervisorRef | DynamicSupervisorRef): Promise<boolean>;
  /** Contexts of the supervisor reports so far. */
  contexts(): readonly string[];
}

export function stage(): Stage {
  // a restart that hangs lets others have their turn soon
  const all = world({ budget: { milliseconds: Infinity, slice: 16, messages: 128 } });
  const made = plan();
  const starter = recorder(all.runtime, { trapExit: true });
  const kid = (id: string, { significant, type, args, ...options }: ChildOptions = {}): ChildSpec => ({
    ...child(made, id, options),
    ...(significant === undefined ? {} : { significant }),
    ...(type === undefined ? {} : { type }),
    ...(args === undefined ? {} : { args }),
  });
  const tryStart = async (init: SupervisorInit): Promise<StartResult> =>
    startSupervisorLink(starter.pid, init);
  const tryDynamic = async (init: DynamicSupervisorInit): Promise<StartResult> =>
    startDynamicSupervisorLink(starter.pid, init);
  return {
    ...all,
    starter: starter.pid,
    made,
    log: made.log,
    failures: made.failures,
    exits: () =>
      starter.inbox.filter(({ kind }) => kind === Kind.exit).map(({ message }) => (message as Exit).reason),
    kid,
    tryStart,
    tryDynamic,
    start: async (init) => new SupervisorRef(all.runtime, pidOf(await tryStart(init))),
    dynamic: async (init = {}) => new DynamicSupervisorRef(all.runtime, pidOf(await tryDynamic(init))),
    end: async (process, reason) => {
      if (reason === 'kill') all.runtime.exit(process as Pid, 'kill');
      else if (reason === 'killed') all.runtime.exit(process as Pid, 'kill');
      else all.runtime.stop(process as Process, reason);
      await all.clock.settle();
    },
    shutDown: async (ref) => {
      const process = ref.pid as Process;
      all.runtime.exit(process, 'shutdown', starter.pid);
      await all.clock.settle();
      return !process.alive && process.reason === 'shutdown' && all.runtime.alive === 1;
    },
    contexts: () => all.reports.flatMap((report) => (report.tag === 'supervisor' ? [report.context] : [])),
  };
}

function pidOf(result: StartResult): Pid {
  if (result.tag !== 'ok') expect.fail(`did not start: ${JSON.stringify(result)}`);
  return result.pid;
}

/** specs / active / supervisors / workers, as OTP §2 writes counts. */
export async function counts(ref: SupervisorRef | DynamicSupervisorRef): Promise<string> {
  const { specs, active, supervisors, workers } = await ref.countChildren();
  return `${specs}/${active}/${supervisors}/${workers}`;
}

/** Pids by id. */
export async function listed(
  ref: SupervisorRef,
): Promise<Record<string, Process | 'restarting' | undefined>> {
  const children = await ref.whichChildren();
  return Object.fromEntries(children.map(({ id, pid }) => [id, pid as Process | 'restarting' | undefined]));
}

export async function running(ref: SupervisorRef, id: string): Promise<Process> {
  const pid = (await listed(ref))[id];
  return typeof pid === 'object' ? pid : expect.fail(`${id} does not run: ${pid}`);
}

/** A supervisor with these options and children. */
export const tree = (
  children: readonly ChildSpec[],
  options: Omit<SupervisorSpec, 'children'> = {},
): SupervisorSpec => ({
  ...options,
  children,
});

/** What a child specification's start may give, and how the case names it. */
export const RESTARTS = ['permanent', 'transient', 'temporary'] as const;

/** The supervisor that runs under an id. */
export async function below(top: SupervisorRef, id: string): Promise<SupervisorRef> {
  return new SupervisorRef(top.runtime, await running(top, id));
}
