/**
 * Which names are looked up now and which wait for that: so many at once, each asker's by turns, a part for ourselves.
 *
 * An asker is the hex id of the peer a name is looked up for; empty: us. Pure.
 */
import { FairQueue } from './fair-queue.ts';

/** Names that are looked up, or wait for that. */
const NAMES = 8_192;
/** Of these, for one asker but us: its names must not keep others from being found. */
const PER_ASKER = NAMES / 8;
/** Of these, for all who are not us: what is ours finds room. */
const OTHERS = NAMES - PER_ASKER;
/**
 * Lookups of these at once. A node has 256 (`supervisors/discovery.ts`): what is left is for records, dials and our
 * place in the DHT.
 */
const RUNNING = 192;
/** Part of them that is ours alone, however long those of others take; part that one of the others may have. */
const OURS = 1 / 8;
const HALF = 1 / 2;

/** What one asker has. */
interface Share {
  names: number;
  running: number;
}

export class LookupPlaces<T> {
  readonly #most: number;
  readonly #waiting = new FairQueue<T>();
  readonly #running = new Set<T>();
  readonly #byAsker = new Map<string, Share>();
  #names = 0;
  /** Lookups of others. */
  #others = 0;

  /** @param most lookups at once. */
  constructor(most: number = RUNNING) {
    this.#most = most;
  }

  /** It waits from now on. False when it may not: there are too many, in all or of this asker. */
  enter(asker: string, item: T): boolean {
    const share = this.#byAsker.get(asker) ?? { names: 0, running: 0 };
    const ours = asker === '';
    if (this.#names >= (ours ? NAMES : OTHERS)) return false;
    if (!ours && share.names >= PER_ASKER) return false;
    this.#names++;
    share.names++;
    this.#byAsker.set(asker, share);
    this.#waiting.put(asker, item);
    return true;
  }

  /**
   * Another asker wants what still waits: it goes on in his turns when he has fewer names, or is us. False when it stays
   * where it is.
   */
  takeOver(from: string, to: string, item: T): boolean {
    if (from === to || from === '' || this.#running.has(item)) return false;
    if (to !== '' && this.#namesOf(to) + 1 >= this.#namesOf(from)) return false;
    if (!this.enter(to, item)) return false;
    this.leave(from, item);
    return true;
  }

  #namesOf(asker: string): number {
    return this.#byAsker.get(asker)?.names ?? 0;
  }

  /** Lets the next one have a lookup, until it leaves; undefined when there is none, or no room for it. */
  next(): T | undefined {
    if (this.#running.size >= this.#most) return undefined;
    const room = this.#others < this.#most * (1 - OURS);
    const asker = room ? this.#waiting.turn((one) => this.#hasRoom(one)) : '';
    const item = asker === undefined ? undefined : this.#waiting.take(asker);
    if (asker === undefined || item === undefined) return undefined;
    this.#running.add(item);
    this.#count(asker, 1);
    return item;
  }

  /** Its lookup is over, or it waits no more; it has entered. */
  leave(asker: string, item: T): void {
    if (this.#running.delete(item)) this.#count(asker, -1);
    else this.#waiting.delete(asker, item);
    this.#names--;
    const share = this.#byAsker.get(asker);
    if (share !== undefined && --share.names === 0) this.#byAsker.delete(asker);
  }

  /** In the asker's own part. */
  #hasRoom(asker: string): boolean {
    return asker === '' || (this.#byAsker.get(asker)?.running ?? 0) < this.#most * HALF;
  }

  #count(asker: string, change: 1 | -1): void {
    const share = this.#byAsker.get(asker);
    if (share !== undefined) share.running += change;
    if (asker !== '') this.#others += change;
  }
}
