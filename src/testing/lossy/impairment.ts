/**
 * One direction of a bad link: what becomes of each datagram, and when. Pure: time and chance come in.
 *
 * In this order: too large or black hole, loss, duplication, queue and rate, delay, reordering, damage. Each
 * rule that is on draws from its own stream, so that switching one on does not change what the others do.
 */
import type { Random } from '../../actor/random.ts';
import { random as checkRandom } from '../../transport/memory/judge.ts';
import { sample } from '../../transport/memory/route.ts';
import { checkConditions, type Conditions } from './conditions.ts';
import { flipBit } from './corruption.ts';
import { GilbertElliott } from './gilbert-elliott.ts';
import { RateLimit } from './rate-limit.ts';

/** What happened to datagrams so far. `arrivals` = `offered` - the four kinds of loss + `duplicated`. */
export interface ImpairmentStats {
  readonly offered: number;
  readonly arrivals: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly corrupted: number;
  readonly reordered: number;
  /** No room in the queue before the rate limit. */
  readonly overflowed: number;
  readonly tooLarge: number;
  /** Swallowed by a black hole when they were offered. */
  readonly swallowed: number;
}

export interface Arrival {
  /** Clock time, ms. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

const STREAMS = ['loss', 'duplicate', 'delay', 'reorder', 'corrupt'] as const;
type StreamName = (typeof STREAMS)[number];

export class Impairment {
  readonly #random: Readonly<Record<StreamName, Random>>;
  readonly #count = {
    offered: 0,
    arrivals: 0,
    lost: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
    overflowed: 0,
    tooLarge: 0,
    swallowed: 0,
  };
  #conditions: Conditions = {};
  #loss: GilbertElliott | undefined;
  #rate: RateLimit | undefined;
  #lastAt = 0;

  /** Throws `RangeError`. */
  constructor(random: Random, conditions: Conditions = {}) {
    checkRandom('random', random);
    const stream = (name: StreamName): [StreamName, Random] => [name, random.fork(name)];
    this.#random = Object.fromEntries(STREAMS.map(stream)) as Record<StreamName, Random>;
    this.change(conditions);
  }

  get conditions(): Conditions {
    return this.#conditions;
  }

  /** From now on; what is on its way is not touched. Throws `RangeError`. */
  change(conditions: Conditions): void {
    checkConditions('', conditions);
    this.#conditions = conditions;
    const { loss, rate } = conditions;
    this.#loss = loss === undefined ? undefined : new GilbertElliott(loss);
    this.#rate = rate === undefined ? undefined : new RateLimit(rate);
  }

  /** What arrives of a datagram offered at `now`: nothing, it, or it twice. `bytes` is not kept, nor changed. */
  offer(now: number, bytes: Uint8Array): readonly Arrival[] {
    const { blackHole, maxDatagram, duplicate } = this.#conditions;
    const count = this.#count;
    count.offered++;
    if (blackHole === true) count.swallowed++;
    else if (maxDatagram !== undefined && bytes.length > maxDatagram) count.tooLarge++;
    else if (this.#loss?.loses(this.#random.loss, now) === true) count.lost++;
    else {
      const copies = this.#happens('duplicate', duplicate) ? 2 : 1;
      count.duplicated += copies - 1;
      return Array.from({ length: copies }, () => this.#pass(now, bytes)).filter((one) => one !== undefined);
    }
    return [];
  }

  stats(): ImpairmentStats {
    return { ...this.#count };
  }

  #pass(now: number, bytes: Uint8Array): Arrival | undefined {
    const { delay, reorder, corrupt } = this.#conditions;
    const left = this.#rate === undefined ? now : this.#rate.leavesAt(now, bytes.length);
    if (left === undefined) {
      this.#count.overflowed++;
      return undefined;
    }
    this.#count.arrivals++;
    const late = delay === undefined ? 0 : sample(delay, () => this.#random.delay);
    let at = Math.max(this.#lastAt, left + late);
    if (reorder !== undefined && this.#happens('reorder', reorder.share)) {
      // It leaves the line: those behind it do not wait for it.
      this.#count.reordered++;
      at += this.#random.reorder.float() * reorder.window;
    } else this.#lastAt = at;
    if (!this.#happens('corrupt', corrupt)) return { at, bytes: new Uint8Array(bytes) };
    this.#count.corrupted++;
    return { at, bytes: flipBit(bytes, this.#random.corrupt) };
  }

  #happens(stream: StreamName, share: number | undefined): boolean {
    return share !== undefined && share > 0 && this.#random[stream].float() < share;
  }
}
