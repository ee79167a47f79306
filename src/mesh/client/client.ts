/**
 * What users hold: advertise handlers, call procedures, go away in good order.
 *
 * A `Client` made by `connect` owns the actors behind it; one made by `connectLocal` borrows its node's. A
 * `Node` is a client of itself. All options are judged here, before anything is sent.
 */
import type { ChildSpec } from '../../otp/child-spec.ts';
import { ExitError } from '../../otp/errors.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import type { ValueMap } from '../../codec/value.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import { RpcError, type Result } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { AnyHandler, Authorize, Handler, ProcedureLimits } from '../handlers/handler.ts';
import { defaultTag, ServerHandler } from '../handlers/server-handler.ts';
import type { Advertised } from '../intent/intent.ts';
import type { ConnectionCalls } from '../connection/connection.ts';
import type { RegistryCalls } from '../registry/service-registry.ts';
import { ApiCall } from './api-call.ts';
import { checkArgs, checkLimits, checkMetadata, checkName, checkTimeout, checkTtl, type Checked } from './check.ts';

export interface CallOptions {
  /** Milliseconds for everything: discovery, connection, failover, the handler. Default 5,000. */
  readonly timeout?: number;
  /** Gives the call up; the remote handler's signal is aborted too. */
  readonly signal?: AbortSignal;
  /** The handler may run twice without harm. */
  readonly idempotent?: boolean;
  /** Marks repetitions of one request; implies `idempotent`. */
  readonly idempotencyKey?: string;
  /** W3C trace context to travel with the call. */
  readonly trace?: TracePayload;
}

export interface AdvertiseOptions {
  /** Seconds, 30 … 86,400. Default 300. */
  readonly ttl?: number;
  /** Anything about the service; at most 3 KiB encoded. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly description?: string;
  readonly limits?: ProcedureLimits;
  /** Who may call. Default everybody in the realm. */
  readonly authorize?: Authorize;
  /** No other client of the node may serve this name. Default false. */
  readonly exclusive?: boolean;
}

/** An advertisement's handle. One that was replaced does nothing. */
export interface Advertisement extends AsyncDisposable {
  readonly id: string;
  readonly procedure: string;
  /** Idempotent. Running calls finish. */
  unadvertise(): Promise<void>;
}

