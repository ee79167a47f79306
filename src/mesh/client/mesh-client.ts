/**
 * The client itself: judges what it is given, asks the registry and the router, and leaves in good order.
 *
 * A client made by `connect` owns the actors behind it; one made by `connectLocal` borrows its node's. A node is a
 * client of itself. All options are judged here, before anything is sent.
 */
import { offAbort, onAbort } from '../../actor/abort-listeners.ts';
import type { ValueMap } from '../../codec/value.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import { ProcedureContract } from '../contract/procedure-contract.ts';
import { typedCall } from '../contract/typed-call.ts';
import { RpcError, type Result } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Handler } from '../handlers/handler.ts';
import type { ServerHandler } from '../handlers/server-handler.ts';
import { misfit } from '../router/plan.ts';
import { toRouter } from '../router/router.ts';
import type { Caller } from '../router/rpc-call.ts';
import { Advertising, CLOSED, nameOf } from './advertising.ts';
import { ApiCall } from './api-call.ts';
import { askNode, askPeer } from './ask-node.ts';
import type {
  AdvertiseOptions,
  Advertisement,
  CallArgs,
  CallOptions,
  Client,
  DiscoverOptions,
  LeaveOptions,
  WaitOptions,
} from './client.ts';
import { Discovering, serviceCache, type ServiceCache } from './discovering.ts';
import { checkCallOptions } from './check-call.ts';
import { checkArgs, checkName, checkWaiting } from './check.ts';
import { Haste } from './haste.ts';
import type { Provider } from '../registry/provider.ts';
import { allSettled, finished, type Behind } from './leaving.ts';

/** How long a goodbye may take, milliseconds. */
const DISCONNECT_TIMEOUT = 5_000;

interface AskOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

export class MeshClient implements Client {
  readonly id: string;
  readonly registry: ServiceCache;
  protected readonly context: MeshContext;
  readonly #behind: Behind;
  readonly #advertising: Advertising;
  readonly #discovering: Discovering;
  /** What handlers learn of us. */
  readonly #self: Caller;
  readonly #pending = new Set<ApiCall>();
  #closing: Promise<void> | undefined;
  /** Of all who close us. */
  readonly #haste: Haste;

  constructor(context: MeshContext, owner: string, behind: Behind) {
    const identity = shared(context, 'identity');
    this.id = identity === undefined ? '' : hex(identity.nodeId);
    this.#self = { nodeId: this.id, local: true };
    this.context = context;
    this.#behind = behind;
    this.#advertising = new Advertising(context, owner, () => this.#isClosing);
    this.#haste = new Haste(context.runtime);
    this.#discovering = new Discovering(context, this.#self, () => (this.#isClosing ? CLOSED : undefined));
    this.registry = serviceCache(context);
  }

  advertise(
    procedure: string | ProcedureContract,
    handler: Handler | ServerHandler | URL,
    options: AdvertiseOptions = {},
  ): Promise<Advertisement> {
    return this.#advertising.advertise(procedure, handler, options);
  }

  unadvertise(what: Advertisement | string, options?: WaitOptions): Promise<void> {
    return this.#advertising.unadvertise(what, options);
  }

  async call<Value = unknown>(
    procedure: string | ProcedureContract,
    args?: unknown,
    options?: CallOptions,
  ): Promise<Value> {
    const result = await this.tryCall<Value>(procedure, args, options);
    if (result.ok) return result.value;
    throw result.error;
  }

  tryCall<Value = unknown>(
    procedure: string | ProcedureContract,
    args?: unknown,
    options?: CallOptions,
  ): Promise<Result<Value>> {
    if (ProcedureContract.is(procedure)) {
      const send = (given: CallArgs, left?: CallOptions): Promise<Result> =>
        this.tryCall(procedure.name, given, left);
      return typedCall(this.context.runtime, procedure, args, options, send) as Promise<Result<Value>>;
    }
    return new Promise((resolve) => {
      this.#start(procedure, args, options, resolve as (result: Result) => void);
    });
  }

  discover(procedure: string, options?: DiscoverOptions): Promise<readonly Provider[]> {
    return this.#discovering.discover(procedure, options);
  }

