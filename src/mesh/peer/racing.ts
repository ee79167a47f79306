/**
 * The races of the peer pool: the ways to a peer that is wished for are tried as `race.ts` says, until one has won or none is left.
 *
 * Which has won, and what follows from the end of a dial, is the owner's business. Driven by the pool's actor alone.
 */
import type { Process, Self } from '../../actor/process.ts';
import type { Counters, MeshContext } from '../context.ts';
import { DeadAddresses } from './dead-addresses.ts';
import { DialQueue } from './dial-queue.ts';
import { Dials, type Dial } from './dials.ts';
import type { Blamed } from './loss.ts';
import type { WayFound, WayLost } from './nat-connector.ts';
import { planRoutes, type Route } from './pool-plan.ts';
import { attemptTime, joinsIn, underWay } from './race.ts';
import { dialable, isWay } from './relay-hint.ts';
import { Traversals } from './traversals.ts';
import { noteDial } from './way-notes.ts';
import { HeadStartOver, type Wish } from './wish.ts';

export interface RaceOwner {
  /** A way has failed; `why` it was none. The race goes on, if there is still reason to. */
  onFailed(wish: Wish, why: string): void;
  /** No way is left. @param why undefined: we have no room. */
  onLost(wish: Wish, why: string | undefined): void;
}

export class Racing {
  readonly #context: MeshContext;
  readonly #self: Self;
  readonly #owner: RaceOwner;
  readonly #counters: Counters;
  readonly #dials: Dials;
  readonly #queue = new DialQueue<Wish>();
  readonly #traversals: Traversals;
  readonly #dead = new DeadAddresses();
  #pumping = false;

  constructor(context: MeshContext, self: Self, owner: RaceOwner) {
    this.#context = context;
    this.#self = self;
    this.#owner = owner;
    this.#counters = context.counters;
    this.#dials = new Dials(context, self);
    this.#traversals = new Traversals(context, self);
  }

  /** Dials under way. */
  get size(): number {
    return this.#dials.size;
  }

  /** Begins, or goes on because a way has failed, so that the next one comes at once; `why` there is none left. */
  next(wish: Wish, why: string): void {
    wish.phase = 'racing';
    wish.winner = undefined;
    wish.begunAt = -Infinity;
    this.join(wish, why);
  }

