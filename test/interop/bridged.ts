/**
 * Stock Erlang nodes, each behind a bridge of its own, with nothing in common but dist relays. All of it ends with its `Network`.
 */
import { silentLogger } from '../../src/actor/logger.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { isAtom, type Atom } from '../../src/codec/etf/atom.ts';
import { TunnelCarrier, type TunnelCarrierOptions } from '../../src/tunnel-carrier.ts';
import { startDistribution, type Distribution, type DistributionOptions } from '../../src/distribution.ts';
import {
  startDistBridge,
  startDistRelay,
  type DistBridgeOptions,
  type DistRelayOptions,
} from '../../src/dist-relay.ts';
import type { DistBridge } from '../../src/bridge-handle.ts';
import type { DistRelay } from '../../src/relay-handle.ts';
import { EventHub } from '../../src/mesh/events/hub.ts';
import { espalier, FILE_LIMIT, type Child, type Ready } from '../cli/process.ts';
import { ErlPort } from './erl-port.ts';

export const COOKIE = 'C';

/** For `expect.poll`: what takes a while, and has to happen. */
export const SOON = { timeout: 20_000, interval: 20 } as const;

let names = 0;
/** A name that no other node of these tests has. */
export const freshName = (kind: string): string => `${kind}${process.pid}_${++names}@127.0.0.1`;

export interface Relay {
  readonly relay: DistRelay;
  readonly runtime: Runtime;
  readonly url: string;
}

/** A relay that can be stopped and killed. */
export interface RelayProcess {
  readonly child: Child;
  readonly url: string;
}

export interface BridgeAt {
  readonly bridge: DistBridge;
  readonly runtime: Runtime;
  /** Why others were not reached, or could not reach the local node. */
  readonly failures: string[];
}

export interface NodeOptions {
  readonly name?: string;
  readonly cookie?: string;
  /** For `erl`. */
  readonly args?: readonly string[];
  readonly bridge?: Partial<DistBridgeOptions>;
}

/** A TypeScript node that is reached through relays only. */
export interface TsNode {
  readonly name: string;
  readonly runtime: Runtime;
  readonly dist: Distribution;
  readonly carrier: TunnelCarrier;
  /** `nodeup NAME` and `nodedown NAME`, in their order. */
  readonly changes: string[];
  /** Why tunnels of others were refused. */
  readonly refusals: string[];
}

/** A stock Erlang node. */
export class Node {
  readonly name: string;
  readonly erl: ErlPort;

  constructor(name: string, epmdPort: number, { cookie = COOKIE, args = [] }: NodeOptions = {}) {
    this.name = name;
    this.erl = new ErlPort(['-start_epmd', 'false', '-name', name, '-setcookie', cookie, ...args], {
      ...process.env,
      ERL_EPMD_PORT: String(epmdPort),
    });
  }

  /** The value of Erlang expressions, in which `'a'`, `'b'` and so on are written out. */
  eval(expressions: string): Promise<unknown> {
    return this.erl.eval(expressions);
  }

  async ping(other: { readonly name: string }): Promise<boolean> {
    return isAtom(await this.eval(`net_adm:ping('${other.name}')`), 'pong');
  }

  /** Names of those it is connected to, sorted. */
  async nodes(): Promise<readonly string[]> {
    const nodes = (await this.eval('nodes(connected)')) as readonly Atom[];
    return nodes.map(({ name }) => name).toSorted();
  }

  /** Hears from now on of nodes that go; `gone` gives the next one. */
  async watch(): Promise<void> {
    await this.eval('net_kernel:monitor_nodes(true, [nodedown_reason])');
  }

  /** The reason for which that node has gone, waited for. */
  async gone(other: { readonly name: string }): Promise<string> {
    const reason = await this.eval(
      `receive {nodedown, '${other.name}', L} -> proplists:get_value(nodedown_reason, L) after 30000 -> late end`,
    );
    return (reason as Atom).name;
  }
}

/** A node and its bridge in this process. */
export class BridgedNode extends Node implements BridgeAt {
  readonly bridge: DistBridge;
  readonly runtime: Runtime;
  readonly failures: string[];

  constructor(at: BridgeAt, options: NodeOptions = {}) {
    super(at.bridge.name, at.bridge.epmdPort, options);
    this.bridge = at.bridge;
    this.runtime = at.runtime;
    this.failures = at.failures;
  }
}

export class Network {
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** Ends something with the network, before what was there earlier. */
  owns(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async relay(options: DistRelayOptions = {}): Promise<Relay> {
    const runtime = new Runtime({ logger: silentLogger });
    const relay = await startDistRelay({ listen: '127.0.0.1:0', runtime, ...options });
    this.owns(() => relay.close());
    return { relay, runtime, url: relay.url };
  }

  /** The command, compiled. */
  async relayProcess(listen = '127.0.0.1:0'): Promise<RelayProcess> {
    const child = espalier(['relay', '--listen', listen, '--json'], { limit: FILE_LIMIT });
    this.owns(() => child.end('SIGKILL'));
    const { url } = await child.json<Ready>();
    return { child, url };
  }

  /** A bridge whose node is not there yet. */
  async bridge(
    relays: string | readonly string[],
    name: string,
    options: Partial<DistBridgeOptions> = {},
  ): Promise<BridgeAt> {
    const runtime = new Runtime({ logger: silentLogger });
    const bridge = await startDistBridge({ relays, name, epmdPort: 0, runtime, ...options });
    this.owns(() => bridge.close());
    const failures: string[] = [];
    bridge.events.addEventListener('bridge.unreached', ({ detail }) => failures.push(detail.reason));
    await bridge.ready();
    return { bridge, runtime, failures };
  }

  async node(relays: string | readonly string[], options: NodeOptions = {}): Promise<BridgedNode> {
    const name = options.name ?? freshName('node');
    return this.behind(await this.bridge(relays, name, options.bridge), options);
  }

  /** The node of a bridge that is there. */
  async behind(at: BridgeAt, options: NodeOptions = {}): Promise<BridgedNode> {
    const node = new BridgedNode(at, options);
    this.owns(() => node.erl.kill());
    await node.eval('ok');
    return node;
  }

  /** So many of the same options. */
  nodes(
    count: number,
    relays: string | readonly string[],
    options: NodeOptions = {},
  ): Promise<readonly BridgedNode[]> {
    return Promise.all(Array.from({ length: count }, () => this.node(relays, options)));
  }

  async ts(
    relays: string | readonly string[],
    options: Partial<DistributionOptions> = {},
    tunnels: Partial<TunnelCarrierOptions> = {},
  ): Promise<TsNode> {
    const runtime = new Runtime({ logger: silentLogger });
    const log = new EventHub(runtime);
    const refusals: string[] = [];
    log.target.addEventListener('dist.tunnel_refused', ({ detail }) => refusals.push(detail.reason));
    const carrier = new TunnelCarrier(runtime, { relays, log, ...tunnels });
    const name = freshName('ts');
    const dist = await startDistribution(runtime, { name, cookie: COOKIE, carriers: [carrier], ...options });
    this.owns(() => dist.close());
    const changes: string[] = [];
    dist.monitorNodes(({ tag, node }) => changes.push(`${tag} ${node}`));
    await carrier.client?.ready();
    return { name, runtime, dist, carrier, changes, refusals };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
