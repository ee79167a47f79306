/**
 * The members of a simulated mesh on their network: starts them, ends them, and starts them again.
 *
 * Every life has a runtime, a stream of chance and a diary of its own. Stations and members with an even number keep their
 * key from life to life, the others get a new one.
 */
import { seededRandom, type Random } from '../../actor/random.ts';
import { NameScope } from '../../actor/names.ts';
import { silentLogger } from '../../actor/logger.ts';
import { Runtime } from '../../actor/runtime.ts';
import { createIdentity } from '../../identity/identity.ts';
import { hex } from '../../mesh/context.ts';
import { RpcError } from '../../mesh/errors/rpc-error.ts';
import type { NodeOptions } from '../../mesh/client/options.ts';
import { connect, startNode, type Node, type RemoteClient } from '../../node.ts';
import { memoryNetwork, type MemoryNetwork } from '../../transport/memory/network.ts';
import { virtualClock, type VirtualClock } from '../virtual-clock.ts';
import { acquaint, type Acquaintance } from './acquaint.ts';
import type { Configuration } from './configuration.ts';
import { Diary } from './diary.ts';
import type { Ledger } from './ledger.ts';
import { contextOf, processesOf, type Life, type Member } from './member.ts';
import { PROBES, probes } from './probes.ts';
import { joining, LARGE, LIMITS, PORT, REALM, urlOf } from './addresses.ts';
import { RestartLog } from './restart-log.ts';
import { terrainOf, type Terrain } from './terrain.ts';

/** Members that start together. */
const BATCH = 25;
/** Milliseconds between two tries to connect, and before what ended by itself is started again. */
const PAUSE = 500;

export class Mesh {
  readonly clock: VirtualClock = virtualClock();
  readonly network: MemoryNetwork;
  readonly terrain: Terrain;
  readonly members: readonly Member[];
  readonly ledger: Ledger;
  readonly nodes: number;
  readonly #known: boolean;
  readonly #random: Random;
  /** Lives that have ended, to see what they left. */
  readonly past: Life[] = [];
  /** Every node there ever was, as `id address`; behind a NAT, which gives it any, as `id`. */
  readonly real: Set<string> = new Set();
  /** Since when nobody was seen who may use a relay session, by session. */
  readonly unused: WeakMap<object, number> = new WeakMap();
  /** The end has come: nobody is started again. */
  #closing = false;

  constructor(configuration: Configuration, ledger: Ledger) {
    this.ledger = ledger;
    this.#random = seededRandom(`${configuration.seed} mesh`);
    this.network = memoryNetwork({
      clock: this.clock,
      random: this.#random.fork('network'),
      delay: { base: 1, jitter: 4 },
      // who keeps lent bytes is found out
      poison: true,
    });
    const { nodes, known } = configuration;
    this.nodes = nodes;
    this.#known = known;
    this.terrain = terrainOf(configuration);
    const nats = this.terrain.nats.map((nat) => this.network.nat(nat));
    this.members = this.terrain.places.map((place, index) => ({
      index,
      role: index < nodes ? 'node' : 'client',
      host: place.host,
      place,
      nat: place.nat === undefined ? undefined : nats[place.nat],
      lives: 0,
      life: undefined,
      starting: undefined,
    }));
  }

  /** Those that are there now. */
  *living(): Generator<Life> {
    for (const { life } of this.members) if (life !== undefined && !life.over) yield life;
  }

  at(number: number): Member {
    return this.members[number % this.members.length] as Member;
  }