  /** Lets the next way in, or waits until it may come; `why` there is none left. */
  join(wish: Wish, why: string = UNDIALABLE): void {
    const route = this.#route(wish);
    const { race } = wish;
    const wait = joinsIn(race, route, this.#self.clock.now());
    if (route === undefined && underWay(race) === 0) this.#owner.onLost(wish, why);
    else if (wait === 0) {
      this.#queue.add(wish, race.dials === 0);
      this.pump();
    } else if (wait !== undefined) wish.headStart ??= this.#self.sendAfter(wait, new HeadStartOver(wish));
  }

  headStartOver({ wish }: HeadStartOver): void {
    wish.headStart = undefined;
    if (wish.phase === 'racing') this.join(wish);
  }

  /** There may be room for those that wait. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (;;) {
      const wish = this.#queue.take(this.#dials.size);
      if (wish === undefined) break;
      if (wish.wanted) this.#go(wish);
      else if (underWay(wish.race) === 0) this.#owner.onLost(wish, 'nobody waits for it');
    }
    this.#pumping = false;
  }

  /** The next way. Addresses that were dead a moment ago are left out, but for who asked for that very address. */
  #route(wish: Wish): Route | undefined {
    const addresses = wish.untried;
    const nat = this.#traversals.mayTry(wish);
    if (addresses.length + wish.ways.size === 0 && !nat) return undefined;
    const now = this.#self.clock.now();
    const dead = (address: string): boolean =>
      wish.nodeId !== undefined &&
      (this.#dead.has(address, now) || this.#dead.has(`${wish.nodeId}@${address}`, now));
    const told = wish.hints?.relay === undefined ? undefined : 'caller';
    const relayed = wish.stations.size > 0 ? 'node' : told;
    return planRoutes({ ways: [...wish.ways], addresses, dead, nat, relayed })[0];
  }

  /** Its turn has come; what it waited with may have changed. */
  #go(wish: Wish): void {
    const route = this.#route(wish);
    const now = this.#self.clock.now();
    if (route === undefined || joinsIn(wish.race, route, now) !== 0) {
      this.join(wish);
      return;
    }
    if (route.tag !== 'relayed') wish.begunAt = now;
    if (route.tag === 'nat' ? this.#traversals.begin(wish) : this.#dial(wish, route.address)) this.join(wish);
    else if (wish.phase === 'racing') this.#owner.onFailed(wish, route.tag === 'nat' ? NO_WAY : UNDIALABLE);
  }

  /** False when it cannot be dialed. */
  #dial(wish: Wish, address: string): boolean {
    const at = dialable(address);
    const ways = wish.untried.length + wish.ways.size + underWay(wish.race);
    wish.tried(address);
    if (at === undefined) return false;
    const time = attemptTime(wish.deadline - this.#self.clock.now(), ways);
    if (this.#dials.begin(wish, address, at, time)) return true;
    // another address would fare no better, and the peer has nothing to do with it
    this.#owner.onLost(wish, undefined);
    return false;
  }

  /** Ways that have not said hello are given up: one has won, or none is needed. They were no failures. */
  stop(wish: Wish): void {
    this.#queue.delete(wish);
    wish.headStart?.unset();
    wish.headStart = undefined;
    for (const dial of this.#dials.silent(wish)) {
      noteDial(this.#context, dial, 'given_up', 'another way was faster');
      wish.lost(dial.address);
      this.#dials.drop(dial);
    }
    for (const address of wish.ways) this.#dials.leave(address);
    wish.ways.clear();
    this.#traversals.cancel(wish);
  }

  // --- dials ------------------------------------------------------------------------------------------------

  find(process: Process): Dial | undefined {
    return this.#dials.find(process);
  }

  /** A dial has become the connection. */
  arrived(process: Process): Dial | undefined {
    const dial = this.#dials.find(process);
    if (dial === undefined) return undefined;
    noteDial(this.#context, dial, 'won');
    this.#dials.remove(dial);
    return dial;
  }

  /** @param why it is none that is wanted; undefined: that is noted already. */
  drop(dial: Dial, why?: string): void {
    if (why !== undefined) noteDial(this.#context, dial, 'given_up', why);
    this.#dials.drop(dial);
    this.pump();
  }

  /** A process that was monitored has ended: an attempt to get through a NAT, or the dial that is given. */
  ended(process: Process, orderly: boolean): Dial | undefined {
    this.#traversalOver(process, !orderly);
    const dial = this.#dials.ended(process);
    if (dial !== undefined) this.pump();
    return dial;
  }

  /** The time of a dial or an attempt is over. */
  attemptOver(process: Process): void {
    this.#traversalOver(process, true);
    const dial = this.#dials.find(process);
    if (dial === undefined) return;
    noteDial(this.#context, dial, 'failed', NOBODY);
    this.drop(dial);
    if (dial.wish.phase === 'over') return;
    this.blame(dial, 'address');
    this.#owner.onFailed(dial.wish, NOBODY);
  }

  /** An address that answers, but is not whom we want, is dead to those only who want the same. */
  blame({ wish, address }: Dial, blamed: Blamed): void {
    if (isWay(address)) return;
    this.#counters.dialsLost++;
    if (blamed === 'nobody') return;
    const key = blamed === 'address' ? address : `${wish.nodeId ?? ''}@${address}`;
    this.#dead.failed(key, this.#self.clock.now(), this.#self.random);
  }

  /** The peer of a dial has proven who it is. */
  proven(address: string): void {
    if (!isWay(address)) this.#counters.dialsWon++;
    this.answered(address);
  }

  /** Somebody answers there. */
  answered(address: string): void {
    this.#dead.answered(address);
  }

  // --- ways through a NAT -------------------------------------------------------------------------------------

  wayFound({ attempt, address }: WayFound): void {
    const wish = this.#traversals.find(attempt);
    if (wish === undefined) this.#dials.leave(address);
    else {
      wish.ways.add(address);
      this.join(wish);
    }
  }

  /** It was none; the attempt goes on. */
  wayLost({ attempt, address }: WayLost): void {
    const wish = this.#traversals.find(attempt);
    if (wish === undefined) return;
    this.#lose(wish, address);
    this.#owner.onFailed(wish, NO_WAY);
  }

  /** An attempt that fails has given its session back; one that was killed leaves it to the dial. */
  #traversalOver(attempt: Process, failed: boolean): void {
    const wish = this.#traversals.over(attempt);
    if (wish === undefined) return;
    const told = [...wish.ways, ...wish.dials.values()].filter(isWay);
    const open = told.filter((address) => this.#dials.isOpen(address));
    if (failed) for (const address of told) if (!open.includes(address)) this.#lose(wish, address);
    // the one that it has found may have its turn yet
    if (failed && open.length === 0) this.#owner.onFailed(wish, NO_WAY);
    else this.join(wish, NO_WAY);
  }

  #lose(wish: Wish, address: string): void {
    wish.tried(address);
    for (const dial of this.#dials.silent(wish)) if (dial.address === address) this.#dials.drop(dial);
  }
}

const NOBODY = 'nobody answered';
const NO_WAY = 'no way leads through its NAT';
const UNDIALABLE = 'no address of the node can be dialed';
