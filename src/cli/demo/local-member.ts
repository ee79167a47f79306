/**
 * A member of the demo in this process: a node, and the orders it can carry out.
 */
import { systemClock, type Clock } from '../../actor/clock.ts';
import { Runtime } from '../../actor/runtime.ts';
import { silentLogger } from '../../actor/logger.ts';
import type { CallOptions } from '../../mesh/client/client.ts';
import type { NodeOptions } from '../../mesh/client/options.ts';
import type { Handler } from '../../mesh/handlers/handler.ts';
import { startNode, type Node } from '../../node.ts';
import type { ActorNode, TreeSnapshot } from '../../inspect/snapshot.ts';
import { errorDocument } from '../error-document.ts';
import { toJson, type Json } from '../json-value.ts';
import { acrossNodes, COUNTER, counterChild, freePort, withErlang, type ErlangPlace } from './across.ts';
import type {
  AcrossOrder,
  CallOrder,
  CallReport,
  Member,
  OrderAnswer,
  OrderArgs,
  OrderName,
  Way,
} from './orders.ts';
import { demoServices } from './services.ts';
import { tunneled } from './tunneled.ts';

/** For calls in flight when it leaves, milliseconds. */
const LEAVE = 3_000;
/** For its place in the DHT, and for others to find what it serves, milliseconds. */
const FOUND = 7_000;
/** Turns of the event loop to wait for what is about to happen. */
const TURNS = 1_000;
/** Steps of a turn of the event loop, looked at one by one. */
const SOON = 20;
/** Between two looks whether they can, milliseconds. */
const LOOK = 10;

export interface LocalMemberOptions {
  /** Where it lives. Default: QUIC on loopback. */
  readonly world?: Pick<NodeOptions, 'transport' | 'listen' | 'realm' | 'runtime'>;
  /** That of its world. */
  readonly clock?: Clock;
  /** Cuts it off at once, as its death would. */
  readonly kill?: () => void;
}

const LOOPBACK = { listen: '127.0.0.1:0' };

type Handlers = { readonly [Name in OrderName]: (args: OrderArgs<Name>) => Promise<OrderAnswer<Name>> };

export class LocalMember implements Member {
  readonly pid = undefined;
  readonly #options: LocalMemberOptions;
  readonly #clock: Clock;
  /** How many calls of a procedure have begun. */
  readonly #began = new Map<string, number>();
  #node: Node | undefined;
  #runtime: Runtime | undefined;
  #erlang: ErlangPlace | undefined;
  #cookie = '';
  #whenBegun: (() => void) | undefined;
  /** The first way to each peer, by its id. */
  readonly #ways = new Map<string, Way>();

