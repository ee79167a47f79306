/**
 * Whom a lookup knows, closest to its target first.
 *
 * Pure. What others say of a node is a hint that anybody can make up, so it is bounded: one id per address and one
 * address per id in one answer, at most `FRESH` of each path that were not asked, of one network no more among the
 * closest than a routing table takes, and no more of these counted than a bucket takes. Nothing is refused for what
 * others claim of the same address or network: a closer claim stands before a farther one, and one that has failed
 * makes room, so that no lie keeps an honest node out for long. Whoever is named only by nodes whose other words led
 * nowhere is not asked: made up ids cost a few questions, not twenty. Nor does a wrong address hide a node: it is asked
 * at the next one that others claim of it.
 */
import { Candidate, Claim } from './candidate.ts';
import type { Contact } from './contact.ts';
import { compareDistance, headOf } from './node-id.ts';
import { PER_BUCKET, PER_TABLE, type Prefix } from './prefix-limits.ts';
import type { Waits } from './request-times.ts';

/** Candidates of one path that were not asked yet, the closest ones: several answers. */
const FRESH = 100;
/** Ids at one address that are believed at the same time: one, and who was there before it. */
const PER_ADDRESS = 2;
/** Questions to one address in a lookup, under whatever ids. */
const ASKS_PER_ADDRESS = 8;
/** Addresses of one id that a path may claim in a lookup: two lies do not silence the third who knows better. */
const CLAIMS_PER_PATH = 3;

export class Candidates {
  readonly #target: Uint8Array;
  readonly #head: number;
  readonly #byId = new Map<string, Candidate>();
  /** Closest first, without those that failed. */
  readonly #ranked: Candidate[] = [];
  /** Fresh ones of each path. */
  readonly #fresh: number[];
  readonly #asks = new Map<string, number>();
  /** How often an address and a network was heard of: while none is frequent nobody is counted. */
  readonly #claims = new Map<Prefix, number>();
  #crowded = false;
  /** Somebody has lied. */
  #doubted = false;

  constructor(target: Uint8Array, paths: number) {
    this.#target = target;
    // unsigned order of the distance as signed numbers
    this.#head = headOf(target) ^ 0x80000000;
    this.#fresh = Array.from({ length: paths }, () => 0);
  }

  /** All that are known, with those that failed. */
  get size(): number {
    return this.#byId.size;
  }

  find(nodeId: string): Candidate | undefined {
    return this.#byId.get(nodeId);
  }

