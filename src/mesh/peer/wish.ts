/**
 * A peer that is wished for: the calls that wait for it, the addresses at which it may be, and those that are being tried.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { RpcCall } from '../router/rpc-call.ts';
import type { NatHints } from './nat-connector.ts';
import { hintedStation, isWay } from './relay-hint.ts';
import { PeerRequest } from './peer-request.ts';
import type { Race } from './race.ts';
import type { PeerCallable } from './to-peer.ts';

/** Calls that wait for one peer, as many as may be under way to it. */
const CALLS = 4_096;
/** Addresses of one peer, as many as a record may name; those that lost a race and are dialed anew count twice. */
const ADDRESSES = 20;
/** Stations of one peer that are tried. */
const STATIONS = 4;
/** Attempts to get through its NAT after the first, when others were faster and came to nothing. */
const TRAVERSALS = 3;

/** The time of one address, or of one attempt to get through a NAT, is over. */
export class AttemptOver {
  readonly attempt: Process;
  constructor(attempt: Process) {
    this.attempt = attempt;
  }
}

/** The way that was tried last has been alone for long enough. */
export class HeadStartOver {
  readonly wish: Wish;
  constructor(wish: Wish) {
    this.wish = wish;
  }
}

/** The peer's own dial did not come. */
export class WaitOver {
  readonly wish: Wish;
  constructor(wish: Wish) {
    this.wish = wish;
  }
}

export type WishPhase =
  /** Nothing has begun. */
  | 'calm'
  /** The DHT is asked where it is. */
  | 'searching'
  /** Ways to it are tried, or wait for their turn. */
  | 'racing'
  /** One of them has won and says hello. */
  | 'greeting'
  /** The peer's own dial, or another one of ours, is on its way. */
  | 'awaiting'
  | 'over';

export class Wish {
  /** Undefined until whoever is at the address has proven one. */
  nodeId: string | undefined;
  phase: WishPhase = 'calm';
  /** Under way, and where each leads. */
  readonly dials: Map<Process, string> = new Map();
  /** The dial that was told to say hello: it is up to both sides what becomes of it. */
  winner: Process | undefined = undefined;
  /** The attempt that seeks a way through its NAT. */
  traversal: Process | undefined = undefined;
  /** Ways that it has found and nobody has dialed yet: `relay:` and a session. */
  readonly ways: Set<string> = new Set();
  /** When the last way joined the race, clock ms; -Infinity when one has failed since. */
  begunAt: number = -Infinity;
  /** Until the next one joins. */
  headStart: TimerEntry | undefined = undefined;
  /** How often it waited for another connection in vain. */
  gaveWay = 0;
  /** Of those who wait, the first who knew any. */
  hints: NatHints | undefined = undefined;
  /** Where UDP is blocked, it is reached over TLS. */
  toStation = false;
  /** `host:port` of stations that lead to it. */
  readonly stations: Set<string> = new Set();
  /** A way through its NAT was sought. */
  traversed = false;
  /** How often one that was given up may be sought anew. */
  #traversals = TRAVERSALS;
  /** Addresses that are dialed anew because another way was faster and failed. */
  #anew = 0;
  /** Under which names it is known. */
  readonly keys: string[] = [];
  readonly calls: Set<PeerCallable> = new Set();
  /** Address → whether it was tried. */
  readonly #addresses = new Map<string, boolean>();
  /** Address → why whoever is there refuses us. */
  readonly #refusals = new Map<string, RpcFailure>();

  constructor(nodeId: string | undefined) {
    this.nodeId = nodeId;
  }

  /** Somebody still waits. */
  get wanted(): boolean {
    for (const { settled } of this.calls) if (!settled) return true;
    return false;
  }

  /** Something is known of where it is. */
  get hasAddress(): boolean {
    return this.#addresses.size + this.stations.size > 0;
  }

  get race(): Race {
    const { dials, traversal, begunAt } = this;
    let seeking = traversal !== undefined;
    if (seeking) for (const address of dials.values()) seeking &&= !isWay(address);
    return { dials: dials.size, seeking, begunAt };
  }

  get untried(): readonly string[] {
    return [...this.#addresses].filter(([, tried]) => !tried).map(([address]) => address);
  }

  /** When the last of those who wait gives up, clock ms. */
  get deadline(): number {
    let latest = 0;
    for (const { settled, deadline } of this.calls) if (!settled) latest = Math.max(latest, deadline);
    return latest;
  }

  /** True when there is a new one. */
  add(addresses: readonly string[]): boolean {
    let added = false;
    for (const address of addresses) {
      const station = hintedStation(address);
      if (station !== undefined) {
        if (this.stations.size < STATIONS) this.stations.add(station);
        continue;
      }
      const tried = this.#addresses.get(address);
      if (tried === undefined && this.#addresses.size + this.#anew >= ADDRESSES) continue;
      added ||= tried === undefined;
      if (tried === undefined) this.#addresses.set(address, false);
    }
    return added;
  }

  tried(address: string): void {
    this.ways.delete(address);
    this.#addresses.set(address, true);
  }

  /** It gave way to another connection: it may be tried anew. */
  again(address: string): void {
    if (isWay(address)) this.untraversed();
    else this.#addresses.set(address, false);
  }

  /** It was given up because another was faster; should that one fail, it is tried anew, as far as that is not too often. */
  lost(address: string): void {
    if (isWay(address)) {
      this.#addresses.delete(address);
      this.untraversed();
    } else if (this.#addresses.size + this.#anew < ADDRESSES) {
      this.#anew++;
      this.#addresses.set(address, false);
    }
  }

  /** An attempt to get through its NAT was given up: there may be another one. */
  untraversed(): void {
    if (this.traversed && this.#traversals-- > 0) this.traversed = false;
  }

  /** Its turn has come. */
  dialed(dial: Process, address: string): void {
    this.dials.set(dial, address);
    for (const call of this.calls) if (call instanceof PeerRequest) call.tried = true;
  }

  refused(address: string, why: RpcFailure): void {
    this.#refusals.set(address, why);
  }

  /** Why we are refused, when that is so at every address. */
  get refusal(): RpcFailure | undefined {
    return this.#refusals.size < this.#addresses.size ? undefined : [...this.#refusals.values()].at(-1);
  }

  /** False when too many wait. */
  hold(call: PeerCallable): boolean {
    if (this.calls.size >= CALLS) for (const held of this.calls) if (held.settled) this.calls.delete(held);
    if (this.calls.size >= CALLS) return false;
    if (call instanceof RpcCall) call.stage = 'waiting';
    else if (this.dials.size > 0) call.tried = true;
    this.hints ??= call.target.nat;
    this.toStation ||= call.target.station === true;
    this.calls.add(call);
    return true;
  }

  /** Takes over the calls of another wish for the same peer, and what is known of the ways to it. */
  take(other: Wish): void {
    this.add([...other.#addresses.keys()]);
    for (const station of other.stations) if (this.stations.size < STATIONS) this.stations.add(station);
    // what is under way for the other one leads nowhere any more
    this.traversed ||= other.traversed && other.traversal === undefined;
    this.hints ??= other.hints;
    this.toStation ||= other.toStation;
    for (const call of other.calls) this.calls.add(call);
    other.calls.clear();
  }
}
