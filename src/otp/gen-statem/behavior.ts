/**
 * Runs a state machine in a process: takes one event, calls back, performs the transition (OTP M1–M11).
 *
 * A thin shell: what a result means is `transition.ts`, which event is next `event-queue.ts`, which timeouts run
 * `timeout-table.ts`. Between two events the process goes through its urgent lane, so that a machine that keeps
 * inserting events lets others run. A crash loses state, queue, postponed events and timeouts; the calls among
 * them fail with the reason.
 */
import type { Behavior, StatusParts } from '../../actor/behavior.ts';
import { nextSignal, type Work } from '../../actor/delivery.ts';
import { isOrderly, type ExitReason } from '../../actor/exit-reason.ts';
import { Kind } from '../../actor/mailbox.ts';
import type { Process } from '../../actor/process.ts';
import { reportUnhandled } from '../../actor/report.ts';
import { keepShown, shownReason } from '../../actor/shown-reason.ts';
import { ownView } from '../own-view.ts';
import { orKind } from '../server-status.ts';
import { formatted, hideValue, NO_MACHINE, type FormatStatus } from './status.ts';
import { Ignore, Stop } from '../result.ts';
import { isPromiseLike } from '../sequence.ts';
import type { InitResult } from '../start.ts';
import { debugLog } from '../sys-debug.ts';
import type { CodeChange } from '../system-messages.ts';
import type { CallbackModule, ReplyAction } from './action.ts';
import { callbacksOf, type Callbacks } from './callbacks.ts';
import type { QueuedEvent } from './event.ts';
import { eventOf, keepBack } from './intake.ts';
import { Machine } from './machine.ts';
import type { NextState } from './result.ts';
import { EVENT, STATE, TimeoutTable, type TimeoutKey } from './timeout-table.ts';
import { partsOf, type MachineParts } from './status-parts.ts';
import { badValue, Transition, type Source } from './transition.ts';

/** Enter calls in a row, by repeats, before others have their turn. */
const ENTERS_AT_ONCE = 256;

const behaviors = new WeakMap<object, StatemBehavior>();

/** One behavior per definition, shared by all its processes. */
export function statemBehavior(definition: CallbackModule): StatemBehavior {
  let behavior = behaviors.get(definition);
  if (behavior === undefined) {
    behavior = new StatemBehavior(callbacksOf(definition));
    behaviors.set(definition, behavior);
  }
  return behavior;
}

export class StatemBehavior implements Behavior {
  readonly type = 'GenStatem';
  readonly module: string;
  readonly #callbacks: Callbacks;
  /** Handles the next event the machine holds itself. */
  readonly #next: Work = { run: (self) => this.#takeNext(machineOf(self), self) };

  constructor(callbacks: Callbacks) {
    this.module = callbacks.label;
    this.#callbacks = callbacks;
  }

