/**
 * What users hold: advertise handlers, call procedures, go away in good order.
 *
 * A `Client` made by `connect` owns the actors behind it; one made by `connectLocal` borrows its node's. A
 * `Node` is a client of itself. All options are judged here, before anything is sent.
 */
import { ExitError } from '../../otp/errors.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import { RpcError, type Result } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Authorize, Handler, ProcedureLimits } from '../handlers/handler.ts';
import type { ServerHandler } from '../handlers/server-handler.ts';
import type { Advertised } from '../intent/intent.ts';
import type { ConnectionCalls } from '../connection/connection.ts';
import type { RegistryCalls, Withdrawal } from '../registry/service-registry.ts';
import { SERVER_START } from '../registry/serving.ts';
import { advertised } from './advertised.ts';
import type { Caller } from '../router/rpc-call.ts';
import { ApiCall } from './api-call.ts';
import { checkArgs, checkCallOptions, checkName, checkTimeout, guarded } from './check.ts';
import { allSettled, finished, within, type Behind } from './leaving.ts';

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

export interface AdvertiseOptions {
  /** Seconds, 30 … 86,400. Default 300. */
  readonly ttl?: number;
  /** Anything about the service; at most 3 KiB encoded. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** At most 512 bytes. */
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
  advertise(
    procedure: string,
    handler: Handler | ServerHandler,
    options?: AdvertiseOptions,
  ): Promise<Advertisement>;
  /** Stops serving what this client advertised; running calls finish. Idempotent. */
  unadvertise(what: Advertisement | string): Promise<void>;
  /** Calls a procedure and gives its value. Throws `RpcError`; branch on `error.failure.tag`. */
  call<Value = unknown>(
    procedure: string,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<Value>;
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
const DISCONNECT_TIMEOUT = 5_000;
/** For the node's answer to a client. */
const ADVERTISE_TIMEOUT = 5_000;
/** For the registry's own, which may have to wait for a server to start: it says why there is none. */
const REGISTRY_TIMEOUT = SERVER_START + 1_000;

export class MeshClient implements Client {
  readonly id: string;
  protected readonly context: MeshContext;
  readonly #owner: string;
  readonly #behind: Behind;
  /** What handlers learn of us. */
  readonly #self: Caller;
  readonly #pending = new Set<ApiCall>();
  #closing: Promise<void> | undefined;

  constructor(context: MeshContext, owner: string, behind: Behind) {
    const identity = shared(context, 'identity');
    this.id = identity === undefined ? '' : hex(identity.nodeId);
    this.#self = { nodeId: this.id, local: true };
    this.context = context;
    this.#owner = owner;
    this.#behind = behind;
  }

  async advertise(
    procedure: string,
    handler: Handler | ServerHandler,
    options: AdvertiseOptions = {},
  ): Promise<Advertisement> {
    const entry = advertised(this.context, this.#owner, procedure, handler, options);
    if (!entry.ok) throw new RpcError(entry.failure, nameOf(procedure));
    this.#open(procedure);
    const answer = await this.#registry(procedure, (registry) =>
      registry.call('advertise', entry.value, { timeout: REGISTRY_TIMEOUT }),
    );
    if (!answer.ok) throw new RpcError(answer.failure, procedure);
    const handle = this.#handle(entry.value);
    const refused = await this.#tellNode(procedure);
    if (refused === undefined && !this.#isClosing) return handle;
    await this.#remove({ procedure, owner: this.#owner, id: entry.value.id });
    // it was taken back, so asking again does no harm
    throw new RpcError(refused ?? CLOSED, procedure, { idempotent: true });
  }

  async unadvertise(what: Advertisement | string): Promise<void> {
    const checked = guarded<Withdrawal>('advertisement', () => {
      const owner = this.#owner;
      if (typeof what === 'object')
        return { ok: true, value: { procedure: what.procedure, owner, id: what.id } };
      const name = checkName(what, this.context.settings.names);
      return name.ok ? { ok: true, value: { procedure: name.value, owner } } : name;
    });
    if (!checked.ok) throw new RpcError(checked.failure);
    await this.#withdraw(checked.value);
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
    options?: CallOptions,
  ): Promise<Result<Value>> {
    return new Promise((resolve) => {
      this.#start(procedure, args, options, resolve as (result: Result) => void);
    });
  }

  async disconnect(options: { readonly timeout?: number } = {}): Promise<void> {
    const timeout = guarded('options', () => checkTimeout(options.timeout, DISCONNECT_TIMEOUT));
    if (!timeout.ok) throw new RpcError(timeout.failure);
    await (this.#closing ??= this.#leave(timeout.value));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  // --- calls ------------------------------------------------------------------------------------------------

  #start(procedure: unknown, args: unknown, options: unknown, resolve: (result: Result) => void): void {
    const refuse = (failure: RpcFailure): void => {
      resolve({ ok: false, error: new RpcError(failure, nameOf(procedure)) });
    };
    const { runtime, settings } = this.context;
    const name = checkName(procedure, settings.names);
    if (!name.ok) return refuse(name.failure);
    const checked = checkArgs(args, settings.valueLimits);
    if (!checked.ok) return refuse(checked.failure);
    const checkedOptions = checkCallOptions(options);
    if (!checkedOptions.ok) return refuse(checkedOptions.failure);
    // named one by one: an object rest makes slow objects, twice the cost of a local call
    const { timeout, signal, trace, idempotencyKey, idempotent } = checkedOptions.value;
    if (signal?.aborted === true) return refuse({ tag: 'canceled', detail: 'aborted before the call' });
    if (this.#isClosing) return refuse(CLOSED);
    const router = actor(this.context, 'router');
    if (router === undefined) {
      return refuse({ tag: 'connection_error', sent: false, detail: 'the router is being restarted' });
    }
    const call = new ApiCall(
      {
        procedure: name.value,
        args: checked.value,
        timeout,
        deadline: runtime.clock.now() + timeout,
        caller: this.#self,
        fromPeer: false,
        trace,
        idempotencyKey,
        idempotent,
      },
      (result) => {
        this.#pending.delete(call);
        this.context.calls.delete(call);
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      },
    );
    function onAbort(): void {
      call.cancel(signal?.reason);
    }
    this.#pending.add(call);
    this.context.calls.add(call);
    signal?.addEventListener('abort', onAbort);
    runtime.call(router, call, timeout);
  }

  // --- advertisements ---------------------------------------------------------------------------------------

  #handle({ procedure, owner, id }: Advertised): Advertisement {
    const unadvertise = (): Promise<void> => this.#withdraw({ procedure, owner, id });
    return { id, procedure, unadvertise, [Symbol.asyncDispose]: unadvertise };
  }

  /**
   * On a client: has the node know whether this name is served here. Undefined when it does, or will: while the
   * connection is lost, the next one says everything.
   */
  async #tellNode(procedure: string): Promise<RpcFailure | undefined> {
    if (this.context.role === 'node') return undefined;
    const connection = shared(this.context, 'uplink')?.connection ?? null;
    if (connection === null) return undefined;
    try {
      const ref = new ServerRef<ConnectionCalls>(this.context.runtime, connection);
      const failure = await ref.call('announce', procedure, { timeout: ADVERTISE_TIMEOUT });
      return failure?.tag === 'connection_error' ? undefined : failure;
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      return error.reason === 'timeout' ? { tag: 'timeout', timeout: ADVERTISE_TIMEOUT } : undefined;
    }
  }

  async #withdraw(what: Withdrawal): Promise<void> {
    // whoever leaves withdraws everything
    if (!this.#isClosing) await this.#remove(what);
  }

  async #remove(what: Withdrawal): Promise<void> {
    const removed = await this.#registry(what.procedure, (registry) => registry.call('unadvertise', what));
    if (removed) await this.#tellNode(what.procedure);
  }

  async #registry<T>(
    procedure: string | undefined,
    ask: (registry: ServerRef<RegistryCalls>) => Promise<T>,
  ): Promise<T> {
    const { runtime, scope } = this.context;
    try {
      return await ask(new ServerRef<RegistryCalls>(runtime, { scope, name: 'serviceRegistry' }));
    } catch (cause) {
      throw new RpcError(UNANSWERED, procedure, { cause });
    }
  }

  // --- leaving ----------------------------------------------------------------------------------------------

  get #isClosing(): boolean {
    return this.#closing !== undefined || this.context.phase.closing;
  }

