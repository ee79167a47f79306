/**
 * What becomes of a doubtful uplink: a second connection is dialed beside it, and the first is asked once more
 * before the second says hello. Pure: phase and event in, phase and steps out.
 *
 * An old connection that answers keeps its calls, and the new one goes; else the new one takes its place.
 */

export type Phase =
  /** One connection, or none yet; nothing beside it. */
  | 'calm'
  /** A rival comes in a moment: whoever lost the same node must not come in the same moment. */
  | 'soon'
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
  /** The same, and the rival is stuck, see `isStuck`. */
  | 'stuck'
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
  /** The same as before a first attempt, whatever failed before. */
  | 'moment'
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
    suspect: to('soon', 'moment'),
    gone: to('soon', 'moment'),
    currentLost: to('calm', 'restart'),
  },
  soon: {
    due: to('dialing', 'dial'),
    trusted: to('calm', 'cancel'),
    currentLost: to('calm', 'cancel', 'restart'),
  },
  dialing: {
    // whoever said so is there now, and the rival in a long pause between two tries
    stuck: to('soon', 'drop', 'moment'),
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
    gone: to('soon', 'cancel', 'moment'),
    due: to('dialing', 'dial'),
    trusted: to('calm', 'cancel'),
    currentLost: to('calm', 'cancel', 'restart'),
  },
};

/** Milliseconds a rival may at least be on its way before it counts as stuck. */
const PATIENCE = 1_000;
/** The same in round trips of the old connection: a handshake takes two. */
const ROUND_TRIPS = 4;

/** A rival that has not proven anything yet. */
export interface OnItsWay {
  /** Milliseconds since it was dialed. */
  readonly age: number;
  /** Packets that came from its peer. */
  readonly arrivals: number;
  /** Of the old connection, smoothed, ms; 0 when unknown. */
  readonly rtt: number;
  /** Rivals that were given up as stuck in this doubt: hints can be forged, and come again and again. */
  readonly stuck: number;
}

/**
 * Whether a rival was dialed before there was anybody to answer it, and is better dialed anew now that somebody
 * at the address says something. One that is merely far away is left in peace.
 */
export const isStuck = ({ age, arrivals, rtt, stuck }: OnItsWay): boolean =>
  arrivals === 0 && stuck === 0 && age > Math.max(PATIENCE, ROUND_TRIPS * rtt);

/** What an event means in a phase; undefined when nothing. */
export const succeed = (phase: Phase, event: Event): Next | undefined => RULES[phase][event];
