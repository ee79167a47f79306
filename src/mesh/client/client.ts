/**
 * What users hold: a client that advertises handlers, calls procedures and goes away in good order.
 *
 * `connect` and `startNode` give one; the implementation is in `mesh-client.ts`.
 */
import type { TracePayload } from '../../codec/payloads.ts';
import type { Result } from '../errors/rpc-error.ts';
import type { Authorize, Handler, ProcedureLimits } from '../handlers/handler.ts';
import type { ServerHandler } from '../handlers/server-handler.ts';
import type { WorkerOptions } from '../handlers/worker-handler.ts';

export interface CallOptions {
  /** Milliseconds for everything: discovery, connection, failover, the handler. Default 5,000. */
  readonly timeout?: number;
  /** Gives the call up; the remote handler's signal is aborted too. */
  readonly signal?: AbortSignal;
  /** The handler may run twice without harm. */
  readonly idempotent?: boolean;
  /** Marks repetitions of one request; implies `idempotent`. At most 255 bytes. */
  readonly idempotencyKey?: string;
  /** W3C trace context to travel with the call. */
  readonly trace?: TracePayload;
}

/** How long to wait, for anything asynchronous. */
export interface WaitOptions {
  /** Milliseconds for everything. */
  readonly timeout?: number;
  /** Gives the waiting up. */
  readonly signal?: AbortSignal;
}

/**
 * Arguments of a call: a plain object, of any type. What is no plain object (an array, a Map, an instance of a
 * class) is `invalid_args` before anything is sent.
 */
export type CallArgs =
  | Readonly<Record<string, unknown>>
  // values of an interface have no index signature
  | (object & { readonly [Symbol.iterator]?: never });

/** Leaving: `timeout` is for calls in flight (default 5,000 ms), and when said, for your own children too. */
export type LeaveOptions = WaitOptions;

/** `timeout`, default 30,000 ms, includes the start of a server that is given, which has 5,000 of its own. */
export interface AdvertiseOptions extends WaitOptions {
  /** Seconds, 30 … 86,400. Default 300. */
  readonly ttl?: number;
  /** Anything about the service; at most 3 KiB encoded. */
  readonly metadata?: CallArgs;
  /** At most 512 bytes. */
  readonly description?: string;
  readonly limits?: ProcedureLimits;
  /** Who may call. Default everybody in the realm. */
  readonly authorize?: Authorize;
  /** No other client of the node may serve this name. Default false. */
  readonly exclusive?: boolean;
  /**
   * `worker`: the handler is a module's URL, whose function runs in a thread with a deadline (the call's) and a heap
   * cap. Default `actor`.
   */
  readonly isolation?: 'actor' | 'worker';
  /** Its threads. `limits.maxConcurrent` is `size` unless it is said. */
  readonly worker?: WorkerOptions;
}

/** An advertisement's handle. One that was replaced does nothing. */
export interface Advertisement extends AsyncDisposable {
  readonly id: string;
  readonly procedure: string;
  /** Idempotent. Running calls finish. */
  unadvertise(options?: WaitOptions): Promise<void>;
}

export interface Client extends AsyncDisposable {
  /** Node id in hex: SHA-256 of the public key. */
  readonly id: string;
  /**
   * Serves a procedure. Throws `RpcError`: `invalid_args`, `unauthorized`, `connection_error`, `overloaded`,
   * `timeout`, `canceled`; then nothing is served. 512 are under way at once, the rest wait for their turn.
   */
  advertise(
    procedure: string,
    handler: Handler | ServerHandler | URL,
    options?: AdvertiseOptions,
  ): Promise<Advertisement>;
  /** Stops serving what this client advertised; running calls finish. Idempotent. `timeout`: default 30,000 ms. */
  unadvertise(what: Advertisement | string, options?: WaitOptions): Promise<void>;
  /** Calls a procedure and gives its value. Throws `RpcError`; branch on `error.failure.tag`. */
  call<Value = unknown>(procedure: string, args?: CallArgs, options?: CallOptions): Promise<Value>;
  /** Like `call`, but never throws. */
  tryCall<Value = unknown>(procedure: string, args?: CallArgs, options?: CallOptions): Promise<Result<Value>>;
  /**
   * Leaves in good order: stops serving, lets calls in flight finish for at most `timeout` ms (default 5,000),
   * then closes. What is left fails with `connection_error` { sent: true }. Your own children stop after that,
   * each within its own `shutdown`; when `timeout` is given, they have what is left of it, and a second at least.
   * An aborted `signal` ends all waiting at once. Idempotent: of several that wait, the least `timeout` given counts.
   */
  disconnect(options?: LeaveOptions): Promise<void>;
}
