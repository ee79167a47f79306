/**
 * One walk towards a target: whom to ask next, and when it is over.
 *
 * Pure: `start`, `answered`, `failed` put in what happened, `next` says whom to ask, `nextWake` when to call `next`
 * again though nothing happened. The nodes it starts from are dealt out to up to three paths which share nobody: what
 * a node answers is heard by its own path only, and no node is asked again once it answered, so that liars must sit on
 * every path to lead the walk astray (S/Kademlia §4.4).
 *
 * Each path waits for at most `alpha` answers. One that is late leaves its place to another question, and still counts
 * when it comes; it is late the sooner when others have answered that were asked no earlier. The walk is over when each
 * of the k closest that live, and of each path's own share of k, has answered, the third of a network not counted;
 * whoever failed does not live, and the next closest is asked instead. So it is sure that nobody has a value when none
 * was found (SPEC §14, B10).
 *
 * A walk for values need not wait for the late ones once `enough` nodes had some, on two paths if there are two: the
 * others have all answered, so that what one liar sends is never all we have.
 *
 * Bounded: `ASKED` questions, twenty contacts of each answer, and the limits of `candidates.ts`.
 */
import type { Candidate } from './candidate.ts';
import { Candidates } from './candidates.ts';
import { ALPHA, K, type Contact } from './contact.ts';
import type { LookupStats } from './lookup-request.ts';
import { ID_BYTES, sameId } from './node-id.ts';
import type { AskedNote } from '../events/recent.ts';
import type { Waits } from './request-times.ts';

/** Disjoint paths; S/Kademlia gains little beyond. */
const PATHS = 3;
/** Nodes that a path starts from at least. */
const STARTS = 3;
/** Questions of one lookup: ten times what a mesh of a thousand nodes takes. */
const ASKED = 400;

/** Answers to others after which a silent node is late soon: TCP's figure (RFC 5681 §3.2). */
const OVERTAKEN = 3;
/** Milliseconds more, for an answer that has come with theirs and is read behind them. */
const GRACE = 10;

export interface LookupOptions {
  /** Our own id: never asked, never a candidate. */
  readonly self: Uint8Array;
  readonly target: Uint8Array;
  /** How long to wait for this contact. */
  readonly waits: (contact: Contact) => Waits;
  /** Whether it has failed a moment ago at this address, so that it need not be asked there again. */
  readonly isLost?: (contact: Contact) => boolean;
  readonly k?: number;
  readonly alpha?: number;
  /** Nodes with values after which late ones are not waited for; by default all are. */
  readonly enough?: number;
}

export interface Question {
  readonly contact: Contact;
  /** Milliseconds after which it has failed. */
  readonly timeout: number;
}

export class Lookup {
  readonly #options: LookupOptions;
  readonly #k: number;
  readonly #alpha: number;
  #candidates: Candidates;
  /** How many each path waits for. */
  #waiting: number[] = [0];
  /** Those that are waited for. */
  readonly #asked = new Set<Candidate>();
  readonly #valuesOn = new Set<number>();
  #holders = 0;
  #questions = 0;
  #answers = 0;
  #failures = 0;
  /** Nodes that could not be asked, by our own fault. */
  #unasked = 0;
  /** When the first node that had values answered. */
  firstValueAt: number | undefined;

  constructor(options: LookupOptions) {
    this.#options = options;
    this.#k = options.k ?? K;
    this.#alpha = options.alpha ?? ALPHA;
    this.#candidates = new Candidates(options.target, 1);
  }

  /** Disjoint paths that it goes. */
  get paths(): number {
    return this.#waiting.length;
  }

