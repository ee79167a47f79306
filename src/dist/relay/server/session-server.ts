/**
 * The actor of one client of a dist relay: asks a silent one whether it is there, and ends with its connection. One that does not
 * say who it is in time is closed.
 */
import type { Process } from '../../../actor/process.ts';
import type { TimerEntry } from '../../../actor/timers.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply, stop } from '../../../otp/result.ts';
import { CloseCode } from '../../../transport/transport.ts';
import { Pulse, type Beat } from '../pulse.ts';
import { Doubt, Ended, type Session } from './session.ts';

/** Milliseconds for a client to say who it is (SECURITY §10.2). */
const IDENTIFY_TIME = 10_000;

class Look {
  readonly look = true;
}
class Late {
  readonly late = true;
}

interface State {
  readonly session: Session;
  readonly pulse: Pulse;
  timer: TimerEntry | undefined;
  /** The one that is waited for. */
  due: Look | undefined;
}

export const sessionServer: GenServer<Session, State> = {
  label: 'client',

  init: (session, self) => {
    session.begin(self as Process);
    const pulse = new Pulse(session.context.limits.probe);
    const state: State = { session, pulse, timer: undefined, due: undefined };
    heed(beatOf(state), state, self as Process);
    (self as Process).sendAfter(IDENTIFY_TIME, new Late());
    return state;
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Ended) return stop({ shutdown: message.reason }, state);
    if (message instanceof Doubt) {
      const { arrivals, rtt } = state.session.link.stats();
      heed(state.pulse.doubt(arrivals, rtt), state, self as Process);
    }
    if (message instanceof Late && state.session.name === undefined)
      state.session.end('not_identified', CloseCode.helloTimeout);
    if (message instanceof Look && message === state.due) heed(beatOf(state), state, self as Process);
    return noReply(state);
  },
};

function beatOf({ session, pulse }: State): Beat {
  const { arrivals, rtt } = session.link.stats();
  return pulse.look(arrivals, rtt);
}

function heed(beat: Beat | undefined, state: State, self: Process): void {
  if (beat === undefined) return;
  const { session } = state;
  if (beat.tag === 'gone') {
    session.end('silent', CloseCode.idle);
    return;
  }
  if (self.clock.wall() > session.until) {
    session.end('membership_expired', CloseCode.refused);
    return;
  }
  if (beat.tag === 'ask') session.link.ping();
  state.timer?.unset();
  state.due = new Look();
  state.timer = self.sendAfter(beat.wait, state.due);
}
