/**
 * What users hold: a client that advertises handlers, calls procedures and goes away in good order.
 *
 * `connect` and `startNode` give one; the implementation is in `mesh-client.ts`.
 */
import type { TracePayload } from '../../codec/payloads.ts';
import type { ContractArgs, ContractHandler, ProcedureContract } from '../contract/procedure-contract.ts';
import type { SchemaOutput, StandardSchema } from '../contract/standard-schema.ts';
import type { Result } from '../errors/rpc-error.ts';
import type { Authorize, Handler, ProcedureLimits } from '../handlers/handler.ts';
import type { ServerHandler } from '../handlers/server-handler.ts';
import type { Provider } from '../registry/provider.ts';
import type { Strategy } from '../router/strategy.ts';
import type { ServiceCache } from './discovering.ts';
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
  /** Looks for providers anew, whatever the cache knows. */
  readonly forceRefresh?: boolean;
  /** Which of several providers gets the call. Default: the node's. A function works where no node is between. */
  readonly strategy?: Strategy;
  /** Providers tried at most, 1 … 100. Default 3; 1 turns failover off. */
  readonly maxAttempts?: number;
  /** Repeats of the whole call when it fails and may run again. Default none. */
  readonly retry?: RetryOptions;
  /** Only this node may serve it: its id in hex. */
  readonly target?: string;
  /** The result tells how its provider was found. */
  readonly explain?: boolean;
}

/**
 * Repeats inside the call's own timeout. What a handler answered, or how it crashed, is never repeated; what may have
 * run only when it is idempotent. All repeats of a node together are at most a tenth of its calls.
 */
export interface RetryOptions {
  /** Repeats after the first try, 1 … 100. */
  readonly times: number;
  /** Milliseconds before the first repeat, doubled for each further one, with jitter. Default 100. */
  readonly backoff?: number;
  /** Milliseconds before any repeat at most. Default 5,000. */
  readonly maxBackoff?: number;
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
  /** Anything about the service; at most 3 KiB and 448 data items encoded. */
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
  /**
   * What args must be: a Standard Schema (zod, valibot, effect). What it refuses is `invalid_args` and never reaches
   * the handler, which is given what the schema made of the args. A contract has its own.
   */
  readonly schema?: StandardSchema;
}

/** How to look for providers. `timeout`: default 5,000 ms. */
export interface DiscoverOptions extends WaitOptions {
  /** Asks the DHT whatever the cache knows. Default false. */
  readonly forceRefresh?: boolean;
}

/**
 * How far an advertisement is: `local`, it is served here and nobody else has to know (there is no DHT, or it is the
 * node's business, not the client's); `publishing`; `published`, others find it; `failed`, nobody keeps its record yet,
 * which is tried again; `withdrawn`, it is over or was replaced.
 */
export type AdvertisementState = 'local' | 'publishing' | 'published' | 'failed' | 'withdrawn';

/** An advertisement's handle. One that was replaced does nothing. */
export interface Advertisement extends AsyncDisposable {
  readonly id: string;
  readonly procedure: string;
  /** How far it is, now. That it is served here does not depend on it. */
  state(): AdvertisementState;
  /** Idempotent. Running calls finish. */
  unadvertise(options?: WaitOptions): Promise<void>;
}

export interface Client extends AsyncDisposable {
  /** Node id in hex: SHA-256 of the public key. */
  readonly id: string;
  /**
   * Serves a procedure. Throws `RpcError`: `invalid_args`, `unauthorized`, `connection_error`, `overloaded`,
   * `timeout`, `canceled`; then nothing is served. 512 are under way at once, the rest wait for their turn.
   * With a contract, args and results are checked against its schemas.
   */
  advertise(
    procedure: string,
    handler: Handler | ServerHandler | URL,
    options?: AdvertiseOptions,
  ): Promise<Advertisement>;
  advertise<Args extends StandardSchema, Value extends StandardSchema>(
    contract: ProcedureContract<Args, Value>,
    handler: ContractHandler<Args, Value> | ServerHandler | URL,
    options?: AdvertiseOptions,
  ): Promise<Advertisement>;
  /** Stops serving what this client advertised; running calls finish. Idempotent. `timeout`: default 30,000 ms. */
  unadvertise(what: Advertisement | string, options?: WaitOptions): Promise<void>;
  /**
   * Calls a procedure and gives its value. Throws `RpcError`; branch on `error.failure.tag`. With a contract, args and
   * value have its types and are checked here too.
   */
  call<Args extends StandardSchema, Value extends StandardSchema>(
    contract: ProcedureContract<Args, Value>,
    ...rest: ContractArgs<Args, CallOptions>
  ): Promise<SchemaOutput<Value>>;
  call<Value = unknown>(procedure: string, args?: CallArgs, options?: CallOptions): Promise<Value>;
  /** Like `call`, but never throws. */
  tryCall<Args extends StandardSchema, Value extends StandardSchema>(
    contract: ProcedureContract<Args, Value>,
    ...rest: ContractArgs<Args, CallOptions>
  ): Promise<Result<SchemaOutput<Value>>>;
  tryCall<Value = unknown>(procedure: string, args?: CallArgs, options?: CallOptions): Promise<Result<Value>>;
  /**
   * Who serves a procedure: at the node, in its cache, or in the DHT. Empty: nobody does. Throws `RpcError`:
   * `invalid_args`, `timeout`, `canceled`, and `connection_error` when nobody could be asked.
   */
  discover(procedure: string, options?: DiscoverOptions): Promise<readonly Provider[]>;
  /**
   * Names that will be called soon: their providers are looked up now, so that no call waits for that. At most 1,000 in
   * all; throws `RpcError` `invalid_args`.
   */
  addInterests(procedures: readonly string[]): void;
  /** The cache of discovered providers. */
  readonly registry: ServiceCache;
  /**
   * Leaves in good order: stops serving, lets calls in flight finish for at most `timeout` ms (default 5,000),
   * then closes. What is left fails with `connection_error` { sent: true }. Your own children stop after that,
   * each within its own `shutdown`; when `timeout` is given, they have what is left of it, and a second at least.
   * An aborted `signal` ends all waiting at once. Idempotent: of several that wait, the least `timeout` given counts.
   */
  disconnect(options?: LeaveOptions): Promise<void>;
}