  get stats(): Omit<LookupStats, 'first' | 'took'> {
    const hops = this.#closest(this.#k).reduce((most, { depth }) => Math.max(most, depth), 0);
    return { asked: this.#questions, answered: this.#answers, failed: this.#failures, hops };
  }

  /** Candidates remembered, for limits. */
  get known(): number {
    return this.#candidates.size;
  }

  /** Nodes that had values. */
  get holders(): number {
    return this.#holders;
  }

  /** Begins with contacts that were verified, closest first. */
  start(contacts: readonly Contact[]): void {
    const paths = Math.max(1, Math.min(PATHS, Math.floor(contacts.length / STARTS)));
    this.#waiting = Array.from({ length: paths }, () => 0);
    this.#candidates = new Candidates(this.#options.target, paths);
    contacts.forEach((contact, index) => {
      this.#hear(contact, index % paths, 1);
    });
  }

  /** Whom to ask now; they count as asked. */
  next(now: number): Question[] {
    this.#leaveLate(now);
    const questions: Question[] = [];
    // in turns, so that no path takes what is left of the limit
    for (let found = true; found;) {
      found = false;
      for (let path = 0; path < this.paths; path++) {
        const candidate = this.#waiting[path]! < this.#alpha ? this.#choose(path) : undefined;
        if (candidate === undefined) continue;
        const { contact } = candidate;
        const waits = this.#options.waits(contact);
        this.#candidates.ask(candidate, path, now, waits);
        this.#asked.add(candidate);
        this.#waiting[path]!++;
        this.#questions++;
        questions.push({ contact, timeout: waits.hard });
        found = true;
      }
    }
    return questions;
  }

  /**
   * A node answered with contacts closer to the target, and with values or not. `address`: where it really is, when
   * that is not where it was asked: a link to it was there.
   *
   * @returns how long it took; undefined when it was not asked, or has failed before: nothing has changed then.
   */
  answered(
    nodeId: string,
    closer: readonly Contact[],
    now: number,
    hasValues: boolean = false,
    address?: string,
  ): number | undefined {
    const candidate = this.#settle(nodeId);
    if (candidate === undefined) return undefined;
    this.#candidates.answer(candidate, address ?? candidate.contact.address);
    this.#answers++;
    this.#overtake(candidate.askedAt, now);
    if (hasValues) {
      this.firstValueAt ??= now;
      this.#holders++;
      this.#valuesOn.add(candidate.path);
    }
    const named = new Set<string>();
    for (const contact of closer.slice(0, K)) {
      if (named.has(contact.address) || named.has(contact.nodeId)) continue;
      named.add(contact.address).add(contact.nodeId);
      this.#hear(contact, candidate.path, candidate.depth + 1, candidate);
    }
    return now - candidate.askedAt;
  }

  /** A node did not answer in time, or cannot be reached, where it was asked; `unasked`: nobody has asked it. */
  failed(nodeId: string, unasked: boolean = false): void {
    const candidate = this.#settle(nodeId);
    if (candidate === undefined) return;
    if (unasked) this.#unasked++;
    this.#candidates.fail(candidate, unasked);
    this.#failures++;
  }

  /** When a question becomes late, clock ms; undefined while none is waited for. */
  get nextWake(): number | undefined {
    let wake: number | undefined;
    for (const { lateAt } of this.#asked) if (wake === undefined || lateAt < wake) wake = lateAt;
    return wake;
  }

  /** Whether nobody is left who must be asked or waited for. */
  get done(): boolean {
    const exhausted = this.#questions >= ASKED;
    const impatient = this.#hasEnough;
    const own = this.#waiting.map(() => 0);
    const share = this.#share;
    let overall = 0;
    let done = true;
    this.#candidates.walk(({ state, paths }, extra) => {
      if ((state === 'late' && impatient) || (state === 'fresh' && exhausted)) return false;
      let counts = overall < this.#k;
      let hungry = counts;
      if (!extra) overall++;
      for (let path = 0; path < own.length; path++) {
        if ((paths & (1 << path)) !== 0) {
          if (own[path]! < share) counts = true;
          if (!extra) own[path]!++;
        }
        if (own[path]! < share) hungry = true;
      }
      if (counts && state !== 'answered') done = false;
      return !done || !hungry;
    });
    return done;
  }

  /** Whether all who had to be asked could be: only then nobody has what nobody answered with. */
  get isSure(): boolean {
    return this.#unasked === 0 && this.#questions < ASKED;
  }

