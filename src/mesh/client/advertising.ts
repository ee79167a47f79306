/**
 * What a client serves: asked of the registry, told to the node, taken back when its caller has gone.
 */
import type { Process } from '../../actor/process.ts';
import { ExitError } from '../../otp/errors.ts';
import { ServerRef, type CallOptions as ServerCallOptions } from '../../otp/server-ref.ts';
import { shared, type MeshContext } from '../context.ts';
import type { ConnectionCalls } from '../connection/connection.ts';
import { RpcError } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { keyOfAdvertised, type Advertised } from '../intent/intent.ts';
import type { RegistryCalls, Withdrawal } from '../registry/service-registry.ts';
import { SERVER_START } from '../registry/serving.ts';
import { ProcedureContract } from '../contract/procedure-contract.ts';
import { advertised } from './advertised.ts';
import { checkName, checkWaiting, guarded } from './check.ts';
import type { Advertisement, AdvertisementState, WaitOptions } from './client.ts';
import { Patience } from './patience.ts';
import { turnsOf } from './turns.ts';

/** For the node's answer to a client, milliseconds. */
const ADVERTISE_TIMEOUT = 5_000;
/** For the registry's own, which may have to wait for a server to start: it says why there is none. */
const REGISTRY_TIMEOUT = SERVER_START + 1_000;
/** For all of that and the turn before it. */
const WAIT_TIMEOUT = 30_000;

export class Advertising {
  readonly #context: MeshContext;
  readonly #owner: string;
  readonly #isClosing: () => boolean;

  constructor(context: MeshContext, owner: string, isClosing: () => boolean) {
    this.#context = context;
    this.#owner = owner;
    this.#isClosing = isClosing;
  }

  async advertise(
    what: string | ProcedureContract,
    handler: unknown,
    options: unknown,
  ): Promise<Advertisement> {
    const procedure = typeof what === 'object' && ProcedureContract.is(what) ? what.name : (what as string);
    const entry = advertised(this.#context, this.#owner, what, handler, options);
    if (!entry.ok) throw new RpcError(entry.failure, nameOf(procedure));
    const patience = this.#patience(options, procedure);
    this.#open(procedure);
    return turnsOf(this.#context).run(patience, procedure, () => this.#advertise(entry.value, patience));
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
    if (refused === undefined && !this.#isClosing()) return handle;
    // whoever stopped waiting does not wait for the node to hear of it either
    const soon = new Patience(this.#context.runtime, { timeout: REGISTRY_TIMEOUT, signal: undefined });
    await this.#remove({ procedure, owner: this.#owner, id }, soon, patience.over === undefined);
    // it was taken back, so asking again does no harm
    throw new RpcError(refused ?? CLOSED, procedure, { idempotent: true });
  }

  async unadvertise(what: Advertisement | string, options: WaitOptions | undefined): Promise<void> {
    const checked = guarded<Withdrawal>('advertisement', () => {
      const owner = this.#owner;
      if (typeof what === 'object')
        return { ok: true, value: { procedure: what.procedure, owner, id: what.id } };
      const name = checkName(what, this.#context.settings.names);
      return name.ok ? { ok: true, value: { procedure: name.value, owner } } : name;
    });
    if (!checked.ok) throw new RpcError(checked.failure);
    await this.#withdraw(checked.value, options);
  }

  /** Nothing of ours is called any more; gives the procedures that finish what runs. */
  async leave(): Promise<readonly Process[]> {
    try {
      const patience = new Patience(this.#context.runtime, { timeout: WAIT_TIMEOUT, signal: undefined });
      return await this.#registry(undefined, patience, WAIT_TIMEOUT, (registry, options) =>
        registry.call('leave', this.#owner, options),
      );
    } catch {
      // the registry is gone, and with it everything it served
      return [];
    }
  }

  #handle({ procedure, owner, id }: Advertised): Advertisement {
    const unadvertise = (options?: WaitOptions): Promise<void> =>
      this.#withdraw({ procedure, owner, id }, options);
    const state = (): AdvertisementState => stateOf(this.#context, procedure, owner, id);
    return { id, procedure, state, unadvertise, [Symbol.asyncDispose]: () => unadvertise() };
  }

  #patience(options: unknown, procedure: string | undefined): Patience {
    const waiting = checkWaiting(options, WAIT_TIMEOUT);
    if (!waiting.ok) throw new RpcError(waiting.failure, procedure);
    return new Patience(this.#context.runtime, waiting.value);
  }

  /**
   * On a client: has the node know whether this name is served here. Undefined when it does, or will: while the
   * connection is lost, the next one says everything.
   */
  async #tellNode(procedure: string, patience: Patience): Promise<RpcFailure | undefined> {
    if (this.#context.role === 'node') return undefined;
    const connection = shared(this.#context, 'uplink')?.connection ?? null;
    if (connection === null) return undefined;
    try {
      const ref = new ServerRef<ConnectionCalls>(this.#context.runtime, connection);
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
    if (this.#isClosing()) return;
    await turnsOf(this.#context).run(patience, what.procedure, async () => {
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
    // begins now, whether or not anybody waits: it does not reject, and what the node misses the next connection says
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
    const { runtime, scope } = this.#context;
    try {
      const registry = new ServerRef<RegistryCalls>(runtime, { scope, name: 'serviceRegistry' });
      return await ask(registry, waitingFor(patience, timeout));
    } catch (cause) {
      patience.check(procedure);
      throw new RpcError(UNANSWERED, procedure, { cause });
    }
  }

  #open(procedure: string): void {
    if (this.#isClosing()) throw new RpcError(CLOSED, procedure);
  }
}

function stateOf(
  { advertised, discovery }: MeshContext,
  procedure: string,
  owner: string,
  id: string,
): AdvertisementState {
  if (advertised.get(keyOfAdvertised(owner, procedure))?.id !== id) return 'withdrawn';
  return discovery.publications.get(procedure)?.state ?? 'local';
}

export const CLOSED: RpcFailure = { tag: 'canceled', detail: 'the client is closed' };
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

export const nameOf = (procedure: unknown): string | undefined =>
  typeof procedure === 'string' ? procedure.slice(0, 255) : undefined;
