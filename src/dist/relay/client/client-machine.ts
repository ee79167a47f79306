/**
 * The life of a client at one relay: connecting, identifying, identified, resting, and again.
 *
 * Only states and deadlines; what happens in them leaves as actions that the actor performs. It ends with its actor alone. How long it
 * rests is the one backoff of DESIGN §8. Source: seed 003; SPEC §11.3.
 */
import { setup, type AnyStateMachine } from 'xstate';

export interface ClientInput {
  /** Milliseconds for the connection, from the name of the host to a verified relay. */
  readonly connectTime: number;
  /** For the answer to `identify`. */
  readonly identifyTime: number;
  /** How long it rests, asked each time. */
  readonly rest: () => number;
}

export type ClientEvent = {
  readonly type:
    /** The connection is there, and verified. */
    | 'opened'
    | 'identified'
    /** There is no connection, or none any more; or the relay does not want us. */
    | 'lost';
};

/** What the actor does when the machine says so. */
export type ClientAction = 'dial' | 'identify' | 'ready' | 'drop';

/** States of the machine. */
export type ClientStateName = 'connecting' | 'identifying' | 'identified' | 'resting';

export const clientMachine: AnyStateMachine = setup({
  types: {
    context: {} as ClientInput,
    events: {} as ClientEvent,
    input: {} as ClientInput,
  },
  actions: {
    dial: () => {},
    identify: () => {},
    ready: () => {},
    drop: () => {},
  },
  delays: {
    connectTime: ({ context }) => context.connectTime,
    identifyTime: ({ context }) => context.identifyTime,
    rest: ({ context }) => context.rest(),
  },
}).createMachine({
  id: 'relayClient',
  context: ({ input }) => input,
  initial: 'connecting',
  states: {
    connecting: {
      entry: 'dial',
      after: { connectTime: { target: 'resting' } },
      on: { opened: { target: 'identifying' }, lost: { target: 'resting' } },
    },
    identifying: {
      entry: 'identify',
      after: { identifyTime: { target: 'resting' } },
      on: { identified: { target: 'identified' }, lost: { target: 'resting' } },
    },
    identified: {
      entry: 'ready',
      on: { lost: { target: 'resting' } },
    },
    resting: {
      entry: 'drop',
      after: { rest: { target: 'connecting' } },
    },
  },
});
