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
 * const ref = await startStatem(runtime, door);
 * await ref.call('push'); // 'opened'; a second push is answered when the door has closed
 * ```
 * Next comes what the machine inserted itself (`nextEvent`), then what it had postponed before the state changed,
 * then zero timeouts, then the mailbox. When not to use one: where a GenServer with a field does. A statechart
 * with nested states is `espalier/xstate`. Source: Erlang/OTP `gen_statem`; OTP §1.5.
 */
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongObject, wrongSelf } from './arguments.ts';
import { childOf, type ServerChildOptions } from './child-options.ts';
import type { ChildSpec } from './child-spec.ts';
import { withoutInit, type ServerOptions } from './gen-server.ts';
import { statemBehavior } from './gen-statem/behavior.ts';
import { wrongStatem } from './gen-statem/callbacks.ts';
import type { GenStatem } from './gen-statem/definition.ts';
import { badValue, isModule } from './gen-statem/transition.ts';
import type { MaybePromise } from './sequence.ts';
import { ServerRef, type AnyProtocol, type Protocol } from './server-ref.ts';
import { wrongSettings } from './start-options.ts';
import {
  checkStart,
  monitored,
  startedOrThrow,
  startProcess,
  type MonitoredStart,
  type StartResult,
} from './start.ts';

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
  type AnswerTo,
  type Actions as StatemActions,
  type CallbackModule,
  type TimeoutOptions,
  type TimeoutTime,
} from './gen-statem/action.ts';
export { enterStatemLoop, type EnterStatemOptions } from './gen-statem/enter-loop.ts';
export type { GenStatem, HandleEvent, StateFunction, StateFunctions } from './gen-statem/definition.ts';
export type { EnterEvent, QueuedEvent, StatemEvent, StatemFrom, TimeoutName } from './gen-statem/event.ts';
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
export type StatemRef<Calls extends Protocol = AnyProtocol, Casts extends Protocol = AnyProtocol> = ServerRef<
  Calls,
  Casts
>;

/**
 * Starts a machine without a parent. Throws `StartError`; `ignore` is `StartError` with that reason. Arguments that make
 * no sense: `TypeError`, `RangeError` for a duration or bound. `args` may be left out where `init` takes none.
 */
export async function startStatem<
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(
  runtime: Runtime,
  statem: GenStatem<undefined, State, Data, Calls, Casts>,
): Promise<StatemRef<Calls, Casts>>;
export async function startStatem<
  Args,
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(
  runtime: Runtime,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options?: ServerOptions,
): Promise<StatemRef<Calls, Casts>>;
export async function startStatem(
  runtime: Runtime,
  statem: object,
  args?: unknown,
  options: ServerOptions = {},
): Promise<StatemRef<never, never>> {
  checkStart(runtime, options);
  refuse(wrongStatem(statem) ?? wrongSaid(statem, options));
  if (isModule(statem)) refuse(withoutInit(statem as AnyStatem));
  const result = await startStatemProcess(runtime, null, statem, args, options);
  const { label = 'GenStatem' } = statem as AnyStatem;
  return new ServerRef(runtime, startedOrThrow(result, options, label));
}

/** Starts a machine linked to the calling process, as a child specification does. Never throws. */
export function startStatemLink<
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(parent: Self, statem: GenStatem<undefined, State, Data, Calls, Casts>): MaybePromise<StartResult>;
export function startStatemLink<
  Args,
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(
  parent: Self,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options?: Omit<ServerOptions, 'parent'>,
): MaybePromise<StartResult>;
export function startStatemLink(
  parent: Self,
  statem: object,
  args?: unknown,
  options: Omit<ServerOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  const wrong = wrongSelf('parent', parent);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return startStatemProcess(parent.runtime, parent as Process, statem, args, options);
}

/**
 * Starts a machine without a link and monitors it from `self`, which gets its `Down`. `ref` is that of the monitor;
 * a start that fails leaves none. Never throws.
 */
export function startStatemMonitor<
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(self: Self, statem: GenStatem<undefined, State, Data, Calls, Casts>): MaybePromise<MonitoredStart>;
export function startStatemMonitor<
  Args,
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(
  self: Self,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options?: Omit<ServerOptions, 'parent' | 'linked'>,
): MaybePromise<MonitoredStart>;
export function startStatemMonitor(
  self: Self,
  statem: object,
  args?: unknown,
  options: Omit<ServerOptions, 'parent' | 'linked'> = {},
): MaybePromise<MonitoredStart> {
  const wrong = wrongSelf('self', self);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return monitored(self, startStatemProcess(self.runtime, null, statem, args, options));
}

/** A child specification for a machine. `args` may be left out where its `init` takes none. Throws as `worker`. */
export function statemWorker<
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(id: string, statem: GenStatem<undefined, State, Data, Calls, Casts>): ChildSpec;
export function statemWorker<
  Args,
  State,
  Data,
  Calls extends Protocol = AnyProtocol,
  Casts extends Protocol = AnyProtocol,
>(
  id: string,
  statem: GenStatem<Args, State, Data, Calls, Casts>,
  args: Args,
  options?: ServerChildOptions,
): ChildSpec;
export function statemWorker(
  id: string,
  statem: object,
  args?: unknown,
  options: ServerChildOptions = {},
): ChildSpec {
  const what = `statemWorker ${id}: `;
  refuse(wrongStatem(statem, `${what}statem`) ?? wrongSettings(statem, what) ?? withoutInit(statem, what));
  return childOf(id, 'worker', options, (parent, each) =>
    startStatemProcess(parent.runtime, parent as Process, statem, args, each),
  );
}

/** A machine with its types left out. */
type AnyStatem = GenStatem<never, never, never, never, never>;

/** The error of what the definition or the options say of the process. */
const wrongSaid = (statem: object, options: ServerOptions): Error | undefined =>
  wrongSettings(statem) ?? wrongObject('options', 'an object', options) ?? wrongSettings(options);

function startStatemProcess(
  runtime: Runtime,
  parent: Process | null,
  statem: object,
  args: unknown,
  options: ServerOptions,
): MaybePromise<StartResult> {
  if (!isModule(statem)) return { tag: 'error', reason: badValue('bad_return_from_callback_mode', statem) };
  const definition = statem as AnyStatem;
  const wrong = wrongSaid(definition, options);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  const behavior = statemBehavior(statem);
  return startProcess(
    runtime,
    behavior,
    (self) => behavior.init(args, self, options.hibernateAfter),
    options,
    parent,
    definition,
  );
}
