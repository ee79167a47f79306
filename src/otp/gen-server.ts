/**
 * GenServer: a process with state that answers calls, takes casts and messages, one at a time.
 *
 * ```ts
 * interface Calls { add(amount: number): number }
 * const counter: GenServer<number, number, Calls> = {
 *   init: (start) => start,
 *   handleCall: { add: (amount, total) => reply(total + amount, total + amount) },
 * };
 * const ref = await startServer(runtime, counter, 0);
 * await ref.call('add', 2); // 2
 * ```
 * A throw or a rejected promise in a callback crashes the server (OTP P18); to end it with a reason of your
 * own return `stop(reason, state)` or call `exit(reason)`. A callback that returns a promise parks the server
 * until it settles. When not to use one: where a plain function does; a server is for state with one owner,
 * for order, and for a failure that should be somebody's business. Source: Erlang/OTP `gen_server`; OTP §1.2.
 */
import type { Call } from '../actor/call.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import type { MailboxOptions } from '../actor/mailbox.ts';
import type { Down, Exit } from '../actor/monitor.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongObject, wrongSelf } from './arguments.ts';
import { serverBehavior } from './gen-server-behavior.ts';
import type { StatusParts } from './server-status.ts';
import type { Ignore, NoReply, Reply, Started, Stop } from './result.ts';
import type { MaybePromise } from './sequence.ts';
import { ServerRef, type Protocol } from './server-ref.ts';
import { wrongSettings } from './start-options.ts';
import {
  checkStart,
  monitored,
  startedOrThrow,
  startProcess,
  type MonitoredStart,
  type StartOptions,
  type StartResult,
} from './start.ts';

export { stopServer } from './stop-server.ts';

/** Who waits for the answer of a call. Pass it to `replyTo` to answer later, from any process. */
export type From = Pick<Call, 'reply' | 'settled'>;

/** A tag whose function is not declared: its handler says what it takes and gives. */
type Undeclared<F> = unknown extends F ? true : false;

type PayloadOf<F> =
  Undeclared<F> extends true
    ? never
    : F extends (...args: infer Args) => unknown
      ? Args extends readonly []
        ? undefined
        : Args[0]
      : undefined;

type AnswerOf<F> =
  Undeclared<F> extends true ? unknown : F extends (...args: never[]) => infer R ? Awaited<R> : never;

type CallHandlers<State, Calls> = {
  readonly [Tag in keyof Calls]: (
    payload: PayloadOf<Calls[Tag]>,
    state: State,
    self: Self,
    from: From,
  ) => MaybePromise<Reply<State, AnswerOf<Calls[Tag]>> | NoReply<State> | Stop<State, AnswerOf<Calls[Tag]>>>;
};

type CastHandlers<State, Casts> = {
  readonly [Tag in keyof Casts]: (
    payload: PayloadOf<Casts[Tag]>,
    state: State,
    self: Self,
  ) => MaybePromise<NoReply<State> | Stop<State>>;
};

/** What `handleInfo` gets: `Down`, `Exit` (while trapping), `'timeout'`, or whatever was sent. */
export type Info = Down | Exit | 'timeout' | unknown;

/**
 * The definition of a server: its callbacks, typed by the tags of its protocol. One object serves any number of
 * servers. A callback that throws, or gives what means nothing, ends its server. Source: Erlang/OTP `gen_server`; OTP
 * G1–G21.
 */
export interface GenServer<
  Args = undefined,
  State = unknown,
  Calls extends Protocol = Protocol,
  Casts extends Protocol = Protocol,
