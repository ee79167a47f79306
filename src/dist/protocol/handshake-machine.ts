/**
 * A handshake of two nodes, as either end sees it: introductions, a status, challenges both ways, and up.
 *
 * Only states, and who may say what in them; reading, writing and the digests are the actor's, which tells the machine what
 * came. Each ends in one final state: `up`, or `failed` with a reason. Source: DIST §3; Erlang/OTP "Distribution
 * Protocol" and `dist_util.erl`.
 */
import { assign, setup, type AnyStateMachine } from 'xstate';
import type { Expected } from './handshake-messages.ts';

export type HandshakeFailure =
  /** No answer in time. */
  | 'timeout'
  /** The stream ended. */
  | 'closed'
  /** Bytes that are no message, or not the one that is due. */
  | 'protocol_error'
  /** One of us lacks what the other one needs. */
  | 'not_capable'
  /** We are not among those that it talks to, or it is not among ours. */
  | 'not_allowed'
  /** It goes by another name. */
  | 'wrong_name'
  | 'wrong_cookie'
  /** It has not proven the key that belongs to its name. */
  | 'wrong_key'
  /** The peer's own attempt goes on in place of this one. */
  | 'simultaneous'
  /** There is a connection already, and it stays. */
  | 'already_connected';

export interface HandshakeInput {
  readonly role: 'initiator' | 'acceptor';
  /** Milliseconds in all. */
  readonly setupTime: number;
}

export type HandshakeEvent =
  /** The message that was due, and it is good. */
  | { readonly type: 'name' | 'ok' | 'alive' | 'replaced' | 'challenge' | 'reply' | 'ack' }
  /** What the net kernel decides about whoever has introduced itself. */
  | { readonly type: 'accept' | 'replace' }
  | { readonly type: 'failed'; readonly reason: HandshakeFailure };

/** What the actor does when the machine says so. */
export type HandshakeAction =
  'sendName' | 'sendAlive' | 'sendTrue' | 'sendChallenge' | 'sendReply' | 'sendAck';

/** By the state: the message that is due. */
export const DUE: Readonly<Record<string, Expected>> = {
  introducing: 'status',
  challengedNext: 'challenge',
  proving: 'ack',
  listening: 'name',
  replacing: 'status',
  challenging: 'reply',
};

export const handshakeMachine: AnyStateMachine = setup({
  types: {
    context: {} as { readonly setupTime: number; readonly role: string; readonly reason: HandshakeFailure },
    events: {} as HandshakeEvent,
    input: {} as HandshakeInput,
  },
  actions: {
    sendName: () => {},
    sendAlive: () => {},
    sendTrue: () => {},
    sendChallenge: () => {},
    sendReply: () => {},
    sendAck: () => {},
    keepReason: assign({
      reason: ({ event, context }) => (event.type === 'failed' ? event.reason : context.reason),
    }),
  },
  guards: { begins: ({ context }) => context.role === 'initiator' },
  delays: { setupTime: ({ context }) => context.setupTime },
}).createMachine({
  id: 'handshake',
  context: ({ input }) => ({ setupTime: input.setupTime, role: input.role, reason: 'timeout' as const }),
  initial: 'shaking',
  output: ({ context }) => context.reason,
  states: {
    shaking: {
      initial: 'beginning',
      after: { setupTime: { target: 'failed' } },
      on: { failed: { target: 'failed', actions: 'keepReason' } },
      states: {
        beginning: {
          always: [{ guard: 'begins', target: 'introducing' }, { target: 'listening' }],
        },
        introducing: {
          entry: 'sendName',
          on: { ok: { target: 'challengedNext' }, alive: { target: 'challengedNext', actions: 'sendTrue' } },
        },
        challengedNext: { on: { challenge: { target: 'proving', actions: 'sendReply' } } },
        proving: { on: { ack: { target: '#handshake.up' } } },

        listening: { on: { name: { target: 'deciding' } } },
        deciding: {
          on: {
            accept: { target: 'challenging' },
            replace: { target: 'replacing', actions: 'sendAlive' },
          },
        },
        replacing: { on: { replaced: { target: 'challenging' } } },
        challenging: {
          entry: 'sendChallenge',
          on: { reply: { target: '#handshake.up', actions: 'sendAck' } },
        },
      },
    },
    up: { type: 'final' },
    failed: { type: 'final' },
  },
});
