/**
 * The connections that the peer pool is making, and the calls that wait for them.
 *
 * One wish per peer, however many calls want it; a peer whose id nobody knows is wished for by its address until it
 * has proven one. A dial waits with its hello until the peer is proven: when there is a connection to that peer by
 * then, or another is being agreed on, that one is used and the dial goes. Of two opposite dials one is closed as a
 * duplicate; then the peer's own is awaited. Driven by the pool's actor alone.
 */
import type { Process, Self } from '../../actor/process.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import { CloseCode } from '../../transport/transport.ts';
import { connectionSpec } from '../connection/connection.ts';
import { ConnectionCore } from '../connection/core.ts';
import { Close, Ended, Greet } from '../connection/messages.ts';
import { describeClose } from '../connection/close.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import type { LookupOutcome, LookupRequest } from '../dht/lookup-request.ts';
import { startLookup } from '../dht/lookup-server.ts';
import { presenceKey, presenceName } from '../registry/presence.ts';
import { sessionAt } from '../relay/relays.ts';
import { RpcCall } from '../router/rpc-call.ts';
import { DeadAddresses } from './dead-addresses.ts';
import { parseAddress } from './endpoint-text.ts';
import type { WayFound } from './nat-connector.ts';
import { attemptTime, planRoutes, type Route } from './pool-plan.ts';
import { blames, isDuplicate, refusalOf, type Blamed } from './loss.ts';
import { dialable } from './relay-hint.ts';
import type { Standing } from './standings.ts';
import { readyPeer, refused, unreachable, type PeerCallable } from './to-peer.ts';
import { Traversals } from './traversals.ts';
import { AttemptOver, WaitOver, Wish } from './wish.ts';

/**
 * Peers wished for at once, and those of them that are dialed at once; the others wait in order. Many, since most of
 * them wait for the silence of nodes that have died: a few lookups after half the mesh has gone make a hundred.
 */
const WISHES = 1_024;
const DIALS = 256;
/** Milliseconds to wait for the peer's own dial when ours gave way to it, and how often. */
const GIVEN_WAY = 1_000;
const GIVING_WAY = 3;
/** Milliseconds for a lookup of a node's address at most. */
const SEARCH = 5_000;
/** Such lookups at once: a node has 256 for all that is looked up. */
const SEARCHES = 48;

interface Dial {
  readonly process: Process;
  readonly core: ConnectionCore;
  readonly address: string;
  readonly wish: Wish;
  readonly timer: TimerEntry;
}

export class Dialing {
  readonly #context: MeshContext;
  readonly #self: Self;
  /** By node id in hex, and by `@host:port` while that is all that is known. */
  readonly #wishes = new Map<string, Wish>();
  readonly #dials = new Map<Process, Dial>();
  /** Those that wait for their turn to be dialed. */
  readonly #queue = new Set<Wish>();
  readonly #lookups = new Map<Process, Wish>();
  readonly #traversals: Traversals;
  readonly #dead = new DeadAddresses();
  #pumping = false;

  constructor(context: MeshContext, self: Self) {
    this.#context = context;
    this.#self = self;
    this.#traversals = new Traversals(context, self);
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
    if (!wish.hold(call)) overloaded(call);
    else if (wish.phase === 'calm' || (added && wish.phase === 'searching')) this.#begin(wish);
  }

