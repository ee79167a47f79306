/**
 * One direction of a simulated link: packets arrive in order, none is lost while its sender lives.
 *
 * A cut way swallows packets as a real one does, and the sender repeats them with growing pauses (RFC 9002
 * §6.2): what was lost arrives some time after the way healed, unless the link timed out before.
 *
 * Between two hosts with nothing in between it is a queue, which costs little. Where there are NATs or relays, or once
 * the path has changed, it is a ferry.
 */
import type { Random } from '../../actor/random.ts';
import type { EventQueue } from './event-queue.ts';
import { Ferry, type Aim, type Crossing } from './ferry.ts';
import { isClose, isDisposable, isHint, summary, type Packet } from './packet.ts';
import { sample, type Delay, type Reordering, type Route, type Waiting } from './route.ts';
import { StreamDelays } from './stream-delays.ts';
import type { Trace } from './trace.ts';

/** Shortest pause before the first repetition, ms: on loopback quiche repeats after a few milliseconds. */
const MIN_PROBE = 10;

/** What is at the receiving end, and how a ferry gets there. */
export interface PipeEnds extends Pick<Crossing, 'isFor' | 'heard'> {
  readonly deliver: (packet: Packet) => void;
}

export interface PipeOptions extends PipeEnds, Pick<Crossing, 'ship'> {
  /** Unique in the network; names the pipe's random stream and its lines in the trace. */
  readonly name: string;
  readonly queue: EventQueue;
  readonly trace: Trace;
  readonly random: Random;
  readonly route: Route;
  /** Delay when neither link nor route has one. */
  readonly delay: Delay;
}

interface Flying {
  readonly packet: Packet;
  readonly lost: boolean;
  /** The ferry's, which took over meanwhile. */
  settle: ((arrived: boolean) => void) | undefined;
}

