/**
 * `enterLoop`: a process that did something of its own first goes on as a GenServer (OTP G20).
 *
 * ```ts
 * const ref = await startAndEnter(runtime, async (self) => {
 *   const socket = await handshake(self.signal);
 *   return enterLoop(connectionServer, { socket });
 * });
 * ```
 * The starter waits for `body` as it does for `init`. What `body` does with its process, a name it registers for
 * instance, stays. Source: Erlang/OTP `gen_server:enter_loop`.
 */
import { exit, type ExitReason } from '../actor/exit-reason.ts';
import type { MailboxOptions } from '../actor/mailbox.ts';
import type { NameTable } from '../actor/names.ts';
import type { Behavior } from '../actor/behavior.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongArgument, wrongObject, wrongSelf } from './arguments.ts';
import { serverBehavior } from './gen-server-behavior.ts';
import {
  wrongDefinition,
  type AnyServer,
  type CallsOf,
  type CastsOf,
  type GenServer,
  type ServerOptions,
} from './gen-server.ts';
import { Ignore, Stop, type Next } from './result.ts';
import { chainLike, type MaybePromise } from './sequence.ts';
import { ServerRef, type AnyProtocol, type Protocol } from './server-ref.ts';
import { mailboxOf, wrongSettings } from './start-options.ts';
import { checkStart, startedOrThrow, startProcess, type InitResult, type StartResult } from './start.ts';

/** How a process becomes a server: its name, its mailbox, and what comes first. */
export interface EnterOptions extends Next {
  /** The process must hold this name already; else it exits with `{ process_not_registered: name }`. */
  readonly name?: unknown;
  /** Default: the runtime's own scope. */
  readonly scope?: NameTable<unknown> | undefined;
  /** Default: what the process was started with, else the definition's. */
  readonly mailbox?: number | MailboxOptions | undefined;
  /** Instead of the definition's. */
  readonly hibernateAfter?: number | undefined;
}

/** What a definition says that is still to be heeded when a process becomes it. */
type Definition = Pick<ServerOptions, 'label' | 'trapExit' | 'mailbox' | 'hibernateAfter'>;
type Options = Pick<EnterOptions, 'name' | 'scope' | 'mailbox' | 'hibernateAfter'>;

/** How a process goes on, and the protocol it has then. Made by `enterLoop`. */
export class EnterLoop<Calls extends Protocol = Protocol, Casts extends Protocol = Protocol> {
  /** Never there: for the compiler. */
  declare readonly protocol?: readonly [Calls, Casts];
  readonly #definition: Definition;
  readonly #options: Options;
  readonly #become: (self: Process, hibernateAfter: number | undefined) => void;

  constructor(
    definition: Definition,
    options: Options,
    become: (self: Process, hibernateAfter: number | undefined) => void,
  ) {
    this.#definition = definition;
    this.#options = options;
    this.#become = become;
  }

  /**
   * Makes the process that server; ends it when it does not hold the name it says.
   * @param started what it was started with: comes before what the definition says.
   */
  enter(self: Process, started: ServerOptions): void {
    const { label, trapExit, mailbox } = this.#definition;
    const { name, scope = self.runtime.names as NameTable<unknown> } = this.#options;
    if (name !== undefined && scope.whereis(name) !== self) exit({ process_not_registered: name });
    const hibernateAfter = this.#options.hibernateAfter ?? this.#definition.hibernateAfter;
    const size = this.#options.mailbox ?? (started.mailbox === undefined ? mailbox : undefined);
    if (size !== undefined) resize(self, size);
    if (self.info === null && label !== undefined) self.label = label;
    if (started.trapExit === undefined && trapExit !== undefined) self.trapExit = trapExit;
    this.#become(self, hibernateAfter);
  }
}

/** What is queued already stays, also above the new bound. */
function resize(self: Process, size: number | MailboxOptions): void {
  const mailbox = mailboxOf(size);
  if (mailbox instanceof Error) throw mailbox;
  self.bound = mailbox.bound;
  if (mailbox.full !== self.full) self.full = mailbox.full;
}

/** What runs before: gives how to go on, `ignore`, or `stop(reason, …)`. Anything else ends it as `bad_return_value`. */
export type EnterBody<Calls extends Protocol = Protocol, Casts extends Protocol = Protocol> = (
  self: Self,
) => MaybePromise<EnterLoop<Calls, Casts> | Ignore | Stop<unknown>>;

/** Goes on as `server` with this state; `init` does not run. */
export const enterLoop = <
  State,
  Calls extends Protocol,
  Casts extends Protocol,
  Server extends object = object,
>(
  server: GenServer<never, State, Calls, Casts> & Server,
  state: NoInfer<State>,
  options: EnterOptions = {},
): EnterLoop<CallsOf<Server>, CastsOf<Server>> => {
  refuse(
    wrongDefinition(server) ??
      wrongSettings(server) ??
      wrongObject('options', 'an object', options) ??
      wrongSettings(options),
  );
  return new EnterLoop(server, options, (self, hibernateAfter) => {
    const behavior = serverBehavior(server as unknown as AnyServer);
    self.behavior = behavior;
    behavior.enter(state, options, self, hibernateAfter);
  });
};

/** Where nothing is known of a protocol anything may be asked. */
type Told<P extends Protocol> = object extends P ? AnyProtocol : P;

/**
 * Starts a process that does `body` and goes on as it says; the reference has the protocol of what it goes on as.
 * Throws `StartError` like `startServer`.
 */
export async function startAndEnter<Calls extends Protocol = Protocol, Casts extends Protocol = Protocol>(
  runtime: Runtime,
  body: EnterBody<Calls, Casts>,
  options: Omit<ServerOptions, 'hibernateAfter'> = {},
): Promise<ServerRef<Told<Calls>, Told<Casts>>> {
  checkStart(runtime, options);
  refuse(wrongBody(body));
  const result = await start(runtime, null, body, options);
  return new ServerRef(runtime, startedOrThrow(result, options, 'process'));
}

/** Like `startAndEnter`, linked to the calling process, as a child specification does. Never throws. */
export function startAndEnterLink(
  parent: Self,
  body: EnterBody,
  options: Omit<ServerOptions, 'parent' | 'hibernateAfter'> = {},
): MaybePromise<StartResult> {
  const wrong = wrongSelf('parent', parent) ?? wrongBody(body);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return start(parent.runtime, parent as Process, body, options);
}

const wrongBody = (body: unknown): TypeError | undefined =>
  typeof body === 'function' ? undefined : wrongArgument('body', 'a function that gives enterLoop(…)', body);

/** Until it goes on: it takes no messages yet. */
const beforeLoop: Behavior = { type: 'Process', receive: () => undefined };

function start(
  runtime: Runtime,
  parent: Process | null,
  body: EnterBody,
  options: ServerOptions,
): MaybePromise<StartResult> {
  const goOn = (self: Process, way: unknown): InitResult => {
    if (way instanceof Ignore) return { tag: 'ignore' };
    if (way instanceof Stop) return { tag: 'stop', reason: way.reason as ExitReason };
    if (!(way instanceof EnterLoop)) exit({ bad_return_value: way });
    way.enter(self, options);
    return { tag: 'ok' };
  };
  return startProcess(
    runtime,
    beforeLoop,
    (self) => chainLike(body(self), (way) => goOn(self, way)),
    options,
    parent,
  );
}
