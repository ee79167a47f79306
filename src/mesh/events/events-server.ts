/**
 * What happened at this node: counters and the last crashes. Alive when everything else is not.
 */
import { framesOf, outlineReason } from '../../actor/outline.ts';
import type { Report } from '../../actor/report.ts';
import { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { Counters, MeshContext } from '../context.ts';

/** Crashes kept (INSPECTOR §2). */
const RING = 200;

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
  /** Its outline, as in the log. */
  readonly reason: string;
  /** Places in the code, innermost first. */
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
      if (!(report.pid instanceof Process) || rootOf(report.pid) !== root) return;
      context.events.report(report);
      if (report.tag !== 'crash') return;
      if (crashes.push(crashOf(report, context.runtime.crashDetails)) > RING) crashes.shift();
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

function crashOf(
  { id, at, pid, label, type, path, reason }: Extract<Report, { tag: 'crash' }>,
  details: boolean,
): Crash {
  return {
    id,
    at,
    pid: pid.toString(),
    label,
    type,
    path,
    reason: outlineReason(reason, details),
    stack: framesOf(reason),
  };
}

function rootOf(process: Process): Process {
  let root = process;
  while (root.parentProcess !== null) root = root.parentProcess;
  return root;
}
