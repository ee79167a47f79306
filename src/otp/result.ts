/**
 * What the callbacks of a GenServer return. Any other value is `bad_return_value` (OTP G9).
 */
import type { ExitReason } from '../actor/exit-reason.ts';

/** What happens after a callback, before the next message. */
export interface Next {
  /** Runs `handleContinue` with this value before any queued message. */
  readonly continue?: unknown;
  /** Sends `timeout` to `handleInfo` unless another message comes within this many milliseconds. */
  readonly timeout?: number | undefined;
  /** Gives the mailbox's memory back until a message comes (`sys` does not wake it). */
  readonly hibernate?: boolean | undefined;
}

/** Made by `reply`. */
export class Reply<State, Value = unknown> {
  readonly value: Value;
  readonly state: State;
  readonly next: Next | undefined;
  constructor(value: Value, state: State, next: Next | undefined) {
    this.value = value;
    this.state = state;
    this.next = next;
  }
}

/** Made by `noReply`. */
export class NoReply<State> {
  /** Never there. For the compiler, or each `Reply` would pass for one of these, whatever it answers. */
  declare protected readonly kind: 'noReply';
  readonly state: State;
  readonly next: Next | undefined;
  constructor(state: State, next: Next | undefined) {
    this.state = state;
    this.next = next;
  }
}

/** Made by `stop` and `stopAndReply`. */
export class Stop<State, Value = unknown> {
  readonly reason: ExitReason;
  readonly state: State;
  /** Sent to the caller first; `undefined` inside the box is a reply too. */
  readonly reply: { readonly value: Value } | undefined;
  constructor(reason: ExitReason, state: State, reply: { readonly value: Value } | undefined) {
    this.reason = reason;
    this.state = state;
    this.reply = reply;
  }
}

/** `init` decided not to run: the start gives `ignore`, the process exits `normal`. */
export class Ignore {
  readonly ignore = true;
}

/** Starts with `state`, then does what `next` says. */
export class Started<State> {
  readonly state: State;
  readonly next: Next;
  constructor(state: State, next: Next) {
    this.state = state;
    this.next = next;
  }
}

/** Says what a result is where `instanceof` cannot: a worker thread loads a copy of this module. */
const RESULT = Symbol.for('espalier.result');
for (const [tag, { prototype }] of Object.entries({
  reply: Reply,
  noReply: NoReply,
  stop: Stop,
  ignore: Ignore,
  started: Started,
}))
  Object.defineProperty(prototype, RESULT, { value: tag });

/** Answers a call and goes on with `state`. */
export const reply = <State, Value>(value: Value, state: State, next?: Next): Reply<State, Value> =>
  new Reply(value, state, next);

/** Goes on with `state`; a call stays open until somebody `reply`s to its `from`. */
export const noReply = <State>(state: State, next?: Next): NoReply<State> => new NoReply(state, next);

/** Ends the server with `reason` after `terminate`. A call that is not answered fails with that reason. */
export const stop = <State>(reason: ExitReason, state: State): Stop<State, never> =>
  new Stop(reason, state, undefined);

/** Answers a call, then ends the server. */
export const stopAndReply = <State, Value>(
  reason: ExitReason,
  value: Value,
  state: State,
): Stop<State, Value> => new Stop(reason, state, { value });

/** From `init`: not to run. The start gives `ignore`, the process exits `normal`; a supervisor goes on without it. */
export const ignore: Ignore = new Ignore();

/** From `init`: the state, and what comes first. */
export const started = <State>(state: State, next: Next): Started<State> => new Started(state, next);
