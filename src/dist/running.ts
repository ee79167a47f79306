/**
 * Exported functions that other nodes run: each in a process of its own, below `spawned`.
 *
 * A crash is that process's end and nobody else's. What `erpc` runs ends with `{Ref, return, Value}` and the like as its reason.
 */
import { isExit, thrownReason } from '../actor/exit-reason.ts';
import type { Behavior } from '../actor/behavior.ts';
import type { Process } from '../actor/process.ts';
import { atom, isAtom } from '../codec/etf/atom.ts';
import { Tuple } from '../codec/etf/terms.ts';
import type { GenServer } from '../otp/gen-server.ts';
import { noReply } from '../otp/result.ts';
import { builtinOf } from './builtins.ts';
import type { DistContext } from './context.ts';
import { crashOf, reasonToTerm } from './reasons.ts';

/** At once, at most. */
export const MAX_RUNS = 4_096;

/** Keeps what others have started here, so that it ends with the distribution. */
export const spawnedServer: GenServer<DistContext, DistContext> = {
  label: 'spawned',
  trapExit: true,
  init: (context, self) => {
    context.roots.begin(self as Process);
    return context;
  },
  handleInfo: (_exit, context) => noReply(context),
};

const running: Behavior = {
  type: 'Task',
  receive: () => {},
};

/** Does something in a process of its own; undefined when there are too many. A throw is a crash, and reported. */
export function startRun(
  { runtime, roots: { spawned } }: DistContext,
  run: (self: Process) => void | PromiseLike<void>,
): Process | undefined {
  if (spawned?.alive !== true || count(spawned) >= MAX_RUNS) return undefined;
  const process = runtime.spawn(running, { parent: spawned, label: 'spawned function' });
  runtime.activate(process);
  runtime.work(process, run);
  return process;
}

function count({ firstChild }: Process): number {
  let found = 0;
  for (let child = firstChild; child !== null; child = child.nextSibling) found++;
  return found;
}

export type Run = (self: Process) => Promise<void>;

/** What a spawn runs; undefined: nothing that was exported. `erpc:execute_call` runs what its arguments name. */
export function runOf(
  context: DistContext,
  module: string,
  name: string,
  args: readonly unknown[],
): Run | undefined {
  if (module === 'erpc' && name === 'execute_call' && args.length === 4) {
    const [ref, calledModule, called, values] = args;
    if (!isAtom(calledModule) || !isAtom(called) || !Array.isArray(values)) return undefined;
    return (self) => runForErpc(context, self, ref, [calledModule.name, called.name, values]);
  }
  const exported = context.exports.find(module, name);
  if (exported === undefined) return undefined;
  return async (self) => {
    await exported(...(args as never[]));
    context.runtime.die(self, 'normal');
  };
}

/** A function of our own, by its name: what became of it, as `erpc` and `rpc` understand it. */
export type Outcome =
  | { readonly tag: 'return'; readonly value: unknown }
  /** Something that is no `Error` was thrown. */
  | { readonly tag: 'throw'; readonly value: unknown }
  | { readonly tag: 'exit'; readonly reason: unknown }
  | { readonly tag: 'error'; readonly reason: unknown };

export async function outcomeOf(
  context: DistContext,
  module: string,
  name: string,
  args: readonly unknown[],
): Promise<Outcome> {
  const exported = context.exports.find(module, name) ?? builtinOf(context, module, name, args);
  if (exported === undefined) return { tag: 'error', reason: atom('undef') };
  try {
    return { tag: 'return', value: await exported(...(args as never[])) };
  } catch (error) {
    const reason = thrownReason(error);
    if (isExit(error)) return { tag: 'exit', reason: reasonToTerm(reason) };
    return error instanceof Error
      ? { tag: 'error', reason: crashOf(error) }
      : { tag: 'throw', value: reason };
  }
}

/** For `erpc`: ends the process with the outcome as its reason. */
export async function runForErpc(
  context: DistContext,
  self: Process,
  ref: unknown,
  call: readonly [module: string, name: string, args: readonly unknown[]],
): Promise<void> {
  const outcome = await outcomeOf(context, ...call);
  const { runtime } = context;
  if (outcome.tag === 'error') runtime.die(self, new Tuple([ref, atom('error'), outcome.reason, []]));
  else
    runtime.die(
      self,
      new Tuple([ref, atom(outcome.tag), outcome.tag === 'exit' ? outcome.reason : outcome.value]),
    );
}
