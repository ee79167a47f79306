/**
 * What becomes of a doubtful uplink: a second connection is dialed beside it, and the first is asked once more
 * before the second says hello. Pure: phase and event in, phase and steps out.
 *
 * An old connection that answers keeps its calls, and the new one goes; else the new one takes its place.
 */

export type Phase =
  /** One connection, or none yet; nothing beside it. */
  | 'calm'
  /** A rival is on its way. */
  | 'dialing'
  /** The rival has proven who it is and waits; the old one is asked. */
  | 'asking'
  /** The rival says hello. */
  | 'replacing'
  /** A rival failed; another comes later. */
  | 'waiting';

export type Event =
  /** Questions were not answered. */
  | 'suspect'
  /** Somebody at the node's address does not know the connection. */
  | 'gone'
  /** The old one answers again, by itself. */
  | 'trusted'
  /** The rival's peer is proven. */
  | 'verified'
  /** The last question was answered, or was not. */
  | 'answered'
  | 'silent'
  /** The rival's hello was accepted. */
  | 'ready'
  | 'rivalLost'
  | 'currentLost'
  /** The pause is over. */
  | 'due';

export type Step =
  /** Start a rival. */
  | 'dial'
  /** End the rival. */
  | 'drop'
  /** Ask the old one. */
  | 'ask'
  /** Let the rival say hello. */
  | 'greet'
  /** The rival becomes the connection; the old one, if any, ends. */
  | 'adopt'
  /** Pause, as backoff says. */
  | 'pause'
  /** End the pause. */
  | 'cancel'
  /** Nothing is left: dial as if from the beginning. */
  | 'restart';

export interface Next {
  readonly phase: Phase;
  readonly steps: readonly Step[];
}

const to = (phase: Phase, ...steps: Step[]): Next => ({ phase, steps });

const RULES: Readonly<Record<Phase, Partial<Record<Event, Next>>>> = {
  calm: {
    suspect: to('dialing', 'dial'),
    gone: to('dialing', 'dial'),
    currentLost: to('calm', 'restart'),
  },
  dialing: {
    // whoever said so is there now: a dial that began before may be in a long pause
    gone: to('dialing', 'drop', 'dial'),
    verified: to('asking', 'ask'),
    trusted: to('calm', 'drop'),
    rivalLost: to('waiting', 'pause'),
    currentLost: to('calm', 'adopt', 'greet'),
  },
  asking: {
    answered: to('calm', 'drop'),
    silent: to('replacing', 'greet'),
    trusted: to('calm', 'drop'),
    rivalLost: to('waiting', 'pause'),
    currentLost: to('calm', 'adopt', 'greet'),
  },
  replacing: {
    ready: to('calm', 'adopt'),
    rivalLost: to('waiting', 'pause'),
    currentLost: to('calm', 'adopt'),
  },
  waiting: {
    gone: to('dialing', 'cancel', 'dial'),
    due: to('dialing', 'dial'),
    trusted: to('calm', 'cancel'),
    currentLost: to('calm', 'cancel', 'restart'),
  },
};

/** What an event means in a phase; undefined when nothing. */
export const succeed = (phase: Phase, event: Event): Next | undefined => RULES[phase][event];
