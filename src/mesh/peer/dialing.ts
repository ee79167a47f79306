/**
 * The connections that the peer pool is making, and the calls that wait for them.
 *
 * One wish per peer, however many calls want it; a peer whose id nobody knows is wished for by its address until it
 * has proven one. The ways to it race: each dial waits with its hello until the peer is proven; the first for which that is so
 * says it, and the others go. All of them go when there is a connection to that peer by then, or another is being agreed
 * on. Of two opposite dials one is closed as a duplicate; then the peer's own is awaited. Driven by the pool's actor alone.
 */
import type { Process, Self } from '../../actor/process.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import { Greet } from '../connection/messages.ts';
import { describeClose } from '../connection/close.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import type { Link } from '../../transport/transport.ts';
import type { LookupOutcome } from '../dht/lookup-request.ts';
import { isDirect, isRelayed } from '../nat/traversal/peer-paths.ts';
import { parseAddress } from './endpoint-text.ts';
import { blames, endOf, isDuplicate, refusalOf } from './loss.ts';
import { Racing, type RaceOwner } from './racing.ts';
import { Searches } from './searches.ts';
import type { Standing } from './standings.ts';
import { overloaded, readyPeer, refused, unreachable, type PeerCallable } from './to-peer.ts';
import { noteDial } from './way-notes.ts';
import { WaitOver, Wish, type WishPhase } from './wish.ts';

/**
 * Peers wished for at once. Many, since most of them wait for the silence of nodes that have died: a few lookups after half the
 * mesh has gone make a hundred.
 */
const WISHES = 1_024;
/** Milliseconds to wait for the peer's own dial when ours gave way to it, and how often. */
const GIVEN_WAY = 1_000;
const GIVING_WAY = 3;

/** A peer that is wished for. */
export interface WishStatus {
  /** Hex id; empty: only its address is known. */
  readonly nodeId: string;
  readonly phase: WishPhase;
  /** Ways that are being dialed, and whether one through a station is sought. */
  readonly dials: number;
  readonly seeking: boolean;
  /** Calls and questions that wait. */
  readonly calls: number;
}

export interface DialingStatus {
  readonly wished: number;
  readonly dials: number;
  readonly wishes: readonly WishStatus[];
}

export class Dialing implements RaceOwner {
  readonly racing: Racing;
  readonly #context: MeshContext;
  readonly #self: Self;
  /** By node id in hex, and by `@host:port` while that is all that is known. */
  readonly #wishes = new Map<string, Wish>();
  readonly #searches: Searches;

  constructor(context: MeshContext, self: Self) {
    this.#context = context;
    this.#self = self;
    this.racing = new Racing(context, self, this);
    this.#searches = new Searches(context, self);
  }

