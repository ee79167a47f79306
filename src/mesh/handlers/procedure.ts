/**
 * A procedure: the supervisor of the invocations of one advertised handler, and their admission.
 *
 * At most `maxConcurrent` run at once, `maxQueue` wait, the rest is `overloaded`. Invocations are its temporary
 * children: a crash of one costs nobody else anything. Told to retire, it finishes what it has and exits
 * `normal`.
 *
 * Supervised by `handlers`, transient; a crash of its own (never of a handler's) loses the calls it runs.
 */
import type { Behavior } from '../../actor/behavior.ts';
import type { CallFailure } from '../../actor/call.ts';
import { Kind } from '../../actor/mailbox.ts';
import type { Exit } from '../../actor/monitor.ts';
import type { NameScope } from '../../actor/names.ts';
import type { Process } from '../../actor/process.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { startProcess } from '../../otp/start.ts';
import { StopRequest } from '../../otp/system-messages.ts';
import type { Abandonable, RpcCall } from '../router/rpc-call.ts';
import { DEFAULT_LIMITS, type AnyHandler, type Authorize, type ProcedureLimits } from './handler.ts';
import { invoke, type Served } from './invocation.ts';

export interface ProcedureOptions {
  readonly procedure: string;
  readonly handler: AnyHandler;
  readonly authorize: Authorize | undefined;
  readonly limits: ProcedureLimits | undefined;
  readonly crashDetails: boolean;
}

/** Finish what runs, then exit. */
export class Retire {
  readonly retire = true;
}

class ProcedureState implements Served, Abandonable {
  readonly handler: AnyHandler;
  readonly authorize: Authorize | undefined;
  readonly crashDetails: boolean;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly waiting = new Set<RpcCall>();
  running = 0;
  served = 0;
  crashed = 0;
  refused = 0;
  retiring = false;

  constructor(options: ProcedureOptions) {
    this.handler = options.handler;
    this.authorize = options.authorize;
    this.crashDetails = options.crashDetails;
    this.maxConcurrent = options.limits?.maxConcurrent ?? DEFAULT_LIMITS.maxConcurrent;
    this.maxQueue = options.limits?.maxQueue ?? DEFAULT_LIMITS.maxQueue;
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
        if ((message as Exit).from === self.parentProcess) {
          self.runtime.stop(self, (message as Exit).reason);
          return;
        }
        state.running--;
        pump(self, state);
        break;
      case Kind.system:
        if (message instanceof StopRequest) self.runtime.stop(self, message.reason);
        return;
      default:
        if (message instanceof Retire) state.retiring = true;
        break;
    }
    if (state.retiring && state.running === 0 && state.waiting.size === 0) self.runtime.stop(self, 'normal');
  },

  inspect(self) {
    const { running, waiting, served, crashed, refused, maxConcurrent, maxQueue } =
      self.state as ProcedureState;
    return {
      strategy: 'oneForOne',
      running,
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
  if (state.running < state.maxConcurrent) {
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
  if (!invoke(self, state, call)) state.running++;
}

function pump(self: Process, state: ProcedureState): void {
  for (const call of state.waiting) {
    if (state.running >= state.maxConcurrent) return;
    state.waiting.delete(call);
    begin(self, state, call);
  }
}

/** A procedure as a child of `handlers`, found by `name` in `scope` across restarts. */
export function procedureSpec(name: string, scope: NameScope, options: ProcedureOptions): ChildSpec {
  return {
    id: name,
    restart: 'transient',
    type: 'supervisor',
    start: (parent) =>
      startProcess(
        parent.runtime,
        procedureBehavior,
        (self) => {
          self.state = new ProcedureState(options);
          return { tag: 'ok' };
        },
        { parent: parent as Process, label: options.procedure, id: name, name, scope, trapExit: true },
      ),
  };
}
