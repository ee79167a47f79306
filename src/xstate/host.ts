/**
 * Runs an xstate machine as a process: the mailbox feeds it, our clock drives `after`, `perform` does what it
 * wants done. One process owns one machine.
 *
 * ```ts
 * const ref = await startMachine(runtime, lightMachine, {
 *   perform: (action, self) => switchLight(action.type),
 * });
 * ref.send({ type: 'PRESS' });
 * ```
 * An error thrown in the machine or in `perform` crashes the process, a final state ends it `normal`; a
 * restarted machine begins anew; one that is final from the start gives `ignore`. Messages that are no events (`{ type, … }`) are reported and dropped; `Down`
 * and `Exit` come as events of type `DOWN` and `EXIT` with their fields.
 */
import type { Behavior } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import { Kind } from '../actor/mailbox.ts';
import { Down, Exit } from '../actor/monitor.ts';
import type { Process, Self } from '../actor/process.ts';
import { reportUnhandled } from '../actor/report.ts';
import type { Runtime } from '../actor/runtime.ts';
import { childOf, type ChildOptions } from '../otp/child-options.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import type { MaybePromise } from '../otp/sequence.ts';
import { ProcessRef } from '../otp/process-ref.ts';
import { request, type CallOptions } from '../otp/server-ref.ts';
import {
  checkStart,
  startedOrThrow,
  startProcess,
  type ProcessOptions,
  type StartOptions,
  type StartResult,
} from '../otp/start.ts';
import { createMachineCell, type MachineCell } from './cell.ts';
import type { Machine, MachineAction, MachineEvent } from './machine.ts';

export interface MachineOptions {
  readonly input?: unknown;
  /** Does what a named action or an emitted event says, in the machine's process. */
  readonly perform: (action: MachineAction, self: Self, cell: MachineCell) => void;
  /** Turns exit signals into events `EXIT`. Default false. */
  readonly trapExit?: boolean | undefined;
}

/** What a running machine shows of itself. */
export interface MachineView {
  readonly value: unknown;
  readonly context: unknown;
  readonly done: boolean;
}

const viewOf = ({ value, context, done }: MachineCell): MachineView => ({ value, context, done });

const machineBehavior: Behavior = {
  type: 'StateMachine',
  receive(kind, message, self) {
    const cell = self.state as MachineCell;
    if (kind === Kind.call) {
      (message as Call).reply(viewOf(cell));
      return;
    }
    const event = eventOf(message);
    if (event === undefined) {
      reportUnhandled(self, message);
      return;
    }
    cell.send(event);
  },
  terminate(_reason, self) {
    (self.state as MachineCell | undefined)?.stop();
  },
  inspect(self) {
    return { state: (self.state as MachineCell | undefined)?.value };
  },
  // read only: a machine's state is replaced by a restart
  readState(self) {
    return viewOf(self.state as MachineCell);
  },
};

const downEvent = ({ ref, pid, reason }: Down): MachineEvent & Omit<Down, 'tag'> => ({
  type: 'DOWN',
  ref,
  pid,
  reason,
});
const exitEvent = ({ from, reason }: Exit): MachineEvent & Omit<Exit, 'tag'> => ({
  type: 'EXIT',
  from,
  reason,
});

function eventOf(message: unknown): MachineEvent | undefined {
  if (message instanceof Down) return downEvent(message);
  if (message instanceof Exit) return exitEvent(message);
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  return typeof message.type === 'string' ? (message as MachineEvent) : undefined;
}

/** Starts a machine without a parent. Throws `StartError`, a `TypeError` for options that make no sense. */
export async function startMachine(
  runtime: Runtime,
  machine: Machine,
  options: MachineOptions,
  start: StartOptions = {},
): Promise<MachineRef> {
  checkStart(runtime, start);
  const result = await startMachineProcess(runtime, machine, options, start);
  return new MachineRef(runtime, startedOrThrow(result, start, machine.id));
}

/** Starts a machine linked to the calling process, as a child specification does. Never throws. */
export function startMachineLink(
  parent: Self,
  machine: Machine,
  options: MachineOptions,
  start: Omit<StartOptions, 'parent'> = {},
): MaybePromise<StartResult> {
  return startMachineProcess(parent.runtime, machine, options, { ...start, parent: parent as Process });
}

/** A child specification for a machine. */
export function machineWorker(
  id: string,
  machine: Machine,
  options: MachineOptions & ChildOptions,
): ChildSpec {
  const { perform, input, ...rest } = options;
  return childOf(id, 'worker', rest, (parent, each) =>
    startMachineLink(parent, machine, { perform, input }, each),
  );
}

function startMachineProcess(
  runtime: Runtime,
  machine: Machine,
  options: MachineOptions,
  start: ProcessOptions,
): MaybePromise<StartResult> {
  const { perform, input, trapExit } = options;
  return startProcess(
    runtime,
    machineBehavior,
    (self) => {
      let started = false;
      const cell = createMachineCell(self, machine, {
        input,
        perform: (action, running) => perform(action, self, running),
        onDone: () => {
          if (started) runtime.stop(self, 'normal');
        },
      });
      self.state = cell;
      started = true;
      return { tag: cell.done ? 'ignore' : 'ok' };
    },
    { ...start, label: start.label ?? start.id ?? machine.id },
    null,
    { trapExit },
  );
}

/** How others speak to a machine. */
export class MachineRef extends ProcessRef {
  /** False when the mailbox is full, or the table of names threw; an event to a dead machine is lost in silence. */
  send<Event extends MachineEvent>(event: Event): boolean {
    const pid = this.found;
    if (pid === null) return false;
    return pid === undefined || this.runtime.send(pid, event);
  }

  /** The state now, after all events sent before. */
  async view(options?: CallOptions): Promise<MachineView> {
    return (await request(this, 'view', 'view', options)) as MachineView;
  }
}
