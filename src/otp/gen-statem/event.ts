/**
 * What a state machine is told: calls, casts, messages, its own events and its timeouts (OTP M1, M9).
 *
 * `type` is OTP's event type. Calls and casts are named by the tags of the protocol, as a GenServer's are.
 */
import type { From } from '../gen-server.ts';
import type { AnyProtocol, Answer, Protocol } from '../server-ref.ts';

/** The one argument of a protocol's function. */
type ContentOf<F> = F extends (...args: infer Args) => unknown
  ? Args extends readonly []
    ? undefined
    : Args[0]
  : unknown;

/** Whom a call is to be answered, and for the compiler: what with. A plain `From` is one of those too, unchecked. */
export interface StatemFrom<Value = unknown> extends From {
  /** Never there. */
  owes?(answer: Value): void;
}

/** A request that waits for a reply: one of `Calls`. */
export type CallEvent<Calls extends Protocol = AnyProtocol> = {
  readonly [Tag in keyof Calls & string]: {
    readonly type: 'call';
    readonly tag: Tag;
    readonly content: ContentOf<Calls[Tag]>;
    readonly from: StatemFrom<Answer<Calls[Tag]>>;
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

/** What a callback gets: an event, or, with `stateEnter`, the word that a state is entered. `type` says which. */
export type StatemEvent<
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
  State = unknown,
> = QueuedEvent<Calls, Casts> | EnterEvent<State>;

/** Types of events that have a content and nothing else that must be right. */
const PLAIN: ReadonlySet<unknown> = new Set(['info', 'internal', 'timeout', 'stateTimeout']);

/** Whether `value` can be inserted with `nextEvent`; callers may be untyped. */
export function isQueuedEvent(value: unknown): value is QueuedEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { type, tag, from, name } = value as Readonly<
    Partial<Record<'type' | 'tag' | 'from' | 'name', unknown>>
  >;
  switch (type) {
    case 'call':
      return typeof tag === 'string' && isFrom(from);
    case 'cast':
      return typeof tag === 'string';
    case 'genericTimeout':
      return isTimeoutName(name);
    default:
      return PLAIN.has(type);
  }
}

export const isTimeoutName = (value: unknown): value is TimeoutName =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'symbol';

export function isFrom(value: unknown): value is From {
  return typeof value === 'object' && value !== null && typeof (value as Partial<From>).reply === 'function';
}
