/**
 * What happened at this node: counters and the last crashes. Alive when everything else is not.
 */
import { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { Counters, MeshContext } from '../context.ts';
import type { Crash } from './crash-ring.ts';

export type { Crash } from './crash-ring.ts';

export interface EventsCalls {
  crashes(): readonly Crash[];
  counters(): Counters;
}

export const eventsServer: GenServer<MeshContext, MeshContext, EventsCalls> = {
  label: 'events',
  init: (context, self) => {
    const root = rootOf(self as Process);
    const stop = context.runtime.onReport((report) => {
      // a runtime may hold more than this node
      if (!(report.pid instanceof Process) || rootOf(report.pid) !== root) return;
      context.events.report(report);
      context.crashes.take(report);
    });
    context.runtime.onExit(self.pid, stop);
    return context;
  },
  handleCall: {
    crashes: (_none, context) => reply(context.crashes.all, context),
    counters: (_none, context) => reply({ ...context.counters }, context),
  },
  handleInfo: (_message, context) => noReply(context),
};

function rootOf(process: Process): Process {
  let root = process;
  while (root.parentProcess !== null) root = root.parentProcess;
  return root;
}
