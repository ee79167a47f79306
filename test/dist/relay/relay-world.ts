/**
 * Dist relays, their clients, and others that speak their protocol as they like, on a simulated network under a virtual clock.
 *
 * Everybody has a machine and a runtime of their own. A client's tunnels are in the clear unless it is told otherwise, so that time
 * is all they need; the TLS of encrypted ones needs turns of the program too: `settle` gives both.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { LogFields, Logger } from '../../../src/actor/logger.ts';
import type { Process } from '../../../src/actor/process.ts';
import { seededRandom, type Random } from '../../../src/actor/random.ts';
import type { Report } from '../../../src/actor/report.ts';
import { Runtime } from '../../../src/actor/runtime.ts';
import { childrenOf, type Siblings } from '../../../src/actor/tree.ts';
import { startDistRelay, type DistRelayOptions } from '../../../src/dist-relay.ts';
import { startRelayClient } from '../../../src/relay-client.ts';
import type { IncomingTunnel } from '../../../src/dist/relay/client/client-tunnel.ts';
import type { RelayClientOptions } from '../../../src/dist/relay/client/make-client.ts';
import type {
  DistRelayClient,
  OpenTunnel,
  TunnelRequestOptions,
} from '../../../src/dist/relay/client/relay-client.ts';
import type { ControlStyle } from '../../../src/dist/relay/protocol/messages.ts';
import type { DistRelay } from '../../../src/relay-handle.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { createIdentity, type Identity } from '../../../src/identity/identity.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { memoryNetwork, type MemoryNetwork } from '../../../src/transport/memory/network.ts';
import type {
  Endpoint,
  EndpointLimits,
  EndpointOptions,
  Transport,
} from '../../../src/transport/transport.ts';
import { wayOf } from '../../../src/transport/way.ts';
import { RawEnd } from './raw-end.ts';

/** Whoever runs here: its machine, and what it did. */
export interface Place {
  readonly host: string;
  readonly runtime: Runtime;
  readonly reports: Report[];
  readonly log: LogFields[];
  /** The sockets it has opened, the last one last. */
  readonly endpoints: Endpoint[];
}

export interface RelayPlace extends Place {
  readonly relay: DistRelay;
  readonly url: string;
}

export interface ClientPlace extends Place {
  readonly client: DistRelayClient;
  readonly name: string;
  /** Tunnels that others have opened, in their order. */
  readonly incoming: IncomingTunnel[];
}

/** A relay that does what a test says: one end for each connection. */
export interface RawRelay {
  readonly host: string;
  readonly url: string;
  readonly ends: RawEnd[];
  /** Called with each connection, before anything is heard of it. */
  onEnd: (end: RawEnd) => void;
}

interface RawClientOptions {
  readonly style?: ControlStyle;
  readonly identity?: Identity;
  readonly host?: string;
  readonly limits?: EndpointLimits;
}

export const PORT = 4434;

/** With a seed here, ready processes run in an order drawn from it: `ESPALIER_SHUFFLE=7 npx vitest …`. */
const SHUFFLE = process.env['ESPALIER_SHUFFLE'];

export class RelayWorld {
  readonly clock: VirtualClock = virtualClock();
  readonly random: Random;
  readonly network: MemoryNetwork;
  /** Somebody encrypts: time alone is not enough. */
  #isSlow = false;
  #hosts = 0;
  #places = 0;
  #closing: (() => Promise<unknown>)[] = [];

  /** Ends with the test. */
  constructor(seed: string = 'relay', delay: number = 1) {
    this.random = seededRandom(seed);
    const random = this.random.fork('network');
    this.network = memoryNetwork({ clock: this.clock, random, delay, poison: true });
    onTestFinished(() => this.close());
  }

  identity(label: string): Identity {
    return createIdentity(this.random.fork(label), this.clock.wall());
  }

  async relay({
    host = this.#host(),
    ...options
  }: Partial<DistRelayOptions> & { readonly host?: string } = {}): Promise<RelayPlace> {
    const place = this.#place(host);
    const { runtime } = place;
    const transport = this.#transport(place);
    const starting = startDistRelay({ listen: `0.0.0.0:${PORT}`, runtime, transport, ...options });
    const relay = await this.settle(starting);
    this.#closing.push(() => relay.close());
    return { ...place, relay, url: `quic://${host}:${PORT}` };
  }

