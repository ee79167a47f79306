/**
 * What a state callback returns. Any other value is `bad_return_from_state_function` (OTP M10).
 *
 * `stop` and `stopAndReply` are those of a GenServer: `stop(reason, data)` and
 * `stopAndReply(reason, replies, data)`, where `replies` are reply actions, all sent before the end.
 */
import type { Stop } from '../result.ts';
import type { Actions } from './action.ts';

/** From `init`: the first state. From a callback: the next one; an equal state is no change (M3). */
export class NextState<State, Data> {
  readonly state: State;
  readonly data: Data;
  readonly actions: Actions | undefined;
  constructor(state: State, data: Data, actions: Actions | undefined) {
    this.state = state;
    this.data = data;
    this.actions = actions;
  }
}

export class KeepState<Data> {
  readonly data: Data;
  readonly actions: Actions | undefined;
  readonly repeat: boolean;
  constructor(data: Data, actions: Actions | undefined, repeat: boolean) {
    this.data = data;
    this.actions = actions;
    this.repeat = repeat;
  }
}

export class KeepStateAndData {
  readonly actions: Actions | undefined;
  readonly repeat: boolean;
  constructor(actions: Actions | undefined, repeat: boolean) {
    this.actions = actions;
    this.repeat = repeat;
  }
}

export type StatemResult<State, Data> =
  NextState<State, Data> | KeepState<Data> | KeepStateAndData | Stop<Data>;

/** Goes to `state`; from `init` it is the first one. */
export const nextState = <State, Data>(state: State, data: Data, actions?: Actions): NextState<State, Data> =>
  new NextState(state, data, actions);

export const keepState = <Data>(data: Data, actions?: Actions): KeepState<Data> =>
  new KeepState(data, actions, false);

export const keepStateAndData = (actions?: Actions): KeepStateAndData => new KeepStateAndData(actions, false);

/** Keeps the state and enters it anew: the enter call runs, but nothing postponed is tried again. */
export const repeatState = <Data>(data: Data, actions?: Actions): KeepState<Data> =>
  new KeepState(data, actions, true);

export const repeatStateAndData = (actions?: Actions): KeepStateAndData =>
  new KeepStateAndData(actions, true);
