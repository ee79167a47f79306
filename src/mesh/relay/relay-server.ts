/**
 * Has the endpoint pass on what belongs to the sessions of this station, ends those that nobody uses, and lets the time of
 * hole punches pass.
 *
 * It holds nothing: sessions and punches are the node's. Datagrams go by direct calls past this actor, also while it is
 * restarted.
 */
import { seconds } from '../../actor/clock.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply } from '../../otp/result.ts';
import { shared, type MeshContext } from '../context.ts';
import { endSession } from './relay-station.ts';

/** Between two looks for sessions to end. */
const SWEEP = seconds(5);
/** Between two looks at the deadlines of punches. */
const TICK = 250;

class Tick {
  readonly tick = true;
}

interface State {
  readonly context: MeshContext;
  /** When sessions are looked at again, clock ms. */
  sweepAt: number;
}

export const relayServer: GenServer<MeshContext, State> = {
  label: 'relay',

  init: (context, self) => {
    passOn(context);
    self.sendAfter(TICK, new Tick());
    return { context, sweepAt: self.clock.now() + SWEEP };
  },

  handleInfo: (message, state, self) => {
    if (!(message instanceof Tick)) return noReply(state);
    const { context } = state;
    const now = self.clock.now();
    passOn(context);
    context.relays.coordinator.elapse(context);
    if (now >= state.sweepAt) {
      state.sweepAt = now + SWEEP;
      for (const session of context.relays.passed?.over(now) ?? []) endSession(context, session, 'unused');
    }
    self.sendAfter(TICK, message);
    return noReply(state);
  },
};

/** An endpoint that was restarted below us passes on nothing until it is told to. */
function passOn(context: MeshContext): void {
  const { passed } = context.relays;
  const endpoint = shared(context, 'endpoint');
  if (endpoint === undefined || passed === undefined || endpoint.forwarder !== undefined) return;
  const { clock } = context.runtime;
  endpoint.forwarder = (session, from, bytes) => passed.forward(session, from, bytes, clock.now());
}
