/**
 * The physical paths under one link, and which of them packets take (DESIGN D4, TRANSPORT §7 and §12).
 *
 * The connection knows its peer by one virtual address for its whole life; this says where packets really go. Pure:
 * time and chance come in, keyed probes go out through the host. What changed is told as `news`, which the link takes
 * in its turn.
 *
 * A packet is accepted from anywhere, because only the connection can tell whether it is genuine. But an address is
 * *proven* only when the peer answered a challenge there, and packets go to proven addresses, with one exception. When
 * there is nothing but the path that is used, and that is silent as after a NAT rebinding, a genuine packet from
 * another source makes that source the path; while it is not proven it is asked for the proof, gets three
 * times the bytes it sent (RFC 9000 §8.1), and yields to the first datagram from the proven one. So a copied or
 * spoofed packet neither diverts a link nor turns us on a third party.
 *
 * Longer than other files: every step may change which of the paths is used, so all of them share one state. Choosing, schedule, proofs and
 * the table of paths are in files beside it.
 */
import type { Path, PathKind, PhysicalAddress } from '../transport.ts';
import { wayOf } from '../way.ts';
import { Asking, type PathsHost } from './asking.ts';
import { Candidate } from './candidate.ts';
import { backup, choose, holdOff } from './choice.ts';
import { PROBE_SIZE } from './path-proof.ts';
import {
  DEAD_AFTER,
  DOUBT_AFTER,
  GRACE,
  isLate,
  patience,
  RETRIES,
  retryPause,
  SEARCH_QUESTIONS,
  SETTLED,
  STANDBY,
} from './schedule.ts';
import { OwnPackets, SeenQuestions, StrangerBudget } from './strangers.ts';
import { find, MAX_PATHS, room } from './table.ts';

/** Milliseconds of silence after which an unproven source may replace a proven path: a probe interval. */
export const SILENCE = 100;
/** Milliseconds after an offer in which the peer may show up at a source that was not offered. */
export const PUNCHING = 10_000;
/** Milliseconds for which a packet on another path makes us wonder about ours. */
const ELSEWHERE = 1_000;
/** Least milliseconds between two questions to an address that asks us. */
const ASK_BACK = 50;

export type { PathsHost } from './asking.ts';

/** `doubt`: packets go along `copy` too. `switched`: `address` is another, or proven now. Send a PING at either. */
export type News = 'none' | 'doubt' | 'switched';

export class Paths {
  readonly #asking: Asking;
  #candidates: Candidate[];
  #active: Candidate;
  /** What the active path replaced without being proven; it takes over its place when it is. */
  #replaced: Candidate | undefined;
  #copy: PhysicalAddress | undefined;
  #heldUntil = -Infinity;
  #news: News = 'none';
  #outstanding = false;
  #offeredAt = -Infinity;
  /** The last that were withdrawn: the peer may go on asking there. */
  #left: readonly PhysicalAddress[] = [];
  /** When something came along another path than ours; when we had to leave one. */
  #elsewhere = -Infinity;
  #fellAt = -Infinity;
  readonly #strangers = new StrangerBudget();
  readonly #seen = new SeenQuestions();
  readonly #own = new OwnPackets();

  /** `address` is proven: we dialed it, or it returned our token. */
  constructor(host: PathsHost, address: PhysicalAddress, now: number) {
    this.#asking = new Asking(host);
    const kind = wayOf(address) === 'relay' ? 'relayed' : 'direct';
    this.#active = new Candidate(kind, 'first', address, now);
    this.#active.prove();
    this.#active.usedSince = now;
    this.#candidates = [this.#active];
  }

  /** Where packets are sent. */
  get address(): PhysicalAddress {
    return this.#active.address;
  }

  /** Where packets are sent as well, while the path is in doubt. */
  get copy(): PhysicalAddress | undefined {
    return this.#copy;
  }

