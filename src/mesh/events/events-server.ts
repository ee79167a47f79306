/**
 * What happened at this node: counters and the last crashes. Alive when everything else is not.
 */
import type { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { Counters, MeshContext } from '../context.ts';
import type { Crash } from './crash-ring.ts';
import { follow } from './follow.ts';

export type { Crash } from './crash-ring.ts';

export interface EventsCalls {
  crashes(): readonly Crash[];
  counters(): Counters;
}

export const eventsServer: GenServer<MeshContext, MeshContext, EventsCalls> = {
  label: 'events',
  init: (context, self) => {
    follow(self as Process, context);
    return context;
  },
  handleCall: {
    crashes: (_none, context) => reply(context.crashes.all, context),
    counters: (_none, context) => reply({ ...context.counters }, context),
  },
  handleInfo: (_message, context) => noReply(context),
};
