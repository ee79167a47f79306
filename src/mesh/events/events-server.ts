/**
 * What happened at this node: counters and the last crashes. Alive when everything else is not.
 */
import { describeReason } from '../../actor/exit-reason.ts';
import type { Report } from '../../actor/report.ts';
import type { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { Counters, MeshContext } from '../context.ts';

/** Crashes kept (INSPECTOR §2). */
const RING = 200;

/** Lines kept of a stack. */
const STACK_LINES = 12;

/** One crash as plain data: what was thrown and the process it ended live no longer for it. */
export interface Crash {
  /** Joins what a remote caller was told. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly pid: string;
  readonly label: string;
  readonly type: string;
  /** Labels from the root down, without the process itself. */
  readonly path: readonly string[];
  readonly reason: string;
  readonly stack: readonly string[];
}

interface State {
  readonly crashes: Crash[];
  readonly counters: Counters;
}

export interface EventsCalls {
  crashes(): readonly Crash[];
  counters(): Counters;
}

export const eventsServer: GenServer<MeshContext, State, EventsCalls> = {
  label: 'events',
  init: (context, self) => {
    const crashes: Crash[] = [];
    const root = rootOf(self as Process);
    const stop = context.runtime.onReport((report) => {
      // a runtime may hold more than this node
      if (report.tag !== 'crash' || rootOf(report.pid as Process) !== root) return;
      if (crashes.push(crashOf(report)) > RING) crashes.shift();
    });
    context.runtime.onExit(self.pid, stop);
    return { crashes, counters: context.counters };
  },
  handleCall: {
    crashes: (_none, state) => reply([...state.crashes], state),
    counters: (_none, state) => reply({ ...state.counters }, state),
  },
  handleInfo: (_message, state) => noReply(state),
};

function crashOf({ id, at, pid, label, type, path, reason }: Extract<Report, { tag: 'crash' }>): Crash {
  return {
    id,
    at,
    pid: pid.toString(),
    label,
    type,
    path,
    reason: describeReason(reason),
    stack: stackOf(reason),
  };
}

/** Without its first line, which is the reason; what was thrown may refuse to be looked at. */
function stackOf(reason: unknown): readonly string[] {
  try {
    if (!(reason instanceof Error) || typeof reason.stack !== 'string') return [];
    return reason.stack.split('\n').slice(1, STACK_LINES + 1);
  } catch {
    return [];
  }
}

function rootOf(process: Process): Process {
  let root = process;
  while (root.parentProcess !== null) root = root.parentProcess;
  return root;
}