  /** Clock time before which nothing is sent: what left on the path before must not be overtaken. */
  get heldUntil(): number {
    return this.#heldUntil;
  }

  /** The peer has proven to be there. */
  get proven(): boolean {
    return this.#active.proven;
  }

  /** Where the peer has proven to be: the active path, else the one before it, else the best of the others. */
  get provenAt(): PhysicalAddress | undefined {
    const [active, before] = [this.#active, this.#replaced];
    if (active.proven) return active.address;
    const at = before?.health === 'good' ? before : choose(this.#others, active);
    return at.proven ? at.address : undefined;
  }

  /** Bytes that may be sent to the active path now. */
  get allowance(): number {
    return this.#active.allowance;
  }

  get paths(): readonly Path[] {
    return this.#candidates.map((candidate) => candidate.seenFrom(this.#active));
  }

  /** What changed since it was asked last. */
  takeNews(): News {
    const news = this.#news;
    this.#news = 'none';
    return news;
  }

  /** The seeds of both hellos are known. */
  key(role: 'dialer' | 'acceptor', ours: Uint8Array, theirs: Uint8Array): void {
    this.#asking.key(role, ours, theirs);
  }

  sent(bytes: number): void {
    this.#active.allowance -= bytes;
  }

  /**
   * A datagram came from a source. True when that is a path of this link; false when it is a stranger: call `stranger`
   * before and `genuine` after the connection has looked at it.
   */
  arrived(host: string, port: number, bytes: number, now: number): boolean {
    const active = this.#active;
    if (active.isAt(host, port)) {
      active.came(bytes, now);
      if (!active.proven) this.#asking.challenge(active, now);
      return true;
    }
    const other = find(this.#candidates, host, port);
    if (other?.proven !== true || other.origin === 'found') return false;
    other.came(bytes, now);
    // the peer's own copy of a packet that a stranger was faster with is not genuine any more: any datagram counts
    if (!active.proven) this.#use(other, now);
    else this.#elsewhere = now;
    return true;
  }

  /** Whether a datagram of a stranger may be looked at now. */
  stranger(now: number): boolean {
    return this.#strangers.take(now);
  }

  /** The connection accepted a stranger's datagram as genuine. `packets` were in it, `all` came so far. */
  genuine(host: string, port: number, bytes: number, now: number, packets: number, all: number): void {
    const silentSince = Math.min(this.#active.heard, this.#own.silentSince(packets, all, now));
    const source = find(this.#candidates, host, port) ?? this.#found(host, port, now);
    if (source === undefined) return;
    source.came(bytes, now);
    const silent = now - silentSince >= SILENCE;
    if (!silent && !this.#isOpenTo(host, port, now)) return;
    if (silent && this.#hasOther) this.#elsewhere = now;
    else if (silent && this.#mayReplace(source)) this.#replace(source, now);
    if (!source.proven || source !== this.#active) this.#asking.challenge(source, now);
  }

  /**
   * A datagram of the length of a probe names this link. False when it was not the peer's, or not expected.
   * `mayReceive`: whether it may be looked at, asked when it might be for us.
   */
  probed(datagram: Buffer, from: PhysicalAddress, now: number, mayReceive: () => boolean): boolean {
    const known = find(this.#candidates, from.host, from.port);
    const strange = known === undefined || (known.origin === 'found' && known !== this.#active);
    const open = !strange || this.#isOpenTo(from.host, from.port, now);
    // others than those whose questions or answers we expect do not cost us a signature
    if (!open && known?.awaits !== true) return false;
    if (strange && !this.#strangers.take(now)) return false;
    const probe = mayReceive() ? this.#asking.read(datagram) : undefined;
    if (probe === undefined) return false;
    if (probe.kind === 'answer') return known !== undefined && this.#answered(known, probe.nonce, now);
    // a copy of what was heard before makes nobody a path
    const fresh = this.#seen.take(probe.nonce);
    if (!open || (strange && !fresh)) return false;
    const source = known ?? this.#found(from.host, from.port, now);
    if (source === undefined) return false;
    source.came(PROBE_SIZE, now);
    this.#asking.answer(source, probe.nonce);
    if (source !== this.#active) this.#askBack(source, now);
    return true;
  }

  /** The owner of the link knows another way to the peer. False when it is not tried. */
  offer(kind: PathKind, address: PhysicalAddress, now: number): boolean {
    if (!this.#asking.keyed) return false;
    let candidate = find(this.#candidates, address.host, address.port);
    if (candidate === undefined) {
      if (!room(this.#candidates, this.#active, 'offered')) return false;
      candidate = new Candidate(kind, 'offered', address, now);
      this.#candidates.push(candidate);
    } else if (candidate.origin !== 'first') candidate.kind = kind;
    if (candidate.origin === 'found') candidate.origin = 'offered';
    candidate.invited = true;
    candidate.withdrawn = false;
    this.#left = this.#left.filter((one) => one.host !== address.host || one.port !== address.port);
    this.#offeredAt = now;
    // to be compared with
    if (this.#active.rtt === undefined && !this.#active.waiting) this.#asking.ask(this.#active, now);
    if (candidate.health === 'good') {
      candidate.next = Math.min(candidate.next, now);
      this.#reconsider(now);
    } else if (candidate !== this.#active) candidate.search(now);
    return true;
  }

  /** Nothing comes from where we dialed: packets go along another carrier, until the peer answers there after all. */
  reroute(address: PhysicalAddress, now: number): void {
    if (!room(this.#candidates, this.#active, 'offered')) return;
    const before = this.#active;
    const candidate = new Candidate(before.kind, 'offered', address, now);
    candidate.prove();
    this.#candidates.push(candidate);
    this.#bury(before, now);
    this.#use(candidate, now);
  }

  /** Not that way any more. The last path stays until there is another. */
  withdraw(address: PhysicalAddress, now: number): void {
    const candidate = find(this.#candidates, address.host, address.port);
    if (candidate === undefined) return;
    candidate.withdrawn = true;
    this.#left = [...this.#left, address].slice(-MAX_PATHS);
    if (candidate === this.#active) this.#reconsider(now);
    else this.#forget(candidate);
  }

  /** Clock time at which `tick` is wanted. `outstanding`: the connection waits for something of the peer. */
  watch(now: number, outstanding: boolean): number {
    this.#outstanding = outstanding;
    if (this.#candidates.length === 1 || !this.#asking.keyed) return Infinity;
    let due = this.#heldUntil > now ? this.#heldUntil : Infinity;
    for (const candidate of this.#candidates) {
      if (candidate === this.#active) {
        if (!this.#watches(now)) continue;
        // nobody looked after it meanwhile
        if (candidate.next === Infinity || candidate.next < now) candidate.next = now;
      }
      if (candidate.next < due) due = candidate.next;
    }
    return due;
  }

  /** Asks what is to be asked now, and judges what was not answered. Wanted when `watch` said. */
  tick(now: number): void {
    if (!this.#asking.keyed) return;
    for (const candidate of this.#candidates) {
      if (candidate.next > now) continue;
      if (candidate === this.#active) {
        if (this.#watches(now)) this.#probe(candidate, now);
      } else if (candidate.health === 'searching') this.#searchOn(candidate, now);
      else if (candidate.health === 'dead') this.#retry(candidate, now);
      else if (candidate.usable) this.#probe(candidate, now);
      else candidate.next = Infinity;
    }
  }

  // --- what the peer said

  /** The peer asked from a source that we do not use. */
  #askBack(source: Candidate, now: number): void {
    if (source.health === 'good' || now - source.asked < ASK_BACK) return;
    // it has died too often to be believed at once
    if (source.health === 'dead' && now < source.next) return;
    if (source.origin === 'found' && this.#isPunching(now)) {
      source.origin = 'offered';
      source.kind = 'punched';
    }
    if (source.health === 'idle') source.search(now);
    this.#asking.searchOn(source, now);
  }

  #answered(source: Candidate, nonce: Uint8Array, now: number): boolean {
    const { proven } = source;
    if (!source.answered(nonce, now)) return false;
    if (source === this.#active) {
      this.#copy = undefined;
      source.next = source.asked + patience(source.rtt);
      if (!proven) {
        this.#succeed(this.#replaced, source);
        this.#news = 'switched';
      }
    } else {
      source.next = now + STANDBY;
      if (source.origin === 'found') this.#takeOver(source, now);
    }
    this.#reconsider(now);
    return true;
  }

  /** A source that nobody offered is proven. It replaces a path that is missing answers. */
  #takeOver(source: Candidate, now: number): void {
    source.next = Infinity;
    const active = this.#active;
    if (wayOf(active.address) === 'tls') source.origin = 'offered';
    else if (active.misses >= DOUBT_AFTER && this.#outlives(source, active)) {
      this.#use(source, now);
      this.#succeed(active, source);
    } else {
      const dead = this.#candidates.find((one) => one.health === 'dead' && one.rank === source.rank);
      if (dead === undefined) return;
      this.#succeed(dead, source);
      source.next = now + STANDBY;
    }
  }

  /** What was `before` is `after` now, as when the peer's NAT gave it another port. */
  #succeed(before: Candidate | undefined, after: Candidate): void {
    this.#replaced = undefined;
    after.origin = before?.origin ?? 'offered';
    after.invited = true;
    if (before === undefined) return;
    after.kind = before.kind;
    before.origin = 'found';
    before.next = Infinity;
    if (before.health === 'dead') this.#forget(before);
  }

  // --- asking

  #searchOn(candidate: Candidate, now: number): void {
    if (candidate.questions < SEARCH_QUESTIONS) this.#asking.searchOn(candidate, now);
    else if (candidate.origin === 'first') this.#bury(candidate, now);
    else this.#forget(candidate);
  }

  #retry(candidate: Candidate, now: number): void {
    if (candidate.questions >= RETRIES && candidate.origin !== 'first') {
      this.#forget(candidate);
      return;
    }
    this.#asking.ask(candidate, now);
    candidate.next = now + retryPause(candidate.deaths, candidate.questions);
  }

  /** A proven path is asked again; its last question is judged. */
  #probe(candidate: Candidate, now: number): void {
    if (candidate.waiting && isLate(candidate.next, now)) {
      candidate.next = now + GRACE;
      return;
    }
    if (candidate.waiting) this.#missed(candidate, now);
    if (candidate.health !== 'dead') this.#asking.ask(candidate, now);
  }

  #missed(candidate: Candidate, now: number): void {
    candidate.misses++;
    if (candidate !== this.#active) {
      if (candidate.misses >= DEAD_AFTER) this.#bury(candidate, now);
      return;
    }
    const successor = this.#candidates.find(
      (one) => one.origin === 'found' && this.#outlives(one, candidate),
    );
    if (successor !== undefined) {
      this.#use(successor, now);
      this.#succeed(candidate, successor);
      return;
    }
    const other = backup(this.#others, candidate);
    if (other === undefined) return;
    if (candidate.misses === DOUBT_AFTER) {
      this.#copy = other.address;
      if (this.#news === 'none') this.#news = 'doubt';
    }
    if (candidate.misses < DEAD_AFTER) return;
    this.#bury(candidate, now);
    // the others have to speak up before they are thought better again
    this.#fellAt = now;
    for (const one of this.#others) if (one !== other) one.next = now;
    this.#use(other, now);
    if (candidate.withdrawn) this.#forget(candidate);
  }

  /** It has answered where the path in use has not. */
  #outlives(source: Candidate, active: Candidate): boolean {
    return source.proven && source.rank === active.rank && source.answeredAt > active.answeredAt;
  }

  #bury(candidate: Candidate, now: number): void {
    if (now - candidate.usedSince >= SETTLED) candidate.deaths = 0;
    candidate.deaths++;
    candidate.health = 'dead';
    candidate.questions = 0;
    candidate.next = now + retryPause(candidate.deaths, 0);
  }

  // --- choosing

  #reconsider(now: number): void {
    const active = this.#active;
    const options = this.#candidates.filter(
      (one) => one.usable && (one === active || active.withdrawn || one.answeredAt >= this.#fellAt),
    );
    const best = choose(options, active);
    if (best === active || this.#awaitsMeasure(active, best, now)) return;
    const hold = active.health === 'good' && active.misses === 0 ? holdOff(active, best) : 0;
    if (hold > 0) this.#heldUntil = now + hold;
    this.#use(best, now);
    if (active.withdrawn) this.#forget(active);
  }

  /** The active path is silent, and the peer's packets come from `source`. */
  #replace(source: Candidate, now: number): void {
    const before = this.#replaced ?? this.#active;
    this.#fellAt = now;
    this.#use(source, now);
    if (source.proven) this.#succeed(before, source);
    else this.#replaced = before;
  }

  /** The present path was asked and not measured yet: without that nobody knows how long to hold back. */
  #awaitsMeasure(active: Candidate, best: Candidate, now: number): boolean {
    const until = active.asked + patience();
    if (active.rtt !== undefined || !active.waiting || active.withdrawn || now >= until) return false;
    best.next = Math.min(best.next, until);
    return true;
  }

  #use(next: Candidate, now: number): void {
    const before = this.#active;
    if (before.usable) before.next = Math.min(before.next, now + STANDBY);
    if (next.proven) this.#replaced = undefined;
    this.#active = next;
    this.#copy = undefined;
    this.#news = 'switched';
    next.next = next.health === 'good' ? Math.max(now, next.asked + patience(next.rtt)) : Infinity;
    next.usedSince = now;
  }

  /** Paths that packets could take instead. */
  get #others(): Candidate[] {
    return this.#candidates.filter((one) => this.#isOther(one));
  }

  get #hasOther(): boolean {
    for (const one of this.#candidates) if (this.#isOther(one)) return true;
    return false;
  }

  #isOther(candidate: Candidate): boolean {
    return candidate !== this.#active && candidate !== this.#replaced && candidate.usable;
  }

  /** Whether the active path is asked for signs of life. */
  #watches(now: number): boolean {
    const active = this.#active;
    const wanted = this.#outstanding || active.misses > 0 || now - this.#elsewhere < ELSEWHERE;
    return wanted && active.proven && this.#hasOther;
  }

  /** Whether a source that nobody offered is what the silent active path has become. */
  #mayReplace(source: Candidate): boolean {
    return source !== this.#active && source.origin === 'found' && source.rank === this.#active.rank;
  }

  #isPunching(now: number): boolean {
    return now - this.#offeredAt < PUNCHING;
  }

  /** Whether the peer may show up at a source that nobody offered. */
  #isOpenTo(host: string, port: number, now: number): boolean {
    if (!this.#asking.keyed || this.#left.some((one) => one.port === port && one.host === host)) return false;
    if (this.#isPunching(now) || now - this.#fellAt < PUNCHING) return true;
    return this.#active.misses >= DOUBT_AFTER || wayOf(this.#active.address) === 'tls';
  }

  #found(host: string, port: number, now: number): Candidate | undefined {
    if (!room(this.#candidates, this.#active, 'found')) return undefined;
    const source = new Candidate('direct', 'found', { host, port }, now);
    this.#candidates.push(source);
    return source;
  }

  #forget(candidate: Candidate): void {
    this.#candidates = this.#candidates.filter((one) => one !== candidate);
    if (this.#replaced === candidate) this.#replaced = undefined;
    if (this.#copy === candidate.address) this.#copy = undefined;
  }
}