  /** Everybody, a batch at a time: the bootstraps first, the clients last. */
  async startAll(): Promise<void> {
    const known = this.#known ? this.members.slice(0, this.nodes) : [];
    await this.#batches(known, async (member) => {
      await this.#begin(member);
    });
    this.#acquaint();
    for (const member of known) if (member.life !== undefined) this.onStart(member, member.life);
    await this.#batches(this.members.slice(known.length), async (member) => {
      await this.#start(member);
      // hundreds that join in one moment are a test of the bootstraps: they see nothing else
      if (this.nodes > LARGE && member.role === 'node')
        await (member.life?.handle as Node | undefined)?.ready();
    });
  }

  async #batches(members: readonly Member[], start: (member: Member) => Promise<void>): Promise<void> {
    for (let from = 0; from < members.length; from += BATCH)
      await this.settle(Promise.all(members.slice(from, from + BATCH).map(start)));
  }

  /** The nodes know each other from now on. */
  #acquaint(): void {
    if (!this.#known) return;
    const all: Acquaintance[] = [];
    for (const { life, host } of this.members) {
      if (life === undefined) continue;
      const { id: nodeId } = life.handle;
      all.push({
        context: contextOf(life),
        contact: { id: bytesOf(nodeId), nodeId, address: `${host}:${PORT}` },
      });
    }
    acquaint(all, this.#random.fork('acquaintances'), this.clock.now());
  }

  /** Starts a member again in `delay` ms; twice is once. */
  startAgain(member: Member, delay: number): void {
    if (this.#closing || member.starting !== undefined) return;
    member.starting = this.#pause(delay)
      .then(() => (this.#closing ? undefined : this.#start(member)))
      .finally(() => {
        member.starting = undefined;
      });
  }

  /** As the death of a process: the network first, so that nothing it still says is heard. */
  crash(member: Member): void {
    const { life } = member;
    if (life === undefined || life.over) return;
    this.#forget(member, life);
    this.network.faults.kill(member.host);
    const [root] = processesOf(life.runtime);
    if (root !== undefined) life.runtime.exit(root, 'kill');
  }

  /** Ends all in good order, the youngest first. */
  async stopAll(): Promise<void> {
    this.#closing = true;
    for (const member of this.members.toReversed()) {
      const { life } = member;
      if (life === undefined) continue;
      this.#forget(member, life);
      await this.settle(life.handle.disconnect({ timeout: 1_000 }));
    }
  }

  /** Moves time until the promise is settled, and gives what it resolved to. */
  async settle<T>(promise: Promise<T>, limit = 120_000): Promise<T> {
    let done = false;
    const end = (): void => {
      done = true;
    };
    promise.then(end, end);
    await this.clock.until(() => done, limit);
    return promise;
  }

  async #start(member: Member): Promise<void> {
    this.onStart(member, await this.#begin(member));
  }

  async #begin(member: Member): Promise<Life> {
    const name = `${member.role}-${member.index}.${++member.lives}`;
    const random = this.#random.fork(name);
    const runtime = new Runtime({
      clock: this.clock,
      random,
      logger: silentLogger,
      // time would be the machine's
      budget: { milliseconds: Infinity },
      runQueue: { tag: 'seeded', random: random.fork('order') },
    });
    const restarts = new RestartLog(PROBES);
    runtime.onReport((report) => {
      restarts.add(report, this.clock.now());
    });
    const diary = new Diary();
    const scope = new NameScope();
    const identity = createIdentity(
      this.#random.fork(isDurable(member) ? `key ${member.index}` : `key ${name}`),
      this.clock.wall(),
    );
    // before it starts: others may hear of it before we do
    const nodeId = hex(identity.nodeId);
    if (member.role === 'node')
      this.real.add(member.nat === undefined ? `${nodeId} ${member.host}:${PORT}` : nodeId);
    const handle = await this.#handle(member, {
      realm: REALM,
      runtime,
      transport: this.network.transport(member.host, member.nat === undefined ? {} : { nat: member.nat }),
      limits: LIMITS,
      identity,
      children: probes(diary, scope),
    });
    const life: Life = {
      name,
      runtime,
      scope,
      diary,
      restarts,
      handle,
      serving: new Set(),
      changing: new Set(),
      sequences: new Map(),
      baseline: undefined,
      over: false,
    };
    member.life = life;
    this.ledger.log(this.clock.now(), `${name} started`);
    // too many of its actors died at once: whoever runs a node starts it again
    const ended = handle.ended.then(() => {
      if (life.over) return;
      this.#forget(member, life);
      this.startAgain(member, PAUSE);
    });
    await Promise.race([ended, Promise.resolve()]);
    return life;
  }

  /** Told of every life that begins. */
  onStart: (member: Member, life: Life) => void = () => {};

  #forget(member: Member, life: Life): void {
    life.over = true;
    member.life = undefined;
    this.past.push(life);
    this.ledger.log(this.clock.now(), `${life.name} is over`);
  }

  async #handle(member: Member, options: NodeOptions): Promise<Node | RemoteClient> {
    const { peers, stations } = member.place;
    const urls = stations.map(urlOf);
    if (member.role === 'node')
      return startNode({
        ...options,
        listen: `${member.host}:${PORT}`,
        ...joining(this.#known && member.lives === 1 ? 0 : member.index, this.nodes),
        ...(peers === undefined ? {} : { station: { peers } }),
        ...(urls.length === 0 ? {} : { stations: urls }),
      });
    // its node may be down: it tries as often as it takes
    for (;;) {
      try {
        return await connect(urls.length > 0 ? urls : urlOf(member.index % this.nodes), options);
      } catch (error) {
        if (!(error instanceof RpcError) || this.#closing) throw error;
        await this.#pause(PAUSE);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.setTimer(ms, resolve);
    });
  }
}

/** Stations are known by their keys, and of the others every second keeps its own. */
const isDurable = ({ index, place }: Member): boolean => place.peers !== undefined || index % 2 === 0;

const bytesOf = (nodeId: string): Uint8Array => new Uint8Array(Buffer.from(nodeId, 'hex'));
