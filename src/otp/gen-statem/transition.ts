/**
 * What the result of a callback means: a transition as data, for the machine to perform (OTP M3, M5, M9, M10).
 *
 * Pure. One `Transition` collects everything between two events: the callback's own result and those of the enter
 * calls it leads to. It stops at the first thing that makes no sense and says so in `bad`; what came before it in
 * the list holds (replies have been sent then, as in OTP).
 */
import { isDeepStrictEqual } from 'node:util';
import type { ExitReason } from '../../actor/exit-reason.ts';
import { Stop } from '../result.ts';
import type { Action, CallbackModule, ModuleAction, ReplyAction, TimeoutAction } from './action.ts';
import { isFrom, isQueuedEvent, isTimeoutName, type QueuedEvent } from './event.ts';
import { KeepState, KeepStateAndData, NextState } from './result.ts';

/** Whose result it is: only a callback for an event may change state and module, postpone and insert. */
export type Source = 'init' | 'event' | 'enter';

const NONE: readonly never[] = [];

/** Lists are made when there is something to put into them. */
function appended<T>(list: readonly T[], item: T): readonly T[] {
  if (list === NONE) return [item];
  (list as T[]).push(item);
  return list;
}

export class Transition {
  /** The event it is about; undefined for the start. */
  readonly event: QueuedEvent | undefined;
  state: unknown;
  data: unknown;
  postpone = false;
  hibernate = false;
  /** The state is another one than when the event came. */
  changed = false;
  /** The state is to be entered (again). */
  enter = false;
  /** How often it was. */
  entered = 0;
  /** Since the last callback, in order. */
  replies: readonly ReplyAction[] = NONE;
  modules: readonly ModuleAction[] = NONE;
  /** Of all callbacks so far, in order. */
  nextEvents: readonly QueuedEvent[] = NONE;
  timeouts: readonly TimeoutAction[] = NONE;
  /** The machine ends with this reason. */
  stop: { readonly reason: ExitReason } | undefined;
  /** The machine crashes with this. */
  bad: Error | undefined;

  constructor(event: QueuedEvent | undefined, state: unknown, data: unknown) {
    this.event = event;
    this.state = state;
    this.data = data;
  }

  /** @param depth callback modules on the stack, this one included. */
  add(result: unknown, source: Source, depth: number): this {
    this.enter = false;
    this.replies = this.modules = NONE;
    if (result instanceof NextState) {
      const changed = source === 'init' || !sameState(result.state, this.state);
      if (changed && source === 'enter') return this.#reject(returnReason(source), result);
      this.data = result.data;
      if (changed) {
        this.state = result.state;
        this.changed = source === 'event';
      }
      this.enter = changed;
    } else if (source === 'init') return this.#reject(returnReason(source), result);
    else if (result instanceof KeepState) {
      this.data = result.data;
      this.enter = result.repeat;
    } else if (result instanceof KeepStateAndData) this.enter = result.repeat;
    else if (result instanceof Stop) return this.#stop(result);
    else return this.#reject(returnReason(source), result);
    if (result.actions !== undefined) this.#actions(result.actions, source, depth);
    return this;
  }

