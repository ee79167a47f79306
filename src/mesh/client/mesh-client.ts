/**
 * The client itself: judges what it is given, asks the registry and the router, and leaves in good order.
 *
 * A client made by `connect` owns the actors behind it; one made by `connectLocal` borrows its node's. A node is a
 * client of itself. All options are judged here, before anything is sent.
 */
import { ExitError } from '../../otp/errors.ts';
import { ServerRef, type CallOptions as ServerCallOptions } from '../../otp/server-ref.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import { RpcError, type Result } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Handler } from '../handlers/handler.ts';
import type { ServerHandler } from '../handlers/server-handler.ts';
import type { Advertised } from '../intent/intent.ts';
import type { ConnectionCalls } from '../connection/connection.ts';
import type { RegistryCalls, Withdrawal } from '../registry/service-registry.ts';
import { SERVER_START } from '../registry/serving.ts';
import { advertised } from './advertised.ts';
import type { Caller } from '../router/rpc-call.ts';
import { ApiCall } from './api-call.ts';
import type {
  AdvertiseOptions,
  Advertisement,
  CallArgs,
  CallOptions,
  Client,
  LeaveOptions,
  WaitOptions,
} from './client.ts';
import { checkArgs, checkCallOptions, checkName, checkWaiting, guarded } from './check.ts';
import { allSettled, finished, within, type Behind } from './leaving.ts';
import { Patience } from './patience.ts';
import { turnsOf } from './turns.ts';

/** How long a goodbye may take, milliseconds. */
const DISCONNECT_TIMEOUT = 5_000;
/** For the node's answer to a client. */
const ADVERTISE_TIMEOUT = 5_000;
/** For the registry's own, which may have to wait for a server to start: it says why there is none. */
const REGISTRY_TIMEOUT = SERVER_START + 1_000;
/** For all of that and the turn before it. */
const WAIT_TIMEOUT = 30_000;

export class MeshClient implements Client {
  readonly id: string;
  protected readonly context: MeshContext;
  readonly #owner: string;
  readonly #behind: Behind;
  /** What handlers learn of us. */
  readonly #self: Caller;
  readonly #pending = new Set<ApiCall>();
  #closing: Promise<void> | undefined;
  /** Aborted when whoever closes us does not want to wait any more. */
  readonly #hurry = new AbortController();

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
    const patience = this.#patience(options, procedure);
    this.#open(procedure);
    return turnsOf(this.context).run(patience, procedure, () => this.#advertise(entry.value, patience));
  }

