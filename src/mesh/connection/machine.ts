/**
 * The life of a connection: opening → hello → ready → draining → closed.
 *
 * Only states and deadlines; what happens in them leaves as actions that the connection performs. One budget
 * covers handshake and hello. Source: TRANSPORT §3 "Hello/ack", DESIGN §8 "Hello".
 */
import { setup, type AnyStateMachine } from 'xstate';

export interface LifecycleInput {
  /** Milliseconds for handshake and hello together. */
  readonly helloTimeout: number;
}

let input: LifecycleInput = { helloTimeout: 0 };

/** The same object for the same timeout, so that connections share what the machine computes. */
export function lifecycleInput(helloTimeout: number): LifecycleInput {
  if (input.helloTimeout !== helloTimeout) input = { helloTimeout };
  return input;
}

export type LifecycleEvent =
  /** The link is verified. */
  | { readonly type: 'opened' }
  /** The hello was accepted, by us or by the peer. */
  | { readonly type: 'accepted' }
  /** Finish what runs, for at most so long. */
  | { readonly type: 'drain'; readonly timeout: number }
  /** Nothing is in flight any more. */
  | { readonly type: 'idle' }
  /** The link is gone. */
  | { readonly type: 'closed' };

/** What the connection does when the machine says so. */
export type LifecycleAction = 'sendHello' | 'announce' | 'helloTimedOut' | 'finish' | 'drained';

interface Context {
  readonly helloTimeout: number;
  readonly drainTimeout: number;
}

/** How long a drain without a limit of its own lasts, milliseconds. */
const DRAIN_TIMEOUT = 5_000;

export const lifecycleMachine: AnyStateMachine = setup({
  types: {
    context: {} as Context,
    events: {} as LifecycleEvent,
    input: {} as LifecycleInput,
  },
  actions: {
    sendHello: () => {},
    announce: () => {},
    helloTimedOut: () => {},
    finish: () => {},
    drained: () => {},
  },
  delays: {
    helloTimeout: ({ context }) => context.helloTimeout,
    drainTimeout: ({ context, event }) => (event.type === 'drain' ? event.timeout : context.drainTimeout),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({ helloTimeout: input.helloTimeout, drainTimeout: DRAIN_TIMEOUT }),
  initial: 'greeting',
  states: {
    greeting: {
      initial: 'opening',
      after: { helloTimeout: { target: 'closed', actions: 'helloTimedOut' } },
      on: {
        accepted: { target: 'ready' },
        drain: { target: 'closed', actions: 'drained' },
        closed: { target: 'closed' },
      },
      states: {
        opening: { on: { opened: { target: 'hello', actions: 'sendHello' } } },
        hello: {},
      },
    },
    ready: {
      entry: 'announce',
      on: { drain: { target: 'draining' }, closed: { target: 'closed' } },
    },
    draining: {
      entry: 'finish',
      after: { drainTimeout: { target: 'closed', actions: 'drained' } },
      on: { idle: { target: 'closed', actions: 'drained' }, closed: { target: 'closed' } },
    },
    closed: { type: 'final' },
  },
});
