/**
 * A node of a distributed system: Erlang's protocol over the carriers it is given.
 *
 * ```ts
 * const dist = await startDistribution(runtime, { name: 'ts@127.0.0.1', cookie: 'secret', carriers: [new TcpCarrier()] });
 * await startServer(runtime, counter, 0, { name: 'counter', scope: dist.names });   // gen_server:call({counter, 'ts@127.0.0.1'}, …)
 * await dist.ping('erl@127.0.0.1');
 * ```
 * Source: seed 004; Erlang/OTP `net_kernel`, "Distribution Protocol"; DIST.
 */
import type { NameTable } from '../actor/names.ts';
import { NameScope } from '../actor/names.ts';
import { RemoteName } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { atom } from '../codec/etf/atom.ts';
import { EventHub } from '../mesh/events/hub.ts';
import { ETF_LIMITS } from '../codec/etf/limits.ts';
import { Tuple } from '../codec/etf/terms.ts';
import { request, ServerRef, type CallOptions } from '../otp/server-ref.ts';
import { startSupervisor, supervisor, worker, type SupervisorSpec } from '../otp/supervisor.ts';
import type { Carrier, Listening } from './carrier.ts';
import type { DistContext, DistSettings } from './context.ts';
import { DistEvents, type NodeChange } from './events.ts';
import { Exports, type ExportedFunctions } from './exports.ts';
import { IdentityTable } from './identity-table.ts';
import {
  Arrived,
  netKernelServer,
  Wanted,
  type NetKernelArgs,
  type NetKernelCalls,
} from './kernel/net-kernel.ts';
import { Outgoing } from './kernel/outgoing.ts';
import { spawnedServer } from './running.ts';
import { authServer, rexServer } from './services.ts';

export interface DistributionOptions {
  /** This node: `name@host`, or `port@host` for the QUIC carrier. */
  readonly name: string;
  /** What both ends must know. No default: without one nobody connects. A function gives another one for each node. */
  readonly cookie: string | ((node: string) => string | undefined);
  readonly carriers: readonly Carrier[];
  /** Nodes that may connect, and be connected to. Default: all that know the cookie. */
  readonly allowed?: readonly string[] | ((node: string) => boolean);
  /** What others may run by `rpc`, `erpc` and `spawn`. Default: nothing. */
  readonly functions?: ExportedFunctions;
  /** ms without a sign of life after which a node is gone. Default 60,000. */
  readonly tickTime?: number;
  /** ms for a handshake. Default 7,000. */
  readonly setupTime?: number;
  /** Bytes of one message at most. Default 16 MiB, at most 65 MiB. */
  readonly maxPacket?: number;
  /** Bytes that wait for one node, beyond which messages to it are refused. Default 8 MiB. */
  readonly busyLimit?: number;
}

const MIB = 1_048_576;

export class Distribution {
  readonly name: string;
  readonly creation: number;
  /** Names that other nodes reach: a scope for `startServer`, `worker` and `register`. */
  readonly names: NameTable;
  readonly #context: DistContext;
  readonly #kernel: ServerRef<NetKernelCalls>;
  readonly #end: () => Promise<void>;

  /** Use `startDistribution`. */
  constructor(context: DistContext, kernel: ServerRef<NetKernelCalls>, end: () => Promise<void>) {
    this.#context = context;
    this.#kernel = kernel;
    this.#end = end;
    this.name = context.name;
    this.creation = context.creation;
    this.names = context.exports;
  }