  async #advertise(entry: Advertised, patience: Patience): Promise<Advertisement> {
    const { procedure, id } = entry;
    this.#open(procedure);
    const answer = await this.#registry(procedure, patience, REGISTRY_TIMEOUT, (registry, options) =>
      registry.call('advertise', entry, options),
    );
    if (!answer.ok) throw new RpcError(answer.failure, procedure);
    const handle = this.#handle(entry);
    const refused = (await this.#tellNode(procedure, patience)) ?? patience.over;
    if (refused === undefined && !this.#isClosing) return handle;
    // whoever stopped waiting does not wait for the node to hear of it either
    const soon = new Patience(this.context.runtime, { timeout: REGISTRY_TIMEOUT, signal: undefined });
    await this.#remove({ procedure, owner: this.#owner, id }, soon, patience.over === undefined);
    // it was taken back, so asking again does no harm
    throw new RpcError(refused ?? CLOSED, procedure, { idempotent: true });
  }

  async unadvertise(what: Advertisement | string, options?: WaitOptions): Promise<void> {
    const checked = guarded<Withdrawal>('advertisement', () => {
      const owner = this.#owner;
      if (typeof what === 'object')
        return { ok: true, value: { procedure: what.procedure, owner, id: what.id } };
      const name = checkName(what, this.context.settings.names);
      return name.ok ? { ok: true, value: { procedure: name.value, owner } } : name;
    });
    if (!checked.ok) throw new RpcError(checked.failure);
    await this.#withdraw(checked.value, options);
  }

  async call<Value = unknown>(procedure: string, args?: CallArgs, options?: CallOptions): Promise<Value> {
    const result = await this.tryCall<Value>(procedure, args, options);
    if (result.ok) return result.value;
    throw result.error;
  }

  tryCall<Value = unknown>(
    procedure: string,
    args?: CallArgs,
    options?: CallOptions,
  ): Promise<Result<Value>> {
    return new Promise((resolve) => {
      this.#start(procedure, args, options, resolve as (result: Result) => void);
    });
  }

  async disconnect(options?: LeaveOptions): Promise<void> {
    const waiting = checkWaiting(options, DISCONNECT_TIMEOUT);
    if (!waiting.ok) throw new RpcError(waiting.failure);
    const { signal, timeout, said } = waiting.value;
    const hurry = (): void => this.#hurry.abort();
    if (signal?.aborted === true) hurry();
    else signal?.addEventListener('abort', hurry);
    try {
      await (this.#closing ??= this.#leave(timeout, said));
    } finally {
      signal?.removeEventListener('abort', hurry);
    }
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
        observer: this.context.events.calls,
      },
      (result) => {
        this.#pending.delete(call);
        this.context.calls.delete(call);
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      },
    );
    function onAbort(): void {
      call.cancel(undefined);
    }
    this.#pending.add(call);
    this.context.calls.add(call);
    signal?.addEventListener('abort', onAbort);
    runtime.call(router, call, timeout);
  }

  // --- advertisements ---------------------------------------------------------------------------------------

  #handle({ procedure, owner, id }: Advertised): Advertisement {
    const unadvertise = (options?: WaitOptions): Promise<void> =>
      this.#withdraw({ procedure, owner, id }, options);
    return { id, procedure, unadvertise, [Symbol.asyncDispose]: () => unadvertise() };
  }

  #patience(options: unknown, procedure: string | undefined): Patience {
    const waiting = checkWaiting(options, WAIT_TIMEOUT);
    if (!waiting.ok) throw new RpcError(waiting.failure, procedure);
    return new Patience(this.context.runtime, waiting.value);
  }

  /**
   * On a client: has the node know whether this name is served here. Undefined when it does, or will: while the
   * connection is lost, the next one says everything.
   */
  async #tellNode(procedure: string, patience: Patience): Promise<RpcFailure | undefined> {
    if (this.context.role === 'node') return undefined;
    const connection = shared(this.context, 'uplink')?.connection ?? null;
    if (connection === null) return undefined;
    try {
      const ref = new ServerRef<ConnectionCalls>(this.context.runtime, connection);
      const failure = await ref.call('announce', procedure, waitingFor(patience, ADVERTISE_TIMEOUT));
      return failure?.tag === 'connection_error' ? undefined : failure;
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      if (patience.over !== undefined) return patience.over;
      return error.reason === 'timeout' ? { tag: 'timeout', timeout: ADVERTISE_TIMEOUT } : undefined;
    }
  }

  async #withdraw(what: Withdrawal, options: WaitOptions | undefined): Promise<void> {
    const patience = this.#patience(options, what.procedure);
    // whoever leaves withdraws everything
    if (this.#isClosing) return;
    await turnsOf(this.context).run(patience, what.procedure, async () => {
      const failure = await this.#remove(what, patience, true);
      // it is withdrawn here; what the node did not hear in time it hears later
      if (failure !== undefined) throw new RpcError(failure, what.procedure, { idempotent: true });
    });
  }

  /** Withdraws here, and has the node told. Gives why nobody waited for that to the end. */
  async #remove(what: Withdrawal, patience: Patience, waits: boolean): Promise<RpcFailure | undefined> {
    const removed = await this.#registry(what.procedure, patience, REGISTRY_TIMEOUT, (registry, options) =>
      registry.call('unadvertise', what, options),
    );
    if (!removed) return undefined;
    const told = this.#tellNode(what.procedure, patience);
    if (!waits) return undefined;
    await told;
    return patience.over;
  }

  async #registry<T>(
    procedure: string | undefined,
    patience: Patience,
    timeout: number,
    ask: (registry: ServerRef<RegistryCalls>, options: ServerCallOptions) => Promise<T>,
  ): Promise<T> {
    const { runtime, scope } = this.context;
    try {
      const registry = new ServerRef<RegistryCalls>(runtime, { scope, name: 'serviceRegistry' });
      return await ask(registry, waitingFor(patience, timeout));
    } catch (cause) {
      patience.check(procedure);
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

  async #leave(timeout: number, said: boolean): Promise<void> {
    const { runtime } = this.context;
    const { clock } = runtime;
    const { signal: hurry } = this.#hurry;
    const deadline = clock.now() + timeout;
    const left = (): number => Math.max(0, deadline - clock.now());
    this.#behind.begin();
    const serving = await within(clock, left(), this.#withdrawAll(), [], hurry);
    const calls = this.#behind.calls ?? this.#pending;
    await Promise.all([
      allSettled(runtime, calls, left(), hurry),
      finished(serving, left(), hurry),
      this.#behind.drain(left(), hurry),
    ]);
    for (const call of calls) {
      call.giveUp({ tag: 'connection_error', sent: call.mayHaveRun, detail: 'the client was closed' });
    }
    await this.#behind.end(said ? left() : undefined, hurry);
  }

  /** Nothing of ours is called any more; gives the procedures that finish what runs. */
  async #withdrawAll(): Promise<Awaited<ReturnType<RegistryCalls['leave']>>> {
    try {
      const patience = new Patience(this.context.runtime, { timeout: WAIT_TIMEOUT, signal: undefined });
      return await this.#registry(undefined, patience, WAIT_TIMEOUT, (registry, options) =>
        registry.call('leave', this.#owner, options),
      );
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

/** What is left of the caller's budget, and no more than the step may take by itself. */
const waitingFor = ({ left, signal }: Patience, timeout: number): ServerCallOptions => ({
  timeout: Math.min(left, timeout),
  ...(signal === undefined ? {} : { signal }),
});

const nameOf = (procedure: unknown): string | undefined =>
  typeof procedure === 'string' ? procedure.slice(0, 255) : undefined;