  #open(procedure: string): void {
    if (this.#isClosing) throw new RpcError(CLOSED, procedure);
  }

  async #leave(timeout: number): Promise<void> {
    const { runtime } = this.context;
    const { clock } = runtime;
    const deadline = clock.now() + timeout;
    const left = (): number => Math.max(0, deadline - clock.now());
    this.#behind.begin();
    const serving = await within(clock, left(), this.#withdrawAll(), []);
    const calls = this.#behind.calls ?? this.#pending;
    await Promise.all([
      allSettled(runtime, calls, left()),
      finished(serving, left()),
      this.#behind.drain(left()),
    ]);
    for (const call of calls) {
      call.giveUp({ tag: 'connection_error', sent: call.mayHaveRun, detail: 'the client was closed' });
    }
    await this.#behind.end();
  }

  /** Nothing of ours is called any more; gives the procedures that finish what runs. */
  async #withdrawAll(): Promise<Awaited<ReturnType<RegistryCalls['leave']>>> {
    try {
      return await this.#registry(undefined, (registry) => registry.call('leave', this.#owner));
    } catch {
      // the registry is gone, and with it everything it served
      return [];
    }
  }
}

const CLOSED: RpcFailure = { tag: 'canceled', detail: 'the client is closed' };
const UNANSWERED: RpcFailure = {
  tag: 'connection_error',
  sent: true,
  detail: 'the service registry did not answer',
};

const nameOf = (procedure: unknown): string | undefined =>
  typeof procedure === 'string' ? procedure.slice(0, 255) : undefined;
