/**
 * Whom a lookup knows, closest to its target first.
 *
 * Pure. What others say of a node is a hint that anybody can make up, so it is bounded: one id per address in one
 * answer, at most `FRESH` of each path that were not asked, and of one network no more among the closest than a
 * routing table takes. Nothing is refused for what others claim of the same address or network: a closer claim stands
 * before a farther one, and one that has failed makes room, so that no lie keeps an honest node out for long. Whoever
 * is named only by nodes whose other words led nowhere is not asked: made up ids cost a few questions, not twenty.
 */
import type { Contact } from './contact.ts';
import { compareDistance, headOf } from './node-id.ts';
import { PER_TABLE, prefixOf, type Prefix } from './prefix-limits.ts';

/** Candidates of one path that were not asked yet, the closest ones: several answers. */
const FRESH = 100;
/** Ids at one address that are believed at the same time: one, and who was there before it. */
const PER_ADDRESS = 2;
/** Questions to one address in a lookup, under whatever ids. */
const ASKS_PER_ADDRESS = 8;
/** Words of a node that led nowhere until the others are doubted, and how many for each that was true. */
const DOUBT = 4;
const DOUBT_PER_TRUTH = 4;

export type CandidateState =
  /** Not asked. */
  | 'fresh'
  /** Asked, and waited for. */
  | 'asked'
  /** Asked, and no longer waited for; its answer still counts. */
  | 'late'
  | 'answered'
  | 'failed';

export class Candidate {
  readonly contact: Contact;
  /** The first 32 bits of its distance, as a signed number in the order of the distance. */
  readonly key: number;
  /** Path that heard of it first; from when it is asked, the one that asks. */
  path: number;
  /** Bit set of the paths that have heard of it; from when it is asked, of the one that asks. */
  paths: number;
  /** Referrals from us to it. */
  depth: number;
  state: CandidateState;
  /** Its network, if that is counted. */
  readonly prefix: Prefix | undefined;
  askedAt: number;
  lateAt: number;
  /** Those that named it; nobody when we knew it. */
  readonly referrers: Candidate[] = [];
  /** Of those it named: how many answered, and how many did not, or not in time. */
  truths: number;
  lies: number;

  constructor(contact: Contact, key: number, path: number, depth: number) {
    this.contact = contact;
    this.key = key;
    this.path = path;
    this.paths = 1 << path;
    this.depth = depth;
    this.state = 'fresh';
    this.askedAt = 0;
    this.lateAt = 0;
    this.truths = 0;
    this.lies = 0;
    this.prefix = prefixOf(contact.address);
  }

  get isLiar(): boolean {
    return this.lies >= DOUBT && this.lies > DOUBT_PER_TRUTH * this.truths;
  }

  /** Nobody whose words are good has named it. */
  get isDoubtful(): boolean {
    return this.referrers.length > 0 && this.referrers.every(({ isLiar }) => isLiar);
  }
}

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

  /** A path has heard of a contact, from `by` unless we knew it. One that was asked belongs to the path that did. */
  add(contact: Contact, path: number, depth: number, by?: Candidate): void {
    const known = this.#byId.get(contact.nodeId);
    if (known !== undefined) {
      if (known.state !== 'fresh') return;
      known.paths |= 1 << path;
      known.depth = Math.min(known.depth, depth);
      if (by !== undefined) known.referrers.push(by);
      return;
    }
    const candidate = new Candidate(contact, headOf(contact.id) ^ this.#head, path, depth);
    if (by !== undefined) candidate.referrers.push(by);
    this.#byId.set(contact.nodeId, candidate);
    this.#ranked.splice(this.#placeOf(candidate), 0, candidate);
    if (this.#claim(contact.address) > PER_ADDRESS) this.#crowded = true;
    const { prefix } = candidate;
    if (prefix !== undefined && this.#claim(prefix) > PER_TABLE) this.#crowded = true;
    if (++this.#fresh[path]! > FRESH) this.#forgetFarthest(path);
  }

  /** Remembers that nobody need ask it. */
  rule(contact: Contact): void {
    if (this.#byId.has(contact.nodeId)) return;
    const candidate = new Candidate(contact, 0, 0, 0);
    candidate.state = 'failed';
    this.#byId.set(contact.nodeId, candidate);
  }

  ask(candidate: Candidate, path: number, now: number, lateAt: number): void {
    const { address } = candidate.contact;
    this.#asks.set(address, (this.#asks.get(address) ?? 0) + 1);
    this.#fresh[candidate.path]!--;
    candidate.state = 'asked';
    candidate.path = path;
    candidate.paths = 1 << path;
    candidate.askedAt = now;
    candidate.lateAt = lateAt;
  }

  /** It is no longer waited for. */
  leave(candidate: Candidate): void {
    candidate.state = 'late';
    this.#blame(candidate);
  }

  answer(candidate: Candidate): void {
    const wasBlamed = candidate.state === 'late';
    candidate.state = 'answered';
    for (const referrer of candidate.referrers) {
      if (wasBlamed) referrer.lies--;
      referrer.truths++;
    }
  }

  fail(candidate: Candidate): void {
    if (candidate.state !== 'late') this.#blame(candidate);
    candidate.state = 'failed';
    const index = this.#placeOf(candidate);
    if (this.#ranked[index] === candidate) this.#ranked.splice(index, 1);
  }

  /**
   * Walks over those that count, closest first, until `visit` returns true. Left out: the third id of an address,
   * an address that was asked often enough, whoever comes from a network that has its share already, and whoever only
   * liars named.
   */
  walk(visit: (candidate: Candidate) => boolean): void {
    if (!this.#crowded && !this.#doubted) {
      for (const candidate of this.#ranked) if (visit(candidate)) return;
      return;
    }
    const seen = new Map<Prefix, number>();
    for (const candidate of this.#ranked) {
      const { prefix, state } = candidate;
      const { address } = candidate.contact;
      if (state === 'fresh' && (this.#asks.get(address) ?? 0) >= ASKS_PER_ADDRESS) continue;
      if (state === 'fresh' && candidate.isDoubtful) continue;
      if ((seen.get(address) ?? 0) >= PER_ADDRESS) continue;
      if (prefix !== undefined && (seen.get(prefix) ?? 0) >= PER_TABLE) continue;
      seen.set(address, (seen.get(address) ?? 0) + 1);
      if (prefix !== undefined) seen.set(prefix, (seen.get(prefix) ?? 0) + 1);
      if (visit(candidate)) return;
    }
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

  #blame({ referrers }: Candidate): void {
    for (const referrer of referrers) {
      referrer.lies++;
      if (referrer.isLiar) this.#doubted = true;
    }
  }

  #claim(of: Prefix): number {
    const claims = (this.#claims.get(of) ?? 0) + 1;
    this.#claims.set(of, claims);
    return claims;
  }

  /** It may be heard of again. Whoever we knew or two paths know stays. */
  #forgetFarthest(path: number): void {
    const only = 1 << path;
    const index = this.#ranked.findLastIndex(
      ({ paths, state, referrers }) => paths === only && state === 'fresh' && referrers.length > 0,
    );
    if (index < 0) return;
    const [forgotten] = this.#ranked.splice(index, 1);
    this.#byId.delete(forgotten!.contact.nodeId);
    this.#fresh[path]!--;
  }
}
