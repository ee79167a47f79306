/**
 * A UDP proxy that is a bad network: loss, bursts, duplicates, reordering, delay, bit flips, limited rate, black
 * holes, new source ports. In process, without privileges, and the same choices again for the same seed.
 *
 * Dial `local` instead of the target. Like a NAT it keeps one socket towards the target per source address.
 * What a seed decides is the fate of the n-th datagram of a direction; when real sockets deliver it is theirs.
 * Source: RELIABILITY §8.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

import { systemClock, type Clock } from '../actor/clock.ts';
import { seededRandom, type Random } from '../actor/random.ts';
import { EventQueue } from '../transport/memory/event-queue.ts';
import {
  clock as checkClock,
  destination,
  fields,
  place,
  random as checkRandom,
  yesOrNo,
} from '../transport/memory/judge.ts';
import type { PhysicalAddress } from '../transport/transport.ts';
import { checkConditions, type Conditions } from './lossy/conditions.ts';
import { Impairment, type ImpairmentStats } from './lossy/impairment.ts';

/** Bytes asked of the system for each socket: losses shall be ours, not the kernel's. */
const SOCKET_BUFFER = 4_194_304;
/** Datagrams kept for a socket that is being bound. */
const MAX_EARLY = 64;
/** Source addresses served at once; datagrams of further ones are dropped. */
const MAX_SOURCES = 1_024;

export interface LossyUdpProxyOptions {
  /** Where datagrams go. Numeric address. */
  readonly target: PhysicalAddress;
  /** Where to listen; port 0 takes a free one. Default: the target's loopback, any port. */
  readonly bind?: PhysicalAddress;
  /** From whoever dials the proxy to the target. Default: a perfect link. */
  readonly toTarget?: Conditions;
  readonly toSource?: Conditions;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** Default: `seededRandom(0)`. */
  readonly random?: Random;
}

/** One direction of the proxy. */
export interface Direction {
  readonly conditions: Conditions;
  /** Replaces all conditions from now on. A black hole also swallows what is on its way. Throws `RangeError`. */
  change(conditions: Conditions): void;
  /** Swallows everything, or stops doing so; the other conditions stay. */
  blackHole(on: boolean): void;
  stats(): ImpairmentStats;
}

export interface LossyUdpProxy extends AsyncDisposable {
  /** Where to dial. */
  readonly local: PhysicalAddress;
  readonly toTarget: Direction;
  readonly toSource: Direction;
  /** Swallows everything in both directions, or stops doing so. */
  blackHole(on: boolean): void;
  /**
   * Every source gets a new port towards the target, as after a NAT forgot its mappings; what still comes to
   * the old ones is lost. Resolves when the new ports are in use; rejects when the proxy is closed.
   */
  rebind(): Promise<void>;
  /** The ports from which the target sees us now, one per source. */
  readonly sourcePorts: readonly number[];
  /** Drops what is on its way and frees all sockets. Idempotent. */
  close(): Promise<void>;
}

const checkOptions = fields<LossyUdpProxyOptions>(
  {
    target: destination,
    bind: place,
    toTarget: checkConditions,
    toSource: checkConditions,
    clock: checkClock,
    random: checkRandom,
  },
  ['target'],
);

/**
 * Opens a proxy. Rejects with a `RangeError` that names the option that makes no sense, and with the socket's
 * error when the address cannot be bound.
 */
export async function lossyUdpProxy(options: LossyUdpProxyOptions): Promise<LossyUdpProxy> {
  checkOptions('', options);
  const bind = options.bind ?? { host: loopbackFor(options.target), port: 0 };
  return new UdpProxy(options, await bound(bind));
}

/** A source, and the socket by which the target knows it. */
interface Mapping {
  readonly source: PhysicalAddress;
  /** Undefined while it is being bound. */
  socket: Socket | undefined;
  /** What came before the socket was there. */
  early: Uint8Array[];
}

class Line implements Direction {
  readonly #impairment: Impairment;
  readonly #queue: EventQueue;
  /** Black holes so far: what left before one began does not arrive. */
  #holes = 0;

  constructor(queue: EventQueue, random: Random, conditions: Conditions | undefined) {
    this.#queue = queue;
    this.#impairment = new Impairment(random, conditions);
  }

  get conditions(): Conditions {
    return this.#impairment.conditions;
  }

  change(conditions: Conditions): void {
    this.#impairment.change(conditions);
    if (conditions.blackHole === true) this.#holes++;
  }