  #stop(result: Stop<unknown>): this {
    this.data = result.state;
    if (result.reply !== undefined) {
      for (const reply of listOf(result.reply.value)) {
        if (!isReply(reply)) return this.#reject('bad_reply_action_from_state_function', reply);
        this.replies = appended(this.replies, reply);
      }
    }
    this.stop = { reason: result.reason };
    return this;
  }

  #actions(actions: unknown, source: Source, depth: number): void {
    if (!Array.isArray(actions)) {
      if (!this.#action(actions, source, depth)) this.#rejectAction(actions, source);
      return;
    }
    // most lists are one reply, which is such a list already
    if (actions.length === 1 && isReply(actions[0])) {
      this.replies = actions as readonly ReplyAction[];
      return;
    }
    let modules = depth;
    for (const action of actions as readonly unknown[]) {
      if (!this.#action(action, source, modules)) {
        this.#rejectAction(action, source);
        return;
      }
      if (isAction(action) && action.tag === 'pushCallbackModule') modules++;
      if (isAction(action) && action.tag === 'popCallbackModule') modules--;
    }
  }

  #rejectAction(action: unknown, source: Source): void {
    const forbidden = source === 'enter' && isAction(action);
    this.#reject(
      `bad_${forbidden ? 'state_enter_action' : 'action'}_from_${source === 'init' ? 'init' : 'state_function'}`,
      action,
    );
  }

  /** False for an action that makes no sense (here). */
  #action(action: unknown, source: Source, depth: number): boolean {
    if (typeof action === 'number') {
      if (!(action >= 0)) return false;
      const timeout: TimeoutAction = {
        tag: 'timeout',
        type: 'timeout',
        time: action,
        content: action,
        abs: false,
      };
      this.timeouts = appended(this.timeouts, timeout);
      return true;
    }
    if (!isAction(action)) return false;
    switch (action.tag) {
      case 'reply':
        if (!isReply(action)) return false;
        this.replies = appended(this.replies, action);
        return true;
      case 'hibernate':
        this.hibernate = true;
        return true;
      case 'timeout':
        if (!isTimeout(action)) return false;
        this.timeouts = appended(this.timeouts, action);
        return true;
      case 'postpone':
        if (source === 'enter') return false;
        // at the start there is nothing to postpone
        this.postpone = source === 'event';
        return true;
      case 'nextEvent':
        if (source === 'enter' || !isQueuedEvent(action.event)) return false;
        this.nextEvents = appended(this.nextEvents, action.event);
        return true;
      case 'changeCallbackModule':
      case 'pushCallbackModule':
        if (source === 'enter' || !isModule(action.module)) return false;
        this.modules = appended(this.modules, action);
        return true;
      case 'popCallbackModule':
        if (source === 'enter' || depth < 2) return false;
        this.modules = appended(this.modules, action);
        return true;
      default:
        return false;
    }
  }

  #reject(reason: string, value: unknown): this {
    this.enter = false;
    this.bad = badValue(reason, value);
    return this;
  }
}

/** Erlang compares states by what they are: `{ tag: 'open' }` equals another one. */
export const sameState = (one: unknown, other: unknown): boolean =>
  Object.is(one, other) ||
  (typeof one === 'object' && typeof other === 'object' && isDeepStrictEqual(one, other));

/** A crash with OTP's word for it; `value` is what was wrong. */
export const badValue = (reason: string, value: unknown): Error =>
  Object.assign(new TypeError(reason), { value });

function returnReason(source: Source): string {
  if (source === 'init') return 'bad_return_from_init';
  return source === 'enter' ? 'bad_state_enter_return_from_state_function' : 'bad_return_from_state_function';
}

const listOf = (given: unknown): readonly unknown[] => (Array.isArray(given) ? given : [given]);

const isAction = (value: unknown): value is Exclude<Action, number> =>
  typeof value === 'object' && value !== null && 'tag' in value;

function isReply(value: unknown): value is ReplyAction {
  if (typeof value !== 'object' || value === null) return false;
  const { tag, from } = value as Partial<ReplyAction>;
  return tag === 'reply' && isFrom(from);
}

/** A duration may be Infinity, an instant may not; both may be 0 or more. */
function isTimeout(action: TimeoutAction): boolean {
  const { type, time, abs } = action;
  if (type === 'genericTimeout') {
    if (!isTimeoutName(action.name)) return false;
  } else if (type !== 'timeout' && type !== 'stateTimeout') return false;
  if (time === 'cancel' || time === 'update') return !abs;
  return typeof time === 'number' && (abs ? Number.isFinite(time) : time >= 0);
}

/** A definition runs with state functions or with `handleEvent`, not with both. */
export const isModule = (value: unknown): value is CallbackModule => {
  if (typeof value !== 'object' || value === null) return false;
  const { states, handleEvent } = value as CallbackModule;
  return states === undefined
    ? typeof handleEvent === 'function'
    : handleEvent === undefined && typeof states === 'object' && states !== null;
};
