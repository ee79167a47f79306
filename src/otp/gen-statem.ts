/**
 * GenStatem: a state machine as a process, with OTP's rules for events that come at the wrong time.
 *
 * ```ts
 * const door: GenStatem<undefined, 'open' | 'closed', number, { push(): string }> = {
 *   init: () => nextState('closed', 0),
 *   states: {
 *     closed: (event, opened) =>
 *       event.type === 'call'
 *         ? nextState('open', opened + 1, [replyAction(event.from, 'opened'), stateTimeout(5_000)])
 *         : keepStateAndData(),
 *     open: (event, opened) =>
 *       event.type === 'stateTimeout' ? nextState('closed', opened) : keepStateAndData(postpone),
 *   },
 * };
 * const ref = await startStatem(runtime, door, undefined);
 * await ref.call('push'); // 'opened'; a second push is answered when the door has closed
 * ```
 * Next comes what the machine inserted itself (`nextEvent`), then what it had postponed before the state changed,
 * then zero timeouts, then the mailbox. When not to use one: where a GenServer with a field does. A statechart
 * with nested states is `espalier/xstate`. Source: Erlang/OTP `gen_statem`; OTP §1.5.
 */
import { exit } from '../actor/exit-reason.ts';
import type { MailboxOptions } from '../actor/mailbox.ts';
import type { NameTable } from '../actor/names.ts';
import type { Ref } from '../actor/pid.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { ChildSpec } from './child-spec.ts';
import { EnterLoop, type EnterOptions } from './enter-loop.ts';
import type { ServerOptions } from './gen-server.ts';
import type { Actions } from './gen-statem/action.ts';
import { statemBehavior } from './gen-statem/behavior.ts';
import type { GenStatem } from './gen-statem/definition.ts';
import { nextState } from './gen-statem/result.ts';
import { badValue, isModule } from './gen-statem/transition.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { ServerRef, type Protocol } from './server-ref.ts';
import { startedOrThrow, startProcess, type StartResult } from './start.ts';

export {
  changeCallbackModule,
  eventTimeout,
  genericTimeout,
  hibernate,
  nextEvent,
  popCallbackModule,
  postpone,
  pushCallbackModule,
  replyAction,
  stateTimeout,
  type Action as StatemAction,
  type Actions as StatemActions,
  type TimeoutOptions,
  type TimeoutTime,
} from './gen-statem/action.ts';
export type { GenStatem, HandleEvent, StateFunction, StateFunctions } from './gen-statem/definition.ts';
export type {
  CallEvent,
  CastEvent,
  EnterEvent,
  InfoEvent,
  InternalEvent,
  QueuedEvent,
  StatemEvent,
  TimeoutEvent,
  TimeoutName,
} from './gen-statem/event.ts';
export {
  keepState,
  keepStateAndData,
  nextState,
  repeatState,
  repeatStateAndData,
  type KeepState,
  type KeepStateAndData,
  type NextState,
  type StatemResult,
} from './gen-statem/result.ts';
export type { StatemStatus } from './gen-statem/status.ts';

/** How callers speak to a machine: as to a server. `stopServer` stops it, `replyTo` answers a kept call. */
export type StatemRef<Calls extends Protocol, Casts extends Protocol> = ServerRef<Calls, Casts>;

/** Starts a machine without a parent. Throws `StartError`; `ignore` is `StartError` with that reason. */
export async function startStatem<Args, State, Data, Calls extends Protocol, Casts extends Protocol>(
  runtime: Runtime,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options: ServerOptions = {},
): Promise<StatemRef<Calls, Casts>> {
  const result = await startStatemProcess(runtime, statem, args, options);
  const what = options.label ?? statem.label ?? 'GenStatem';
  return new ServerRef(runtime, startedOrThrow(result, what));
}

/** Starts a machine linked to the calling process, as a child specification does. Never throws. */
export function startStatemLink<Args, State, Data, Calls extends Protocol, Casts extends Protocol>(
  parent: Self,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options: Omit<ServerOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  return startStatemProcess(parent.runtime, statem, args, { ...options, parent: parent as Process });
}

/**
 * Starts a machine without a link and monitors it from `self`, which gets its `Down`. `ref` is that of the monitor;
 * a start that fails leaves none. Never throws.
 */
export function startStatemMonitor<Args, State, Data, Calls extends Protocol, Casts extends Protocol>(
  self: Self,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options: Omit<ServerOptions, 'parent' | 'linked'> = {},
): MaybePromise<StartResult & { readonly ref?: Ref }> {
  return chain(startStatemProcess(self.runtime, statem, args, options), (result) =>
    result.tag === 'ok' ? { ...result, ref: self.monitor(result.pid) } : result,
  );
}

/**
 * For `startAndEnter`: the process goes on as this machine, in `state`. `init` does not run, the enter call does. It
 * exits with `{ process_not_registered: name }` when it does not hold the name it says.
 */
export const enterStatemLoop = <State, Data, Calls extends Protocol, Casts extends Protocol>(
  statem: GenStatem<never, State, Data, Calls, Casts>,
  state: State,
  data: Data,
  options: Pick<EnterOptions, 'name' | 'scope' | 'hibernateAfter'> & { readonly actions?: Actions } = {},
): EnterLoop =>
  new EnterLoop((self) => {
    const { name, scope = self.runtime.names as NameTable<unknown> } = options;
    if (name !== undefined && scope.whereis(name) !== self) exit({ process_not_registered: name });
    const behavior = statemBehavior(statem);
    self.behavior = behavior;
    if (statem.trapExit !== undefined) self.trapExit = statem.trapExit;
    behavior.enter(nextState(state, data, options.actions), self, options.hibernateAfter);
  });

/** A child specification for a machine; `scope` registers it under its id. */
export function statemWorker<Args, State, Data, Calls extends Protocol, Casts extends Protocol>(
  id: string,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options: Pick<ChildSpec, 'restart' | 'shutdown'> & {
    readonly scope?: NameTable;
    readonly mailbox?: number | MailboxOptions;
  } = {},
): ChildSpec {
  const { scope, mailbox, ...rest } = options;
  return {
    id,
    ...rest,
    type: 'worker',
    start: (parent) =>
      startStatemLink(parent, statem, args, {
        id,
        ...(scope === undefined ? {} : { name: id, scope: scope as NameTable<unknown> }),
        ...(mailbox === undefined ? {} : { mailbox }),
      }),
  };
}

function startStatemProcess<Args, State, Data, Calls extends Protocol, Casts extends Protocol>(
  runtime: Runtime,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options: ServerOptions,
): MaybePromise<StartResult> {
  if (!isModule(statem)) return { tag: 'error', reason: badValue('bad_return_from_callback_mode', statem) };
  const behavior = statemBehavior(statem);
  const label = options.label ?? options.id ?? statem.label;
  return startProcess(runtime, behavior, (self) => behavior.init(args, self, options.hibernateAfter), {
    ...options,
    ...(label === undefined ? {} : { label }),
    ...(statem.trapExit === undefined ? {} : { trapExit: statem.trapExit }),
    ...(statem.mailbox === undefined ? {} : { mailbox: statem.mailbox }),
  });
}