  /** Ends a relay as the death of its machine would: nobody hears of it. */
  async crash(place: RelayPlace): Promise<void> {
    for (const process of childrenOf(place.runtime)) place.runtime.exit(process, 'kill');
    for (const endpoint of place.endpoints) endpoint.destroy();
    await this.clock.settle();
  }

  /** A client that has dialed, and is not waited for. */
  async dialing(
    relays: readonly { readonly url: string }[],
    name: string,
    { host = this.#host(), ...options }: RelayClientOptions & { readonly host?: string } = {},
  ): Promise<ClientPlace> {
    const place = this.#place(host);
    this.#isSlow ||= (options.encryption ?? false) !== false;
    const transport = this.#transport(place);
    const urls = relays.map(({ url }) => url);
    const client = await this.settle(
      startRelayClient(place.runtime, urls, name, { encryption: false, transport, ...options }),
    );
    const incoming: IncomingTunnel[] = [];
    client.setKernel((tunnel) => void incoming.push(tunnel));
    this.#closing.push(() => client.close());
    return { ...place, client, name, incoming };
  }

  /** A client that all its relays know. */
  async client(...args: Parameters<RelayWorld['dialing']>): Promise<ClientPlace> {
    const place = await this.dialing(...args);
    await this.until(() => place.client.status().relays.every(({ state }) => state === 'identified'));
    return place;
  }

  /** A connection to a relay, with its control stream; it has said nothing. */
  async raw(relay: { readonly host: string }, options: RawClientOptions = {}): Promise<RawEnd> {
    const { style, host = this.#host(), identity = this.identity(host), limits } = options;
    const endpoint = await this.#endpoint(host, identity, limits === undefined ? {} : { limits });
    const end = new RawEnd({ isRelay: false, ...(style === undefined ? {} : { style }) });
    const address = { host: relay.host, port: PORT };
    end.link = endpoint.dial({ address, protocol: 'macula-dist' }, end);
    await this.until(() => end.link?.state === 'open' || end.closed !== undefined);
    end.begin();
    return end;
  }

  /** A raw client that the relay knows. */
  async known(relay: { readonly host: string }, name: string, options?: RawClientOptions): Promise<RawEnd> {
    const end = await this.raw(relay, options);
    end.say({ type: 'identify', node_name: name });
    await this.until(() => end.told('identified').length > 0 || end.closed !== undefined);
    return end;
  }

  async rawRelay(host: string = this.#host()): Promise<RawRelay> {
    const ends: RawEnd[] = [];
    const raw: RawRelay = { host, url: `quic://${host}:${PORT}`, ends, onEnd: () => {} };
    await this.#endpoint(host, this.identity(host), {
      bind: { host, port: PORT },
      accept: ['macula-dist'],
      onLink: () => {
        const end = new RawEnd({ isRelay: true });
        ends.push(end);
        raw.onEnd(end);
        return end;
      },
    });
    return raw;
  }

