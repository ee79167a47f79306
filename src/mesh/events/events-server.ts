/**
 * What happened at this node: counters and the last crashes. Alive when everything else is not.
 */
import type { Report } from '../../actor/report.ts';
import type { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { Counters, MeshContext } from '../context.ts';

/** Crashes kept (INSPECTOR §2). */
const RING = 200;

export type Crash = Extract<Report, { tag: 'crash' }>;

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
      if (crashes.push(report) > RING) crashes.shift();
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

function rootOf(process: Process): Process {
  let root = process;
  while (root.parentProcess !== null) root = root.parentProcess;
  return root;
}