export class Pipe implements Waiting {
  /** Overrides the route's delay. */
  delay: Delay | undefined;
  /** Bytes per second; the route's counts too, the smaller one wins. */
  rate: number | undefined;
  /** Overrides the route's. */
  reordering: Reordering | undefined;
  /** As the route's: the later one counts. */
  stalledUntil: number = -Infinity;
  /** Packets swallowed so far. */
  lost = 0;
  /** Where the ferry's packets go. */
  aim: Aim | undefined;
  readonly #options: PipeOptions;
  #random: Random | undefined;
  #cut = false;
  #ended = false;
  /** Something was lost for good: what follows it must not arrive, except the word that all is over. */
  #broken = false;
  #lastArrival = 0;
  #lastDelay = 0;
  /** When the last packet has left a way of limited rate. */
  #sentAt = 0;
  /** When the ferry's last packet has left each route of limited rate. */
  readonly #busy = new Map<Route, number>();
  readonly #late = new StreamDelays();
  readonly #flying: Flying[] = [];
  #held: Packet[] = [];
  #heldSince = 0;
  #releasing = false;
  #ferry: Ferry | undefined;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  get route(): Route {
    return this.#options.route;
  }

  send(packet: Packet): void {
    const { queue, trace, name } = this.#options;
    const now = queue.now();
    trace.add(now, `${name} send ${summary(packet)}`);
    for (const frame of packet.frames) if (frame.tag === 'stream') trace.add(now, 'bytes', frame.bytes);
    const ferry = this.#ferry;
    const limit = ferry === undefined ? this.route.rate : undefined;
    const rate = Math.min(this.rate ?? Infinity, limit ?? Infinity);
    this.#sentAt = Math.max(now, this.#sentAt) + (1_000 * packet.size) / rate;
    if (ferry !== undefined) {
      if (this.#sentAt === now) ferry.send(packet);
      else
        queue.at(this.#sentAt, () => {
          ferry.send(packet);
        });
      return;
    }
    this.#lastDelay = this.#draw();
    this.#lastArrival = Math.max(this.#lastArrival, this.#sentAt + this.#lastDelay);
    this.#flying.push({ packet, lost: this.#blocked(), settle: undefined });
    queue.when(this.#lastArrival, () => {
      this.#arrive();
    });
  }

  /** From now on packets find their way each by itself, from and to wherever `aim` says. */
  embark(): void {
    if (this.#ferry !== undefined) return;
    const ferry = (this.#ferry = new Ferry(this.#crossing()));
    if (this.#ended) ferry.end();
    for (const packet of this.#held) ferry.adopt(packet);
    this.#forget();
    for (const flying of this.#flying) flying.settle = ferry.adoptFlying(flying.packet);
  }

  /** Whether packets find their way each by itself. */
  get ferried(): boolean {
    return this.#ferry !== undefined;
  }

  /** Sends to `to` from now on, what was lost on other ways too. */
  redirect(aim: Aim): void {
    this.aim = aim;
    this.embark();
    this.#ferry?.redirect();
  }

  /** Makes this link alone a black hole in this direction, or heals it. */
  cut(on: boolean): void {
    this.#cut = on;
    if (!on) this.release();
  }

  /** Takes every fault of this link alone but a cut away. */
  calm(): void {
    this.delay = undefined;
    this.rate = undefined;
    this.reordering = undefined;
    this.stalledUntil = -Infinity;
  }

  /** The way may be free again: repeats what was lost. */
  release(): void {
    if (this.#held.length === 0 || this.#releasing || this.#blocked()) return;
    this.#releasing = true;
    const { queue } = this.#options;
    queue.when(this.#nextProbe(queue.now()) + this.#draw(), () => {
      this.#releasing = false;
      if (this.#blocked()) return;
      const held = this.#held;
      this.#forget();
      for (const packet of held) this.#deliver(packet);
    });
  }

  /** The sender is gone: what is on its way arrives, what was lost is not repeated. */
  end(): void {
    this.#ended = true;
    this.#ferry?.end();
    if (this.#held.length > 0) this.#broken = true;
    this.#forget();
  }

  #arrive(): void {
    const stalledUntil = Math.max(this.stalledUntil, this.route.stalledUntil);
    if (stalledUntil > this.#options.queue.now()) {
      this.#options.queue.at(stalledUntil, () => {
        this.#arrive();
      });
      return;
    }
    const next = this.#flying.shift();
    if (next === undefined) return;
    const { packet, lost, settle } = next;
    if (settle !== undefined) {
      settle(!lost && !this.#blocked());
      return;
    }
    if (this.#broken && !isClose(packet) && !isHint(packet)) return;
    if (lost || this.#blocked()) this.#lose(packet);
    else if (this.#held.length > 0 && !isDisposable(packet)) this.#held.push(packet);
    else this.#deliver(packet);
  }

  #lose(packet: Packet): void {
    const { queue, route } = this.#options;
    this.#swallowed(packet);
    if (isDisposable(packet)) return;
    if (this.#ended) this.#broken = true;
    if (this.#ended) return;
    if (this.#held.length === 0) this.#heldSince = queue.now();
    this.#held.push(packet);
    route.waiting.add(this);
    this.release();
  }

  #swallowed(packet: Packet): void {
    const { queue, trace, name } = this.#options;
    trace.add(queue.now(), `${name} lost ${summary(packet)}`);
    this.lost++;
  }

  #deliver(packet: Packet): void {
    const { queue, route } = this.#options;
    const reordering = this.reordering ?? route.reordering;
    if (reordering === undefined && this.#late.none) {
      this.#hand(packet);
      return;
    }
    const draw = (): number => this.#chance().float();
    for (const { packet: part, at, stream } of this.#late.split(packet, queue.now(), reordering, draw)) {
      if (at === undefined) this.#hand(part);
      else
        queue.at(at, () => {
          if (stream !== undefined) this.#late.arrived(stream);
          this.#hand(part);
        });
    }
  }

  #hand(packet: Packet): void {
    const { queue, trace, name, deliver } = this.#options;
    trace.add(queue.now(), `${name} arrive ${summary(packet)}`);
    deliver(packet);
  }

  #forget(): void {
    this.#held = [];
    this.#options.route.waiting.delete(this);
  }

  #blocked(): boolean {
    return this.#cut || this.route.cut;
  }

  /** What a ferry needs; cut and stalled routes it meets on its way. */
  #crossing(): Crossing {
    const { queue, ship, isFor, heard } = this.#options;
    return {
      queue,
      ship,
      isFor,
      heard,
      aim: () => this.aim,
      blocked: () => this.#cut,
      stalledUntil: () => this.stalledUntil,
      delay: (route, usual, size, first) => {
        const wait = this.#queueFor(route, size);
        if (this.delay !== undefined && !first) return wait;
        return wait + sample(this.delay ?? route.delay ?? usual, () => this.#chance());
      },
      hand: (packet) => {
        this.#deliver(packet);
      },
      swallowed: (packet) => {
        this.#swallowed(packet);
      },
    };
  }

  /** How long so many bytes take on a route of limited rate, behind what this link has there already. ms */
  #queueFor(route: Route, size: number): number {
    if (route.rate === undefined) return 0;
    const now = this.#options.queue.now();
    const until = Math.max(now, this.#busy.get(route) ?? now) + (1_000 * size) / route.rate;
    this.#busy.set(route, until);
    return until - now;
  }

  /** When the sender tries next: pauses double from the first loss on. */
  #nextProbe(now: number): number {
    let pause = Math.max(MIN_PROBE, 3 * this.#lastDelay);
    let at = this.#heldSince + pause;
    while (at < now) {
      pause *= 2;
      at += pause;
    }
    return at;
  }

  #draw(): number {
    const { route, delay } = this.#options;
    return sample(this.delay ?? route.delay ?? delay, () => this.#chance());
  }

  #chance(): Random {
    const { random, name } = this.#options;
    return (this.#random ??= random.fork(name));
  }
}