export interface Client extends AsyncDisposable {
  /** Node id in hex: SHA-256 of the public key. */
  readonly id: string;
  /** Serves a procedure. Throws `RpcError`: `invalid_args`, `unauthorized`, `connection_error`. */
  advertise(procedure: string, handler: Handler | ServerHandler, options?: AdvertiseOptions): Promise<Advertisement>;
  /** Stops serving; running calls finish. Idempotent. */
  unadvertise(what: Advertisement | string): Promise<void>;
  /** Calls a procedure and gives its value. Throws `RpcError`; branch on `error.failure.tag`. */
  call<Value = unknown>(procedure: string, args?: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<Value>;
  /** Like `call`, but never throws. */
  tryCall<Value = unknown>(
    procedure: string,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<Result<Value>>;
  /**
   * Leaves in good order: stops serving, lets calls in flight finish for at most `timeout` ms (default 5,000),
   * then closes. What is left fails with `connection_error` { sent: true }. Idempotent.
   */
  disconnect(options?: { readonly timeout?: number }): Promise<void>;
}

/** How long a goodbye may take, milliseconds. */
export const DISCONNECT_TIMEOUT = 5_000;
const CALL_TIMEOUT = 5_000;
/** For the answers of our own actors and, on a client, of the node. */
const ADVERTISE_TIMEOUT = 5_000;

/** Ends what lies behind a client. */
export type Release = (timeout: number) => Promise<void>;

export class MeshClient implements Client {
  readonly id: string;
  protected readonly context: MeshContext;
  readonly #owner: string;
  readonly #release: Release;
  readonly #pending = new Set<ApiCall>();
  #closing: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(context: MeshContext, owner: string, release: Release) {
    const identity = shared(context, 'identity');
    this.id = identity === undefined ? '' : hex(identity.nodeId);
    this.context = context;
    this.#owner = owner;
    this.#release = release;
  }

  async advertise(
    procedure: string,
    handler: Handler | ServerHandler,
    options: AdvertiseOptions = {},
  ): Promise<Advertisement> {
    const entry = this.#entry(procedure, handler, options);
    if (!entry.ok) throw new RpcError(entry.failure, procedure);
    if (this.#closing !== undefined) throw new RpcError(CLOSED, procedure);
    const answer = await this.#registry(procedure, (registry) =>
      registry.call('advertise', entry.value, { timeout: ADVERTISE_TIMEOUT }),
    );
    if (!answer.ok) throw new RpcError(answer.failure, procedure);
    const refused = await this.#tellNode(procedure, false);
    if (refused !== undefined) {
      await this.#remove({ procedure, owner: this.#owner, id: entry.value.id });
      throw new RpcError(refused, procedure);
    }
    const { id } = entry.value;
    const unadvertise = (): Promise<void> => this.#withdraw({ procedure, owner: this.#owner, id });
    return { id, procedure, unadvertise, [Symbol.asyncDispose]: unadvertise };
  }

  async unadvertise(what: Advertisement | string): Promise<void> {
    if (typeof what === 'string') await this.#withdraw({ procedure: what, owner: this.#owner });
    else await this.#withdraw({ procedure: what.procedure, owner: this.#owner, id: what.id });
  }

  async call<Value = unknown>(
    procedure: string,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<Value> {
    const result = await this.tryCall<Value>(procedure, args, options);
    if (result.ok) return result.value;
    throw result.error;
  }

  tryCall<Value = unknown>(
    procedure: string,
    args?: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
  ): Promise<Result<Value>> {
    return new Promise((resolve) => {
      this.#start(procedure, args, options, resolve as (result: Result) => void);
    });
  }

  disconnect(options: { readonly timeout?: number } = {}): Promise<void> {
    const timeout = checkTimeout(options.timeout, DISCONNECT_TIMEOUT);
    if (!timeout.ok) return Promise.reject(new RpcError(timeout.failure));
    return (this.#closing ??= this.#leave(timeout.value));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  // --- calls ------------------------------------------------------------------------------------------------

  #start(procedure: string, args: unknown, options: CallOptions, resolve: (result: Result) => void): void {
    const refuse = (failure: RpcFailure): void => {
      resolve({ ok: false, error: new RpcError(failure, typeof procedure === 'string' ? procedure : undefined) });
    };
    const { runtime, settings } = this.context;
    const name = checkName(procedure, settings.names);
    if (!name.ok) return refuse(name.failure);
    const checked = checkArgs(args);
    if (!checked.ok) return refuse(checked.failure);
    const timeout = checkTimeout(options.timeout, CALL_TIMEOUT);
    if (!timeout.ok) return refuse(timeout.failure);
    const { signal } = options;
    if (signal?.aborted === true) return refuse({ tag: 'canceled', detail: 'aborted before the call' });
    if (this.#closing !== undefined) return refuse(CLOSED);
    const router = actor(this.context, 'router');
    if (router === undefined) {
      return refuse({ tag: 'connection_error', sent: false, detail: 'the router is being restarted' });
    }
    const call = new ApiCall(
      {
        procedure,
        args: checked.value,
        timeout: timeout.value,
        deadline: runtime.clock.now() + timeout.value,
        caller: { nodeId: this.id, local: true },
        trace: options.trace,
        fromPeer: false,
        idempotencyKey: options.idempotencyKey,
        idempotent: options.idempotent === true,
      },
      (result) => {
        this.#pending.delete(call);
        signal?.removeEventListener('abort', onAbort);
        if (this.#pending.size === 0) this.#whenIdle?.();
        resolve(result);
      },
    );
    function onAbort(): void {
      call.cancel(signal?.reason);
    }
    this.#pending.add(call);
    signal?.addEventListener('abort', onAbort);
    runtime.call(router, call, timeout.value);
  }

  // --- advertisements ---------------------------------------------------------------------------------------

  #entry(procedure: string, handler: unknown, options: AdvertiseOptions): Checked<Advertised> {
    const { runtime, settings } = this.context;
    const name = checkName(procedure, settings.names);
    if (!name.ok) return name;
    const ttl = checkTtl(options.ttl);
    if (!ttl.ok) return ttl;
    const metadata = checkMetadata(options.metadata);
    if (!metadata.ok) return metadata;
    const limits = checkLimits(options.limits);
    if (!limits.ok) return limits;
    const serves = servedBy(procedure, handler);
    if (serves === undefined) {
      return { ok: false, failure: { tag: 'invalid_args', field: 'handler', detail: 'must be a function or server(…)' } };
    }
    return {
      ok: true,
      value: {
        id: hex(runtime.random.bytes(8)),
        procedure,
        owner: this.#owner,
        handler: serves,
        exclusive: options.exclusive === true,
        ttl: ttl.value,
        metadata: metadata.value as ValueMap,
        description: options.description,
        limits: limits.value,
        authorize: options.authorize,
      },
    };
  }

  /** On a client: registers at the node, or takes it back. Undefined when it was accepted. */
  async #tellNode(procedure: string, remove: boolean): Promise<RpcFailure | undefined> {
    if (this.context.role === 'node') return undefined;
    const connection = shared(this.context, 'uplink')?.connection;
    // while the connection is lost, the reconnect registers what the intent holds
    if (connection === undefined || connection === null) return undefined;
    try {
      const ref = new ServerRef<ConnectionCalls>(this.context.runtime, connection);
      return await ref.call('register', { procedure, remove }, { timeout: ADVERTISE_TIMEOUT });
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      return error.reason === 'timeout' ? { tag: 'timeout', timeout: ADVERTISE_TIMEOUT } : undefined;
    }
  }

  async #withdraw(what: { procedure: string; owner: string; id?: string }): Promise<void> {
    const removed = await this.#remove(what);
    if (removed) await this.#tellNode(what.procedure, true);
  }

  #remove(what: { procedure: string; owner: string; id?: string }): Promise<boolean> {
    return this.#registry(what.procedure, (registry) => registry.call('unadvertise', what));
  }

  async #registry<T>(procedure: string, ask: (registry: ServerRef<RegistryCalls>) => Promise<T>): Promise<T> {
    const { runtime, scope } = this.context;
    try {
      return await ask(new ServerRef<RegistryCalls>(runtime, { scope, name: 'serviceRegistry' }));
    } catch (cause) {
      const failure: RpcFailure = { tag: 'connection_error', sent: true, detail: 'the service registry did not answer' };
      throw new RpcError(failure, procedure, { cause });
    }
  }

