/**
 * Agent: state in a process of its own, read and changed by functions that run there, one at a time (OTP G20).
 *
 * ```ts
 * const hits = await startAgent(runtime, () => new Map<string, number>());
 * await hits.update((map) => map.set(page, (map.get(page) ?? 0) + 1));
 * const n = await hits.get((map) => map.get(page));
 * ```
 * A function that returns a promise keeps the others waiting until it settles; one that throws or rejects ends the
 * agent with that reason, and its caller is told. The state is not copied: what `get` gives out is shared. When not
 * to use one: work done in an agent blocks it, and state with rules of its own is better off in a GenServer that
 * names them. Source: Elixir `Agent`.
 */
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Pid } from '../actor/pid.ts';
import type { Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { refuse, wrongArgument } from './arguments.ts';
import { childOf, type ServerChildOptions } from './child-options.ts';
import type { ChildSpec } from './child-spec.ts';
import { ExitError } from './errors.ts';
import {
  startServer,
  startServerLink,
  stopServer,
  type GenServer,
  type ServerOptions,
} from './gen-server.ts';
import { ProcessRef } from './process-ref.ts';
import { noReply, reply, started, type NoReply, type Reply } from './result.ts';
import { chainLike, type MaybePromise } from './sequence.ts';
import { Request, request, type CallOptions } from './server-ref.ts';
import type { StartResult } from './start.ts';

/** Runs in the agent's process. */
type AgentFunction<State, Result> = (state: State, self: Self) => MaybePromise<Result>;

/** Makes the first state, in the agent's process; a throw fails the start. */
export type AgentInit<State> = (self: Self) => MaybePromise<State>;

/** The agent's own messages: the payload is the caller's function. */
interface AgentCalls {
  get(read: AgentFunction<unknown, unknown>): unknown;
  update(change: AgentFunction<unknown, unknown>): undefined;
  getAndUpdate(change: AgentFunction<unknown, readonly [unknown, unknown]>): unknown;
}

interface AgentCasts {
  cast(change: AgentFunction<unknown, unknown>): void;
}

const agentServer: GenServer<AgentInit<unknown>, unknown, AgentCalls, AgentCasts> = {
  label: 'Agent',
  // in a box: the state may be any value, also one that means something as a result of `init`
  init: (make, self) => chainLike(make(self), (state) => started(state, {})),
  handleCall: {
    get: (read, state, self) => chainLike(read(state, self), (value): Reply<unknown> => reply(value, state)),
    update: (change, state, self) =>
      chainLike(change(state, self), (next): Reply<unknown, undefined> => reply(undefined, next)),
    getAndUpdate: (change, state, self) =>
      chainLike(change(state, self), ([value, next]): Reply<unknown> => reply(value, next)),
  },
  handleCast: {
    cast: (change, state, self) => chainLike(change(state, self), (next): NoReply<unknown> => noReply(next)),
  },
};

/** The error of a first state that is not made by a function. */
const wrongMaker = (what: string, init: unknown): TypeError | undefined =>
  typeof init === 'function' ? undefined : wrongArgument(what, 'a function that gives the first state', init);

/** Starts an agent without a parent. Throws `StartError`, and as `startServer` for wrong arguments. */
export async function startAgent<State>(
  runtime: Runtime,
  init: AgentInit<State>,
  options: ServerOptions = {},
): Promise<AgentRef<State>> {
  refuse(wrongMaker('init', init));
  const ref = await startServer(runtime, agentServer, init, options);
  return new AgentRef<State>(runtime, ref.pid as Pid);
}

/** Starts an agent linked to the calling process, as a child specification does. Never throws. */
export function startAgentLink<State>(
  parent: Self,
  init: AgentInit<State>,
  options: Omit<ServerOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  const wrong = wrongMaker('init', init);
  if (wrong !== undefined) return { tag: 'error', reason: wrong };
  return startServerLink(parent, agentServer, init, options);
}

/** A child specification for an agent. With a scope, it is registered there under its id. Throws as `worker`. */
export function agent<State>(
  id: string,
  init: AgentInit<State>,
  options: ServerChildOptions = {},
): ChildSpec {
  refuse(wrongMaker(`agent ${id}: init`, init));
  return childOf(id, 'worker', options, (parent, each) => startAgentLink(parent, init, each));
}

/** How others use an agent. All but `cast` reject as a server's `call` does: `ExitError`, default 5,000 ms. */
export class AgentRef<State> extends ProcessRef {
  /** What the function makes of the state. */
  get<Result>(read: AgentFunction<State, Result>, options?: CallOptions): Promise<Result> {
    return this.#ask('get', read, options) as Promise<Result>;
  }

  /** Puts what the function gives in the state's place, and waits for it. */
  async update(change: AgentFunction<State, State>, options?: CallOptions): Promise<void> {
    await this.#ask('update', change, options);
  }

  /** Gives the first of the two values, the second becomes the state. */
  getAndUpdate<Result>(
    change: AgentFunction<State, readonly [result: Result, state: State]>,
    options?: CallOptions,
  ): Promise<Result> {
    return this.#ask('getAndUpdate', change, options) as Promise<Result>;
  }

  /**
   * Like `update` without an answer. False when the mailbox is full, or the table of names threw; to a dead agent it is
   * lost in silence. Never throws.
   */
  cast(change: AgentFunction<State, State>): boolean {
    const pid = this.found;
    if (pid === null) return false;
    return pid === undefined || this.runtime.cast(pid, new Request('cast', change));
  }

  /** Ends the agent and waits; rejects as `stopServer` does, with `noproc` when it does not run. */
  stop(reason: ExitReason = 'normal', timeout: number = Infinity): Promise<void> {
    return stopServer(this, reason, timeout);
  }

  /** `stop`; one that has ended is fine. Rejects as `stop` does for the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop();
    } catch (error) {
      if (!(error instanceof ExitError && error.reason === 'noproc')) throw error;
    }
  }

  #ask(tag: keyof AgentCalls, run: unknown, options: CallOptions | undefined): Promise<unknown> {
    return request(this, `agent ${tag}`, new Request(tag, run), options);
  }
}