  /** @param hibernateAfter instead of the definition's. */
  init(args: unknown, self: Process, hibernateAfter?: number): InitResult | Promise<InitResult> {
    const result = this.#callbacks.init(args, self);
    return isPromiseLike(result)
      ? Promise.resolve(result).then((value) => this.#begin(value, self, hibernateAfter))
      : this.#begin(result, self, hibernateAfter);
  }

  receive(kind: Kind, message: unknown, self: Process): void | Promise<void> {
    // what the runtime says is no event, so what it says and nobody knows is dropped (OTP Y6)
    if (kind === Kind.system) return reportUnhandled(self, message);
    return this.#handle(eventOf(kind, message), machineOf(self), self);
  }

  terminate(reason: unknown, self: Process): void | Promise<void> {
    if (!(self.state instanceof Machine)) return undefined;
    const { module, state, data } = self.state;
    return module.terminate(reason, state, data, self);
  }

  inspect(self: Process): Readonly<Record<string, unknown>> {
    if (!(self.state instanceof Machine)) return {};
    const { queue, timeouts, hibernates } = self.state;
    return {
      inserted: queue.length,
      postponed: queue.postponed.length,
      timeouts: timeouts === null ? 0 : timeouts.size,
      hibernates,
    };
  }

  /** The pair of state and data. */
  readState(self: Process): unknown {
    if (!(self.state instanceof Machine)) return self.state;
    const { state, data } = self.state;
    return { state, data };
  }

  writeState(self: Process, pair: unknown): void {
    if (!isPair(pair)) throw badValue('bad_return_from_replace_state', pair);
    const machine = machineOf(self);
    machine.state = pair.state;
    machine.data = pair.data;
  }

  /** The name of a state says little: data is what is spoken of. */
  ownView(self: Process): unknown {
    const format = this.#formatter(self);
    if (format === undefined || !(self.state instanceof Machine)) return undefined;
    const { state, data } = partsOf(self.state, { state: undefined }).state as {
      readonly state: unknown;
      readonly data: unknown;
    };
    return ownView(self.state.data, data, format) === undefined ? undefined : { state, data };
  }

  formatStatus(parts: StatusParts, self: Process): MachineParts {
    if (!(self.state instanceof Machine)) return parts;
    return partsOf(self.state, parts);
  }

  formatReason(reason: ExitReason, self: Process): ExitReason {
    const formatStatus = this.#formatter(self);
    if (formatStatus === undefined) return reason;
    const status = self.state instanceof Machine ? self.state.status() : NO_MACHINE;
    const shown = formatted({ ...status, reason: hideValue(reason, formatStatus) }, formatStatus);
    return orKind(shown.reason, reason);
  }

  reportEnd(given: ExitReason, self: Process): void {
    const formatStatus = this.#formatter(self);
    const reason = hideValue(shownReason(given), formatStatus);
    const parts: MachineParts = this.formatStatus({ state: undefined, reason, log: debugLog(self) }, self);
    if (formatStatus !== undefined) keepShown(self, given, orKind(parts.reason, given));
    const { message, state, log = [], queue, postponed, timeouts } = parts;
    self.runtime.report({
      tag: 'terminate',
      at: self.clock.wall(),
      pid: self,
      label: self.label,
      class: self.failure?.class ?? 'exit',
      reason: parts.reason,
      message,
      state,
      log,
      ...(queue === undefined ? {} : { machine: { queue, postponed, timeouts } }),
    });
  }

  #formatter({ state: machine }: Process): FormatStatus | undefined {
    return (machine instanceof Machine ? machine.module : this.#callbacks).formatStatus;
  }

  changeCode(self: Process, change: unknown): void {
    const machine = machineOf(self);
    const { server, from, extra } = change as CodeChange;
    const next = server === undefined ? machine.module : callbacksOf(server as CallbackModule);
    const { state, data } = next.codeChange(from, machine.state, machine.data, extra);
    machine.module = next;
    machine.state = state;
    machine.data = data;
  }

  /** Begins with a state made elsewhere (`enterStatemLoop`). */
  enter(first: NextState<unknown, unknown>, self: Process, hibernateAfter?: number): void {
    const result = this.#begin(first, self, hibernateAfter);
    if (result.tag === 'stop') throw result.reason;
  }

  #begin(result: unknown, self: Process, hibernateAfter: number | undefined): InitResult {
    if (result instanceof Ignore) return { tag: 'ignore' };
    if (result instanceof Stop) return { tag: 'stop', reason: result.reason };
    const machine = new Machine(this.#callbacks, hibernateAfter ?? this.#callbacks.hibernateAfter);
    const start = new Transition(undefined, undefined, undefined).add(result, 'init', 1);
    if (start.bad !== undefined) return { tag: 'stop', reason: start.bad };
    machine.become(start);
    self.state = machine;
    // the start is over before the first enter call, which comes before anything that was sent meanwhile
    const enter: Work = { run: () => this.#perform(start, machine, self) };
    nextSignal(self, Kind.work, enter);
    return { tag: 'ok' };
  }

  #handle(event: QueuedEvent, machine: Machine, self: Process): void | Promise<void> {
    machine.current = event;
    machine.hibernates = false;
    machine.idle?.unset();
    const { state, data, module } = machine;
    const returned = module.invoke(event, state, data, self);
    return this.#returned(returned, 'event', new Transition(event, state, data), machine, self);
  }

  /** A callback has returned: decides, and makes the enter calls that this leads to. */
  #returned(
    returned: unknown,
    from: Source,
    transition: Transition,
    machine: Machine,
    self: Process,
  ): void | Promise<void> {
    if (isPromiseLike(returned)) return this.#later(returned, from, transition, machine, self);
    transition.add(returned, from, machine.depth);
    return this.#perform(transition, machine, self);
  }

  // closures stay out of the functions that every event goes through: what they catch would be copied each time