  /** What is wished for, at most `most` of it. */
  status(most: number): DialingStatus {
    const wishes: WishStatus[] = [];
    const all = new Set(this.#wishes.values());
    for (const { nodeId, phase, dials, traversal, calls } of all) {
      if (wishes.length >= most) break;
      const seeking = traversal !== undefined;
      wishes.push({ nodeId: nodeId ?? '', phase, dials: dials.size, seeking, calls: calls.size });
    }
    return { wished: all.size, dials: this.racing.size, wishes };
  }

  /** A call for a peer that is not connected. */
  want(call: PeerCallable): void {
    const { target } = call;
    const key = target.nodeId ?? `@${target.addresses[0] ?? ''}`;
    let wish = this.#wishes.get(key);
    if (wish === undefined) {
      if (this.#wishes.size >= WISHES) {
        overloaded(call);
        return;
      }
      wish = new Wish(target.nodeId);
      this.#name(wish, key);
    }
    const doubtful = target.nodeId === undefined ? undefined : this.#doubtful(target.nodeId);
    const known = doubtful?.isNode === true && parseAddress(doubtful.address) !== undefined;
    const added = wish.add(known ? [...target.addresses, doubtful.address] : target.addresses);
    const joins = wish.phase === 'racing' && (added || !wish.wanted);
    if (!wish.hold(call)) overloaded(call);
    else if (wish.phase === 'calm' || (added && wish.phase === 'searching')) this.#begin(wish);
    // while nobody waited, no way has joined
    else if (joins) this.racing.join(wish);
  }

  /** A lookup for a node has ended; without an outcome when it died. */
  found(lookup: Process, outcome: LookupOutcome | undefined): void {
    const wish = this.#searches.found(lookup, outcome);
    if (wish !== undefined) this.onFailed(wish, 'nobody knows where the node is');
  }

  /** The peer of a dial has proven who it is. */
  verified(process: Process): void {
    const { racing } = this;
    const dial = racing.find(process);
    if (dial === undefined) return;
    const { wish, core, address } = dial;
    const { peerId } = core;
    racing.proven(address);
    if (wish.phase === 'over') {
      racing.drop(dial, UNWANTED);
      return;
    }
    if (peerId === this.#ownId) {
      racing.drop(dial, OURSELVES);
      this.onFailed(wish, OURSELVES);
      return;
    }
    const rival = this.#identify(wish, peerId);
    const ready = readyPeer(this.#context, peerId);
    if (ready !== undefined && !(wish.toStation && this.#isBetter(dial.core.link, ready)))
      this.#deliver(wish, ready);
    else if (rival || this.#agreeing(peerId, process)) {
      racing.drop(dial, RIVAL);
      wish.again(address);
      this.#await(wish);
    } else {
      wish.phase = 'greeting';
      wish.winner = process;
      racing.stop(wish);
      this.#self.send(process, new Greet());
      racing.pump();
    }
  }

  /** Whoever wished for it by its id, or by another address, wishes the same. True when a dial of theirs says hello. */
  #identify(wish: Wish, nodeId: string): boolean {
    const other = this.#wishes.get(nodeId);
    const joined = other !== undefined && other !== wish;
    if (joined) {
      wish.take(other);
      this.#forget(other);
    }
    wish.nodeId = nodeId;
    if (!wish.keys.includes(nodeId)) this.#name(wish, nodeId);
    return joined && other.winner !== undefined;
  }

  /** There is a connection to this peer. */
  connected(nodeId: string, connection: Process, address: string): void {
    this.racing.answered(address);
    const dial = this.racing.arrived(connection);
    const wish = this.#wishes.get(nodeId) ?? dial?.wish;
    // a dial of ours that has said hello already is settled by both sides' rule, the others go
    if (wish !== undefined && wish.phase !== 'over') this.#deliver(wish, connection);
    else this.racing.pump();
  }

  /** A connection that was in doubt answers: nobody has to wait for another one, which goes when its peer is proven. */
  trusted(connection: Process): void {
    const nodeId = this.#context.standings.find(connection)?.peerId;
    const wish = nodeId === undefined ? undefined : this.#wishes.get(nodeId);
    if (wish !== undefined && nodeId !== undefined && readyPeer(this.#context, nodeId) === connection)
      this.#deliver(wish, connection);
  }

  /** A process that was monitored has ended. */
  ended(process: Process, reason: ExitReason): void {
    const dial = this.racing.ended(process, reason === 'normal');
    if (dial === undefined || dial.wish.phase === 'over') return;
    const { wish, address, core } = dial;
    const end = endOf(reason);
    const close = end?.close;
    const refusal = end === undefined ? undefined : refusalOf(end);
    const nodeId = core.peerId === '' ? wish.nodeId : core.peerId;
    const ready = nodeId === undefined ? undefined : readyPeer(this.#context, nodeId);
    const failure = close === undefined ? 'the connection was lost' : describeClose(close);
    const rival = ready !== undefined || (close !== undefined && isDuplicate(close));
    noteDial(this.#context, dial, rival ? 'given_up' : 'failed', rival ? RIVAL : failure);
    if (ready !== undefined) this.#deliver(wish, ready);
    else if (close !== undefined && isDuplicate(close)) {
      wish.again(address);
      this.#await(wish);
    } else {
      if (refusal !== undefined) wish.refused(address, refusal);
      this.racing.blame(dial, close === undefined ? 'nobody' : blames(close));
      this.onFailed(wish, failure);
    }
  }

  waitOver(wish: Wish): void {
    if (wish.phase === 'awaiting') this.onFailed(wish, 'the peer closed the connection');
  }

  /** The earliest way on; the wish has a call. */
  #begin(wish: Wish): void {
    const { nodeId } = wish;
    if (nodeId !== undefined && nodeId === this.#ownId)
      this.onLost(wish, 'the node cannot connect to itself');
    else if (this.#context.role === 'client') this.onLost(wish, 'a client connects to its node only');
    else if (!wish.hasAddress && this.#searches.full) this.onLost(wish, undefined);
    else if (wish.hasAddress || !this.#searches.begin(wish))
      this.onFailed(wish, 'no address of the node is known');
  }

  onFailed(wish: Wish, why: string): void {
    const ready = wish.nodeId === undefined ? undefined : readyPeer(this.#context, wish.nodeId);
    if (ready !== undefined) this.#deliver(wish, ready);
    else if (!wish.wanted || this.#context.phase.closing) this.onLost(wish, CLOSING);
    else this.racing.next(wish, why);
  }

  /** A connection in doubt is better than none: whoever may wait waits there. */
  onLost(wish: Wish, why: string | undefined): void {
    const doubtful = wish.nodeId === undefined ? undefined : this.#doubtful(wish.nodeId);
    if (doubtful !== undefined) {
      this.#deliver(wish, doubtful.process);
      return;
    }
    this.#forget(wish);
    const { refusal } = wish;
    for (const call of wish.calls) {
      if (why === undefined) overloaded(call);
      else if (refusal !== undefined) refused(call, refusal);
      else unreachable(call, why);
    }
    this.racing.pump();
  }

  /** Whether a dial of ours to this peer has said hello and is not answered yet, or the peer's own. */
  #agreeing(peerId: string, except: Process): boolean {
    for (const { process, dialed, greeted, readySince } of this.#context.standings.of(peerId)) {
      if (process !== except && dialed && greeted && readySince === undefined) return true;
    }
    return false;
  }

  /** Whoever attaches to a station does so directly: what goes through another station gives way to that. */
  #isBetter(link: Link | undefined, ready: Process): boolean {
    return isDirect(link) && isRelayed(this.#context.standings.find(ready)?.link());
  }

  /** Another connection to the same peer is being agreed on. */
  #await(wish: Wish): void {
    if (++wish.gaveWay > GIVING_WAY) {
      this.onLost(wish, 'the peer closed the connection');
      return;
    }
    wish.phase = 'awaiting';
    wish.winner = undefined;
    this.racing.stop(wish);
    this.#self.sendAfter(GIVEN_WAY, new WaitOver(wish));
    this.racing.pump();
  }

  #deliver(wish: Wish, connection: Process): void {
    this.#forget(wish);
    for (const call of wish.calls) this.#context.runtime.call(connection, call, Infinity);
    this.racing.pump();
  }

  #name(wish: Wish, key: string): void {
    wish.keys.push(key);
    this.#wishes.set(key, wish);
  }

  #forget(wish: Wish): void {
    wish.phase = 'over';
    this.racing.stop(wish);
    for (const key of wish.keys) if (this.#wishes.get(key) === wish) this.#wishes.delete(key);
  }

  #doubtful(nodeId: string): Standing | undefined {
    return this.#context.standings.ready(nodeId, false);
  }

  get #ownId(): string {
    const identity = shared(this.#context, 'identity');
    return identity === undefined ? '' : hex(identity.nodeId);
  }
}

const CLOSING = 'the node is closing';
const OURSELVES = 'the address is our own';
const RIVAL = 'there is another connection';
const UNWANTED = 'nobody waits for it';
