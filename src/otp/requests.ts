/**
 * Requests whose answers are taken later: send several, do something else, take the answers as they come (OTP G17).
 *
 * ```ts
 * const all = new RequestCollection<string>();
 * all.add(sendRequest(a, 'add', 2), 'a').add(sendRequest(b, 'add', 3), 'b');
 * for (let next = await all.receive(1_000); typeof next === 'object'; next = await all.receive(1_000)) { … }
 * ```
 * A server's end is an answer with the tag `error`; only wrong arguments throw or reject. In a server, `{ to: self }`
 * has the answer delivered to `handleInfo` as an `Answered` (see `checkResponse`); the server is not parked meanwhile.
 * Source: Erlang/OTP `gen_server:send_request` and `reqids`.
 */
import type { Process, Self } from '../actor/process.ts';
import { refuse, wrongArgument, wrongSelf } from './arguments.ts';
import { ProcessRef } from './process-ref.ts';
import { Answered, PendingRequest, wrongRequest, type Response } from './requests/pending-request.ts';
import { beforeLong, delayOf, type ResponseTimeout } from './requests/response-timeout.ts';
import { Request, type Answer, type Protocol, type ServerRef, type WithPayload } from './server-ref.ts';

export { RequestCollection, type Collected, type TakeOptions } from './requests/collection.ts';
export { Answered, PendingRequest, type Response } from './requests/pending-request.ts';
export type { ResponseTimeout } from './requests/response-timeout.ts';

/** What waiting for a request that was given up gives. */
const ABANDONED = { tag: 'error', reason: 'abandoned' } as const;

/** Where an answer goes. */
export interface RequestOptions {
  /** The process whose `handleInfo` gets it, as an `Answered`. Default: nobody; it is waited for. */
  readonly to?: Self | undefined;
}

/**
 * Sends a request that has no deadline of its own. Throws what a broken table of names throws, and a `TypeError` when
 * `ref` is no reference or `to` no process of this node.
 */
export function sendRequest<Calls extends Protocol, Tag extends keyof Calls & string>(
  ref: ServerRef<Calls, never> | ServerRef<Calls>,
  tag: Tag,
  ...[payload, options]: WithPayload<Calls[Tag], [options?: RequestOptions]>
): PendingRequest<Answer<Calls[Tag]>> {
  if (!(ref instanceof ProcessRef)) throw wrongArgument('ref', 'a reference to a server', ref);
  const { to } = (options ?? {}) as RequestOptions;
  if (to !== undefined) refuse(wrongSelf('to', to));
  const { runtime, whom: pid } = ref;
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

/**
 * The answer, or `timeout`: the request lives on and may be waited for again. One that is given up, before or
 * meanwhile, is `{ tag: 'error', reason: 'abandoned' }` at once. Default: without limit. Rejects with a `RangeError`
 * for an invalid time, a `TypeError` for what is no request.
 */
export async function waitResponse<T>(
  request: PendingRequest<T>,
  timeout: ResponseTimeout = Infinity,
): Promise<Response<T> | 'timeout'> {
  refuse(wrongRequest(request));
  const delay = delayOf(timeout, request.runtime);
  if (!request.settled) await beforeLong(request.runtime, delay, (wake) => request.whenEnded(wake));
  return request.response ?? (request.abandoned ? ABANDONED : 'timeout');
}

/** Like `waitResponse`, but a request whose time is up is abandoned: its answer shows up nowhere. */
export async function receiveResponse<T>(
  request: PendingRequest<T>,
  timeout: ResponseTimeout = Infinity,
): Promise<Response<T> | 'timeout'> {
  const response = await waitResponse(request, timeout);
  if (response === 'timeout') request.abandon();
  return response;
}

/** What a message says about a request that was sent with `to`: its answer, or `no_reply` when it says nothing. */
export function checkResponse<T>(message: unknown, request: PendingRequest<T>): Response<T> | 'no_reply' {
  return message instanceof Answered && message.request === request
    ? (message.response as Response<T>)
    : 'no_reply';
}