  /** What the node answers about itself; for the command line. `procedure` is one of `system-procedures.ts`. */
  askNode(procedure: string, args: ValueMap, options: AskOptions): Promise<Result> {
    const { context } = this;
    return this.#ask(options, (settle) =>
      askNode(context, this.#self, procedure, args, options.timeout, settle),
    );
  }

  /** The same of any other node, by its id in hex. A client has no peers: it asks nobody but its node. */
  protected askPeer(nodeId: string, procedure: string, args: ValueMap, options: AskOptions): Promise<Result> {
    const { context } = this;
    return this.#ask(options, (settle) =>
      askPeer(context, this.#self, nodeId, procedure, args, options.timeout, settle),
    );
  }

  #ask({ signal }: AskOptions, begin: (settle: (result: Result) => void) => ApiCall): Promise<Result> {
    return new Promise((resolve) => {
      const call = begin((result) => {
        offAbort(signal, giveUp);
        resolve(result);
      });
      function giveUp(): void {
        call.cancel(undefined);
      }
      if (!call.settled) onAbort(signal, giveUp);
    });
  }

  addInterests(procedures: readonly string[]): void {
    this.#discovering.interested(procedures);
  }

  async disconnect(options?: LeaveOptions): Promise<void> {
    const waiting = checkWaiting(options, DISCONNECT_TIMEOUT);
    if (!waiting.ok) throw new RpcError(waiting.failure);
    const parted = this.#haste.join(waiting.value);
    try {
      await (this.#closing ??= this.#leave());
    } finally {
      parted();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  // --- calls ------------------------------------------------------------------------------------------------

  #start(procedure: unknown, args: unknown, options: unknown, resolve: (result: Result) => void): void {
    const { runtime, settings } = this.context;
    // not at once: whoever calls again and again leaves the event loop its turns
    const refuse = (failure: RpcFailure): void => {
      const error = new RpcError(failure, nameOf(procedure));
      runtime.clock.later(() => {
        resolve({ ok: false, error });
      });
    };
    const name = checkName(procedure, settings.names);
    if (!name.ok) return refuse(name.failure);
    const checked = checkArgs(args, settings.valueLimits);
    if (!checked.ok) return refuse(checked.failure);
    const checkedOptions = checkCallOptions(options);
    if (!checkedOptions.ok) return refuse(checkedOptions.failure);
    // named one by one: an object rest makes slow objects, twice the cost of a local call
    const { timeout, signal, trace, idempotencyKey, idempotent, plan } = checkedOptions.value;
    if (signal?.aborted === true) return refuse({ tag: 'canceled', detail: 'aborted before the call' });
    if (this.#isClosing) return refuse(CLOSED);
    const unfit = plan === undefined ? undefined : misfit(this.context, plan);
    if (unfit !== undefined) return refuse(unfit);
    const span = this.context.tracer?.calling(name.value, trace);
    const call = new ApiCall(
      {
        procedure: name.value,
        args: checked.value,
        timeout,
        deadline: runtime.clock.now() + timeout,
        caller: this.#self,
        fromPeer: false,
        trace: span === undefined ? trace : span.trace,
        idempotencyKey,
        idempotent,
        plan,
        observer: this.context.events.calls,
      },
      (result) => {
        this.#pending.delete(call);
        this.context.calls.delete(call);
        offAbort(signal, giveUp);
        span?.end(result.ok ? 'ok' : result.error.failure.tag, { route: call.route, node: call.servedBy });
        resolve(result);
      },
    );
    function giveUp(): void {
      call.cancel(undefined);
    }
    this.#pending.add(call);
    this.context.calls.add(call);
    onAbort(signal, giveUp);
    toRouter(this.context, call);
  }

  // --- leaving ----------------------------------------------------------------------------------------------

  get #isClosing(): boolean {
    return this.#closing !== undefined || this.context.phase.closing;
  }

  async #leave(): Promise<void> {
    const haste = this.#haste;
    this.#behind.begin();
    const serving = await haste.wait(this.#advertising.leave(), []);
    await this.#behind.retract?.(haste);
    const calls = this.#behind.calls ?? this.#pending;
    await Promise.all([allSettled(calls, haste), finished(serving, haste), this.#behind.drain(haste)]);
    for (const call of calls) {
      call.giveUp({ tag: 'connection_error', sent: call.mayHaveRun, detail: 'the client was closed' });
    }
    await this.#behind.end(haste);
  }
}
