/** Children for supervisor tests: each writes what happens to it into one log. */
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { exit } from '../../src/actor/exit-reason.ts';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import { noReply, stop, type GenServer } from '../../src/otp.ts';
import { worker, type SupervisorRef } from '../../src/otp/supervisor.ts';

export interface Casts {
  crash(reason: unknown): void;
  end(reason: unknown): void;
}

export interface Plan {
  /** Whether the next start of a child with this id fails, as often as the number says. */
  readonly failures: Map<string, number>;
  readonly log: string[];
}

export const plan = (): Plan => ({ failures: new Map(), log: [] });

/** A worker that traps exits, so that its stop is seen, and fails to start when the plan says so. */
export function child(
  { failures, log }: Plan,
  id: string,
  options: Pick<ChildSpec, 'restart' | 'shutdown'> & {
    /** `init` answers a turn later. */
    readonly slow?: boolean;
    /** Milliseconds that `terminate` takes. */
    readonly linger?: number;
  } = {},
): ChildSpec {
  const { slow, linger, ...rest } = options;
  const server: GenServer<undefined, null, object, Casts> = {
    trapExit: true,
    init: () => {
      const left = failures.get(id) ?? 0;
      if (left > 0) {
        failures.set(id, left - 1);
        log.push(`fail ${id}`);
        exit('no start');
      }
      log.push(`start ${id}`);
      return slow === true ? Promise.resolve(null) : null;
    },
    handleCast: {
      crash: (reason) => exit(reason),
      end: (reason, state) => stop(reason, state),
    },
    handleInfo: (_, state) => noReply(state),
    terminate: (reason, _, self) => {
      log.push(`stop ${id} ${String(reason)}`);
      if (linger === undefined) return undefined;
      return new Promise((resolve) => {
        self.runtime.timers.after(linger, resolve);
      });
    },
  };
  return worker(id, server, undefined, rest);
}

export async function pids(ref: SupervisorRef): Promise<Record<string, Pid | 'restarting' | undefined>> {
  const children = await ref.whichChildren();
  return Object.fromEntries(children.toReversed().map(({ id, pid }) => [id, pid]));
}

export async function pidOf(ref: SupervisorRef, id: string): Promise<Process> {
  return (await pids(ref))[id] as Process;
}