> {
  /** Its name in trees and logs. Default `GenServer`. */
  readonly label?: string | undefined;
  /** Turns exit signals into messages, and runs `terminate` on the parent's. Default false. */
  readonly trapExit?: boolean | undefined;
  /** Messages queued at most, or that and what happens to more of them. Default 1,000, `reject`. */
  readonly mailbox?: number | MailboxOptions | undefined;
  /** Milliseconds without a message after which it hibernates. Default never. */
  readonly hibernateAfter?: number | undefined;
  /** Returns the first state, `started(state, next)`, `ignore` or `stop(reason, …)`. */
  init(args: Args, self: Self): MaybePromise<State | Started<State> | Ignore | Stop<unknown>>;
  readonly handleCall?: CallHandlers<State, Calls> | undefined;
  readonly handleCast?: CastHandlers<State, Casts> | undefined;
  /** Requests that no tag names, as they came (from Erlang, later). Default: crash with `undef`. */
  handleRequest?(
    term: unknown,
    state: State,
    self: Self,
    from: From,
  ): MaybePromise<Reply<State> | NoReply<State> | Stop<State>>;
  /** Everything else. Default: a warning. */
  handleInfo?(message: Info, state: State, self: Self): MaybePromise<NoReply<State> | Stop<State>>;
  handleContinue?(value: unknown, state: State, self: Self): MaybePromise<NoReply<State> | Stop<State>>;
  /** Cleans up; see `Behavior.terminate` for when it runs. */
  terminate?(reason: ExitReason, state: State, self: Self): MaybePromise<void>;
  /**
   * What a status (`sys.getStatus`) and the reports of a crash show: return `status` with its parts replaced, or
   * use `redact`. One that throws hides the state and harms nobody. Where there is no state, after a start that failed
   * or an exit signal, it is undefined. Default: all of it.
   *
   * The inspector shows a state only where this puts something else in its place, or is `redact`: one that gives the state
   * back, itself or in a copy, has not said that anybody may see it.
   */
  formatStatus?(status: StatusParts): StatusParts;
  /** Makes the state of this version from that of version `from` (`sys.changeCode`). */
  codeChange?(from: unknown, state: unknown, extra: unknown): State;
}

/** How a server is started. */
export interface ServerOptions extends StartOptions {
  /** Instead of the definition's. */
  readonly hibernateAfter?: number | undefined;
}

type ReplyOf<Result> =
  Awaited<Result> extends infer One
    ? One extends Reply<unknown, infer Value> | Stop<unknown, infer Value>
      ? Value
      : never
    : never;

/** One function per tag, read off the handlers: the payload they take and what they reply with. */
type Derived<Handlers> = {
  [Tag in keyof Handlers]: Handlers[Tag] extends (payload: infer P, ...rest: never[]) => infer Result
    ? undefined extends P
      ? (payload?: P) => ReplyOf<Result>
      : (payload: P) => ReplyOf<Result>
    : never;
};

/** The declared protocol; that of the handlers where none is declared. */
type Known<Declared, Server, Handlers extends 'handleCall' | 'handleCast'> =
  Undeclared<Declared[keyof Declared]> extends true
    ? Server extends { readonly [K in Handlers]?: infer H }
      ? Derived<NonNullable<H>>
      : Protocol
    : Declared;

/** The calls a server answers: `new ServerRef<CallsOf<typeof counter>>(runtime, { scope, name: 'counter' })`. */
export type CallsOf<Server> =
  Server extends GenServer<never, infer _State, infer Calls, infer _Casts>
    ? Known<Calls, Server, 'handleCall'>
    : Known<Protocol, Server, 'handleCall'>;

/** The casts it takes. */
export type CastsOf<Server> =
  Server extends GenServer<never, infer _State, infer _Calls, infer Casts>
    ? Known<Casts, Server, 'handleCast'>
    : Known<Protocol, Server, 'handleCast'>;

/** A server with its types left out, for lists of unlike servers. */
export type AnyServer = GenServer<never, never, never, never>;

/**
 * Starts a server without a parent. Throws `StartError`; `ignore` is `StartError` with that reason. Arguments that make
 * no sense: `TypeError`, `RangeError` for a duration or bound. `args` may be left out where `init` takes none.
 */
export async function startServer<
  State,
  Calls extends Protocol,
  Casts extends Protocol,
  Server extends object = object,
>(
  runtime: Runtime,
  server: GenServer<undefined, State, Calls, Casts> & Server,
): Promise<ServerRef<Known<Calls, Server, 'handleCall'>, Known<Casts, Server, 'handleCast'>>>;
export async function startServer<
  Args,
  State,
  Calls extends Protocol,
  Casts extends Protocol,
  Server extends object = object,