  /** The first `most` nodes that were asked, in that order. @param since when it began, clock ms. */
  trace(most: number, since: number): readonly AskedNote[] {
    return this.#candidates
      .asked()
      .toSorted((one, other) => one.askedAt - other.askedAt || one.depth - other.depth)
      .slice(0, most)
      .map(({ contact, depth, claim, state, askedAt }) => ({
        node: contact.nodeId,
        address: contact.address,
        depth,
        by: claim.referrers[0]?.contact.nodeId ?? '',
        after: Math.round(askedAt - since),
        outcome: state === 'answered' || state === 'failed' || state === 'late' ? state : 'waiting',
      }));
  }

  /** The closest nodes that answered, closest first; the third of a network comes after all others. */
  closest(count: number = this.#k): Contact[] {
    return this.#closest(count).map(({ contact }) => contact);
  }

  /** The 20th closest node that answered, of whatever network; undefined when it is not known. */
  get farthest(): Contact | undefined {
    if (this.#k < K) return undefined;
    let answered = 0;
    let farthest: Contact | undefined;
    this.#candidates.walk(({ state, contact }) => {
      if (state !== 'answered' || ++answered < K) return false;
      farthest = contact;
      return true;
    });
    return farthest;
  }

  /** Nodes of its own that each path must have heard, whatever the others found. */
  get #share(): number {
    return Math.ceil(this.#k / this.paths);
  }

  get #hasEnough(): boolean {
    const { enough } = this.#options;
    return enough !== undefined && this.#holders >= enough && this.#valuesOn.size >= Math.min(2, this.paths);
  }

  #closest(count: number): Candidate[] {
    const found: Candidate[] = [];
    if (count <= 0) return found;
    const extras: Candidate[] = [];
    this.#candidates.walk((candidate, extra) => {
      if (candidate.state === 'answered') (extra ? extras : found).push(candidate);
      return found.length >= count;
    });
    return found.concat(extras.slice(0, count - found.length));
  }

  /**
   * The closest node of a path that was not asked: among the k closest of all, or among the path's own share. Late
   * ones take no place: somebody else is asked for them.
   */
  #choose(path: number): Candidate | undefined {
    if (this.#questions >= ASKED) return undefined;
    let overall = 0;
    let own = 0;
    let chosen: Candidate | undefined;
    this.#candidates.walk((candidate, extra) => {
      if (overall >= this.#k && own >= this.#share) return true;
      const { state } = candidate;
      const ours = (candidate.paths & (1 << path)) !== 0;
      if (ours && state === 'fresh') {
        chosen = candidate;
        return true;
      }
      if (state !== 'late' && !extra) {
        overall++;
        if (ours) own++;
      }
      return false;
    });
    return chosen;
  }

  #hear(contact: Contact, path: number, depth: number, by?: Candidate): void {
    if (contact.id.byteLength !== ID_BYTES || sameId(contact.id, this.#options.self)) return;
    // that address is out, not the id: others may know where it is
    if (this.#options.isLost?.(contact) === true) return;
    this.#candidates.add(contact, path, depth, by);
  }

  /** One that was asked at `since` has answered: whoever was asked no later falls behind. */
  #overtake(since: number, now: number): void {
    for (const candidate of this.#asked) {
      if (candidate.askedAt > since || ++candidate.overtaken < OVERTAKEN) continue;
      candidate.lateAt = Math.min(candidate.lateAt, Math.max(candidate.soonAt, now + GRACE));
    }
  }

  #leaveLate(now: number): void {
    for (const candidate of this.#asked) {
      if (candidate.lateAt > now) continue;
      this.#candidates.leave(candidate);
      this.#asked.delete(candidate);
      this.#waiting[candidate.path]!--;
    }
  }

  /** A question is over. Undefined when it was none, or over before. */
  #settle(nodeId: string): Candidate | undefined {
    const candidate = this.#candidates.find(nodeId);
    if (candidate?.state !== 'asked' && candidate?.state !== 'late') return undefined;
    if (this.#asked.delete(candidate)) this.#waiting[candidate.path]!--;
    return candidate;
  }
}
