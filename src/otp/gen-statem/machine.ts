/**
 * One machine while it runs: its callback modules, state and data, and the events and timeouts it holds itself.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { ModuleAction } from './action.ts';
import { callbacksOf, type Callbacks } from './callbacks.ts';
import type { QueuedEvent } from './event.ts';
import { EventQueue } from './event-queue.ts';
import type { StatemStatus } from './status.ts';
import type { TimeoutTable } from './timeout-table.ts';
import type { Transition } from './transition.ts';

/** Most machines have one module, and are idle: they share what is empty. */
const ALONE: readonly Callbacks[] = [];

export class Machine {
  /** The callbacks that run now. */
  module: Callbacks;
  /** The callback modules below it, which `popCallbackModule` brings back, the next one last. */
  below: readonly Callbacks[] = ALONE;
  state: unknown = undefined;
  data: unknown = undefined;
  readonly queue: EventQueue<QueuedEvent> = new EventQueue();
  /** Null until the first timeout. */
  timeouts: TimeoutTable | null = null;
  /** The event whose callbacks run. */
  current: QueuedEvent | undefined = undefined;
  hibernates = false;
  /** Runs towards hibernation while no event comes. */
  idle: TimerEntry | undefined = undefined;

  /** Milliseconds without an event; Infinity for never. */
  readonly hibernateAfter: number;

  constructor(module: Callbacks, hibernateAfter: number) {
    this.module = module;
    this.hibernateAfter = hibernateAfter;
  }

  /** Callback modules in all. */
  get depth(): number {
    return this.below.length + 1;
  }

  /** Takes over how far a transition came. */
  become({ state, data }: Transition): void {
    this.state = state;
    this.data = data;
  }

  switchModules(actions: readonly ModuleAction[]): void {
    for (const action of actions) {
      if (action.tag === 'popCallbackModule') {
        this.module = this.below.at(-1) as Callbacks;
        this.below = this.below.slice(0, -1);
      } else {
        if (action.tag === 'pushCallbackModule') this.below = [...this.below, this.module];
        this.module = callbacksOf(action.module);
      }
    }
  }

  /** Nothing to do: gives back the memory of an empty mailbox (OTP G18). */
  hibernate(self: Process): void {
    this.hibernates = true;
    if (self.mailbox !== null && self.mailbox.length === 0) self.mailbox = null;
  }

  status(): StatemStatus {
    const { current, queue, timeouts } = this;
    return {
      state: this.state,
      data: this.data,
      queue: (current === undefined ? queue.ready : [current, ...queue.ready]).map(shown),
      postponed: queue.postponed.map(shown),
      timeouts: timeouts === null ? [] : timeouts.list,
      log: [],
    };
  }
}

/** Whom a call is to be answered says nothing to a reader. */
function shown(event: QueuedEvent): unknown {
  if (event.type !== 'call') return event;
  const { type, tag, content } = event;
  return { type, tag, content };
}
