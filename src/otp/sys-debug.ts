/**
 * What is kept about a process while somebody looks on (`sys`): a log of events, a trace, counters, functions.
 *
 * A runtime has a tracer only while one of its processes is looked at; all others then pay a look into a map, and
 * nothing at all otherwise. A debug function that throws is removed in silence: looking on harms nobody.
 */
import type { Call } from '../actor/call.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Ref } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { Tracer } from '../actor/scheduler.ts';

/** Something that happened to a process: a message it took, an answer it gave. */
export type SysEvent =
  | { readonly tag: 'in'; readonly kind: 'call' | 'cast' | 'info' | 'system'; readonly message: unknown }
  | { readonly tag: 'out'; readonly value: unknown; readonly request: unknown };

/** Returned by a debug function that has seen enough. */
export const done: unique symbol = Symbol('done');

/** Gets its own state and the event, returns its next state, or `done`. It must be quick. */
export type DebugFunction<S = unknown> = (state: S, event: SysEvent, self: Process) => S | typeof done;

export interface Installed {
  readonly run: DebugFunction;
  state: unknown;
}

export class Debug {
  /** The last events, oldest first, and how many are kept; null while off. */
  log: { readonly keep: number; readonly events: SysEvent[] } | null = null;
  trace: ((event: SysEvent) => void) | null = null;
  file: ((event: SysEvent) => void) | null = null;
  /** `startedAt`: ms of the wall clock. */
  statistics: { readonly startedAt: number; readonly handled: number; in: number; out: number } | null = null;
  readonly installed: Map<unknown, Installed> = new Map();

  get idle(): boolean {
    const { log, trace, file, statistics, installed } = this;
    return log === null && trace === null && file === null && statistics === null && installed.size === 0;
  }

  /** The options that are on, by name. */
  get options(): readonly string[] {
    const { log, trace, file, statistics, installed } = this;
    const on = { log, trace, logToFile: file, statistics, install: installed.size > 0 ? true : null };
    return Object.entries(on).flatMap(([name, value]) => (value === null ? [] : [name]));
  }

  happened(event: SysEvent, self: Process): void {
    if (this.log !== null) {
      this.log.events.push(event);
      if (this.log.events.length > this.log.keep) this.log.events.shift();
    }
    if (this.statistics !== null) this.statistics[event.tag]++;
    for (const name of ['trace', 'file'] as const) {
      try {
        this[name]?.(event);
      } catch {
        this[name] = null;
      }
    }
    for (const [id, each] of this.installed) {
      try {
        const next = each.run(each.state, event, self);
        if (next === done) this.installed.delete(id);
        else each.state = next;
      } catch {
        this.installed.delete(id);
      }
    }
  }
}

const onlookers = new WeakMap<Runtime, Onlooker>();

class Onlooker implements Tracer {
  readonly #watched = new Map<Process, { readonly debug: Debug; readonly watch: Ref }>();
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  of(process: Process): Debug | undefined {
    return this.#watched.get(process)?.debug;
  }

  watch(process: Process): Debug {
    const debug = new Debug();
    const watch = this.#runtime.onExit(process, () => {
      this.forget(process);
    });
    this.#watched.set(process, { debug, watch });
    this.#runtime.scheduler.tracer = this;
    return debug;
  }

  forget(process: Process): void {
    const watched = this.#watched.get(process);
    if (watched === undefined) return;
    this.#runtime.demonitor(watched.watch);
    this.#watched.delete(process);
    if (this.#watched.size === 0 && this.#runtime.scheduler.tracer === this)
      this.#runtime.scheduler.tracer = null;
  }

  dispatch(kind: Kind, message: unknown, process: Process): void | PromiseLike<void> {
    const debug = this.of(process);
    if (debug !== undefined) {
      debug.happened(incoming(kind, message), process);
      if (kind === Kind.call) this.#followCall(message as Call, process);
    }
    return process.behavior.receive(kind, message, process);
  }

  /** Sees the answer, whenever it is given. */
  #followCall(call: Call, process: Process): void {
    const answer = call.reply;
    call.reply = (value) => {
      const first = answer.call(call, value);
      if (first) this.of(process)?.happened({ tag: 'out', value, request: call.request }, process);
      return first;
    };
  }
}

function incoming(kind: Kind, message: unknown): SysEvent {
  if (kind === Kind.call) return { tag: 'in', kind: 'call', message: (message as Call).request };
  if (kind === Kind.cast) return { tag: 'in', kind: 'cast', message };
  return { tag: 'in', kind: kind === Kind.system ? 'system' : 'info', message };
}

/** What is kept about a process; undefined while nobody looks on. */
export const debugOf = (process: Process): Debug | undefined => onlookers.get(process.runtime)?.of(process);

/** Changes what is kept about a process. */
export function setDebug(process: Process, change: (debug: Debug) => void): void {
  const { runtime } = process;
  let onlooker = onlookers.get(runtime);
  if (onlooker === undefined) onlookers.set(runtime, (onlooker = new Onlooker(runtime)));
  const debug = onlooker.of(process) ?? onlooker.watch(process);
  change(debug);
  if (debug.idle) onlooker.forget(process);
}

/** The last events of a process, while its log is on. */
export const debugLog = (process: Process): readonly SysEvent[] => [...(debugOf(process)?.log?.events ?? [])];
