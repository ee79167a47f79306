/**
 * A member of the demo in this process: a node or a client, and the orders it can carry out.
 */
import { systemClock } from '../../actor/clock.ts';
import { silentLogger } from '../../actor/logger.ts';
import type { Client } from '../../mesh/client/client.ts';
import type { RpcFailureTag } from '../../mesh/errors/rpc-failure.ts';
import type { Handler } from '../../mesh/handlers/handler.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../node.ts';
import type { ActorNode, TreeSnapshot } from '../../inspect/snapshot.ts';
import type { Transport } from '../../transport/transport.ts';
import { errorDocument } from '../error-document.ts';
import { toJson } from '../json-value.ts';
import type { CallOrder, CallReport, Member, OrderAnswer, OrderArgs, OrderName } from './orders.ts';
import { demoServices } from './services.ts';

/** For calls in flight when it leaves, milliseconds. */
const LEAVE = 3_000;

export interface LocalMemberOptions {
  /** Default QUIC. */
  readonly transport?: Transport;
}

type Handlers = { readonly [Name in OrderName]: (args: OrderArgs<Name>) => Promise<OrderAnswer<Name>> };

export class LocalMember implements Member {
  readonly pid = undefined;
  readonly #options: LocalMemberOptions;
  readonly #serving = new Set<string>();
  readonly #running = new Set<string>();
  #self: (Node | RemoteClient) | undefined;
  #whenRunning: (() => void) | undefined;

  constructor(options: LocalMemberOptions = {}) {
    this.#options = options;
  }

  order<Name extends OrderName>(name: Name, args: OrderArgs<Name>): Promise<OrderAnswer<Name>> {
    return this.#handlers[name](args);
  }

  async end(): Promise<boolean> {
    await this.#self?.disconnect({ timeout: LEAVE });
    return true;
  }

  readonly #handlers: Handlers = {
    // the crash of the story is one of its steps, not a line in the log
    listen: async () => {
      const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger, ...this.#options });
      this.#self = node;
      return { url: node.url, id: node.id };
    },
    connect: async ({ url }) => {
      const client = await connect(url, { logger: silentLogger, ...this.#options });
      this.#self = client;
      return { id: client.id };
    },
    serve: async () => {
      const services = demoServices((procedure) => {
        this.#running.add(procedure);
        this.#whenRunning?.();
      });
      for (const [procedure, handler] of Object.entries(services)) {
        await this.#client.advertise(procedure, handler as Handler);
        this.#serving.add(procedure);
      }
      return { procedures: [...this.#serving] };
    },
    call: (order) => this.#call(order),
    tree: () => settledTree(this.#must()),
    leave: async ({ during }) => {
      if (during !== undefined) await this.#untilRunning(during);
      await this.#client.disconnect({ timeout: LEAVE });
      return null;
    },
    stay: () => Promise.resolve(null),
  };

  async #call({ procedure, args, timeout }: CallOrder): Promise<CallReport> {
    const begun = systemClock.now();
    const result = await this.#client.tryCall(procedure, args, { timeout });
    const micros = Math.round((systemClock.now() - begun) * 1_000);
    if (result.ok) return { route: result.route, outcome: 'ok', micros, value: toJson(result.value) };
    const { tag } = result.error.failure;
    const here = this.#serving.has(procedure) ? 'local' : 'direct';
    return {
      // an error does not tell its route: what a handler caused came the only way this member has
      route: HANDLED.has(tag) ? here : null,
      outcome: tag,
      micros,
      error: errorDocument(result.error),
    };
  }

  #untilRunning(procedure: string): Promise<void> {
    return new Promise((resolve) => {
      this.#whenRunning = () => {
        if (this.#running.has(procedure)) resolve();
      };
      this.#whenRunning();
    });
  }

  get #client(): Client {
    return this.#must();
  }

  #must(): Node | RemoteClient {
    if (this.#self === undefined) throw new Error('neither listening nor connected');
    return this.#self;
  }
}

/** Failures that say that a provider had the call. */
const HANDLED: ReadonlySet<RpcFailureTag> = new Set<RpcFailureTag>([
  'handler_error',
  'handler_crash',
  'timeout',
]);

/** Turns of the event loop to wait for invocations to be gone. */
const TURNS = 1_000;

/** A reply is on its way before its invocation is buried; the picture is taken after that. */
async function settledTree(member: Node | RemoteClient): Promise<TreeSnapshot> {
  for (let turn = 0; turn < TURNS; turn++) {
    const tree = member.inspect();
    if (!holdsInvocation(tree.root)) return tree;
    await new Promise<void>((resolve) => {
      systemClock.later(resolve);
    });
  }
  return member.inspect();
}

const holdsInvocation = (actor: ActorNode): boolean =>
  actor.type === 'Invocation' || actor.children.some(holdsInvocation);
