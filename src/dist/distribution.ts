/**
 * What a program has of its node's distribution: who is connected, names and processes on other nodes.
 *
 * Source: seed 004; Erlang/OTP `net_kernel`, `rpc`; DIST.
 */
import type { NameTable } from '../actor/names.ts';
import { RemoteName } from '../actor/pid.ts';
import { atom } from '../codec/etf/atom.ts';
import { Tuple } from '../codec/etf/terms.ts';
import { ExitError } from '../otp/errors.ts';
import { request, type CallOptions, type ServerRef } from '../otp/server-ref.ts';
import type { DistContext } from './context.ts';
import type { NodeChange } from './events.ts';
import type { NetKernelCalls } from './kernel/net-kernel.ts';

export class Distribution {
  readonly creation: number;
  /** Names that other nodes reach: a scope for `startServer`, `worker` and `register`. */
  readonly names: NameTable;
  readonly #context: DistContext;
  readonly #kernel: ServerRef<NetKernelCalls>;
  readonly #end: () => Promise<void>;

  /** Made by `startDistribution` and `startNode`. */
  constructor(context: DistContext, kernel: ServerRef<NetKernelCalls>, end: () => Promise<void>) {
    this.#context = context;
    this.#kernel = kernel;
    this.#end = end;
    this.creation = context.creation;
    this.names = context.exports;
  }

  /** This node: `name@host` or `port@host`. */
  get name(): string {
    return this.#context.name;
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

/** The end of the net kernel is that of all connections. */
function ended(error: unknown): false {
  if (error instanceof ExitError) return false;
  throw error;
}
