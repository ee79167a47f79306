/**
 * What a user writes to have a state machine (OTP M11): `init`, and either a record of state functions or one
 * `handleEvent`.
 */
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { MailboxOptions } from '../../actor/mailbox.ts';
import type { Self } from '../../actor/process.ts';
import type { Ignore, Stop } from '../result.ts';
import type { MaybePromise } from '../sequence.ts';
import type { AnyProtocol, Protocol } from '../server-ref.ts';
import type { StatemEvent } from './event.ts';
import type { NextState, StatemResult } from './result.ts';
import type { StatemStatus } from './status.ts';

// `NoInfer`: one state does not tell all there are. They are read off the names of the state functions, or declared.

/** What one state does with an event. A promise parks the machine until it settles; a throw crashes it. */
export type StateFunction<State, Data, Calls extends Protocol, Casts extends Protocol> = (
  event: StatemEvent<Calls, Casts, State>,
  data: Data,
  self: Self,
) => MaybePromise<StatemResult<NoInfer<State>, Data>>;

interface Common<Args, State, Data> {
  /** Its name in trees and logs. Default `GenStatem`. */
  readonly label?: string | undefined;
  /** Turns exit signals into messages, and runs `terminate` on the parent's. Default false. */
  readonly trapExit?: boolean | undefined;
  /** Messages queued at most, or that and what happens to more of them. Default 1,000, `reject`. */
  readonly mailbox?: number | MailboxOptions | undefined;
  /** Calls the state with an `enter` event when it is entered: at the start, on a change, on a repeat. Default false. */
  readonly stateEnter?: boolean | undefined;
  /** Milliseconds without an event after which it hibernates. Default never. */
  readonly hibernateAfter?: number | undefined;
  /** Returns `nextState(first, data, actions)`, `ignore` or `stop(reason, …)`. */
  init(args: Args, self: Self): MaybePromise<NextState<NoInfer<State>, Data> | Ignore | Stop<unknown>>;
  /**
   * What a status (`sys.getStatus`) and the reports of a crash show: return `status` with its parts replaced, or use
   * `redact`. One that throws hides all of it and harms nobody. State and data are undefined where there are none: after
   * a start that failed, after an exit signal. Default: all of it.
   *
   * The inspector shows state and data only where this puts something else in the place of the data, or is `redact`.
   */
  formatStatus?(status: StatemStatus<State, Data>): object;
  /**
   * Makes state and data of this version from those of version `from`: `nextState(state, data)`. Runs while the
   * machine is suspended (`sys.changeCode`); a throw leaves all as it was.
   */
  codeChange?(from: unknown, state: unknown, data: unknown, extra: unknown): NextState<NoInfer<State>, Data>;
  /** Cleans up; see `Behavior.terminate` for when it runs. */
  terminate?(reason: ExitReason, state: State, data: Data, self: Self): MaybePromise<void>;
}

/** Callback mode `state_functions`: the state is a string, and the function of that name handles its events. */
export interface StateFunctions<
  Args,
  State,
  Data,
  Calls extends Protocol,
  Casts extends Protocol,
> extends Common<Args, State, Data> {
  readonly states: {
    readonly [Name in State & string]: StateFunction<State, Data, Calls, Casts>;
  };
  readonly handleEvent?: undefined;
}

/** Callback mode `handle_event_function`: the state is any value, compared by what it holds. */
export interface HandleEvent<
  Args,
  State,
  Data,
  Calls extends Protocol,
  Casts extends Protocol,
> extends Common<Args, State, Data> {
  handleEvent(
    event: StatemEvent<Calls, Casts, State>,
    state: State,
    data: Data,
    self: Self,
  ): MaybePromise<StatemResult<NoInfer<State>, Data>>;
  readonly states?: undefined;
}

/** The definition of a state machine, in one of the two callback modes: a function per state, or one for all. */
export type GenStatem<
  Args = undefined,
  State = string,
  Data = unknown,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
> = StateFunctions<Args, State, Data, Calls, Casts> | HandleEvent<Args, State, Data, Calls, Casts>;
