/**
 * The actor of one client of a dist relay: asks a silent one whether it is there, and ends with its connection.
 */
import type { Process } from '../../../actor/process.ts';
import type { TimerEntry } from '../../../actor/timers.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply, stop } from '../../../otp/result.ts';
import { CloseCode } from '../../../transport/transport.ts';
import { Pulse } from '../pulse.ts';
import { Doubt, Ended, type Session } from './session.ts';

/** Milliseconds between two looks while somebody else claims its name. */
const HURRY = 500;

class Look {
  readonly look = true;
}

interface State {
  readonly session: Session;
  pulse: Pulse;
  hurried: boolean;
  timer: TimerEntry | undefined;
}

export const sessionServer: GenServer<Session, State> = {
  label: 'client',

  init: (session, self) => {
    session.begin(self as Process);
    const pulse = new Pulse(session.context.limits.probe);
    const state: State = { session, pulse, hurried: false, timer: undefined };
    look(state, self as Process);
    return state;
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Ended) return stop({ shutdown: message.reason }, state);
    if (message instanceof Doubt && !state.hurried) {
      state.hurried = true;
      state.pulse = new Pulse(HURRY);
      state.timer?.unset();
      look(state, self as Process);
      state.session.link.ping();
    }
    if (message instanceof Look) look(state, self as Process);
    return noReply(state);
  },
};

function look(state: State, self: Process): void {
  const { session } = state;
  const { link, context } = session;
  const beat = state.pulse.look(link.stats().arrivals);
  if (beat.tag === 'gone') {
    session.end('silent', CloseCode.idle);
    return;
  }
  if (beat.tag === 'ask') link.ping();
  state.timer = self.sendAfter(beat.wait, new Look());
  if (!state.hurried || beat.tag === 'ask') return;
  // it has answered: whoever claimed its name was wrong. The first look of a series proves nothing
  state.hurried = false;
}
