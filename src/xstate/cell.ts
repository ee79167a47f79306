/**
 * MachineCell: one running xstate machine inside a process, driven by the process's messages and timers.
 *
 * xstate only computes: snapshot and event in, snapshot and actions out. The cell keeps the snapshot, hands
 * each named action to `perform`, and turns `after` and delayed `raise` into timers of the process, whose
 * events come through its mailbox. Everything is synchronous; events sent while a step runs are queued, so
 * nothing recurses. A throw in the machine or in `perform` leaves `send`: in a callback it crashes the process.
 *
 * xstate's own `transition` function computes the initial state anew for each event (18 µs instead of 4 µs,
 * and it calls the machine's context function without input), so the machine's logic is called directly.
 */
import { createActor, createMachine } from 'xstate';
import type { Process, Self } from '../actor/process.ts';
import type { TimerEntry } from '../actor/timers.ts';
import { checkMachine, refused, type Machine, type MachineAction, type MachineEvent } from './machine.ts';

export interface MachineCell {
  /** Handles an event now, or after the one that is being handled. Ignored once done or stopped. */
  send<Event extends MachineEvent>(event: Event): void;
  /** The state: a name, or an object for nested and parallel states. */
  readonly value: unknown;
  readonly context: unknown;
  /** Whether it is in this state; nested states are written `parent.child`. */
  matches(state: string): boolean;
  /** Cancels its timers; later events are ignored. No exit actions run, as in xstate. */
  stop(): void;
  /** A final state was reached. */
  readonly done: boolean;
  /** The machine's output once done. */
  readonly output: unknown;
}

export interface CellOptions {
  readonly input?: unknown;
  /**
   * Does what a named action says; emitted events come here too, as `{ type, params: event }`. The initial
   * actions are performed before `createMachineCell` returns: use `cell`, not the variable it is put in.
   * An implementation the machine itself has under that name (a stub that carries types) is not called;
   * functions written in place are called as xstate does.
   */
  readonly perform: (action: MachineAction, cell: MachineCell) => void;
  /** Called once, when a final state was reached and its actions are performed. */
  readonly onDone?: (output: unknown) => void;
  /**
   * What the machine computes follows from its state, its input and the event alone, and stays unchanged: a step that
   * some cell has computed serves all, for the same input object and for events that are nothing but their type.
   */
  readonly shared?: boolean;
}

/** Starts a machine inside the process `self`. Throws when the machine invokes or spawns actors. */
export function createMachineCell(self: Self, machine: Machine, options: CellOptions): MachineCell {
  checkMachine(machine);
  const cell = new Cell(self as Process, machine, options);
  cell.begin();
  return cell;
}

interface Snapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
  readonly error: unknown;
  readonly children: Readonly<Record<string, unknown>>;
  matches(state: string): boolean;
}

/** An action as xstate hands it out. */
interface Order {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec: ((info: unknown, params: unknown) => void) | undefined;
}

/** `params` of the built-in actions, by their types. */
interface Delayed {
  readonly event: MachineEvent;
  readonly id: string | undefined;
  readonly delay: number | undefined;
  readonly to?: unknown;
}

interface Logic {
  readonly implementations: { readonly actions?: Readonly<Record<string, unknown>> };
  getInitialSnapshot(scope: object, input: unknown): Snapshot;
  transition(snapshot: Snapshot, event: MachineEvent, scope: object): Snapshot;
}

/** What a step computes. */
interface Step {
  readonly snapshot: Snapshot;
  readonly orders: readonly Order[];
}

/** Steps that cells have in common: the first one by machine and input, the others by snapshot and type of event. */
const firstSteps = new WeakMap<Machine, WeakMap<object, Step>>();
const nextSteps = new WeakMap<Snapshot, Map<string, Step>>();

const nothing = (): void => {};

/** What xstate calls `self` in a hosted machine: nobody. Nothing ever starts it. */
const nobody = Object.assign(createActor(createMachine({})), {
  send: (): never => {
    throw new Error('a hosted machine has no actor of its own: use raise');
  },
});

