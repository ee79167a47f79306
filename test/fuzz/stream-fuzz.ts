/**
 * Fuzz of the QUIC transport: random valid stream operations from both sides of several links over real sockets,
 * hostile peers among them, under a rain of garbage.
 *
 * Wrong are: an uncaught error, a fault, a byte other than the one that was sent, an event after the last one, a
 * link that closes, a bystander that waits too long, stream credit or window that does not come back. The network
 * and its timing are real, so a seed repeats the choices, not the interleaving.
 */
import { systemClock } from '../../src/actor/clock.ts';
import { seededRandom, systemRandom, type Random } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { quicTransport } from '../../src/transport/quic/transport.ts';
import type { Endpoint, LinkEvents } from '../../src/transport/transport.ts';
import { until } from '../net/quic-bench.ts';
import { RawPeer, RawSocket } from '../net/quic-raw.ts';
import { HostilePeer } from './stream-hostile.ts';
import { below, FuzzEnd, pick, type Fuzzing } from './stream-pairs.ts';

export interface StreamFuzzOptions {
  readonly operations: number;
  /** Datagrams of garbage, in all. */
  readonly garbage: number;
  readonly seed: number;
  /** Called now and then, with the operations done. */
  readonly progress?: (done: number) => void;
}

export interface StreamFuzzReport {
  readonly operations: number;
  readonly seed: number;
  readonly streams: number;
  readonly garbage: { readonly sent: number; readonly arrived: number };
  /** Streams of both ends of our links that were not given back in the end. */
  readonly kept: number;
  /** Milliseconds the slowest question of the bystander took. */
  readonly slowest: number;
  readonly findings: readonly string[];
}

/** Links with both ends ours, and hostile peers. */
const PAIRS = 4;
const HOSTILE = 3;
/** Streams one side may have open. */
const STREAMS = 50;
/** Operations between two chances for the network, and between two questions of the bystander. */
const BATCH = 64;
const QUESTION = 2_048;
/** Milliseconds anything may take in the end, or for the bystander. */
const PATIENCE = 60_000;
/** Bytes sent in the end each way over each link: several windows. */
const WINDOWS = 2_000_000;
/** Share of the stream credit that has to be back. */
const MOST = 0.9;
/** A hostile peer with less credit, so often looked at, is replaced. */
const SPENT = 5;
const LOW = 500;
/** Genuine packets kept to be copied. */
const GENUINE = 256;
/** Findings after which a run gives up. */
const ENOUGH = 20;

