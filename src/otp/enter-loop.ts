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
import type { NameTable } from '../actor/names.ts';
import type { Behavior } from '../actor/behavior.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { serverBehavior } from './gen-server-behavior.ts';
import type { AnyServer, GenServer, ServerOptions } from './gen-server.ts';
import { Ignore, Stop, type Next } from './result.ts';
import { isPromiseLike, type MaybePromise } from './sequence.ts';
import { ServerRef, type Protocol } from './server-ref.ts';
import { startedOrThrow, startProcess, type InitResult, type StartResult } from './start.ts';

/** How a process goes on. Made by `enterLoop`. */
export class EnterLoop {
  /** Makes the process that server; ends it when it does not hold the name it says. */
  readonly enter: (self: Process) => void;
  constructor(enter: (self: Process) => void) {
    this.enter = enter;
  }
}

export interface EnterOptions extends Next {
  /** The process must hold this name already; else it exits with `{ process_not_registered: name }`. */
  readonly name?: unknown;
  /** Default: the runtime's own scope. */
  readonly scope?: NameTable<unknown>;
  /** Instead of the definition's. */
  readonly hibernateAfter?: number;
}

/** What runs before: gives how to go on, `ignore`, or `stop(reason, …)`. Anything else ends it as `bad_return_value`. */
export type EnterBody = (self: Self) => MaybePromise<EnterLoop | Ignore | Stop<unknown>>;

/** Goes on as `server` with this state; `init` does not run. */
export const enterLoop = <State, Calls extends Protocol, Casts extends Protocol>(
  server: GenServer<never, State, Calls, Casts>,
  state: State,
  options: EnterOptions = {},
): EnterLoop =>
  new EnterLoop((self) => {
    const { name, scope = self.runtime.names as NameTable<unknown> } = options;
    if (name !== undefined && scope.whereis(name) !== self) exit({ process_not_registered: name });
    const behavior = serverBehavior(server as unknown as AnyServer);
    self.behavior = behavior;
    if (server.trapExit !== undefined) self.trapExit = server.trapExit;
    behavior.enter(state, options, self, options.hibernateAfter ?? server.hibernateAfter);
  });

/** Starts a process that does `body` and goes on as it says. Throws `StartError` like `startServer`. */
export async function startAndEnter(
  runtime: Runtime,
  body: EnterBody,
  options: Omit<ServerOptions, 'hibernateAfter'> = {},
): Promise<ServerRef> {
  const result = await start(runtime, body, options);
  return new ServerRef(runtime, startedOrThrow(result, options.label ?? 'process'));
}

/** Like `startAndEnter`, linked to the calling process, as a child specification does. Never throws. */
export function startAndEnterLink(
  parent: Self,
  body: EnterBody,
  options: Omit<ServerOptions, 'parent' | 'hibernateAfter'> = {},
): MaybePromise<StartResult> {
  return start(parent.runtime, body, { ...options, parent: parent as Process });
}

/** Until it goes on: it takes no messages yet. */
const beforeLoop: Behavior = { type: 'Process', receive: () => undefined };

function start(runtime: Runtime, body: EnterBody, options: ServerOptions): MaybePromise<StartResult> {
  const goOn = (self: Process, way: unknown): InitResult => {
    if (way instanceof Ignore) return { tag: 'ignore' };
    if (way instanceof Stop) return { tag: 'stop', reason: way.reason as ExitReason };
    if (!(way instanceof EnterLoop)) exit({ bad_return_value: way });
    way.enter(self);
    return { tag: 'ok' };
  };
  return startProcess(
    runtime,
    beforeLoop,
    (self) => {
      const way = body(self);
      return isPromiseLike(way) ? Promise.resolve(way).then((value) => goOn(self, value)) : goOn(self, way);
    },
    options,
  );
}