class Cell implements MachineCell {
  readonly #self: Process;
  readonly #machine: Machine;
  readonly #options: CellOptions;
  #snapshot: Snapshot | undefined;
  #orders: Order[] = [];
  readonly #events: MachineEvent[] = [];
  /** Delayed events that are under way, by the id they are cancelled with. */
  readonly #timers = new Map<string | symbol, TimerEntry>();
  #busy = false;
  #stopped = false;
  /** What xstate's logic sees of the world. */
  readonly #scope: object = {
    self: nobody,
    system: nobody.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    // xstate binds this scope, and so this cell, to actions of its own; a shared step outlives the cell
    actionExecutor: (order: Order): void =>
      void this.#orders.push(
        order.type.startsWith('xstate.') ? { ...order, info: undefined, exec: undefined } : order,
      ),
  };

  constructor(self: Process, machine: Machine, options: CellOptions) {
    this.#self = self;
    this.#machine = machine;
    this.#options = options;
  }

  get value(): unknown {
    return this.#snapshot?.value;
  }
  get context(): unknown {
    return this.#snapshot?.context;
  }
  get done(): boolean {
    return this.#snapshot?.status === 'done';
  }
  get output(): unknown {
    return this.#snapshot?.output;
  }
  matches(state: string): boolean {
    return this.#snapshot?.matches(state) === true;
  }

  begin(): void {
    this.#run(() => this.#first());
  }

  send(event: MachineEvent): void {
    if (this.#stopped) return;
    if (this.#busy) {
      this.#events.push(event);
      return;
    }
    this.#run(() => this.#next(event));
  }

  stop(): void {
    this.#stopped = true;
    this.#events.length = 0;
    for (const timer of this.#timers.values()) timer.unset();
    this.#timers.clear();
  }

  #first(): Step {
    const { input, shared } = this.#options;
    const logic = this.#machine as unknown as Logic;
    const compute = (): Step => this.#compute(() => logic.getInitialSnapshot(this.#scope, input));
    if (shared !== true || typeof input !== 'object' || input === null) return compute();
    let steps = firstSteps.get(this.#machine);
    if (steps === undefined) firstSteps.set(this.#machine, (steps = new WeakMap<object, Step>()));
    let step = steps.get(input);
    if (step === undefined) steps.set(input, (step = compute()));
    return step;
  }

  #next(event: MachineEvent): Step {
    const snapshot = this.#snapshot as Snapshot;
    const logic = this.#machine as unknown as Logic;
    const compute = (): Step => this.#compute(() => logic.transition(snapshot, event, this.#scope));
    if (this.#options.shared !== true || Object.keys(event).length !== 1) return compute();
    let steps = nextSteps.get(snapshot);
    if (steps === undefined) nextSteps.set(snapshot, (steps = new Map<string, Step>()));
    let step = steps.get(event.type);
    if (step === undefined) steps.set(event.type, (step = compute()));
    return step;
  }

  #compute(run: () => Snapshot): Step {
    const orders: Order[] = (this.#orders = []);
    const snapshot = run();
    if (snapshot.status === 'error') throw snapshot.error;
    const [child] = Object.keys(snapshot.children);
    if (child !== undefined) throw refused(this.#machine, 'spawns an actor', child);
    return { snapshot, orders };
  }

  /** One step, then those that its actions caused. After a throw the machine is stopped for good. */
  #run(first: () => Step): void {
    this.#busy = true;
    try {
      this.#step(first);
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        const caused = event;
        this.#step(() => this.#next(caused));
      }
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  #step(compute: () => Step): void {
    const { snapshot, orders } = compute();
    this.#snapshot = snapshot;
    for (const order of orders) {
      if (this.#stopped) return;
      this.#obey(order);
    }
    if (snapshot.status === 'active') return;
    this.stop();
    this.#options.onDone?.(snapshot.output);
  }

  #obey(order: Order): void {
    switch (order.type) {
      case 'xstate.raise': {
        const { event, id, delay } = order.params as Delayed;
        if (delay !== undefined) this.#schedule(id, event, delay);
        return;
      }
      case 'xstate.sendTo': {
        const { event, id, delay, to } = order.params as Delayed;
        if (to !== nobody) throw refused(this.#machine, 'sends to an actor', event.type);
        if (delay === undefined) this.#events.push(event);
        else this.#schedule(id, event, delay);
        return;
      }
      case 'xstate.cancel':
        this.#cancel((order.params as { readonly sendId: string }).sendId);
        return;
      case 'xstate.emit': {
        const { event } = order.params as Delayed;
        this.#options.perform({ type: event.type, params: event }, this);
        return;
      }
      case 'xstate.log':
        this.#self.runtime.logger.debug(
          { event: 'machine.log', ...(order.params as object) },
          this.#machine.id,
        );
        return;
      case 'xstate.spawnChild':
      case 'xstate.stopChild':
        throw refused(this.#machine, 'handles an actor', order.type);
      default:
        this.#act(order);
    }
  }

  #act({ type, exec, info, params }: Order): void {
    const { actions } = (this.#machine as unknown as Logic).implementations;
    const inPlace = exec !== undefined && !(actions !== undefined && Object.hasOwn(actions, type));
    if (inPlace) exec(info, params);
    else this.#options.perform({ type, params }, this);
  }

  /** An event after `delay` ms. The same id again replaces the one that is under way. */
  #schedule(id: string | undefined, event: MachineEvent, delay: number): void {
    const key = id ?? Symbol(event.type);
    this.#cancel(key);
    const timer = this.#self.runtime.workAfter(delay, this.#self, () => {
      this.#timers.delete(key);
      this.send(event);
    });
    this.#timers.set(key, timer);
  }

  #cancel(key: string | symbol): void {
    this.#timers.get(key)?.unset();
    this.#timers.delete(key);
  }
}
