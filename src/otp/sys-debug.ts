/**
 * What is kept about a process while somebody looks on (`sys`): a log of events, a trace, counters, functions.
 *
 * A runtime has a tracer only while one of its processes is looked at; all others then pay a look into a map, and
 * nothing at all otherwise. Looking on harms nobody: a debug function or a writer that throws or rejects is removed,
 * and the log of the runtime says so.
 */
import type { Call } from '../actor/call.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Ref } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { Tracer } from '../actor/scheduler.ts';
import { isPromiseLike } from './sequence.ts';

/** Something that happened to a process: a message it took, an answer it gave. */
export type SysEvent =
  | { readonly tag: 'in'; readonly kind: 'call' | 'cast' | 'info' | 'system'; readonly message: unknown }
  | { readonly tag: 'out'; readonly value: unknown; readonly request: unknown };

/** Returned by a debug function that has seen enough. */
export const done: unique symbol = Symbol('done');

/**
 * Gets its own state and the event, returns its next state, or `done`; or a promise of these, and then events that come
 * before it is over get the old state. It must be quick: the process waits while it runs.
 */
export type DebugFunction<S = unknown> = (
  state: S,
  event: SysEvent,
  self: Process,
) => S | typeof done | Promise<S | typeof done>;

/** Gets each event; what it gives is not looked at, unless it is a promise. */
export type EventWriter = (event: SysEvent) => unknown;

export interface Installed {
  readonly run: DebugFunction;
  state: unknown;
}

export class Debug {
  readonly #onIdle: (self: Process) => void;
  /** The last events, oldest first, and how many are kept; null while off. */
  log: { readonly keep: number; readonly events: SysEvent[] } | null = null;
  trace: EventWriter | null = null;
  file: EventWriter | null = null;
  /** `startedAt`: ms of the wall clock. */
  statistics: { readonly startedAt: number; readonly handled: number; in: number; out: number } | null = null;
  readonly installed: Map<unknown, Installed> = new Map();

  /** @param onIdle called when the last function or writer has ended itself. */
  constructor(onIdle: (self: Process) => void) {
    this.#onIdle = onIdle;
  }

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
    this.#write('trace', event, self);
    this.#write('file', event, self);
    for (const [id, each] of this.installed) this.#run(id, each, event, self);
  }

  #write(name: 'trace' | 'file', event: SysEvent, self: Process): void {
    const write = this[name];
    if (write === null) return;
    const failed = (error: unknown): void => {
      // not what came in its place meanwhile
      if (this[name] !== write) return;
      this[name] = null;
      this.#lost(error, self);
    };
    attempt(() => write(event), ignored, failed);
  }

  #run(id: unknown, each: Installed, event: SysEvent, self: Process): void {
    const remove = (): boolean => this.installed.get(id) === each && this.installed.delete(id);
    const went = (next: unknown): void => {
      if (next !== done) each.state = next;
      else if (remove() && this.idle) this.#onIdle(self);
    };
    const failed = (error: unknown): void => {
      if (remove()) this.#lost(error, self);
    };
    attempt(() => each.run(each.state, event, self), went, failed);
  }

  #lost(error: unknown, self: Process): void {
    self.runtime.defect(error);
    if (this.idle) this.#onIdle(self);
  }
}

const ignored = (): void => undefined;

/** Runs what may throw, or give a promise that may reject. */
function attempt(run: () => unknown, went: (value: unknown) => void, failed: (error: unknown) => void): void {
  try {
    const value = run();
    // the rest of it is heard, whenever it comes
    if (isPromiseLike(value)) Promise.resolve(value).then(went, failed);
    else went(value);
  } catch (error) {
    failed(error);
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
    const debug = new Debug((self) => {
      // what is kept about it now may be another one's
      if (this.of(self) === debug) this.forget(self);
    });
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
      // whoever looked on may have ended it
      if (!process.alive) return undefined;
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
