/**
 * How a node finds its place in the DHT, and finds it again. Pure: phase and event in, phase and steps out.
 *
 * Somebody is dialed when nobody is known; then our own id is looked up, which tells our neighbors of us and us of
 * them; then the farther buckets are filled. A node that has nobody to dial is the first one: it has joined.
 */

export type Phase =
  /** Nothing to do: we have our place, or are the first. */
  | 'settled'
  /** Bootstraps, and contacts that were lost, are being dialed. */
  | 'dialing'
  /** Our own id is being looked up. */
  | 'looking'
  /** Nobody is in reach; another try comes later. */
  | 'waiting'
  /** All refuse us; another try comes much later. */
  | 'resting';

export type Event =
  /** The start, or the end of the pause. */
  | 'due'
  /** A contact was verified. */
  | 'met'
  /** One that was lost is there again. */
  | 'regained'
  /** The last contact was lost. */
  | 'empty'
  /** None of those that were dialed is there. */
  | 'unanswered'
  /** All there are have refused us. */
  | 'refused'
  /** The lookup of our own id has ended: it found somebody, or nobody. */
  | 'placed'
  | 'misplaced'
  /** It could not be made, or was lost with us or its supervisor. */
  | 'interrupted';

export type Step =
  | 'dial'
  | 'look'
  /** Look up something in each bucket beyond our neighbors. */
  | 'spread'
  | 'pause'
  /** The long pause, which ends early when somebody comes. */
  | 'rest'
  | 'cancel'
  /** Nobody is in reach. */
  | 'lose'
  /** We have our place. */
  | 'join';

export interface Known {
  /** Contacts in the table. */
  readonly contacts: number;
  /** Others that may be dialed. */
  readonly others: number;
}

export interface Next {
  readonly phase: Phase;
  readonly steps: readonly Step[];
}

export function join(phase: Phase, event: Event, known: Known): Next {
  switch (event) {
    case 'due':
      return phase === 'dialing' || phase === 'looking' ? stay(phase) : begin(known);
    case 'met':
      if (phase === 'resting') return { phase: 'looking', steps: ['cancel', 'look'] };
      // the pause is not cut short: contacts that come and go must not make us look again and again
      return phase === 'dialing' ? { phase: 'looking', steps: ['look'] } : stay(phase);
    case 'regained':
      if (phase === 'settled') return { phase: 'looking', steps: ['look'] };
      return join(phase, 'met', known);
    case 'empty':
      return phase === 'settled' ? begin(known) : stay(phase);
    case 'unanswered':
      return phase === 'dialing' ? LOST : stay(phase);
    case 'refused':
      return phase === 'dialing' ? { phase: 'resting', steps: ['lose', 'rest'] } : stay(phase);
    case 'placed':
      if (phase !== 'looking') return stay(phase);
      // whoever answered may have left meanwhile: an empty table knows of nothing, and must not say no for others
      return known.contacts > 0 ? { phase: 'settled', steps: ['join', 'spread'] } : LOST;
    case 'misplaced':
      return phase === 'looking' ? LOST : stay(phase);
    case 'interrupted':
      return phase === 'looking' ? { phase: 'waiting', steps: ['pause'] } : stay(phase);
  }
}

const LOST: Next = { phase: 'waiting', steps: ['lose', 'pause'] };

const stay = (phase: Phase): Next => ({ phase, steps: [] });

function begin({ contacts, others }: Known): Next {
  if (contacts > 0) return { phase: 'looking', steps: ['look'] };
  if (others > 0) return { phase: 'dialing', steps: ['dial'] };
  return { phase: 'settled', steps: ['join'] };
}
