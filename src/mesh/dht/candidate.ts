/**
 * A node that a lookup has heard of: where it is said to be, and by whom.
 *
 * Pure. An address is a claim of whoever named it, so that a wrong one costs a question and hides nobody: others may
 * claim another one of the same id, and only those who named the address that failed are blamed for it.
 */
import type { Contact } from './contact.ts';
import { prefixOf, type Prefix } from './prefix-limits.ts';

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
  /** Nobody answered wherever it was said to be. */
  | 'failed';

/** One address of an id. */
export class Claim {
  readonly contact: Contact;
  /** Path that heard of it first. */
  readonly path: number;
  /** Bit set of the paths that have heard of it. */
  paths: number;
  /** Referrals from us to it. */
  depth: number;
  /** It was asked there. */
  tried: boolean;
  /** Its network, if that is counted. */
  readonly prefix: Prefix | undefined;
  /** Those that named it; nobody when we knew it. */
  readonly referrers: Candidate[] = [];

  constructor(contact: Contact, path: number, depth: number, by?: Candidate) {
    this.contact = contact;
    this.path = path;
    this.paths = 1 << path;
    this.depth = depth;
    this.tried = false;
    this.prefix = prefixOf(contact.address);
    if (by !== undefined) this.referrers.push(by);
  }

  /** Somebody else says the same. */
  join(path: number, depth: number, by?: Candidate): void {
    this.paths |= 1 << path;
    this.depth = Math.min(this.depth, depth);
    if (by !== undefined) this.referrers.push(by);
  }

  /** Nobody whose words are good has named it. */
  get isDoubtful(): boolean {
    return this.referrers.length > 0 && this.referrers.every(({ isLiar }) => isLiar);
  }
}

export class Candidate {
  /** The first 32 bits of its distance, as a signed number in the order of the distance. */
  readonly key: number;
  /** Every address that it is said to have, with those that failed. */
  readonly claims: Claim[];
  /** Where it is asked, or was. */
  claim: Claim;
  /** Path that heard of it first; from when it is asked, the one that asks. */
  path: number;
  /** Bit set of the paths that have heard of it; from when it is asked, of the one that asks. */
  paths: number;
  state: CandidateState;
  askedAt: number;
  lateAt: number;
  /** From when it is late if others overtake it. */
  soonAt: number;
  /** Answers to questions that were asked no earlier. */
  overtaken: number;
  /** Of those it named: how many answered, and how many did not, or not in time. */
  truths: number;
  lies: number;

  constructor(claim: Claim, key: number) {
    this.key = key;
    this.claims = [claim];
    this.claim = claim;
    this.path = claim.path;
    this.paths = claim.paths;
    this.state = 'fresh';
    this.askedAt = 0;
    this.lateAt = 0;
    this.soonAt = 0;
    this.overtaken = 0;
    this.truths = 0;
    this.lies = 0;
  }

  get contact(): Contact {
    return this.claim.contact;
  }

  get depth(): number {
    return this.claim.depth;
  }

  get isLiar(): boolean {
    return this.lies >= DOUBT && this.lies > DOUBT_PER_TRUTH * this.truths;
  }

  claimAt(address: string): Claim | undefined {
    return this.claims.find(({ contact }) => contact.address === address);
  }

  /** It is to be asked there, by the paths that have heard of an address that did not fail. */
  turnTo(claim: Claim): void {
    this.claim = claim;
    this.state = 'fresh';
    this.path = claim.path;
    this.paths = 0;
    for (const { tried, paths } of this.claims) if (!tried) this.paths |= paths;
  }
}
