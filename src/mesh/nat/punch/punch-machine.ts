/**
 * The life of one hole punch, as whoever wants it sees it: asking → executing → won | lost.
 *
 * Only states and deadlines; what happens in them leaves as actions that the actor performs. The station may begin an
 * attempt anew; it counts them, and says when there are no more. Source: SPEC §8.4.
 */
import { assign, setup, type AnyStateMachine } from 'xstate';
import { MAX_ATTEMPTS, PUNCH_DEADLINE, type PunchFailure } from './punch-session.ts';

export interface PunchInput {
  /** Milliseconds for each try of the addresses. */
  readonly trying: number;
}

export type PunchMachineEvent =
  /** The station says where the peer is. */
  | { readonly type: 'coordinated' }
  /** Packets go along a direct path now. */
  | { readonly type: 'direct' }
  /** The station says that there will be no direct path. */
  | { readonly type: 'refused'; readonly reason: PunchFailure }
  /** The connection, or the one to the station, is gone. */
  | { readonly type: 'gone' };

/** What the actor does when the machine says so. */
export type PunchAction = 'ask' | 'offer' | 'report' | 'win' | 'lose';

interface Context {
  readonly trying: number;
  readonly reason: PunchFailure;
}

/** The station ends every session before. */
const PATIENCE = MAX_ATTEMPTS * PUNCH_DEADLINE + 1_000;

export const punchMachine: AnyStateMachine = setup({
  types: { context: {} as Context, events: {} as PunchMachineEvent, input: {} as PunchInput },
  actions: {
    ask: () => {},
    offer: () => {},
    report: () => {},
    win: () => {},
    lose: () => {},
    keepReason: assign({
      reason: ({ event, context }) => (event.type === 'refused' ? event.reason : context.reason),
    }),
    peerGone: assign({ reason: 'peer_gone' as const }),
  },
  delays: { trying: ({ context }) => context.trying, patience: PATIENCE },
}).createMachine({
  id: 'punch',
  context: ({ input }) => ({ trying: input.trying, reason: 'timeout' as const }),
  initial: 'punching',
  output: ({ context }) => context.reason,
  states: {
    punching: {
      initial: 'asking',
      after: { patience: { target: 'lost' } },
      on: {
        direct: { target: 'won' },
        refused: { target: 'lost', actions: 'keepReason' },
        gone: { target: 'lost', actions: 'peerGone' },
      },
      states: {
        asking: { entry: 'ask', on: { coordinated: { target: 'executing' } } },
        executing: {
          entry: 'offer',
          after: { trying: { target: 'waiting', actions: 'report' } },
          on: { coordinated: { target: 'executing', reenter: true } },
        },
        /** The station begins the next attempt, or ends it. */
        waiting: { on: { coordinated: { target: 'executing' } } },
      },
    },
    won: { type: 'final', entry: 'win' },
    lost: { type: 'final', entry: 'lose' },
  },
});
