/**
 * What a state callback returns. Any other value is `bad_return_from_state_function` (OTP M10).
 *
 * `stop` and `stopAndReply` are those of a GenServer: `stop(reason, data)` and
 * `stopAndReply(reason, replies, data)`, where `replies` are reply actions, all sent before the end.
 */
import type { Stop } from '../result.ts';
import type { Actions, ReplyAction } from './action.ts';

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

/** Made by `keepState` and `repeatState`. */
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

/** Made by `keepStateAndData` and `repeatStateAndData`. */
export class KeepStateAndData {
  /** Never there. For the compiler, or each `KeepState` would pass for one of these, whatever its data. */
  declare protected readonly kind: 'keepStateAndData';
  readonly actions: Actions | undefined;
  readonly repeat: boolean;
  constructor(actions: Actions | undefined, repeat: boolean) {
    this.actions = actions;
    this.repeat = repeat;
  }
}

/** What a callback may give. Anything else ends the machine: `{ bad_return_from_state_function: value }` (OTP M10). */
export type StatemResult<State, Data> =
  | NextState<State, Data>
  | KeepState<Data>
  | KeepStateAndData
  | Stop<Data, ReplyAction | readonly ReplyAction[]>;

/** Goes to `state`; from `init` it is the first one. */
export const nextState = <const State, Data>(
  state: State,
  data: Data,
  actions?: Actions,
): NextState<State, Data> => new NextState(state, data, actions);

/** Stays in the state, with these data. */
export const keepState = <Data>(data: Data, actions?: Actions): KeepState<Data> =>
  new KeepState(data, actions, false);

/** Changes nothing; what is done is in the actions. */
export const keepStateAndData = (actions?: Actions): KeepStateAndData => new KeepStateAndData(actions, false);

/** Keeps the state and enters it anew: the enter call runs, but nothing postponed is tried again. */
export const repeatState = <Data>(data: Data, actions?: Actions): KeepState<Data> =>
  new KeepState(data, actions, true);

/** As `repeatState`, with the data there are. */
export const repeatStateAndData = (actions?: Actions): KeepStateAndData =>
  new KeepStateAndData(actions, true);