  #later(
    returned: PromiseLike<unknown>,
    from: Source,
    transition: Transition,
    machine: Machine,
    self: Process,
  ): Promise<void> {
    return Promise.resolve(returned).then((value) => this.#returned(value, from, transition, machine, self));
  }

  #enterLater(transition: Transition, machine: Machine, self: Process): void {
    const work: Work = {
      run: () => this.#returned(enter(transition, machine, self), 'enter', transition, machine, self),
    };
    nextSignal(self, Kind.work, work);
  }

  #perform(transition: Transition, machine: Machine, self: Process): void | Promise<void> {
    // it may have been killed meanwhile, also by itself
    while (self.alive) {
      const { replies, modules } = transition;
      for (let i = 0; i < replies.length; i++) reply(replies[i] as ReplyAction);
      if (modules.length > 0) machine.switchModules(modules);
      if (transition.bad !== undefined) {
        machine.become(transition);
        throw transition.bad;
      }
      if (transition.stop !== undefined) {
        machine.become(transition);
        const { reason } = transition.stop;
        if (!isOrderly(reason)) self.failure = { class: 'exit', message: undefined };
        self.runtime.stop(self, reason);
        return undefined;
      }
      if (!transition.enter || !machine.module.stateEnter) {
        this.#finish(transition, machine, self);
        return undefined;
      }
      if (++transition.entered % ENTERS_AT_ONCE === 0) {
        this.#enterLater(transition, machine, self);
        return undefined;
      }
      const returned = enter(transition, machine, self);
      if (isPromiseLike(returned)) return this.#returned(returned, 'enter', transition, machine, self);
      transition.add(returned, 'enter', machine.depth);
    }
    return undefined;
  }

  /** All callbacks have spoken: the machine becomes what they said. */
  #finish(transition: Transition, machine: Machine, self: Process): void {
    const { event, changed, timeouts, nextEvents } = transition;
    if (transition.postpone && event !== undefined) {
      if (changed) machine.queue.postpone(event);
      else keepBack(event, machine, self);
    }
    if (machine.timeouts !== null) machine.timeouts.cancel(EVENT);
    if (changed) {
      machine.queue.retry();
      machine.timeouts?.cancel(STATE);
      machine.state = transition.state;
    }
    machine.data = transition.data;
    machine.current = undefined;
    if (timeouts.length > 0) (machine.timeouts ??= this.#table(self)).apply(timeouts);
    if (nextEvents.length > 0) machine.queue.insert(nextEvents);
    if (machine.queue.length > 0 || machine.timeouts?.hasZero === true) {
      nextSignal(self, Kind.work, this.#next);
    } else this.#rest(transition.hibernate, machine, self);
  }

  #takeNext(machine: Machine, self: Process): void | Promise<void> {
    const { queue, timeouts } = machine;
    const event = queue.length > 0 ? queue.take() : timeouts?.takeZero();
    return event === undefined ? undefined : this.#handle(event, machine, self);
  }

  #rest(hibernate: boolean, machine: Machine, self: Process): void {
    if (hibernate) machine.hibernate(self);
    else if (machine.hibernateAfter !== Infinity) hibernateLater(machine, self);
  }

  #table(self: Process): TimeoutTable {
    const { clock, runtime } = self;
    const expired = (key: TimeoutKey): void | Promise<void> => {
      const machine = machineOf(self);
      const event = machine.timeouts?.expire(key);
      return event === undefined ? undefined : this.#handle(event, machine, self);
    };
    return new TimeoutTable({
      now: () => clock.now(),
      start: (key, delay) => runtime.workAfter(delay, self, () => expired(key)),
    });
  }
}

const reply = ({ from, value }: ReplyAction): boolean => from.reply(value);

const enter = ({ state, data }: Transition, { module, state: oldState }: Machine, self: Process): unknown =>
  module.invoke({ type: 'enter', oldState }, state, data, self);

function hibernateLater(machine: Machine, self: Process): void {
  machine.idle = self.runtime.workAfter(machine.hibernateAfter, self, () => {
    machine.hibernate(self);
  });
}

const isPair = (value: unknown): value is { readonly state: unknown; readonly data: unknown } =>
  typeof value === 'object' && value !== null && 'state' in value && 'data' in value;

const machineOf = (self: Process): Machine => self.state as Machine;