  // --- leaving ----------------------------------------------------------------------------------------------

  async #leave(timeout: number): Promise<void> {
    const { clock } = this.context.runtime;
    const deadline = clock.now() + timeout;
    await this.#withdrawAll();
    await this.#settled(Math.max(0, deadline - clock.now()));
    await this.#release(Math.max(0, deadline - clock.now()));
    for (const call of this.#pending) {
      call.refuse({ tag: 'connection_error', sent: true, detail: 'the client was closed' });
    }
  }

  /** Nothing of ours is called any more; what runs, runs on. */
  async #withdrawAll(): Promise<void> {
    const mine = [...(shared(this.context, 'intent')?.values() ?? [])].filter((entry) => entry.owner === this.#owner);
    await Promise.allSettled(mine.map((entry) => this.#withdraw({ procedure: entry.procedure, owner: this.#owner })));
  }

  /** Waits until our own calls are settled, or the time is up. */
  #settled(timeout: number): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.context.runtime.clock.setTimer(timeout, resolve);
      this.#whenIdle = () => {
        this.context.runtime.clock.clear(timer);
        resolve();
      };
    });
  }
}

const CLOSED: RpcFailure = { tag: 'canceled', detail: 'the client is closed' };

function servedBy(procedure: string, handler: unknown): Advertised['handler'] | undefined {
  if (typeof handler === 'function') return handler as AnyHandler;
  if (!(handler instanceof ServerHandler)) return undefined;
  return { server: handler.target as ServerRef | ChildSpec, tag: handler.tag ?? defaultTag(procedure) };
}
