/**
 * Requests whose answers are taken later: send several, do something else, take the answers as they come (OTP G17).
 *
 * ```ts
 * const all = new RequestCollection<string>();
 * all.add(sendRequest(a, 'add', 2), 'a').add(sendRequest(b, 'add', 3), 'b');
 * for (let next = await all.receive(1_000); typeof next === 'object'; next = await all.receive(1_000)) { … }
 * ```
 * Nothing here rejects: a server's end is an answer with the tag `error`. In a server, `{ to: self }` has the
 * answer delivered to `handleInfo` as an `Answered` (see `checkResponse`), and the server is not parked meanwhile.
 * Source: Erlang/OTP `gen_server:send_request` and `reqids`.
 */
import { Call, type CallFailure } from '../actor/call.ts';
import { signal } from '../actor/delivery.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Process, Self } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { reasonOf } from './errors.ts';
import { Request, type Answer, type Protocol, type ServerRef, type WithPayload } from './server-ref.ts';

/** How a request ended. `reason` as that of an `ExitError`. */
export type Response<T = unknown> =
  { readonly tag: 'reply'; readonly value: T } | { readonly tag: 'error'; readonly reason: ExitReason };

/** Milliseconds or Infinity, or a moment of the runtime's monotonic clock (`runtime.clock.now()`). */
export type Patience = number | { readonly until: number };

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
  readonly request: unknown;
  readonly #to: Process | null;
  #response: Response<T> | undefined = undefined;
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

  protected override onReply(value: unknown): void {
    this.#settled({ tag: 'reply', value: value as T });
  }
  protected override onFailure(failure: CallFailure): void {
    if (failure.tag !== 'canceled') this.#settled({ tag: 'error', reason: reasonOf(failure) });
  }

  /** Gives the request up: an answer that still comes shows up nowhere. */
  abandon(): void {
    this.cancel('abandoned');
  }

  /** Runs `listener` when the answer is there, at once if it is. Returns how to take that back. */
  whenAnswered(listener: () => void): () => void {
    if (this.#response !== undefined) {
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
    for (const listener of this.#waiting ?? []) listener();
    this.#waiting = null;
  }
}

/** Where an answer goes. */
export interface RequestOptions {
  /** The process whose `handleInfo` gets it, as an `Answered`. Default: nobody; it is waited for. */
  readonly to?: Self;
}

/** Sends a request that has no deadline of its own. Throws only what a broken table of names throws. */
export function sendRequest<Calls extends Protocol, Tag extends keyof Calls & string>(
  ref: ServerRef<Calls, never> | ServerRef<Calls>,
  tag: Tag,
  ...[payload, options]: WithPayload<Calls[Tag], [options?: RequestOptions]>
): PendingRequest<Answer<Calls[Tag]>> {
  const { runtime, pid } = ref;
  const { to } = (options ?? {}) as RequestOptions;
  const request = new PendingRequest<Answer<Calls[Tag]>>(
    runtime,
    new Request(tag, payload),
    (to as Process | undefined) ?? null,
  );
  if (pid === undefined) request.fail({ tag: 'exit', reason: 'noproc', holder: null });
  else if (pid === runtime.scheduler.current)
    request.fail({ tag: 'exit', reason: 'calling_self', holder: null });
  else runtime.call(pid, request, Infinity);
  return request;
}

/** The answer, or `timeout`: the request lives on and may be waited for again. Default: without limit. */
export async function waitResponse<T>(
  request: PendingRequest<T>,
  patience: Patience = Infinity,
): Promise<Response<T> | 'timeout'> {
  await firstOf([request], patience);
  return request.response ?? 'timeout';
}

/** Like `waitResponse`, but a request whose time is up is abandoned: its answer shows up nowhere. */
export async function receiveResponse<T>(
  request: PendingRequest<T>,
  patience: Patience = Infinity,
): Promise<Response<T> | 'timeout'> {
  const response = await waitResponse(request, patience);
  if (response === 'timeout') request.abandon();
  return response;
}

/** What a message says about a request that was sent with `to`: its answer, or `no_reply` when it is about something else. */
export function checkResponse<T>(message: unknown, request: PendingRequest<T>): Response<T> | 'no_reply' {
  return message instanceof Answered && message.request === request
    ? (message.response as Response<T>)
    : 'no_reply';
}

/** What a collection gives: an answer, and the label of its request. */
export interface Collected<Label, T = unknown> {
  readonly response: Response<T>;
  readonly label: Label;
  readonly request: PendingRequest<T>;
}

export interface TakeOptions {
  /** Whether the request is deleted from the collection. Default true. One that stays is not given again. */
  readonly delete?: boolean;
}

/** Requests with a label each; gives their answers in the order in which they come. */
export class RequestCollection<Label = unknown, T = unknown> {
  readonly #labels = new Map<PendingRequest<T>, Label>();
  readonly #given = new WeakSet<PendingRequest<T>>();
  /** Answered and not given yet, in the order of the answers. */
  readonly #answered: PendingRequest<T>[] = [];

  get size(): number {
    return this.#labels.size;
  }

  /** Throws for a request that is in it already. */
  add(request: PendingRequest<T>, label: Label): this {
    if (this.#labels.has(request)) throw new TypeError('the request is in the collection already');
    this.#labels.set(request, label);
    request.whenAnswered(() => this.#answered.push(request));
    return this;
  }

  toList(): readonly (readonly [PendingRequest<T>, Label])[] {
    return [...this.#labels];
  }

  /** The next answer; `timeout`: all requests live on; `no_request`: nothing is left to wait for. */
  async wait(
    patience: Patience = Infinity,
    options: TakeOptions = {},
  ): Promise<Collected<Label, T> | 'timeout' | 'no_request'> {
    const open = [...this.#labels.keys()].filter((request) => !this.#given.has(request));
    if (open.length === 0) return 'no_request';
    await firstOf(open, patience);
    const request = this.#answered.shift();
    return request === undefined
      ? 'timeout'
      : (this.#give(request, options) ?? (await this.wait(0, options)));
  }

  /** Like `wait`, but `timeout` abandons all requests that are not answered. */
  async receive(
    patience: Patience = Infinity,
    options: TakeOptions = {},
  ): Promise<Collected<Label, T> | 'timeout' | 'no_request'> {
    const next = await this.wait(patience, options);
    if (next === 'timeout') for (const request of this.#labels.keys()) request.abandon();
    return next;
  }

  /** What a message says about the collection's requests; `no_reply` when it is about something else. */
  check(message: unknown, options: TakeOptions = {}): Collected<Label, T> | 'no_reply' | 'no_request' {
    if (this.#labels.size === 0) return 'no_request';
    if (!(message instanceof Answered)) return 'no_reply';
    const request = message.request as PendingRequest<T>;
    const at = this.#answered.indexOf(request);
    if (at !== -1) this.#answered.splice(at, 1);
    return this.#give(request, options) ?? 'no_reply';
  }

  #give(request: PendingRequest<T>, options: TakeOptions): Collected<Label, T> | undefined {
    const { response } = request;
    if (response === undefined || !this.#labels.has(request) || this.#given.has(request)) return undefined;
    const label = this.#labels.get(request) as Label;
    if (options.delete === false) this.#given.add(request);
    else this.#labels.delete(request);
    return { response, label, request };
  }
}

/** Waits until one of the requests is answered, or the time is up. */
function firstOf(requests: readonly PendingRequest[], patience: Patience): Promise<void> {
  const [first] = requests;
  if (first === undefined || requests.some(({ response }) => response !== undefined))
    return Promise.resolve();
  const { timers, clock } = first.runtime;
  const delay = typeof patience === 'number' ? patience : Math.max(0, patience.until - clock.now());
  if (typeof delay !== 'number' || !(delay >= 0))
    throw new RangeError('the timeout must be milliseconds or Infinity');
  // an answer that is there is taken, however short the time; one that is not does not come without a turn
  if (delay === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer?.unset();
      for (const take of taken) take();
      resolve();
    };
    const timer = delay === Infinity ? undefined : timers.after(delay, end);
    const taken = requests.map((request) => request.whenAnswered(end));
  });
}