  blackHole(on: boolean): void {
    yesOrNo('blackHole', on);
    this.change({ ...this.conditions, blackHole: on });
  }

  stats(): ImpairmentStats {
    return this.#impairment.stats();
  }

  carry(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const holes = this.#holes;
    for (const arrival of this.#impairment.offer(this.#queue.now(), bytes)) {
      this.#queue.when(arrival.at, () => {
        if (holes === this.#holes) deliver(arrival.bytes);
      });
    }
  }
}

class UdpProxy implements LossyUdpProxy {
  readonly local: PhysicalAddress;
  readonly toTarget: Line;
  readonly toSource: Line;
  readonly #front: Socket;
  readonly #target: PhysicalAddress;
  readonly #queue: EventQueue;
  readonly #mappings = new Map<string, Mapping>();
  #closed: Promise<void> | undefined;

  constructor(options: LossyUdpProxyOptions, front: Socket) {
    const { clock = systemClock, random = seededRandom(0) } = options;
    this.#target = options.target;
    this.#front = front;
    const { address, port } = front.address();
    this.local = { host: address, port };
    this.#queue = new EventQueue(clock);
    this.toTarget = new Line(this.#queue, random.fork('to target'), options.toTarget);
    this.toSource = new Line(this.#queue, random.fork('to source'), options.toSource);
    front.on('message', (bytes, from) => {
      const mapping = this.#mapping({ host: from.address, port: from.port });
      if (mapping === undefined) return;
      this.toTarget.carry(bytes, (copy) => {
        if (mapping.socket !== undefined) this.#send(mapping.socket, copy, this.#target);
        else if (mapping.early.length < MAX_EARLY) mapping.early.push(copy);
      });
    });
  }

  get sourcePorts(): readonly number[] {
    return [...this.#mappings.values()].flatMap(({ socket }) =>
      socket === undefined ? [] : [socket.address().port],
    );
  }

  blackHole(on: boolean): void {
    this.toTarget.blackHole(on);
    this.toSource.blackHole(on);
  }

  async rebind(): Promise<void> {
    if (this.#closed !== undefined) throw new Error('the proxy is closed');
    await Promise.all([...this.#mappings.values()].map((mapping) => this.#open(mapping)));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#queue.clear();
    const sockets = [this.#front];
    for (const { socket } of this.#mappings.values()) if (socket !== undefined) sockets.push(socket);
    this.#mappings.clear();
    await Promise.all(sockets.map(closed));
  }

  #mapping(source: PhysicalAddress): Mapping | undefined {
    const key = `${source.host} ${source.port}`;
    let mapping = this.#mappings.get(key);
    if (mapping === undefined && this.#closed === undefined && this.#mappings.size < MAX_SOURCES) {
      mapping = { source, socket: undefined, early: [] };
      this.#mappings.set(key, mapping);
      // A port that cannot be had is a mapping that loses everything.
      this.#open(mapping).catch(() => this.#mappings.delete(key));
    }
    return mapping;
  }

  async #open(mapping: Mapping): Promise<void> {
    const socket = await bound({ host: loopbackFor(this.#target), port: 0 });
    if (this.#closed !== undefined) {
      await closed(socket);
      return;
    }
    const { socket: old } = mapping;
    mapping.socket = socket;
    socket.on('message', (bytes, from) => {
      if (from.port !== this.#target.port) return;
      this.toSource.carry(bytes, (copy) => {
        this.#send(this.#front, copy, mapping.source);
      });
    });
    for (const copy of mapping.early.splice(0)) this.#send(socket, copy, this.#target);
    if (old !== undefined) await closed(old);
  }

  #send(socket: Socket, bytes: Uint8Array, to: PhysicalAddress): void {
    if (this.#closed !== undefined) return;
    try {
      socket.send(bytes, to.port, to.host, () => {});
    } catch {
      // The socket is being replaced: lost.
    }
  }
}

/** The address a socket needs to reach `target`. */
function loopbackFor({ host }: PhysicalAddress): string {
  if (isIPv6(host)) return host === '::1' ? '::1' : '::';
  return host.startsWith('127.') ? '127.0.0.1' : '0.0.0.0';
}

async function bound({ host, port }: PhysicalAddress): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.bind({ address: host, port, exclusive: true });
  await once(socket, 'listening');
  socket.on('error', () => {
    // A datagram that could not be sent is a lost datagram.
  });
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER);
    socket.setSendBufferSize(SOCKET_BUFFER);
  } catch {
    // Some systems refuse instead of capping.
  }
  return socket;
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.close(() => {
      resolve();
    });
  });
