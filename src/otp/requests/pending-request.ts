/**
 * One request on its way: answered once, or given up, and then whoever waits for it is told.
 */
import { Call, type CallFailure } from '../../actor/call.ts';
import { signal } from '../../actor/delivery.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import { Kind } from '../../actor/mailbox.ts';
import type { Process } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { wrongArgument } from '../arguments.ts';
import { reasonOf } from '../errors.ts';

/** How a request ended. `reason` as that of an `ExitError`, or `abandoned` when it was given up. */
export type Response<T = unknown> =
  { readonly tag: 'reply'; readonly value: T } | { readonly tag: 'error'; readonly reason: ExitReason };

/** The message that brings an answer to a process. */
export class Answered<T = unknown> {
  readonly request: PendingRequest<T>;
  readonly response: Response<T>;
  constructor(request: PendingRequest<T>, response: Response<T>) {
    this.request = request;
    this.response = response;
  }
}

/** A request on its way. */
export class PendingRequest<T = unknown> extends Call {
  readonly runtime: Runtime;
  /** What was sent: the tag and its payload. */
  readonly request: unknown;
  readonly #to: Process | null;
  #response: Response<T> | undefined = undefined;
  #abandoned = false;
  #waiting: Set<() => void> | null = null;

  constructor(runtime: Runtime, request: unknown, to: Process | null) {
    super();
    this.runtime = runtime;
    this.request = request;
    this.#to = to;
  }

  /** The answer, once it is there. */
  get response(): Response<T> | undefined {
    return this.#response;
  }

  /** Given up before it was answered: it never has a response. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  protected override onReply(value: unknown): void {
    this.#settled({ tag: 'reply', value: value as T });
  }
  protected override onFailure(failure: CallFailure): void {
    if (failure.tag !== 'canceled') {
      this.#settled({ tag: 'error', reason: reasonOf(failure) });
      return;
    }
    this.#abandoned = true;
    this.#wake();
  }

  /** Gives the request up: an answer that still comes shows up nowhere, and whoever waits for it waits no longer. */
  abandon(): void {
    this.cancel('abandoned');
  }

  /** Runs `listener` when the request is answered or given up, at once if it is. Returns how to take that back. */
  whenEnded(listener: () => void): () => void {
    if (this.settled) {
      listener();
      return () => {};
    }
    const waiting = (this.#waiting ??= new Set());
    waiting.add(listener);
    return () => waiting.delete(listener);
  }

  #settled(response: Response<T>): void {
    this.#response = response;
    // like a signal, it is not refused because of the bound
    if (this.#to?.alive === true) signal(this.#to, Kind.info, new Answered(this, response));
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const listener of waiting ?? []) listener();
  }
}

/** The error when `value` is no request. */
export const wrongRequest = (value: unknown): TypeError | undefined =>
  value instanceof PendingRequest ? undefined : wrongArgument('request', 'what sendRequest gives', value);
