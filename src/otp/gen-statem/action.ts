/**
 * What a state callback may ask for beside its next state: plain data, performed by the machine (OTP M7, M9).
 *
 * ```ts
 * return nextState('open', data, [replyAction(from, 'ok'), stateTimeout(5_000, 'close')]);
 * ```
 * In one list replies are sent and modules changed in order; inserted events keep their order; of timeouts of the
 * same type the last one counts. A plain number is an event timeout that carries itself.
 */
import type { From } from '../gen-server.ts';
import type { QueuedEvent, StatemFrom, TimeoutName } from './event.ts';

/** Answers a call, this one or one that was kept. */
export interface ReplyAction {
  readonly tag: 'reply';
  readonly from: From;
  readonly value: unknown;
}

export interface NextEventAction {
  readonly tag: 'nextEvent';
  readonly event: QueuedEvent;
}

/** Milliseconds, 0 or more; Infinity and `cancel` stop it, `update` changes only what it carries. */
export type TimeoutTime = number | 'cancel' | 'update';

/** How the time of a timeout is meant. */
export interface TimeoutOptions {
  /** The time is one of the runtime's clock (`self.clock.now()`), not a duration. Default false. */
  readonly abs?: boolean | undefined;
}

export type TimeoutAction = {
  readonly tag: 'timeout';
  readonly time: TimeoutTime;
  readonly content: unknown;
  readonly abs: boolean;
} & (
  | { readonly type: 'timeout' | 'stateTimeout' }
  | { readonly type: 'genericTimeout'; readonly name: TimeoutName }
);

/** What may take over: another definition, by the functions it has. */
export interface CallbackModule {
  readonly states?: object | undefined;
  readonly handleEvent?: unknown;
}

export type ModuleAction =
  | { readonly tag: 'changeCallbackModule' | 'pushCallbackModule'; readonly module: CallbackModule }
  | { readonly tag: 'popCallbackModule' };

/** Something done after a callback; a number is the milliseconds of an event timeout. Order counts (OTP M7–M9). */
export type Action =
  | ReplyAction
  | NextEventAction
  | TimeoutAction
  | ModuleAction
  | { readonly tag: 'postpone' }
  | { readonly tag: 'hibernate' }
  | number;

/** One action, or several in order. */
export type Actions = Action | readonly Action[];

/** What a call is to be answered with; where it may be one of several, with what fits one of them. */
export type AnswerTo<F> = [F] extends [never] ? unknown : F extends StatemFrom<infer Value> ? Value : unknown;

/** `{reply, From, Reply}`. The `from` of an event whose `tag` is known says what the answer has to be. */
export const replyAction = <F extends From>(from: F, value: AnswerTo<F>): ReplyAction => ({
  tag: 'reply',
  from,
  value,
});

/** Keeps the current event back until the state has changed. Not in an enter call. */
export const postpone: Action = { tag: 'postpone' };

/** Rests until the next event: gives back what memory it can. */
export const hibernate: Action = { tag: 'hibernate' };

/** Inserts an event before all that are queued: any but an enter call. Not in an enter call. */
export const nextEvent = (event: QueuedEvent): NextEventAction => ({ tag: 'nextEvent', event });

/**
 * `type: 'timeout'` unless any event comes first. 0: after inserted events and postponed ones that are tried again,
 * before what waits in the mailbox.
 */
export const eventTimeout = (
  time: TimeoutTime,
  content?: unknown,
  { abs = false }: TimeoutOptions = {},
): TimeoutAction => ({ tag: 'timeout', type: 'timeout', time, content, abs });

/** `type: 'stateTimeout'` unless the state changes first. */
export const stateTimeout = (
  time: TimeoutTime,
  content?: unknown,
  { abs = false }: TimeoutOptions = {},
): TimeoutAction => ({ tag: 'timeout', type: 'stateTimeout', time, content, abs });

/** `type: 'genericTimeout'` with this name, whatever happens meanwhile. */
export const genericTimeout = (
  name: TimeoutName,
  time: TimeoutTime,
  content?: unknown,
  { abs = false }: TimeoutOptions = {},
): TimeoutAction => ({ tag: 'timeout', type: 'genericTimeout', name, time, content, abs });

/** From now on another definition's callbacks run, for the enter call of this very transition too. */
export const changeCallbackModule = (module: CallbackModule): ModuleAction => ({
  tag: 'changeCallbackModule',
  module,
});

/** Like `changeCallbackModule`, and the present one comes back with `popCallbackModule`. */
export const pushCallbackModule = (module: CallbackModule): ModuleAction => ({
  tag: 'pushCallbackModule',
  module,
});

/** Back to the definition before the last push; without one it is a bad action. */
export const popCallbackModule: ModuleAction = { tag: 'popCallbackModule' };