  /** Those that were asked, in no order. */
  asked(): Candidate[] {
    const all: Candidate[] = [];
    for (const candidate of this.#byId.values())
      if (candidate.claims.some(({ tried }) => tried)) all.push(candidate);
    return all;
  }

  /** A path has heard of a contact, from `by` unless we knew it. One that has answered is where it is. */
  add(contact: Contact, path: number, depth: number, by?: Candidate): void {
    const known = this.#byId.get(contact.nodeId);
    if (known !== undefined) {
      if (known.state !== 'answered') this.#claimOf(known, contact, path, depth, by);
      return;
    }
    const candidate = new Candidate(new Claim(contact, path, depth, by), headOf(contact.id) ^ this.#head);
    this.#byId.set(contact.nodeId, candidate);
    this.#open(candidate, candidate.claim);
  }

  /** Once more where it is said to be, or somewhere else. Where it was asked nobody need send us again. */
  #claimOf(known: Candidate, contact: Contact, path: number, depth: number, by?: Candidate): void {
    const before = known.claimAt(contact.address);
    if (before?.tried === true) return;
    if (before !== undefined) before.join(path, depth, by);
    else {
      if (known.claims.filter((claim) => claim.path === path).length >= CLAIMS_PER_PATH) return;
      known.claims.push(new Claim(contact, path, depth, by));
    }
    if (known.state === 'fresh') known.paths |= 1 << path;
    else if (known.state === 'failed') this.#openNext(known);
  }

  ask(candidate: Candidate, path: number, now: number, { late, soon = late }: Waits): void {
    const { address } = candidate.contact;
    this.#asks.set(address, (this.#asks.get(address) ?? 0) + 1);
    this.#fresh[candidate.path]!--;
    candidate.state = 'asked';
    candidate.claim.tried = true;
    candidate.path = path;
    candidate.paths = 1 << path;
    candidate.askedAt = now;
    candidate.lateAt = now + late;
    candidate.soonAt = now + soon;
    candidate.overtaken = 0;
  }

  /** It is no longer waited for. */
  leave(candidate: Candidate): void {
    candidate.state = 'late';
    this.#blame(candidate);
  }

  /** It has answered, and is at `address`: perhaps not where it was said to be, when a link to it was there. */
  answer(candidate: Candidate, address: string): void {
    const { contact, path, depth, referrers } = candidate.claim;
    for (const referrer of referrers) {
      if (candidate.state === 'late') referrer.lies--;
      referrer.truths++;
    }
    candidate.state = 'answered';
    if (address === contact.address) return;
    candidate.claim = new Claim({ ...contact, address }, path, depth);
    this.#count(candidate.claim);
  }

  /**
   * Nobody answered where it was asked: it is fresh again when others say that it is elsewhere. `unasked`: that is
   * nobody's lie.
   */
  fail(candidate: Candidate, unasked: boolean = false): void {
    // to be late counts as a lie already
    if (candidate.state !== 'late') {
      if (!unasked) this.#blame(candidate);
    } else if (unasked) for (const referrer of candidate.claim.referrers) referrer.lies--;
    candidate.state = 'failed';
    const index = this.#placeOf(candidate);
    if (this.#ranked[index] === candidate) this.#ranked.splice(index, 1);
    this.#openNext(candidate);
  }

  /**
   * Walks over those that count, closest first, until `visit` returns true. Left out: the third id of an address,
   * an address that was asked often enough, whoever comes from a network that has its share already, and whoever only
   * liars named; unless another address that is claimed of the same id is none of these. `extra`: two of its network
   * came before it. Whoever owns a few networks and makes ids at will must not be all who are closest.
   */
  walk(visit: (candidate: Candidate, extra: boolean) => boolean): void {
    if (!this.#crowded && !this.#doubted) {
      for (const candidate of this.#ranked) if (visit(candidate, false)) return;
      return;
    }
    const seen = new Map<Prefix, number>();
    for (const candidate of this.#ranked) {
      const claim = this.#counting(candidate, seen);
      if (claim === undefined) continue;
      const { prefix, contact } = claim;
      seen.set(contact.address, (seen.get(contact.address) ?? 0) + 1);
      const alike = prefix === undefined ? 0 : (seen.get(prefix) ?? 0);
      if (prefix !== undefined) seen.set(prefix, alike + 1);
      if (visit(candidate, alike >= PER_BUCKET)) return;
    }
  }

  /** The claim by which a candidate counts among those `seen` before it; one that was not asked turns to it. */
  #counting(candidate: Candidate, seen: ReadonlyMap<Prefix, number>): Claim | undefined {
    const { claim, claims } = candidate;
    if (candidate.state !== 'fresh') return hasRoom(claim, seen) ? claim : undefined;
    if (this.#isOpen(claim, seen)) return claim;
    const other = claims.length > 1 ? claims.find((each) => this.#isOpen(each, seen)) : undefined;
    if (other !== undefined) candidate.claim = other;
    return other;
  }

  #isOpen(claim: Claim, seen: ReadonlyMap<Prefix, number>): boolean {
    if (claim.tried || claim.isDoubtful) return false;
    return (this.#asks.get(claim.contact.address) ?? 0) < ASKS_PER_ADDRESS && hasRoom(claim, seen);
  }

  /** It can be asked where a claim says that it is. */
  #open(candidate: Candidate, claim: Claim): void {
    candidate.turnTo(claim);
    this.#ranked.splice(this.#placeOf(candidate), 0, candidate);
    this.#count(claim);
    if (++this.#fresh[claim.path]! > FRESH) this.#forgetFarthest(claim.path);
  }

  #openNext(failed: Candidate): void {
    const next = failed.claims.find(({ tried }) => !tried);
    if (next !== undefined) this.#open(failed, next);
  }

  /** Where it stands, or would stand, among the ranked. */
  #placeOf({ key, contact }: Candidate): number {
    let low = 0;
    let high = this.#ranked.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#ranked[middle]!;
      const closer =
        other.key === key ? compareDistance(other.contact.id, contact.id, this.#target) < 0 : other.key < key;
      if (closer) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Those that named the address at which it was asked, and no others. */
  #blame({ claim }: Candidate): void {
    for (const referrer of claim.referrers) {
      referrer.lies++;
      if (referrer.isLiar) this.#doubted = true;
    }
  }

  #count({ contact, prefix }: Claim): void {
    if (this.#countOne(contact.address) > PER_ADDRESS) this.#crowded = true;
    if (prefix !== undefined && this.#countOne(prefix) > PER_BUCKET) this.#crowded = true;
  }

  #countOne(of: Prefix): number {
    const claims = (this.#claims.get(of) ?? 0) + 1;
    this.#claims.set(of, claims);
    return claims;
  }

  /** It may be heard of again. Whoever we knew or two paths know stays. */
  #forgetFarthest(path: number): void {
    const only = 1 << path;
    const index = this.#ranked.findLastIndex(
      ({ paths, state, claim }) => paths === only && state === 'fresh' && claim.referrers.length > 0,
    );
    if (index < 0) return;
    const [forgotten] = this.#ranked.splice(index, 1);
    this.#byId.delete(forgotten!.contact.nodeId);
    this.#fresh[path]!--;
  }
}

/** Whether its address and its network have their share not yet. */
const hasRoom = ({ contact, prefix }: Claim, seen: ReadonlyMap<Prefix, number>): boolean =>
  (seen.get(contact.address) ?? 0) < PER_ADDRESS &&
  (prefix === undefined || (seen.get(prefix) ?? 0) < PER_TABLE);