>(
  runtime: Runtime,
  server: GenServer<Args, State, Calls, Casts> & Server,
  args: Args,
  options?: ServerOptions,
): Promise<ServerRef<Known<Calls, Server, 'handleCall'>, Known<Casts, Server, 'handleCast'>>>;
export async function startServer(
  runtime: Runtime,
  server: AnyServer,
  args?: unknown,
  options: ServerOptions = {},
): Promise<ServerRef<never, never>> {
  checkStart(runtime, options);
  refuse(wrongServer(server, options) ?? withoutInit(server));
  const result = await startServerProcess(runtime, null, server, args, options);
  return new ServerRef(runtime, startedOrThrow(result, options, server.label ?? 'GenServer'));
}

/** Starts a server linked to the calling process, as a child specification does. Never throws. */
export function startServerLink<State, Calls extends Protocol, Casts extends Protocol>(
  parent: Self,
  server: GenServer<undefined, State, Calls, Casts>,
): MaybePromise<StartResult>;
export function startServerLink<Args, State, Calls extends Protocol, Casts extends Protocol>(
  parent: Self,
  server: GenServer<Args, State, Calls, Casts>,
  args: Args,
  options?: Omit<ServerOptions, 'parent'>,
): MaybePromise<StartResult>;
export function startServerLink(
  parent: Self,
  server: object,
  args?: unknown,
  options: Omit<ServerOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  const wrong = wrongSelf('parent', parent);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return startServerProcess(parent.runtime, parent as Process, server as AnyServer, args, options);
}

/**
 * Starts a server without a link and monitors it from `self`, which gets its `Down` (OTP G1). `ref` is that of the
 * monitor; a start that fails leaves none. Never throws.
 */
export function startServerMonitor<State, Calls extends Protocol, Casts extends Protocol>(
  self: Self,
  server: GenServer<undefined, State, Calls, Casts>,
): MaybePromise<MonitoredStart>;
export function startServerMonitor<Args, State, Calls extends Protocol, Casts extends Protocol>(
  self: Self,
  server: GenServer<Args, State, Calls, Casts>,
  args: Args,
  options?: Omit<ServerOptions, 'parent' | 'linked'>,
): MaybePromise<MonitoredStart>;
export function startServerMonitor(
  self: Self,
  server: object,
  args?: unknown,
  options: Omit<ServerOptions, 'parent' | 'linked'> = {},
): MaybePromise<MonitoredStart> {
  const wrong = wrongSelf('self', self);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return monitored(self, startServerProcess(self.runtime, null, server as AnyServer, args, options));
}

/** The error of an invalid definition, or of what it or the options say of the process. */
const wrongServer = (server: AnyServer, options: ServerOptions): Error | undefined =>
  wrongDefinition(server) ??
  wrongSettings(server) ??
  wrongObject('options', 'an object', options) ??
  wrongSettings(options);

/** The error of a definition that nothing can be started of. */
export const wrongChild = (server: unknown, what: string): Error | undefined =>
  wrongDefinition(server, `${what}: server`) ??
  wrongSettings(server as AnyServer, `${what}: `) ??
  withoutInit(server as AnyServer, `${what}: `);

/** The same, of a definition that cannot begin. Those that never throw begin it: who is linked is told (OTP G1). */
export const withoutInit = (
  definition: { readonly init?: unknown },
  where: string = '',
): TypeError | undefined =>
  typeof definition.init === 'function' ? undefined : new TypeError(`${where}undef: no init`);

/** The error of an invalid definition. */
export const wrongDefinition = (server: unknown, what: string = 'server'): TypeError | undefined =>
  wrongObject(what, 'the definition of a server (an object with init)', server);

function startServerProcess(
  runtime: Runtime,
  parent: Process | null,
  server: AnyServer,
  args: unknown,
  options: ServerOptions,
): MaybePromise<StartResult> {
  const wrong = wrongServer(server, options);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  const behavior = serverBehavior(server);
  const hibernateAfter = options.hibernateAfter ?? server.hibernateAfter;
  return startProcess(
    runtime,
    behavior,
    (self) => behavior.init(args, self, hibernateAfter),
    options,
    parent,
    server,
  );
}

/** Answers a call whose handler returned `noReply`. False when it was answered, timed out or canceled before. */
export function replyTo(from: From, value: unknown): boolean {
  refuse(wrongObject('from', 'what handleCall was given', from));
  return from.reply(value);
}