  constructor(options: LocalMemberOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  order<Name extends OrderName>(name: Name, args: OrderArgs<Name>): Promise<OrderAnswer<Name>> {
    return this.#handlers[name](args);
  }

  async kill(): Promise<void> {
    this.#options.kill?.();
    await this.#node?.disconnect({ timeout: 1 });
  }

  async end(): Promise<boolean> {
    await this.#node?.disconnect({ timeout: LEAVE });
    return true;
  }

  readonly #handlers: Handlers = {
    // the crash of the story is one of its steps, not a line in the log
    listen: async ({ cookie, ...options }) => {
      const { world = LOOPBACK }: LocalMemberOptions = this.#options;
      const runtime = world.runtime ?? new Runtime({ logger: silentLogger });
      const node = await startNode({ ...world, ...options, ...(await this.#distribution(cookie)), runtime });
      this.#node = node;
      this.#runtime = runtime;
      node.events.addEventListener('connection.opened', ({ detail }) => {
        this.#firstWay(detail.peer).catch(() => undefined);
      });
      const { url, id, inspector } = node;
      return { url, id, name: cookie === undefined ? '' : node.dist.name, page: inspector?.url ?? '' };
    },
    join: async () => {
      await this.#must.ready({ timeout: FOUND });
      return null;
    },
    attached: async ({ id }) => {
      await this.#until(() => this.#wayTo(id) !== undefined, `${id} is not connected`);
      return null;
    },
    greet: async ({ url }) => {
      await this.#must.peers.sendMessageAndWait(new URL(url).host, 'ping');
      return null;
    },
    serve: async ({ procedures, stuck = false }) => {
      await this.#serve(procedures, stuck);
      return null;
    },
    call: (order) => this.#call(order),
    across: (order) => this.#across(order),
    tree: () => settledTree(this.#must, this.#clock),
    running: async ({ procedure, calls }) => {
      await this.#untilBegun(procedure, calls);
      return null;
    },
    leave: async ({ during }) => {
      if (during !== undefined) await this.#untilBegun(during, 1);
      await this.#must.disconnect({ timeout: LEAVE });
      return null;
    },
    stay: () => Promise.resolve(null),
  };

  /** Other nodes reach its counter; an Erlang that it starts listens where nobody else does. */
  async #distribution(cookie: string | undefined): Promise<NodeOptions> {
    if (cookie === undefined) return {};
    this.#cookie = cookie;
    const port = await freePort();
    this.#erlang = { name: `demo${port}@127.0.0.1`, port };
    const tcp = { dialOnly: true, epmd: false, portOf: () => port } as const;
    return { dist: { cookie, exports: [COUNTER], tcp }, children: [counterChild()] };
  }

  async #across(order: AcrossOrder): Promise<CallReport> {
    const { dist } = this.#must;
    const [runtime, erlang] = [this.#runtime, this.#erlang];
    if (runtime === undefined || erlang === undefined) throw new Error('it has no distribution');
    const begun = this.#clock.now();
    const report = (outcome: string, rest: Partial<CallReport>): CallReport => ({
      route: 'dist',
      outcome,
      micros: Math.max(1, Math.round((this.#clock.now() - begun) * 1_000)),
      ...rest,
    });
    try {
      const value =
        order.to === 'node'
          ? await acrossNodes(runtime, dist, order.name)
          : order.to === 'tunnel'
            ? await this.#tunneled()
            : await withErlang(dist, runtime, erlang, this.#cookie, this.#clock);
      return report('ok', { value });
    } catch (error) {
      return report('error', { error: errorDocument(error) });
    }
  }

  #tunneled(): Promise<Json> {
    const { world = LOOPBACK }: LocalMemberOptions = this.#options;
    const { transport, listen = LOOPBACK.listen } = world;
    const host = listen.slice(0, listen.lastIndexOf(':'));
    const through = transport === undefined ? {} : { transport };
    return tunneled({ host, cookie: this.#cookie, clock: this.#clock, ...through });
  }

  async #serve(procedures: readonly string[], stuck: boolean): Promise<void> {
    const services = demoServices({
      began: (procedure) => {
        this.#began.set(procedure, 1 + (this.#began.get(procedure) ?? 0));
        this.#whenBegun?.();
      },
      stuck,
      clock: this.#clock,
    });
    for (const procedure of procedures) {
      const handler = services[procedure] as Handler;
      const advertisement = await this.#must.advertise(procedure, handler);
      const found = (): boolean => ['published', 'local'].includes(advertisement.state());
      await this.#until(found, `${procedure} is not found by others`);
    }
  }

  async #until(condition: () => boolean, otherwise: string): Promise<void> {
    const deadline = this.#clock.now() + FOUND;
    while (!condition()) {
      if (this.#clock.now() > deadline) throw new Error(otherwise);
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(LOOK, resolve);
      });
    }
  }

  #wayTo(id: string): Way | undefined {
    const peer = this.#node?.peers.list().find(({ nodeId }) => nodeId === id);
    return peer === undefined ? undefined : { path: peer.path, via: peer.via };
  }

  /** In a moment it is among the peers, before anything else comes from the network; a better way takes a round trip. */
  async #firstWay(id: string): Promise<void> {
    for (let turn = 0; turn < TURNS && !this.#ways.has(id); turn++) {
      const way = this.#wayTo(id);
      if (way !== undefined) this.#ways.set(id, way);
      else if (turn < SOON) await Promise.resolve();
      else await this.#turn();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.later(resolve);
    });
  }

  async #call({ procedure, args, prefer, path, ...given }: CallOrder): Promise<CallReport> {
    const options: CallOptions = {
      ...given,
      explain: true,
      ...(prefer === undefined ? {} : { strategy: (views) => chosen(views, prefer) }),
    };
    const { target } = given;
    if (path === 'direct' && target !== undefined)
      await this.#until(() => this.#wayTo(target)?.path !== 'relayed', 'no direct path was won');
    const begun = this.#clock.now();
    const result = await this.#must.tryCall(procedure, args, options);
    const micros = Math.round((this.#clock.now() - begun) * 1_000);
    const { tier = null, attempts = [] } = result.explanation ?? {};
    const first = path === 'first' ? this.#ways.get(target ?? '') : undefined;
    const way = first ?? (path === 'direct' ? this.#wayTo(target ?? '') : undefined);
    return {
      route: tier,
      outcome: result.ok ? 'ok' : result.error.failure.tag,
      micros,
      ...(result.ok ? { value: toJson(result.value) } : { error: errorDocument(result.error) }),
      ...(attempts.length > 1 ? { attempts } : {}),
      ...(way === undefined ? {} : { way }),
    };
  }

  #untilBegun(procedure: string, calls: number): Promise<void> {
    return new Promise((resolve) => {
      this.#whenBegun = () => {
        if ((this.#began.get(procedure) ?? 0) >= calls) resolve();
      };
      this.#whenBegun();
    });
  }

  get #must(): Node {
    if (this.#node === undefined) throw new Error('not listening');
    return this.#node;
  }
}

/** The one with this id; any when it is not among them any more. */
const chosen = <T extends { readonly nodeId: string }>(views: readonly T[], id: string): T =>
  views.find(({ nodeId }) => nodeId === id) ?? (views[0] as T);

/** A reply is on its way before its invocation is buried; the picture is taken after that. */
async function settledTree(node: Node, clock: Clock): Promise<TreeSnapshot> {
  for (let turn = 0; turn < TURNS; turn++) {
    const tree = node.inspect();
    if (!isBusy(tree.root)) return tree;
    await new Promise<void>((resolve) => {
      clock.later(resolve);
    });
  }
  return node.inspect();
}

/** It runs a handler, or looks something up. */
const isBusy = (actor: ActorNode): boolean =>
  actor.type === 'Invocation' || actor.name === 'lookup' || actor.children.some(isBusy);
