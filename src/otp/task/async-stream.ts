/**
 * A stream of tasks: one per item of the input, a bounded number at a time, results as they are asked for (OTP T6).
 *
 * Items are begun while a result is asked for and there is room; a reader that does not read begins no more. The
 * stream ends, and kills what still runs, when the reader leaves it (`break`, `return`), the signal fires, the input
 * throws, a task takes too long (`onTimeout: 'exit'`), or the owner dies. Source: Elixir `Task.async_stream`.
 */
import { offAbort, onAbort } from '../../actor/abort-listeners.ts';
import type { CallFailure } from '../../actor/call.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Ref } from '../../actor/pid.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { refuse, wrongArgument, wrongBoolean, wrongBound, wrongFunction, wrongObject } from '../arguments.ts';
import { checkDeadline } from '../durations.ts';
import { wrongSettings } from '../start-options.ts';
import { ExitError, reasonOf } from '../errors.ts';
import { isPromiseLike } from '../sequence.ts';
import { CALL_TIMEOUT } from '../server-ref.ts';
import { StreamWindow } from './stream-window.ts';
import { runTask } from './task-process.ts';
import { exitWaiting } from './task.ts';

/** OTP takes the number of cores; tasks of one thread mostly wait for others, which has nothing to do with it. */
const MAX_CONCURRENCY = 8;

/** How a stream of tasks runs. */
export interface StreamOptions {
  /** Tasks at a time, at least 1. Default 8. */
  readonly maxConcurrency?: number | undefined;
  /** Whether results come in the order of the input (default) or as they are there. */
  readonly ordered?: boolean | undefined;
  /** Milliseconds for each task, or Infinity. Default 5,000. */
  readonly timeout?: number | undefined;
  /**
   * `exit` (default): the owner exits with `timeout`, and so does the stream. `killTask`: the task is killed, its
   * element is `exit` `timeout`, and the stream goes on.
   */
  readonly onTimeout?: 'exit' | 'killTask' | undefined;
  /** Ends the stream: it rejects with `{ canceled: reason }`. */
  readonly signal?: AbortSignal | undefined;
  /** The label of the tasks. Default `Task`. */
  readonly label?: string | undefined;
}

/** What became of one item. `exit`: its task died of `reason`, or of `timeout`. */
export type StreamElement<R> =
  { readonly tag: 'ok'; readonly value: R } | { readonly tag: 'exit'; readonly reason: ExitReason };

/** Read it once, with `for await` or by hand. */
export interface TaskStream<R> extends AsyncIterableIterator<StreamElement<R>> {
  next(): Promise<IteratorResult<StreamElement<R>, undefined>>;
  /** Ends it and kills the tasks that run. */
  return(): Promise<IteratorResult<StreamElement<R>, undefined>>;
  [Symbol.asyncIterator](): TaskStream<R>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where the tasks of a stream come from. */
export interface StreamSource {
  readonly runtime: Runtime;
  /** The actor that exits on a timeout, and whose end ends the stream. */
  readonly owner: Process | null;
  /** Makes the process of one task; may throw. */
  readonly spawn: () => Process;
  /** Whether the tasks have to be linked to the owner: those of its own are when they are made. */
  readonly link: boolean;
}

/**
 * Throws a `TypeError` for items that cannot be iterated, for work that is no function and for options that are no
 * object, a `RangeError` for options out of range. Nothing runs before the first `next`.
 */
export function startStream<T, R>(
  source: StreamSource,
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T, self: Self) => R | PromiseLike<R>,
  options: StreamOptions,
): TaskStream<R> {
  refuse(wrongItems(items) ?? wrongFunction('work', work) ?? wrongObject('options', 'an object', options));
  refuse(wrongSettings({ label: options.label }) ?? wrongBoolean('ordered', options.ordered));
  const { maxConcurrency = MAX_CONCURRENCY, timeout = CALL_TIMEOUT, onTimeout = 'exit' } = options;
  refuse(wrongBound('maxConcurrency', 1, maxConcurrency));
  checkDeadline('timeout', timeout);
  if (onTimeout !== 'exit' && onTimeout !== 'killTask')
    throw new TypeError('onTimeout must be exit or killTask');
  return new Stream(source, items, work, { ...options, maxConcurrency, timeout });
}

function wrongItems(items: unknown): TypeError | undefined {
  const source: Partial<Iterable<unknown> & AsyncIterable<unknown>> = Object(items);
  return typeof source[Symbol.iterator] === 'function' || typeof source[Symbol.asyncIterator] === 'function'
    ? undefined
    : wrongArgument('items', 'iterable', items);
}

