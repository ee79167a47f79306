/**
 * Our place in a closed realm: what we show, and how we judge what others show (SECURITY §4).
 *
 * Checked in every hello, by both sides, before anything else is served. Our own certificate in a file is read again
 * when two thirds of its time are over, at most once a minute: who renews it in time need not restart.
 */
import type { Membership, MembershipVerdict } from '../../identity/realm.ts';
import { CLOCK_TOLERANCE, judgeMembership, readMembership, refusalWords } from '../../identity/realm.ts';
import { readMembershipFile, readRealmFile } from '../../identity/realm-file.ts';
import { isEd25519 } from '../../identity/signed-bytes.ts';
import { RpcError } from '../errors/rpc-error.ts';

/** Milliseconds between two looks at the file. */
const LOOK_AGAIN = 60_000;

/** A certificate, or the file that holds it. */
export type MembershipSource = Uint8Array | { readonly file: string };

/** `until`: Unix milliseconds after which the peer has to prove itself again. */
export type ProofVerdict =
  { readonly tag: 'member'; readonly until: number } | { readonly tag: 'refused'; readonly detail: string };

export class ClosedRealm {
  readonly #realm: string;
  readonly #realmKey: Uint8Array;
  readonly #source: MembershipSource;
  #held: Uint8Array;
  #claim: Membership | undefined;
  #lookedAt = -Infinity;

  /** Throws `IdentityError` for a file that cannot be used. */
  constructor(realm: string, realmKey: Uint8Array, source: MembershipSource) {
    this.#realm = realm;
    this.#realmKey = realmKey;
    this.#source = source;
    this.#held = source instanceof Uint8Array ? source : readMembershipFile(source.file).bytes;
    this.#claim = readMembership(this.#held);
  }

  /** Why what we hold proves nothing for this node, for people; undefined when it does. */
  problem(nodeId: Uint8Array, now: number): string | undefined {
    const verdict = this.#judge(this.#held, nodeId, now);
    return verdict.tag === 'member' ? undefined : refusalWords[verdict.reason];
  }

  /** What we show now. */
  proof(now: number): Uint8Array {
    if (this.#isOld(now)) this.#look(now);
    return this.#held;
  }

  /** Judges what a peer with this proven id shows. */
  judge(proof: unknown, nodeId: Uint8Array, now: number): ProofVerdict {
    const verdict = this.#judge(proof, nodeId, now);
    return verdict.tag === 'member'
      ? { tag: 'member', until: verdict.membership.validTo + CLOCK_TOLERANCE }
      : { tag: 'refused', detail: `the realm proof ${refusalWords[verdict.reason]}` };
  }

  #judge(proof: unknown, nodeId: Uint8Array, now: number): MembershipVerdict {
    return judgeMembership(proof, { realm: this.#realm, realmKey: this.#realmKey, nodeId, now });
  }

  #isOld(now: number): boolean {
    if (this.#source instanceof Uint8Array || this.#claim === undefined) return false;
    const { validFrom, validTo } = this.#claim;
    return now > validTo - (validTo - validFrom) / 3 && Math.abs(now - this.#lookedAt) >= LOOK_AGAIN;
  }

  /** What the file holds now, if it is good for longer; else we keep what we have. */
  #look(now: number): void {
    this.#lookedAt = now;
    if (this.#source instanceof Uint8Array || this.#claim === undefined) return;
    try {
      const { bytes, claim } = readMembershipFile(this.#source.file);
      const verdict = this.#judge(bytes, this.#claim.nodeId, now);
      if (verdict.tag !== 'member' || claim.validTo <= this.#claim.validTo) return;
      this.#held = bytes;
      this.#claim = claim;
    } catch {
      // not there, or half written: the next look may find it whole
    }
  }
}

/** Whether a peer's proof is good here; an open realm asks for none. */
export const judgeProof = (
  closed: ClosedRealm | undefined,
  proof: unknown,
  nodeId: Uint8Array,
  now: number,
): ProofVerdict => closed?.judge(proof, nodeId, now) ?? { tag: 'member', until: Infinity };

export interface RealmOptions {
  readonly realmKey?: MembershipSource;
  readonly membership?: MembershipSource;
}

/** From the options of a node or client; undefined for an open realm. Throws `RpcError` and `IdentityError`. */
export function closedRealm(realm: string, { realmKey, membership }: RealmOptions): ClosedRealm | undefined {
  if (realmKey === undefined && membership === undefined) return undefined;
  if (realmKey === undefined) throw invalid('realmKey', 'is needed with membership: it says whom to trust');
  if (membership === undefined) throw invalid('membership', 'is needed with realmKey: peers ask for it');
  if (realmKey instanceof Uint8Array) {
    if (!isEd25519(realmKey)) throw invalid('realmKey', 'must be the SubjectPublicKeyInfo of an Ed25519 key');
    return new ClosedRealm(realm, realmKey, membership);
  }
  const found = readRealmFile(realmKey.file);
  if (found.realm !== realm) throw invalid('realm', `must be ${found.realm}, as ${realmKey.file} says`);
  return new ClosedRealm(realm, found.publicKey, membership);
}

/** Refuses to begin with a membership that proves nothing: every peer would refuse us. */
export function checkMembership(closed: ClosedRealm | undefined, nodeId: Uint8Array, now: number): void {
  const problem = closed?.problem(nodeId, now);
  if (problem === undefined) return;
  throw invalid('membership', `${problem} (this node is ${Buffer.from(nodeId).toString('hex')})`);
}

const invalid = (field: string, detail: string): RpcError =>
  new RpcError({ tag: 'invalid_args', field, detail });