export async function streamFuzz(options: StreamFuzzOptions): Promise<StreamFuzzReport> {
  const findings: string[] = [];
  const random = seededRandom(`streams ${options.seed}`);
  const found = (what: string): void => {
    if (findings.length < ENOUGH) findings.push(what);
  };
  const uncaught = (error: unknown): void => {
    found(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
  process.on('uncaughtException', uncaught);
  process.on('unhandledRejection', uncaught);
  const world = await openWorld({ random, found });
  try {
    await work(world, options, findings);
    await world.settle();
  } catch (error) {
    found(error instanceof Error ? error.message : String(error));
  }
  await world.close();
  process.off('uncaughtException', uncaught);
  process.off('unhandledRejection', uncaught);
  const { streams, slowest, garbage, kept } = world;
  return { operations: options.operations, seed: options.seed, streams, garbage, kept, slowest, findings };
}

async function work(world: World, options: StreamFuzzOptions, findings: readonly string[]): Promise<void> {
  const perBatch = (options.garbage * BATCH) / options.operations;
  let owed = 0;
  for (let done = 0; done < options.operations && findings.length < ENOUGH; done += BATCH) {
    for (let step = 0; step < BATCH; step++) world.operate();
    for (owed += perBatch; owed >= 1; owed--) world.litter();
    options.progress?.(done);
    await world.breathe();
    if (done % QUESTION === 0) await world.question();
  }
}

/** A hostile peer, and our end of its link. */
interface Enlisted {
  readonly peer: HostilePeer;
  readonly end: FuzzEnd;
}

class World {
  readonly garbage = { sent: 0, arrived: 0 };
  slowest = 0;
  kept = 0;
  /** How often somebody was found without credit in a row. */
  #low = 0;
  readonly #fuzzing: Fuzzing;
  readonly #server: Endpoint;
  readonly #client: Endpoint;
  readonly #ends: FuzzEnd[];
  readonly #hostile: HostilePeer[];
  readonly #retired: HostilePeer[] = [];
  readonly #enlist: () => Promise<Enlisted>;
  /** Asks questions, and nobody does anything else on its link. */
  readonly #bystander: FuzzEnd;
  readonly #attacker: RawSocket;
  readonly #genuine: Buffer[] = [];

  constructor(parts: {
    fuzzing: Fuzzing;
    server: Endpoint;
    client: Endpoint;
    ends: FuzzEnd[];
    hostile: HostilePeer[];
    enlist: () => Promise<Enlisted>;
    bystander: FuzzEnd;
    attacker: RawSocket;
  }) {
    this.#fuzzing = parts.fuzzing;
    this.#server = parts.server;
    this.#client = parts.client;
    this.#ends = parts.ends;
    this.#hostile = parts.hostile;
    this.#bystander = parts.bystander;
    this.#attacker = parts.attacker;
    this.#enlist = parts.enlist;
    for (const peer of this.#hostile) this.#overhear(peer);
  }

  get streams(): number {
    const ours = this.#ends.filter(({ link }) => link?.role === 'dialer');
    return [...ours, ...this.#hostile, ...this.#retired].reduce((sum, { streams }) => sum + streams, 0);
  }

  operate(): void {
    const { random } = this.#fuzzing;
    if (below(random, 3) === 0) pick(random, this.#hostile).operate();
    else pick(random, this.#ends).operate();
  }

  /** One datagram of garbage: nonsense, or a genuine packet copied, cut, or with a bit flipped. */
  litter(): void {
    const { random } = this.#fuzzing;
    const { raw } = pick(random, this.#hostile);
    // also from where a genuine packet could come
    const from = below(random, 3) === 0 ? raw.socket : this.#attacker;
    RawSocket.prototype.send.call(from, garbage(random, this.#genuine), this.#server.local);
    this.garbage.sent++;
  }

  /** Lets packets travel. */
  async breathe(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    for (const end of this.#ends) if (below(this.#fuzzing.random, 20) === 0) end.resumeAll();
    for (const { raw } of this.#hostile) raw.socket.received.length = 0;
    this.#attacker.received.length = 0;
    await this.#replaceSpent();
    this.#check();
  }

  /** The bystander asks and is answered. */
  async question(): Promise<void> {
    const since = systemClock.now();
    await ask(this.#bystander);
    this.slowest = Math.max(this.slowest, systemClock.now() - since);
  }

  /** Everything ends; then credit and windows are whole again. */
  async settle(): Promise<void> {
    for (const end of this.#ends) end.finish();
    const pairs = this.#ends.filter(({ peer }) => peer !== undefined);
    await until(() => {
      for (const end of this.#ends) end.unfinished();
      const left = pairs.reduce((sum, end) => sum + end.live.length, 0);
      for (const peer of [...this.#hostile, ...this.#retired]) peer.finish();
      return left === 0 && pairs.every(whole);
    }, PATIENCE).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${this.#state()}`);
    });
    for (const end of pairs) await transfer(end);
    this.kept = pairs.reduce((sum, { link }) => sum + STREAMS - (link?.streamCredit ?? 0), 0);
    await this.question();
    this.#check();
    this.garbage.arrived = this.#server.stats().datagramsIn;
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#server.close();
    await this.#attacker.close();
    for (const { raw } of [...this.#hostile, ...this.#retired]) await raw.socket.close();
  }

  /** What is not over yet, for a finding. */
  #state(): string {
    const ends = this.#ends.map(
      (end) => `${end.live.length}/${end.link?.streamCredit}/${end.link?.queued}/${end.link?.stats().lost}`,
    );
    const left = this.#ends
      .flatMap((end) => end.live.map((one) => ({ end, one })))
      .slice(0, 3)
      .map(({ end, one }) => `${one.describe()} against ${end.peer?.byId.get(one.id)?.describe()}`);
    return `${left.join('; ')}; streams/credit/queued/lost ${ends.join(' ')}`;
  }

  /** Its packets are copied. */
  #overhear({ raw }: HostilePeer): void {
    const send = raw.socket.send.bind(raw.socket);
    raw.socket.send = (bytes, to) => {
      this.#keep(Buffer.from(bytes));
      send(bytes, to);
    };
  }

  /** Who leaves streams half-closed runs out of credit: his own loss, but then he does nothing any more. */
  async #replaceSpent(): Promise<void> {
    for (const [index, peer] of this.#hostile.entries()) {
      if (peer.raw.native.peerStreamsLeftBidi() >= SPENT) continue;
      if (++this.#low < LOW) continue;
      this.#low = 0;
      const { peer: fresh, end } = await this.#enlist();
      this.#retired.push(peer);
      this.#hostile[index] = fresh;
      this.#ends.push(end);
      this.#overhear(fresh);
    }
  }

  #keep(packet: Buffer): void {
    if (this.#genuine.length < GENUINE) this.#genuine.push(packet);
    else this.#genuine[below(this.#fuzzing.random, GENUINE)] = packet;
  }

  #check(): void {
    for (const { closed } of [...this.#ends, this.#bystander])
      if (closed !== undefined) throw new Error(`a link closed: ${JSON.stringify(closed)}`);
    for (const { raw } of this.#hostile)
      if (raw.native.peerError() !== null || raw.native.localError() !== null)
        throw new Error('a hostile peer was closed, though its operations are valid');
  }
}

/**
 * The credit is back, but for a few streams: quiche keeps one in some ten thousand that both sides gave up at once,
 * when the acknowledgment of our half arrives before the end of the peer's. How many is reported.
 */
const whole = ({ link }: FuzzEnd): boolean =>
  link !== undefined && link.queued === 0 && link.streamCredit >= STREAMS * MOST;

/** Bytes that mean nothing, of one of several kinds. */
function garbage(random: Random, genuine: readonly Buffer[]): Uint8Array {
  const original = genuine.length === 0 ? undefined : pick(random, genuine);
  const kind = below(random, original === undefined ? 2 : 6);
  const noise = random.bytes(9 + below(random, 1_400));
  if (kind === 0) return noise;
  if (kind === 1 || original === undefined) {
    noise[0] = 0xc0 | below(random, 64);
    noise.set([0, 0, 0, 1, below(random, 24)], 1);
    return noise;
  }
  const bytes = Uint8Array.from(original);
  if (kind === 2) return bytes;
  if (kind === 3) return bytes.subarray(0, 1 + below(random, bytes.length));
  if (kind === 4) return Buffer.concat([bytes, noise]);
  const at = below(random, bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  return bytes;
}

/** A stream to the other end and back. */
async function ask(end: FuzzEnd): Promise<void> {
  const question = end.openOne();
  if (question === undefined) throw new Error('the bystander has no stream credit');
  question.write(100, true);
  await until(() => {
    end.peer?.unfinished();
    return question.ended;
  }, PATIENCE);
  end.unfinished();
}

/** More than a window's worth, to the other end. */
async function transfer(end: FuzzEnd): Promise<void> {
  const out = end.openOne();
  if (out === undefined) throw new Error('no stream credit in the end');
  for (let sent = 0; sent < WINDOWS; sent += 50_000) out.write(50_000, sent + 50_000 >= WINDOWS);
  const there = (): boolean => end.peer?.byId.get(out.id)?.received === out.written;
  await until(there, PATIENCE);
  await until(() => end.unfinished() + (end.peer?.unfinished() ?? 0) === 0, PATIENCE);
}

async function openWorld(fuzzing: Fuzzing): Promise<World> {
  const transport = quicTransport();
  const shared = { clock: systemClock, random: systemRandom, limits: { streams: STREAMS } };
  const identity = (): ReturnType<typeof createIdentity> => createIdentity(systemRandom, systemClock.wall());
  let next: LinkEvents | undefined;
  const server = await transport.open({
    ...shared,
    identity: identity(),
    accept: ['macula'],
    onLink: () => next as LinkEvents,
  });
  const client = await transport.open({ ...shared, identity: identity() });
  const pair = async (name: string): Promise<[FuzzEnd, FuzzEnd]> => {
    const here = new FuzzEnd(name, 'dialer', fuzzing);
    const there = new FuzzEnd(name, 'acceptor', fuzzing);
    here.peer = there;
    there.peer = here;
    next = there;
    client.dial({ address: server.local, protocol: 'macula' }, here);
    await until(() => here.open && there.open);
    return [here, there];
  };
  const ends: FuzzEnd[] = [];
  for (let index = 0; index < PAIRS; index++) ends.push(...(await pair(`pair ${index}`)));
  const hostile: HostilePeer[] = [];
  let enlisted = 0;
  const enlist = async (): Promise<Enlisted> => {
    const name = `hostile ${enlisted++}`;
    const there = new FuzzEnd(name, 'acceptor', fuzzing);
    next = there;
    const { privateKey, certificate } = identity();
    const own = { privateKey, certificates: [certificate], streams: STREAMS };
    const raw = await RawPeer.dial(server.local, own);
    await until(() => there.open);
    return { peer: new HostilePeer(name, raw, fuzzing), end: there };
  };
  for (let index = 0; index < HOSTILE; index++) {
    const { peer, end } = await enlist();
    ends.push(end);
    hostile.push(peer);
  }
  const [bystander, answering] = await pair('bystander');
  bystander.quiet = true;
  answering.quiet = true;
  const attacker = await new RawSocket().bind();
  return new World({ fuzzing, server, client, ends, hostile, enlist, bystander, attacker });
}