interface Demand<R> {
  readonly resolve: (result: IteratorResult<StreamElement<R>, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

type Settings = StreamOptions & { readonly maxConcurrency: number; readonly timeout: number };

const DONE = { done: true, value: undefined } as const;

class Stream<T, R> implements TaskStream<R> {
  readonly #source: StreamSource;
  readonly #items: Iterable<T> | AsyncIterable<T>;
  readonly #work: (item: T, self: Self) => R | PromiseLike<R>;
  readonly #options: Settings;
  readonly #window: StreamWindow<StreamElement<R>>;
  readonly #demands: Demand<R>[] = [];
  readonly #running = new Set<Process>();
  #input: Iterator<T> | AsyncIterator<T> | undefined;
  #watch: Ref | undefined;
  #pulling = false;
  #exhausted = false;
  #scheduled = false;
  /** Nothing is begun or given any more. */
  #ended = false;
  /** What the next `next` rejects with. */
  #failure: { readonly error: unknown } | undefined;
  readonly #onAbort = (): void => {
    this.#fail(new ExitError('asyncStream', { canceled: this.#options.signal?.reason as unknown }));
  };

  constructor(
    source: StreamSource,
    items: Iterable<T> | AsyncIterable<T>,
    work: (item: T, self: Self) => R | PromiseLike<R>,
    options: Settings,
  ) {
    this.#source = source;
    this.#items = items;
    this.#work = work;
    this.#options = options;
    this.#window = new StreamWindow(options.maxConcurrency, options.ordered !== false);
  }

  next(): Promise<IteratorResult<StreamElement<R>, undefined>> {
    return new Promise((resolve, reject) => {
      this.#demands.push({ resolve, reject });
      if (this.#input === undefined && !this.#ended) this.#begin();
      this.#pump();
    });
  }

  async return(): Promise<IteratorResult<StreamElement<R>, undefined>> {
    this.#end();
    this.#pump();
    // an input that is asked for an item answers that first, and may never: nobody waits for it then
    if (this.#pulling) this.#returnInput();
    else if (!this.#exhausted) {
      this.#exhausted = true;
      await this.#input?.return?.();
    }
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #begin(): void {
    const { signal } = this.#options;
    const { owner, runtime } = this.#source;
    const items = this.#items;
    // a string is iterable too
    const source = Object(items) as typeof items;
    this.#input = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    if (signal?.aborted === true) this.#onAbort();
    else onAbort(signal, this.#onAbort);
    // unlinked tasks have nobody else who ends them
    if (owner !== null)
      this.#watch = runtime.onExit(owner, (reason) => this.#fail(new ExitError('asyncStream', reason)));
  }

  /** Gives what is there to those who ask, then begins what there is room for. */
  #pump(): void {
    this.#scheduled = false;
    while (this.#demands.length > 0 && !this.#ended) {
      const next = this.#window.give();
      if (next !== undefined) this.#demands.shift()?.resolve({ done: false, value: next.result });
      else if (this.#exhausted && this.#window.empty) this.#end();
      else if (this.#pulling || this.#exhausted || !this.#window.room) return;
      else this.#pull();
    }
    while (this.#ended && this.#demands.length > 0) {
      const demand = this.#demands.shift();
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure === undefined) demand?.resolve(DONE);
      else demand?.reject(failure.error);
    }
  }

  /** In a turn of its own: a result may come in the middle of a death. */
  #pumpSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#source.runtime.clock.soon(() => this.#pump());
  }

  #pull(): void {
    let item: IteratorResult<T> | Promise<IteratorResult<T>>;
    try {
      item = (this.#input as Iterator<T> | AsyncIterator<T>).next();
    } catch (error) {
      this.#inputFailed(error);
      return;
    }
    if (!isPromiseLike(item)) {
      this.#take(item);
      return;
    }
    this.#pulling = true;
    Promise.resolve(item as PromiseLike<IteratorResult<T>>).then(
      (result) => {
        this.#pulling = false;
        if (!this.#ended) this.#take(result);
        this.#pump();
      },
      (error: unknown) => {
        this.#pulling = false;
        this.#inputFailed(error);
        this.#pump();
      },
    );
  }

  /** An input that failed is not told to return. */
  #inputFailed(error: unknown): void {
    this.#exhausted = true;
    this.#fail(error);
  }

  #take(item: IteratorResult<T>): void {
    if (item.done === true) this.#exhausted = true;
    else this.#spawn(item.value);
  }

  #spawn(item: T): void {
    const { spawn, link, owner, runtime } = this.#source;
    let process: Process;
    try {
      process = spawn();
    } catch (error) {
      this.#fail(error);
      return;
    }
    const place = this.#window.take();
    this.#running.add(process);
    if (link && owner !== null) runtime.link(process, owner);
    runTask(
      process,
      (self) => this.#work(item, self),
      this.#options.timeout,
      (value) => this.#complete(process, place, { tag: 'ok', value }),
      (failure) => this.#failed(process, place, failure),
    );
  }

  #complete(process: Process, place: number, element: StreamElement<R>): void {
    if (!this.#running.delete(process)) return;
    this.#window.complete(place, element);
    this.#pumpSoon();
  }

  #failed(process: Process, place: number, failure: CallFailure): void {
    if (failure.tag === 'timeout') {
      if (this.#options.onTimeout !== 'killTask') {
        this.#timedOut();
        return;
      }
      this.#kill(process);
    }
    this.#complete(process, place, { tag: 'exit', reason: reasonOf(failure) });
  }

  #timedOut(): void {
    const { owner } = this.#source;
    this.#fail(new ExitError('asyncStream', 'timeout'));
    if (owner !== null) exitWaiting(owner, 'timeout');
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure = { error };
    this.#end();
    this.#returnInput();
    this.#pumpSoon();
  }

  /** The input is told that nobody reads on; what it says to that is of no interest any more. */
  #returnInput(): void {
    if (this.#exhausted) return;
    this.#exhausted = true;
    try {
      const returned = this.#input?.return?.();
      if (returned instanceof Promise) returned.catch(() => {});
    } catch {
      // as above
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    offAbort(this.#options.signal, this.#onAbort);
    if (this.#watch !== undefined) this.#source.runtime.demonitor(this.#watch);
    const running = [...this.#running];
    this.#running.clear();
    for (const process of running) this.#kill(process);
  }

  /** Alone: an owner it is linked to must not be taken along. */
  #kill(process: Process): void {
    const { owner, runtime } = this.#source;
    if (owner !== null) runtime.unlink(owner, process);
    runtime.exit(process, 'kill');
  }
}
