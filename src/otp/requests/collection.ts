/**
 * Several requests as one: whichever is answered first is given first. Source: Erlang/OTP `reqids`.
 */
import type { Runtime } from '../../actor/runtime.ts';
import { refuse } from '../arguments.ts';
import { Answered, wrongRequest, type PendingRequest, type Response } from './pending-request.ts';
import { beforeLong, delayOf, type ResponseTimeout } from './response-timeout.ts';

/** Given answers are let go of when there are so many, and they are the greater part. */
const SWEEP = 1_024;

/** What a collection gives: an answer, and the label of its request. */
export interface Collected<Label, T = unknown> {
  readonly response: Response<T>;
  readonly label: Label;
  readonly request: PendingRequest<T>;
}

/** What becomes of a request whose answer is given. */
export interface TakeOptions {
  /** Whether the request is deleted from the collection. Default true. One that stays is not given again. */
  readonly delete?: boolean | undefined;
}

/**
 * Requests with a label each; gives their answers in the order in which they come, each to one reader only. Any number
 * of readers may wait at a time. A request that is given up is no longer waited for; it stays in the list.
 */
export class RequestCollection<Label = unknown, T = unknown> {
  readonly #labels = new Map<PendingRequest<T>, Label>();
  readonly #given = new WeakSet<PendingRequest<T>>();
  /** Answered, in the order of the answers; those before `#first` are given, and `#stale` others. */
  #answered: PendingRequest<T>[] = [];
  #first = 0;
  #stale = 0;
  /** In it, and neither given nor given up. */
  readonly #open = new Set<PendingRequest<T>>();
  readonly #waiting = new Set<() => void>();
  #runtime: Runtime | undefined = undefined;

  /** Requests in it: added, and not deleted by giving their answer. */
  get size(): number {
    return this.#labels.size;
  }

  /** Adds a request, answered or not. Throws a `TypeError` for one that is in it already, and for what is no request. */
  add(request: PendingRequest<T>, label: Label): this {
    refuse(wrongRequest(request));
    if (this.#labels.has(request)) throw new TypeError('the request is in the collection already');
    this.#labels.set(request, label);
    this.#runtime ??= request.runtime;
    this.#open.add(request);
    request.whenEnded(() => {
      this.#ended(request);
    });
    return this;
  }

  /** What is in it with its labels, in the order of adding. */
  toList(): readonly (readonly [PendingRequest<T>, Label])[] {
    return [...this.#labels];
  }

  /**
   * The next answer; `timeout`: all requests live on; `no_request`: nothing is left to wait for. Default: without
   * limit. Rejects with a `RangeError` for an invalid time.
   */
  async wait(
    timeout: ResponseTimeout = Infinity,
    options: TakeOptions = {},
  ): Promise<Collected<Label, T> | 'timeout' | 'no_request'> {
    const runtime = this.#runtime;
    const delay = delayOf(timeout, runtime);
    if (runtime === undefined) return 'no_request';
    const until = runtime.clock.now() + delay;
    if (delay === 0) await Promise.resolve();
    for (let left = delay; ; left = until - runtime.clock.now()) {
      const next = this.#next(options);
      if (next !== undefined) return next;
      if (this.#open.size === 0) return 'no_request';
      if (!(left > 0)) return 'timeout';
      // another reader may have been quicker: then there is time left
      await beforeLong(runtime, left, (wake) => {
        this.#waiting.add(wake);
        return () => this.#waiting.delete(wake);
      });
    }
  }

  /** Like `wait`, but `timeout` abandons all requests that are not answered. */
  async receive(
    timeout: ResponseTimeout = Infinity,
    options: TakeOptions = {},
  ): Promise<Collected<Label, T> | 'timeout' | 'no_request'> {
    const next = await this.wait(timeout, options);
    if (next === 'timeout') for (const request of this.#labels.keys()) request.abandon();
    return next;
  }

  /** What a message says about the collection's requests; `no_reply` when it is about something else. */
  check(message: unknown, options: TakeOptions = {}): Collected<Label, T> | 'no_reply' | 'no_request' {
    if (this.#labels.size === 0) return 'no_request';
    if (!(message instanceof Answered)) return 'no_reply';
    const found = this.#give(message.request as PendingRequest<T>, options);
    if (found === undefined) return 'no_reply';
    // its place in the list is let go of later, with those of others
    if (++this.#stale >= SWEEP && this.#stale * 2 > this.#answered.length - this.#first) this.#sweep();
    return found;
  }

  #ended(request: PendingRequest<T>): void {
    if (request.response === undefined) this.#open.delete(request);
    else this.#answered.push(request);
    // all of them: one takes the answer, the others see whether anything is left
    for (const wake of this.#waiting) wake();
  }

  #next(options: TakeOptions): Collected<Label, T> | undefined {
    while (this.#first < this.#answered.length) {
      const next = this.#give(this.#answered[this.#first++] as PendingRequest<T>, options);
      if (this.#first >= SWEEP && this.#first * 2 > this.#answered.length) this.#sweep();
      if (next !== undefined) return next;
    }
    this.#sweep();
    return undefined;
  }

  /** Keeps what is left to give. */
  #sweep(): void {
    this.#answered = this.#answered.slice(this.#first).filter((request) => this.#open.has(request));
    this.#first = this.#stale = 0;
  }

  #give(request: PendingRequest<T>, options: TakeOptions): Collected<Label, T> | undefined {
    const { response } = request;
    if (response === undefined || !this.#labels.has(request) || this.#given.has(request)) return undefined;
    const label = this.#labels.get(request) as Label;
    if (options.delete === false) this.#given.add(request);
    else this.#labels.delete(request);
    this.#open.delete(request);
    return { response, label, request };
  }
}
