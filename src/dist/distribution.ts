/**
 * What a program has of its node's distribution: who is connected, names and processes on other nodes.
 *
 * Source: seed 004; Erlang/OTP `net_kernel`, `rpc`; DIST.
 */
import type { NameTable } from '../actor/names.ts';
import { RemoteName, type Pid } from '../actor/pid.ts';
import type { Self } from '../actor/process.ts';
import { atom, isAtom } from '../codec/etf/atom.ts';
import { Tuple } from '../codec/etf/terms.ts';
import { ExitError } from '../otp/errors.ts';
import { request, type CallOptions, type ServerRef } from '../otp/server-ref.ts';
import { checkAsked, described } from './asking.ts';
import type { Carrier, NetAddress } from './carrier.ts';
import type { DistContext } from './context.ts';
import { callFunction } from './erpc.ts';
import type { NodeChange } from './events.ts';
import type { NetKernelCalls } from './kernel/net-kernel.ts';
import type { Outgoing } from './kernel/outgoing.ts';
import { checkedNodes, multiCall, type MultiReply } from './multi-call.ts';
import { reasonFromTerm } from './reasons.ts';
import { requestFromTerm } from './term-call.ts';
import { Spawner, type Spawned, type SpawnMonitorOptions, type SpawnOptions } from './spawn.ts';

export class Distribution {
  readonly creation: number;
  /** Names that other nodes reach: a scope for `startServer`, `worker` and `register`. */
  readonly names: NameTable;
  readonly #context: DistContext;
  readonly #carriers: readonly Carrier[];
  readonly #kernel: ServerRef<NetKernelCalls>;
  readonly #outgoing: Outgoing;
  readonly #spawner: Spawner;
  readonly #end: () => Promise<void>;

  /** Made by `startDistribution` and `startNode`. */
  constructor(
    context: DistContext,
    carriers: readonly Carrier[],
    outgoing: Outgoing,
    kernel: ServerRef<NetKernelCalls>,
    end: () => Promise<void>,
  ) {
    this.#context = context;
    this.#carriers = carriers;
    this.#outgoing = outgoing;
    this.#spawner = new Spawner(context, outgoing);
    this.#kernel = kernel;
    this.#end = end;
    this.creation = context.creation;
    this.names = context.exports;
  }

  /** This node: `name@host` or `port@host`. */
  get name(): string {
    return this.#context.name;
  }

  /** Where it listens, a place for each carrier that does now. */
  addresses(): readonly NetAddress[] {
    return this.#carriers.flatMap((carrier) => carrier.address() ?? []);
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

  /** False also when the net kernel is restarted meanwhile. */
  async connect(node: string): Promise<boolean> {
    return this.#kernel.call('connect', node, { timeout: Infinity }).catch(ended);
  }

  /** False when there is no connection. */
  async disconnect(node: string): Promise<boolean> {
    return this.#kernel.call('disconnect', node).catch(ended);
  }

  /**
   * Asks a process on another node by the name it has there, as `gen_server:call({name, node}, request)`: any term. Rejects with
   * `ExitError`: `noproc`, `noconnection`, `timeout`, `{ overloaded }`, or the reason it ended with. Default timeout 5,000 ms.
   */
  call(name: string, node: string, term: unknown, options: CallOptions = {}): Promise<unknown> {
    const { runtime } = this.#context;
    const whom = node === this.name ? this.#context.exports.whereis(name) : new RemoteName(node, name);
    return request({ runtime, whom }, `call ${name}@${node}`, this.#toSend(node, term), options);
  }

  /**
   * Asks the processes of that name on several nodes at once, as `gen_server:multi_call(nodes, name, request)`. Who does not answer
   * in time is among the `bad` ones; rejects only for wrong arguments. Default timeout 5,000 ms.
   */
  multiCall(
    nodes: readonly string[],
    name: string,
    term: unknown,
    options?: CallOptions,
  ): Promise<MultiReply> {
    return multiCall(nodes, (node) => this.call(name, node, term, options));
  }

  /** Tells the processes of that name on several nodes, as `gen_server:abcast(nodes, name, request)`. Nobody is waited for. */
  abcast(nodes: readonly string[], name: string, term: unknown): void {
    for (const node of checkedNodes(nodes))
      this.#context.runtime.cast(new RemoteName(node, name), this.#toSend(node, term));
  }

  /**
   * Starts a function of another node in a process of its own there, as `spawn(Node, Module, Name, Args)`, and gives its pid. On a
   * node of this project only what that exports. Rejects with `ExitError`: `undef`, `noconnection`, `timeout`, `notsup` (that
   * node starts nothing for others), `system_limit`, `{ overloaded }`, `{ canceled }`; with a `TypeError` or `RangeError` for
   * wrong arguments. Default timeout 5,000 ms: what has been started then lives on.
   */
  spawn(
    node: string,
    module: string,
    name: string,
    args: readonly unknown[],
    options?: SpawnOptions,
  ): Promise<Pid> {
    return this.#spawner.spawn({ node, module, name, args }, options);
  }

  /** As `spawn`, linked to `self` from its beginning. When nobody waits any more it is told to end: `abandoned`. */
  spawnLink(
    self: Self,
    node: string,
    module: string,
    name: string,
    args: readonly unknown[],
    options?: SpawnOptions,
  ): Promise<Pid> {
    return this.#spawner.link(self, { node, module, name, args }, options);
  }

  /** As `spawn`, and `self` gets one `Down` with this `ref` when it ends. `{ link: true }`: both. */
  spawnMonitor(
    self: Self,
    node: string,
    module: string,
    name: string,
    args: readonly unknown[],
    options?: SpawnMonitorOptions,
  ): Promise<Spawned> {
    return this.#spawner.monitor(self, { node, module, name, args }, options);
  }

  /**
   * `erpc:call(node, module, name, args)`: what the function gives. Rejects with `ErpcError`, whose `failure` tells how the
   * function ended from what came in between. Default timeout 5,000 ms: the function goes on.
   */
  erpc(
    node: string,
    module: string,
    name: string,
    args: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown> {
    return callFunction(this.#context, this.#outgoing, { node, module, name, args }, options);
  }

  /**
   * `rpc:call(node, module, name, args)`, the old way, by the server `rex`: what that node prints is seen there. What the
   * function throws is a value, as in Erlang. Rejects as `call` does, and with `ExitError` `{ badrpc: reason }` for
   * `{badrpc, Reason}`. Prefer `erpc`, which tells a function's end from that of the call.
   */
  async rpc(
    node: string,
    module: string,
    name: string,
    args: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown> {
    const asked = { node, module, name, args };
    checkAsked(asked);
    const term = new Tuple([atom('call'), atom(module), atom(name), args, atom('user')]);
    const answer = await this.call('rex', node, term, options);
    if (answer instanceof Tuple && answer.length === 2 && isAtom(answer.elements[0], 'badrpc'))
      throw new ExitError(described('rpc', asked), { badrpc: reasonFromTerm(answer.elements[1]) });
    return answer;
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

  /** What does not travel is understood as if it had. */
  #toSend(node: string, term: unknown): unknown {
    return node === this.name ? requestFromTerm(term) : term;
  }
}

/** The end of the net kernel is that of all connections. */
function ended(error: unknown): false {
  if (error instanceof ExitError) return false;
  throw error;
}
