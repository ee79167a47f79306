/** Nodes of one process, each with a runtime of its own, on a clock that stands still and wires in memory. */
import { Runtime } from '../../src/actor/runtime.ts';
import type { Logger, LogFields } from '../../src/actor/logger.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Process, Self } from '../../src/actor/process.ts';
import { seededRandom, type Random } from '../../src/actor/random.ts';
import type { Report } from '../../src/actor/report.ts';
import { startDistribution, type Distribution, type DistributionOptions } from '../../src/distribution.ts';
import type { NodeChange } from '../../src/dist/events.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import type { ServerRef } from '../../src/otp/server-ref.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { MemoryCarrier, MemoryNet } from './memory-carrier.ts';
import { RawPeer } from './raw-peer.ts';

export const COOKIE = 'secret';

export interface DistNode {
  readonly name: string;
  readonly runtime: Runtime;
  readonly dist: Distribution;
  readonly carrier: MemoryCarrier;
  /** `up NODE` and `down NODE REASON`, in their order. */
  readonly changes: string[];
  /** Events of the distribution as the log tells them. */
  readonly log: LogFields[];
  /** Crashes and the like. */
  readonly reports: Report[];
}

/** A process that does what it is told, and keeps what it gets. */
export interface Actor {
  readonly pid: Process;
  readonly inbox: unknown[];
  readonly ref: ServerRef<{ run(act: (self: Self) => unknown): unknown }>;
  run<Result>(act: (self: Self) => Result): Promise<Result>;
}

export class DistWorld {
  readonly clock: VirtualClock = virtualClock();
  readonly random: Random;
  readonly net: MemoryNet;
  readonly #nodes: DistNode[] = [];

  constructor(seed: number | string = 'dist') {
    this.random = seededRandom(seed);
    this.net = new MemoryNet(this.clock, this.random.fork('net'));
  }

  /** A node; two of one name are two lives of it, or two that claim it. */
  async node(name: string, options: Partial<DistributionOptions> = {}): Promise<DistNode> {
    const full = name.includes('@') ? name : `${name}@host`;
    const log: LogFields[] = [];
    const reports: Report[] = [];
    const runtime = new Runtime({
      clock: this.clock,
      random: this.random.fork(`${full} ${this.#nodes.length}`),
      logger: keeping(log),
      budget: { milliseconds: Infinity },
    });
    runtime.onReport((report) => reports.push(report));
    const carrier = new MemoryCarrier(this.net);
    const changes: string[] = [];
    const started = startDistribution(runtime, {
      name: full,
      cookie: COOKIE,
      carriers: [carrier],
      ...options,
    });
    const dist = await started;
    dist.monitorNodes((change) => changes.push(told(change)));
    const node: DistNode = { name: full, runtime, dist, carrier, changes, log, reports };
    this.#nodes.push(node);
    return node;
  }

  /** Two nodes that are connected; the first one has dialed. */
  async pair(
    options: Partial<DistributionOptions> = {},
    ...names: readonly string[]
  ): Promise<readonly [DistNode, DistNode]> {
    const [first = 'one', second = 'two'] = names;
    const one = await this.node(first, options);
    const two = await this.node(second, options);
    if (!(await this.wait(one.dist.connect(two.name)))) throw new Error('they are not connected');
    await this.clock.settle();
    return [one, two];
  }

  /** Somebody with bytes of its own, connected to a node by a wire. */
  async raw(node: DistNode): Promise<RawPeer> {
    const raw = new RawPeer(COOKIE);
    const stream = this.net.dial(node.name, raw.events, 'raw');
    if (stream === undefined) throw new Error(`${node.name} does not listen`);
    raw.take(stream);
    await this.clock.settle();
    return raw;
  }

  /** One that the node takes for a node of that name; both are up. */
  async peer(node: DistNode, name: string = 'raw@host', flags?: bigint): Promise<RawPeer> {
    const raw = await this.raw(node);
    await raw.dialed(name, () => this.clock.settle(), flags);
    return raw;
  }

  /** Moves time until the promise is settled. */
  async wait<Result>(promise: Promise<Result>, limit?: number): Promise<Result> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.clock.until(() => settled, limit);
    return promise;
  }

  /** @param name under which other nodes reach it; undefined: they do not. */
  async actor(
    node: DistNode,
    name?: string,
    { trapExit = true, mailbox }: { readonly trapExit?: boolean; readonly mailbox?: number } = {},
  ): Promise<Actor> {
    const inbox: unknown[] = [];
    const server: GenServer<undefined, null, { run(act: (self: Self) => unknown): unknown }> = {
      trapExit,
      ...(mailbox === undefined ? {} : { mailbox }),
      init: () => null,
      handleCall: { run: (act, state, self) => reply(act(self), state) },
      handleRequest: (term, state) => reply(term, state),
      handleCast: {},
      handleInfo: (message, state) => {
        inbox.push(message);
        return noReply(state);
      },
    };
    const ref = await startServer(
      node.runtime,
      server,
      undefined,
      name === undefined ? {} : { name, scope: node.dist.names },
    );
    const pid = (ref.pid ?? node.dist.names.whereis(name ?? '')) as Process;
    return {
      pid,
      inbox,
      ref,
      run: <Result>(act: (self: Self) => Result) =>
        this.wait(ref.call('run', act as never)) as Promise<Result>,
    };
  }

  /** A pid of `node`, as another node gets it. */
  async hand(of: Actor, node: DistNode, to: DistNode): Promise<Pid> {
    const taker = await this.actor(to, 'taker');
    node.runtime.send(to.dist.whereis('taker', to.name), of.pid);
    const far = node.dist.whereis('taker', to.name);
    node.runtime.send(far, of.pid);
    await this.clock.until(() => taker.inbox.length > 0);
    to.runtime.exit(taker.pid, 'kill');
    await this.clock.settle();
    return taker.inbox[0] as Pid;
  }

  async close(): Promise<void> {
    for (const { dist } of this.#nodes.splice(0)) await this.wait(dist.close());
    await this.clock.settle();
  }
}

const told = (change: NodeChange): string =>
  change.tag === 'nodeup' ? `up ${change.node}` : `down ${change.node} ${change.reason}`;

const keeping = (log: LogFields[]): Logger => {
  const keep = (fields: LogFields): void => void log.push(fields);
  return { level: 'trace', trace: keep, debug: keep, info: keep, warn: keep, error: keep, fatal: keep };
};

/** The process of that label; undefined: there is none. */
export function find(runtime: Runtime, label: string): Process | undefined {
  const look = (first: Process | null): Process | undefined => {
    for (let one = first; one !== null; one = one.nextSibling) {
      const found = one.label === label ? one : look(one.firstChild);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return look(runtime.firstChild);
}

/** The process of that label. */
export function labeled(runtime: Runtime, label: string): Process {
  const found = find(runtime, label);
  if (found === undefined) throw new Error(`no ${label}`);
  return found;
}