  /** Nodes that are connected. */
  nodes(): readonly string[] {
    return [...this.#context.channels.keys()];
  }

  /** Whether there is a connection to it, or one can be made: Erlang's `pong`. */
  async ping(node: string): Promise<boolean> {
    if (node === this.name) return true;
    return this.connect(node);
  }

  async connect(node: string): Promise<boolean> {
    return this.#kernel.call('connect', node, { timeout: Infinity });
  }

  /** False when there is no connection. */
  async disconnect(node: string): Promise<boolean> {
    return this.#kernel.call('disconnect', node);
  }

  /**
   * Asks a process on another node by the name it has there, as `gen_server:call({name, node}, request)`: any term. Rejects with
   * `ExitError`: `noproc`, `noconnection`, `timeout`, `{ overloaded }`, or the reason it ended with. Default timeout 5,000 ms.
   */
  call(name: string, node: string, term: unknown, options: CallOptions = {}): Promise<unknown> {
    const { runtime } = this.#context;
    const whom = node === this.name ? this.#context.exports.whereis(name) : new RemoteName(node, name);
    return request({ runtime, whom }, `call ${name}@${node}`, term, options);
  }

  /**
   * `rpc:call(node, module, name, args)`. Rejects as `call` does; what `rpc` itself says, `{badrpc, Reason}`, is a value.
   */
  rpc(
    node: string,
    module: string,
    name: string,
    args: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown> {
    const term = new Tuple([atom('call'), atom(module), atom(name), args, atom('user')]);
    return this.call('rex', node, term, options);
  }

  /** A process on another node by the name it has there. */
  whereis(name: string, node: string): RemoteName {
    return new RemoteName(node, name);
  }

  /** Hears of each node that comes and goes, until the function that is returned is called. */
  monitorNodes(listener: (change: NodeChange) => void): () => void {
    return this.#context.events.listen(listener);
  }

  close(): Promise<void> {
    return this.#end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Starts listening, by every carrier that does. Throws `StartError` when one cannot. */
export async function startDistribution(
  runtime: Runtime,
  options: DistributionOptions,
): Promise<Distribution> {
  const roots = new Set<Process>();
  const context = contextOf(runtime, options, (process) => isPrivate(process, roots, context));
  const scope = new NameScope();
  const kernel = (): Process | undefined => scope.whereis('netKernel') as Process | undefined;
  const outgoing = new Outgoing(context, (node) => {
    const process = kernel();
    if (process === undefined || !runtime.send(process, new Wanted(node))) outgoing.fail(node);
  });
  const listening: Listening = {
    name: context.name,
    accept: (incoming) => {
      const process = kernel();
      if (process === undefined || !runtime.send(process, new Arrived(incoming))) incoming.refuse();
    },
    listening: () => {},
  };
  const root = await startSupervisor(runtime, tree(context, options.carriers, outgoing, listening, scope), {
    label: 'dist',
  });
  roots.add(root.pid as Process);
  runtime.remote = outgoing;
  const end = async (): Promise<void> => {
    if (runtime.remote === outgoing) runtime.remote = undefined;
    await root.stop();
    context.identities.clear();
  };
  return new Distribution(context, new ServerRef<NetKernelCalls>(runtime, { scope, name: 'netKernel' }), end);
}

function tree(
  context: DistContext,
  carriers: readonly Carrier[],
  outgoing: Outgoing,
  listening: Listening,
  scope: NameScope,
): SupervisorSpec {
  const kernel: NetKernelArgs = { context, carriers, outgoing };
  return {
    strategy: 'restForOne',
    intensity: 5,
    period: 10_000,
    children: [
      worker('spawned', spawnedServer, context),
      worker('auth', authServer, context),
      worker('rex', rexServer, context),
      worker('netKernel', netKernelServer, kernel, { scope }),
      supervisor('carriers', {
        strategy: 'oneForOne',
        intensity: 5,
        period: 10_000,
        children: carriers.flatMap((carrier) => carrier.childSpecs(listening)),
      }),
    ],
  };
}

function contextOf(
  runtime: Runtime,
  options: DistributionOptions,
  isHidden: (process: Process) => boolean,
): DistContext {
  const { name, cookie, allowed } = options;
  // 0 to 3 mean something else to Erlang
  const creation = 4 + (runtime.random.u32() % 0xffff_fff0);
  const settings: DistSettings = {
    tickTime: options.tickTime ?? 60_000,
    setupTime: options.setupTime ?? 7_000,
    packet: options.maxPacket ?? 16 * MIB,
    busy: options.busyLimit ?? 8 * MIB,
    terms: ETF_LIMITS,
  };
  return {
    runtime,
    name,
    creation,
    cookie: typeof cookie === 'string' ? () => cookie : cookie,
    allowed:
      allowed === undefined || typeof allowed === 'function' ? allowed : (node) => allowed.includes(node),
    settings,
    identities: new IdentityTable({ name, creation }, isHidden),
    exports: new Exports(options.functions ?? {}, isHidden),
    events: new DistEvents((error) => runtime.defect(error)),
    log: new EventHub(runtime),
    channels: new Map(),
    spawned: undefined,
  };
}

/** What is below one of the roots is nobody else's business, but for what others have started here. */
function isPrivate(process: Process, roots: ReadonlySet<Process>, { spawned }: DistContext): boolean {
  for (let one: Process | null = process; one !== null; one = one.parentProcess) {
    if (one === spawned) return one === process;
    if (roots.has(one)) return true;
  }
  return false;
}
