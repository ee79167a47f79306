/**
 * A procedure: the supervisor of the invocations of one advertised handler, and their admission.
 *
 * At most `maxConcurrent` run at once, `maxQueue` wait, the rest is `overloaded`. Invocations are its temporary
 * children: a crash of one costs nobody else anything. Told to retire, it finishes what it has and exits
 * `normal`; one that is killed while it retires stays dead.
 *
 * Supervised by `handlers`, transient; a crash of its own (never of a handler's) loses the calls it runs.
 */
import type { Behavior } from '../../actor/behavior.ts';
import type { CallFailure } from '../../actor/call.ts';
import { Kind } from '../../actor/mailbox.ts';
import type { Exit } from '../../actor/monitor.ts';
import type { NameScope } from '../../actor/names.ts';
import type { Process } from '../../actor/process.ts';
import type { CborLimits } from '../../codec/limits.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { startProcess } from '../../otp/start.ts';
import type { CallTracer } from '../events/call-tracer.ts';
import type { Abandonable, RpcCall } from '../router/rpc-call.ts';
import { DEFAULT_LIMITS, type AnyHandler, type Authorize, type ProcedureLimits } from './handler.ts';
import { invoke, type Served } from './invocation.ts';

/** Messages queued at most, as the router's: admission decides, not the mailbox. */
const PROCEDURE_MAILBOX = 16_384;

export interface ProcedureOptions {
  readonly procedure: string;
  readonly handler: AnyHandler;
  readonly authorize: Authorize | undefined;
  readonly limits: ProcedureLimits | undefined;
  readonly crashDetails: boolean;
  readonly valueLimits: CborLimits;
  readonly reasonLimits: CborLimits;
  readonly tracer: CallTracer | undefined;
}

/** Finish what runs, then exit. */
export class Retire {
  readonly retire = true;
}

/** Survives restarts of the process. */
interface Life {
  retiring: boolean;
}

class ProcedureState implements Served, Abandonable {
  readonly handler: AnyHandler;
  readonly authorize: Authorize | undefined;
  readonly crashDetails: boolean;
  readonly valueLimits: CborLimits;
  readonly reasonLimits: CborLimits;
  readonly tracer: CallTracer | undefined;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly life: Life;
  readonly waiting = new Set<RpcCall>();
  readonly running = new Set<Process>();
  served = 0;
  crashed = 0;
  refused = 0;

  constructor(options: ProcedureOptions, life: Life) {
    this.handler = options.handler;
    this.authorize = options.authorize;
    this.crashDetails = options.crashDetails;
    this.valueLimits = options.valueLimits;
    this.reasonLimits = options.reasonLimits;
    this.tracer = options.tracer;
    this.maxConcurrent = options.limits?.maxConcurrent ?? DEFAULT_LIMITS.maxConcurrent;
    this.maxQueue = options.limits?.maxQueue ?? DEFAULT_LIMITS.maxQueue;
    this.life = life;
  }

  get finished(): boolean {
    return this.life.retiring && this.running.size === 0 && this.waiting.size === 0;
  }

  /** A waiting call was given up: its place is free. */
  onAbandoned(call: RpcCall, _failure: CallFailure): void {
    this.waiting.delete(call);
  }
}

const procedureBehavior: Behavior = {
  type: 'Procedure',

  receive(kind, message, self) {
    const state = self.state as ProcedureState;
    switch (kind) {
      case Kind.call:
        admit(self, state, message as RpcCall);
        break;
      case Kind.exit:
        // others may send exit signals too; they mean nothing here
        if (state.running.delete((message as Exit).from as Process)) pump(self, state);
        break;
      default:
        if (message instanceof Retire) state.life.retiring = true;
        break;
    }
    if (state.finished) self.runtime.stop(self, 'normal');
  },

  inspect(self) {
    const { running, waiting, served, crashed, refused, maxConcurrent, maxQueue } =
      self.state as ProcedureState;
    return {
      strategy: 'oneForOne',
      running: running.size,
      waiting: waiting.size,
      served,
      crashed,
      refused,
      maxConcurrent,
      maxQueue,
    };
  },
};

function admit(self: Process, state: ProcedureState, call: RpcCall): void {
  if (call.settled) return;
  if (state.running.size < state.maxConcurrent) {
    begin(self, state, call);
  } else if (state.waiting.size < state.maxQueue) {
    call.stage = 'queued';
    call.worker = state;
    state.waiting.add(call);
  } else {
    state.refused++;
    call.refuse({ tag: 'overloaded', bound: 'procedure' });
  }
}

function begin(self: Process, state: ProcedureState, call: RpcCall): void {
  state.served++;
  const process = invoke(self, state, call);
  if (process !== undefined) state.running.add(process);
}

function pump(self: Process, state: ProcedureState): void {
  for (const call of state.waiting) {
    if (state.running.size >= state.maxConcurrent) return;
    state.waiting.delete(call);
    begin(self, state, call);
  }
}

/** A procedure as a child of `handlers`, found by `name` in `scope` across restarts. */
export function procedureSpec(name: string, scope: NameScope, options: ProcedureOptions): ChildSpec {
  const life: Life = { retiring: false };
  return {
    id: name,
    restart: 'transient',
    type: 'supervisor',
    start: (parent) =>
      life.retiring
        ? { tag: 'ignore' }
        : startProcess(
            parent.runtime,
            procedureBehavior,
            (self) => {
              self.state = new ProcedureState(options, life);
              return { tag: 'ok' };
            },
            {
              parent: parent as Process,
              label: options.procedure,
              id: name,
              name,
              scope,
              trapExit: true,
              mailbox: PROCEDURE_MAILBOX,
            },
          ),
  };
}