  /** A lookup for a node has ended; without an outcome when it died. */
  found(lookup: Process, outcome: LookupOutcome | undefined): void {
    const wish = this.#lookups.get(lookup);
    if (wish === undefined) return;
    this.#lookups.delete(lookup);
    if (wish.phase !== 'searching') return;
    const closest = outcome?.tag === 'nodes' ? outcome.closest : [];
    const contact = closest.find(({ nodeId }) => nodeId === wish.nodeId);
    if (contact !== undefined) wish.add([contact.address]);
    // who can be dialed by nobody is no contact, and says itself which stations lead to it
    else if (outcome?.tag === 'nodes' && this.#search(wish, 'presence')) return;
    const present = outcome?.tag === 'providers' ? outcome.providers : [];
    wish.add(present.find(({ nodeId }) => nodeId === wish.nodeId)?.endpoints ?? []);
    this.#next(wish, 'nobody knows where the node is');
  }

  /** The peer of a dial has proven who it is. */
  verified(process: Process): void {
    const dial = this.#dials.get(process);
    if (dial === undefined) return;
    const { wish, core, address } = dial;
    const { peerId } = core;
    this.#dead.answered(address);
    if (wish.phase === 'over') {
      this.#drop(dial);
      return;
    }
    if (peerId === this.#ownId) {
      this.#drop(dial);
      this.#next(wish, 'the address is our own');
      return;
    }
    this.#identify(wish, peerId);
    const ready = readyPeer(this.#context, peerId);
    if (ready !== undefined) {
      this.#drop(dial);
      this.#deliver(wish, ready);
    } else if (this.#agreeing(peerId, process)) {
      this.#drop(dial);
      wish.again(address);
      this.#await(wish);
    } else this.#self.send(process, new Greet());
  }

  /** Whoever wished for it by its id, or by another address, wishes the same. */
  #identify(wish: Wish, nodeId: string): void {
    const other = this.#wishes.get(nodeId);
    if (other !== undefined && other !== wish) {
      wish.take(other);
      this.#forget(other);
      const rival = other.dial === undefined ? undefined : this.#dials.get(other.dial);
      if (rival !== undefined && !this.#hasGreeted(rival)) this.#drop(rival);
    }
    wish.nodeId = nodeId;
    if (!wish.keys.includes(nodeId)) this.#name(wish, nodeId);
  }

  /** There is a connection to this peer. */
  connected(nodeId: string, connection: Process, address: string): void {
    this.#dead.answered(address);
    const wish = this.#wishes.get(nodeId) ?? this.#dials.get(connection)?.wish;
    // a dial of ours that has said hello already is settled by both sides' rule, the others by `verified`
    if (wish !== undefined && wish.phase !== 'over') this.#deliver(wish, connection);
    const dial = this.#dials.get(connection);
    if (dial !== undefined) this.#remove(dial);
  }

  /** A process that was monitored has ended. */
  ended(process: Process, reason: ExitReason): void {
    this.#traversalEnded(process, reason);
    const dial = this.#dials.get(process);
    if (dial === undefined) return;
    const { wish, address, core } = dial;
    this.#remove(dial);
    if (wish.phase === 'over') return;
    const end = endOf(reason);
    const close = end?.close;
    const refusal = end === undefined ? undefined : refusalOf(end);
    const nodeId = core.peerId === '' ? wish.nodeId : core.peerId;
    const ready = nodeId === undefined ? undefined : readyPeer(this.#context, nodeId);
    if (ready !== undefined) this.#deliver(wish, ready);
    else if (close !== undefined && isDuplicate(close)) {
      wish.again(address);
      this.#await(wish);
    } else {
      if (refusal !== undefined) wish.refused(address, refusal);
      this.#failed(wish, address, close === undefined ? 'nobody' : blames(close));
      this.#next(wish, close === undefined ? 'the connection was lost' : describeClose(close));
    }
  }

  /** An attempt to get through its NAT knows a way. */
  wayFound({ attempt, address }: WayFound): void {
    const wish = this.#traversals.found(attempt);
    if (wish === undefined) return;
    const dial = this.#relayedDial(wish);
    // an address of its own is being dialed already
    if (dial === undefined && wish.phase === 'dialing') return;
    // the way before has proven to be none
    if (dial !== undefined) this.#drop(dial);
    wish.add([address]);
    this.#dial(wish, address);
  }

  #traversalEnded(attempt: Process, reason: ExitReason): void {
    const failed = reason === 'normal' ? undefined : this.#traversals.failed(attempt);
    const dial = failed === undefined ? undefined : this.#relayedDial(failed);
    const traversed = this.#traversals.over(attempt);
    if (traversed !== undefined) this.#next(traversed, NO_WAY);
    else if (failed !== undefined && dial !== undefined && !this.#isOpen(dial)) {
      this.#drop(dial);
      this.#next(failed, NO_WAY);
    }
  }

  /** An attempt that fails gives its session back; one that was killed leaves it to the dial. */
  #isOpen({ address }: Dial): boolean {
    return sessionAt(this.#context.relays, { host: address, port: 0 }) !== undefined;
  }

  /** The dial of a wish, when it goes through a station. */
  #relayedDial({ dial: process }: Wish): Dial | undefined {
    const dial = process === undefined ? undefined : this.#dials.get(process);
    return dial?.address.startsWith('relay:') === true ? dial : undefined;
  }

  attemptOver(process: Process): void {
    const traversed = this.#traversals.over(process);
    if (traversed !== undefined) this.#next(traversed, NO_WAY);
    const dial = this.#dials.get(process);
    if (dial === undefined) return;
    this.#drop(dial);
    if (dial.wish.phase === 'over') return;
    this.#failed(dial.wish, dial.address, 'address');
    this.#next(dial.wish, 'nobody answered');
  }

  waitOver(wish: Wish): void {
    if (wish.phase === 'awaiting') this.#next(wish, 'the peer closed the connection');
  }

  /** The earliest way on; the wish has a call. */
  #begin(wish: Wish): void {
    const { nodeId } = wish;
    if (nodeId !== undefined && nodeId === this.#ownId)
      this.#giveUp(wish, 'the node cannot connect to itself');
    else if (this.#context.role === 'client') this.#giveUp(wish, 'a client connects to its node only');
    else if (!wish.hasAddress && this.#lookups.size >= SEARCHES) this.#giveUp(wish, undefined);
    else if (wish.hasAddress || !this.#search(wish, 'contact'))
      this.#next(wish, 'no address of the node is known');
  }

  /** Asks the DHT where it is; false when that cannot be done. */
  #search(wish: Wish, by: 'contact' | 'presence'): boolean {
    const { nodeId } = wish;
    if (!this.#context.settings.dht || nodeId === undefined) return false;
    const request: LookupRequest =
      by === 'contact'
        ? { kind: 'nodes', target: Buffer.from(nodeId, 'hex') }
        : { kind: 'providers', procedure: presenceName(nodeId), key: presenceKey(nodeId) };
    const lookup = startLookup(this.#context, request, this.#self as Process, { timeout: SEARCH });
    if (lookup === undefined) return false;
    this.#self.monitor(lookup);
    this.#lookups.set(lookup, wish);
    wish.phase = 'searching';
    return true;
  }

  /** Goes on to the next address; `why` there is none left. */
  #next(wish: Wish, why: string): void {
    wish.phase = 'calm';
    const ready = wish.nodeId === undefined ? undefined : readyPeer(this.#context, wish.nodeId);
    if (ready !== undefined) this.#deliver(wish, ready);
    else if (!wish.wanted || this.#context.phase.closing) this.#giveUp(wish, CLOSING);
    else if (this.#route(wish) === undefined) this.#giveUp(wish, why);
    else {
      wish.phase = 'queued';
      this.#queue.add(wish);
      this.#pump();
    }
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (const wish of this.#queue) {
      if (this.#dials.size >= DIALS) break;
      this.#queue.delete(wish);
      if (wish.wanted) this.#go(wish);
      else this.#giveUp(wish, 'nobody waits for it');
    }
    this.#pumping = false;
  }

  /** The next way. Addresses that were dead a moment ago are left out, but for who asked for that very address. */
  #route(wish: Wish): Route | undefined {
    const now = this.#self.clock.now();
    const dead = (address: string): boolean =>
      wish.nodeId !== undefined &&
      (this.#dead.has(address, now) || this.#dead.has(`${wish.nodeId}@${address}`, now));
    const nat = this.#traversals.mayTry(wish);
    return planRoutes({ addresses: wish.untried, dead, nat, relayed: wish.stations.size > 0 })[0];
  }

  #go(wish: Wish): void {
    const route = this.#route(wish);
    if (route?.tag !== 'nat') this.#dial(wish, route?.address);
    else if (!this.#traversals.begin(wish)) this.#next(wish, NO_WAY);
  }

  #dial(wish: Wish, address: string | undefined): void {
    const at = address === undefined ? undefined : dialable(address);
    if (address === undefined || at === undefined) {
      if (address !== undefined) wish.tried(address);
      this.#next(wish, 'no address of the node can be dialed');
      return;
    }
    const { clock } = this.#self;
    const time = attemptTime(wish.deadline - clock.now(), wish.untried.length);
    wish.tried(address);
    const connections = actor(this.#context, 'connections');
    const core = new ConnectionCore(this.#context);
    const expectedId = wish.nodeId === undefined ? undefined : Buffer.from(wish.nodeId, 'hex');
    const dial = { address: at, expectedId, tls: wish.toStation };
    const watcher = this.#self as Process;
    const spec = connectionSpec({ context: this.#context, core, dial, watcher, hold: true });
    const result = connections === undefined ? undefined : startDynamicChild(connections, spec);
    if (result === undefined || result instanceof Promise || result.tag !== 'ok') {
      // another address would fare no better, and the peer has nothing to do with it
      this.#giveUp(wish, undefined);
      return;
    }
    const process = result.pid as Process;
    this.#self.monitor(process);
    const timer = this.#self.sendAfter(time, new AttemptOver(process));
    this.#dials.set(process, { process, core, address, wish, timer });
    wish.dialed(process);
  }

  /** Whether a dial of ours to this peer has said hello and is not answered yet, or the peer's own. */
  #agreeing(peerId: string, except: Process): boolean {
    for (const { process, dialed, greeted, readySince } of this.#context.standings.of(peerId)) {
      if (process !== except && dialed && greeted && readySince === undefined) return true;
    }
    return false;
  }

  /** Another connection to the same peer is being agreed on. */
  #await(wish: Wish): void {
    if (++wish.gaveWay > GIVING_WAY) {
      this.#giveUp(wish, 'the peer closed the connection');
      return;
    }
    wish.phase = 'awaiting';
    this.#self.sendAfter(GIVEN_WAY, new WaitOver(wish));
  }

  #deliver(wish: Wish, connection: Process): void {
    this.#forget(wish);
    for (const call of wish.calls) this.#context.runtime.call(connection, call, Infinity);
    this.#pump();
  }

  /** A connection in doubt is better than none: whoever may wait waits there. @param why undefined: we have no room. */
  #giveUp(wish: Wish, why: string | undefined): void {
    const doubtful = wish.nodeId === undefined ? undefined : this.#doubtful(wish.nodeId);
    if (doubtful !== undefined) this.#deliver(wish, doubtful.process);
    else {
      this.#forget(wish);
      const { refusal } = wish;
      for (const call of wish.calls) {
        if (why === undefined) overloaded(call);
        else if (refusal !== undefined) refused(call, refusal);
        else unreachable(call, why);
      }
      this.#pump();
    }
  }

  #name(wish: Wish, key: string): void {
    wish.keys.push(key);
    this.#wishes.set(key, wish);
  }

  #forget(wish: Wish): void {
    this.#queue.delete(wish);
    wish.phase = 'over';
    for (const key of wish.keys) if (this.#wishes.get(key) === wish) this.#wishes.delete(key);
  }

  /** An address that answers, but is not whom we want, is dead to those only who want the same. */
  #failed(wish: Wish, address: string, blamed: Blamed): void {
    if (blamed === 'nobody' || address.startsWith('relay:')) return;
    const key = blamed === 'address' ? address : `${wish.nodeId ?? ''}@${address}`;
    this.#dead.failed(key, this.#self.clock.now(), this.#self.random);
  }

  #hasGreeted({ process }: Dial): boolean {
    return this.#context.standings.find(process)?.greeted === true;
  }

  #drop(dial: Dial): void {
    this.#remove(dial);
    this.#self.send(dial.process, new Close(CloseCode.normal));
  }

  #remove({ process, timer, wish }: Dial): void {
    timer.unset();
    this.#dials.delete(process);
    if (wish.dial === process) wish.dial = undefined;
    this.#pump();
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
const NO_WAY = 'no way leads through its NAT';

function endOf(reason: ExitReason): Ended | undefined {
  const ended =
    typeof reason === 'object' && reason !== null && 'shutdown' in reason ? reason.shutdown : undefined;
  return ended instanceof Ended ? ended : undefined;
}

function overloaded(call: PeerCallable): void {
  if (call instanceof RpcCall) call.refuse({ tag: 'overloaded', bound: 'pool' });
  else call.fail({ tag: 'overloaded', bound: 'pool' });
}