  /** Moves time, and lets the program take turns, until the promise is settled. At most `limit` virtual ms. */
  async settle<Result>(promise: Promise<Result>, limit: number = 60_000): Promise<Result> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.until(() => settled, limit);
    return promise;
  }

  /** Moves time, and lets the program take turns, until it holds. */
  async until(condition: () => boolean, limit: number = 60_000): Promise<void> {
    const { clock } = this;
    if (!this.#isSlow) {
      await clock.until(condition, limit);
      return;
    }
    const end = clock.now() + limit;
    for (;;) {
      for (let turns = 0; turns < 8; turns++) {
        if (condition()) return;
        await turn();
      }
      if (clock.now() >= end) throw new Error(`the condition did not become true within ${limit} virtual ms`);
      await clock.advance(Math.min(1, end - clock.now()));
    }
  }

  /** Lets time pass, in which the program takes turns. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    if (this.#isSlow) await this.until(() => this.clock.now() >= end, milliseconds + 1);
    else await this.clock.advance(milliseconds);
  }

  /** The failure of a promise that rejects with a `TunnelError`; what else it does is told as it is. */
  async failure(promise: Promise<unknown>, limit?: number): Promise<unknown> {
    try {
      return await this.settle(promise, limit);
    } catch (error) {
      return error instanceof TunnelError ? error.failure : error;
    }
  }

  /** A tunnel from one to the other, and both its ends. */
  async tunnel(from: ClientPlace, to: ClientPlace, options?: TunnelRequestOptions): Promise<TunnelPair> {
    const before = to.incoming.length;
    const near = await this.settle(from.client.requestTunnel(to.name, options));
    await this.until(() => to.incoming.length > before);
    return { near, far: to.incoming[before] as IncomingTunnel };
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).toReversed())
      await this.settle(close().catch(() => undefined));
    await this.clock.settle();
  }

  #host(): string {
    const number = ++this.#hosts;
    return `198.18.${60 + (number >> 8)}.${number & 255}`;
  }

  #place(host: string): Place {
    const reports: Report[] = [];
    const log: LogFields[] = [];
    const runtime = new Runtime({
      clock: this.clock,
      random: this.random.fork(`runtime ${++this.#places}`),
      logger: keeping(log),
      budget: { milliseconds: Infinity },
      ...(SHUFFLE === undefined
        ? {}
        : { runQueue: { tag: 'seeded', random: seededRandom(`${SHUFFLE}-${this.#places}`) } as const }),
    });
    runtime.onReport((report) => reports.push(report));
    return { host, runtime, reports, log, endpoints: [] };
  }

  #transport({ host, endpoints }: Place): Transport {
    const transport = this.network.transport(host);
    const open: Transport['open'] = async (options) => {
      const endpoint = await transport.open(options);
      endpoints.push(endpoint);
      return endpoint;
    };
    return { kind: 'memory', open };
  }

  async #endpoint(host: string, identity: Identity, more: Partial<EndpointOptions>): Promise<Endpoint> {
    const random = this.random.fork(`endpoint ${host}`);
    const transport = this.network.transport(host);
    const endpoint = await transport.open({
      clock: this.clock,
      random,
      identity,
      bind: { host, port: 0 },
      ...more,
    });
    this.#closing.push(() => endpoint.close());
    return endpoint;
  }
}

export interface TunnelPair {
  readonly near: OpenTunnel;
  readonly far: IncomingTunnel;
}

/** What comes out of a stream, and how it ends. */
export class Drain {
  readonly #chunks: Buffer[] = [];
  length = 0;
  ended = false;
  /** What it was destroyed with. */
  error: Error | undefined;
  closed = false;

  constructor(stream: OpenTunnel['stream']) {
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.length += chunk.length;
    });
    stream.once('end', () => (this.ended = true));
    stream.once('error', (error: Error) => (this.error = error));
    stream.once('close', () => (this.closed = true));
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  /** The failure it was cut with. */
  get failure(): unknown {
    return this.error instanceof TunnelError ? this.error.failure : this.error;
  }
}

/** Every living process below, the first ones first. */
export function processesOf(runtime: Siblings): readonly Process[] {
  const found: Process[] = [];
  for (const process of childrenOf(runtime)) found.push(process, ...processesOf(process));
  return found;
}

export const labelsOf = (runtime: Siblings): readonly string[] =>
  processesOf(runtime).map(({ label }) => String(label));

/** The process of that label, or the first whose label begins like it. */
export function processOf(runtime: Siblings, label: string): Process {
  const all = processesOf(runtime);
  const found =
    all.find((process) => process.label === label) ??
    all.find((process) => String(process.label).startsWith(label));
  if (found === undefined) throw new Error(`no process ${label}`);
  return found;
}

const keeping = (log: LogFields[]): Logger => {
  const keep = (fields: LogFields): void => void log.push(fields);
  return { level: 'trace', trace: keep, debug: keep, info: keep, warn: keep, error: keep, fatal: keep };
};

/** A relay with two clients. */
export interface Stage {
  readonly world: RelayWorld;
  readonly relay: RelayPlace;
  readonly a: ClientPlace;
  readonly b: ClientPlace;
}

/** @param encryption their tunnels are encrypted, and have a connection of their own. */
export async function staged(
  options: Parameters<RelayWorld['relay']>[0] = {},
  encryption = false,
): Promise<Stage> {
  const world = new RelayWorld();
  const relay = await world.relay(options);
  const a = await world.client([relay], 'a@one', { encryption });
  return { world, relay, a, b: await world.client([relay], 'b@two', { encryption }) };
}

/** Connections through relays that are open here, at either end. */
export const passages = ({ endpoints }: Place): number =>
  Array.from(endpoints.at(-1)?.links ?? []).filter(({ observed }) => wayOf(observed) === 'relay').length;
