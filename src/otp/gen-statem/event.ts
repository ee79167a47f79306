/**
 * What a state machine is told: calls, casts, messages, its own events and its timeouts (OTP M1, M9).
 *
 * `type` is OTP's event type. Calls and casts are named by the tags of the protocol, as a GenServer's are.
 */
import type { From } from '../gen-server.ts';
import type { AnyProtocol, Protocol } from '../server-ref.ts';

/** The one argument of a protocol's function. */
type ContentOf<F> = F extends (...args: infer Args) => unknown
  ? Args extends readonly []
    ? undefined
    : Args[0]
  : unknown;

/** A request that waits for a reply: one of `Calls`. */
export type CallEvent<Calls extends Protocol = AnyProtocol> = {
  readonly [Tag in keyof Calls & string]: {
    readonly type: 'call';
    readonly tag: Tag;
    readonly content: ContentOf<Calls[Tag]>;
    readonly from: From;
  };
}[keyof Calls & string];

export type CastEvent<Casts extends Protocol = AnyProtocol> = {
  readonly [Tag in keyof Casts & string]: {
    readonly type: 'cast';
    readonly tag: Tag;
    readonly content: ContentOf<Casts[Tag]>;
  };
}[keyof Casts & string];

/** A plain message, `Down`, or `Exit` while trapping. */
export interface InfoEvent {
  readonly type: 'info';
  readonly content: unknown;
}

/** Only the machine itself makes these, with `nextEvent`. */
export interface InternalEvent {
  readonly type: 'internal';
  readonly content: unknown;
}

export type TimeoutName = string | number | symbol;

/** A time has passed: `timeout` is the event timeout, `genericTimeout` one with a name. */
export type TimeoutEvent =
  | { readonly type: 'timeout'; readonly content: unknown }
  | { readonly type: 'stateTimeout'; readonly content: unknown }
  | { readonly type: 'genericTimeout'; readonly name: TimeoutName; readonly content: unknown };

/** A state is entered; only while `stateEnter` is true. At the start and on a repeat `oldState` is this state. */
export interface EnterEvent<State = unknown> {
  readonly type: 'enter';
  readonly oldState: State;
}

/** What may wait in a queue: everything but the enter call, which is none of OTP's events. */
export type QueuedEvent<Calls extends Protocol = AnyProtocol, Casts extends Protocol = AnyProtocol> =
  CallEvent<Calls> | CastEvent<Casts> | InfoEvent | InternalEvent | TimeoutEvent;

export type StatemEvent<
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
  State = unknown,
> = QueuedEvent<Calls, Casts> | EnterEvent<State>;

const QUEUED: ReadonlySet<unknown> = new Set([
  'call',
  'cast',
  'info',
  'internal',
  'timeout',
  'stateTimeout',
  'genericTimeout',
]);

/** Whether `value` can be inserted with `nextEvent`; callers may be untyped. */
export function isQueuedEvent(value: unknown): value is QueuedEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { type, from } = value as { readonly type?: unknown; readonly from?: unknown };
  return QUEUED.has(type) && (type !== 'call' || isFrom(from));
}

export function isFrom(value: unknown): value is From {
  return typeof value === 'object' && value !== null && 'reply' in value && typeof value.reply === 'function';
}
