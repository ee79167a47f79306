/**
 * One invocation: a fresh process that runs a handler for one call and is gone.
 *
 * It starts eagerly: a handler that returns without a promise costs no trip through the run queue. A throw ends
 * this process alone and answers `handler_crash` with the id of the report (D11, D12). The end of its call
 * (deadline, cancel) ends the process and so aborts its signal.
 *
 * Supervised by its procedure, temporary; a crash loses this one call.
 */
import type { Behavior } from '../../actor/behavior.ts';
import type { CallFailure } from '../../actor/call.ts';
import { thrownReason } from '../../actor/exit-reason.ts';
import { outlineReason } from '../../actor/outline.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { CborLimits } from '../../codec/limits.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import { WORKER_OOM } from '../../isolation/thread.ts';
import { copied } from '../call/value-limits.ts';
import { Err } from '../errors/rpc-error.ts';
import type { CrashKind } from '../errors/rpc-failure.ts';
import type { CallTracer } from '../events/call-tracer.ts';
import type { Abandonable, Caller, RpcCall } from '../router/rpc-call.ts';
import { endSpan, openSpan } from './handler-span.ts';
import { Refusal, type AnyHandler, type Authorize, type HandlerContext } from './handler.ts';

/** What an invocation needs of its procedure. */
export interface Served {
  readonly handler: AnyHandler;
  readonly authorize: Authorize | undefined;
  /** Whether a caller elsewhere is told name and message of what was thrown. */
  readonly crashDetails: boolean;
  readonly valueLimits: CborLimits;
  readonly reasonLimits: CborLimits;
  readonly tracer: CallTracer | undefined;
  /** Counted by the procedure: crashes of its invocations. */
  crashed: number;
}

const invocationBehavior: Behavior = {
  type: 'Invocation',
  // signals act on it, messages mean nothing to it
  receive: () => undefined,
};

/** Runs the handler. Gives the process when it has not ended yet; its exit message tells the procedure then. */
export function invoke(procedure: Process, served: Served, call: RpcCall): Process | undefined {
  const { runtime } = procedure;
  const process = runtime.spawn(invocationBehavior, { parent: procedure });
  call.moveTo(process);
  call.stage = 'running';
  call.lastHolder = process;
  call.worker = WORKER;
  runtime.scheduler.runNow(process, () => run(process, served, call));
  return process.alive ? process : undefined;
}

/** The caller gave up: the process ends, its signal is aborted, whatever its promise does later is dropped. */
const WORKER: Abandonable = {
  onAbandoned: (call: RpcCall, failure: CallFailure) => {
    const process = call.lastHolder;
    if (process !== null) process.runtime.die(process, { shutdown: failure.tag });
  },
};

function run(process: Process, served: Served, call: RpcCall): void | Promise<void> {
  if (served.authorize !== undefined) return authorized(process, served, call, served.authorize);
  let result: unknown;
  try {
    result = handle(process, served, call);
    if (isThenable(result)) return settle(process, served, call, result);
  } catch (error) {
    crash(process, served, call, error);
    return undefined;
  }
  finish(process, served, call, result);
  return undefined;
}

function handle(process: Process, served: Served, call: RpcCall): unknown {
  const { handler, tracer } = served;
  if (tracer === undefined) return handler(call.args, new Context(process, call, call.trace));
  const span = openSpan(tracer, process, call);
  return span.run(() => handler(call.args, new Context(process, call, span.trace)));
}

async function authorized(
  process: Process,
  served: Served,
  call: RpcCall,
  authorize: Authorize,
): Promise<void> {
  let allowed = false;
  try {
    allowed = (await authorize(call.caller)) === true;
  } catch (error) {
    process.runtime.reportCrash(process, error);
  }
  if (call.settled || !process.alive) return;
  if (!allowed) {
    call.refuse({ tag: 'unauthorized', detail: 'the procedure does not accept this caller' });
    end(process);
    return;
  }
  await settle(process, served, call, (async () => handle(process, served, call))());
}

async function settle(
  process: Process,
  served: Served,
  call: RpcCall,
  result: PromiseLike<unknown>,
): Promise<void> {
  let value: unknown;
  try {
    value = await result;
  } catch (error) {
    if (process.alive) crash(process, served, call, error);
    return;
  }
  if (process.alive) finish(process, served, call, value);
}

function finish(process: Process, served: Served, call: RpcCall, value: unknown): void {
  if (served.tracer !== undefined) endSpan(process, Err.is(value) ? 'handler_error' : 'ok');
  if (Err.is(value)) {
    const reason = copied(value.reason, served.reasonLimits, 'error reason');
    call.refuse(reason.ok ? { tag: 'handler_error', reason: reason.value } : reason.failure);
  } else if (call.fromPeer) {
    // the connection makes the copy when it encodes, before anything else runs
    call.reply(value);
  } else {
    const copy = copied(value, served.valueLimits, 'result');
    if (copy.ok) call.reply(copy.value);
    else call.refuse(copy.failure);
  }
  end(process);
}

function crash(process: Process, served: Served, call: RpcCall, error: unknown): void {
  const refusal = Refusal.in(error);
  if (served.tracer !== undefined) endSpan(process, refusal?.tag ?? 'handler_crash');
  if (refusal !== undefined) call.refuse(refusal);
  else {
    served.crashed++;
    const reason = thrownReason(error);
    const id = process.runtime.reportCrash(process, reason);
    const failure = { tag: 'handler_crash', id, reason: kindOf(reason) } as const;
    call.refuse(
      served.crashDetails ? { ...failure, detail: outlineReason(reason, true).slice(0, 256) } : failure,
      reason,
    );
  }
  end(process);
}

/** `oom` and `killed` are how the thread of an isolated handler ends. */
const kindOf = (reason: unknown): CrashKind =>
  reason === WORKER_OOM ? 'oom' : reason === 'killed' ? 'killed' : 'error';

/** Its procedure hears of the end by the exit signal, unless it is still inside `invoke`. */
function end(process: Process): void {
  if (process.runtime.scheduler.current === process) process.linkedToParent = false;
  process.runtime.die(process, 'normal');
}

/** As `await` judges, for values that may throw when they are looked at. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as { readonly then?: unknown }).then === 'function';
}

class Context implements HandlerContext {
  readonly #process: Process;
  readonly #call: RpcCall;
  readonly trace: TracePayload | undefined;
  constructor(process: Process, call: RpcCall, trace: TracePayload | undefined) {
    this.#process = process;
    this.#call = call;
    this.trace = trace;
  }
  get signal(): AbortSignal {
    return this.#process.signal;
  }
  get deadline(): number {
    return this.#process.clock.wall() + this.timeLeft;
  }
  get timeLeft(): number {
    return Math.max(0, this.#call.deadline - this.#process.clock.now());
  }
  get caller(): Caller {
    return this.#call.caller;
  }
  get procedure(): string {
    return this.#call.procedure;
  }
  get self(): Self {
    return this.#process;
  }
}
