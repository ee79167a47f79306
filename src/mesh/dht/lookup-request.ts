/**
 * What a lookup is asked, and what it tells its owner in the end.
 */
import type { Process } from '../../actor/process.ts';
import type { SignedRecordPayload } from '../../codec/payloads.ts';
import type { RemoteProvider } from '../registry/remote-provider.ts';
import type { Contact } from './contact.ts';

export type LookupRequest =
  /** The nodes closest to a target: `count` of them, k by default. Fewer cost fewer connections. */
  | { readonly kind: 'nodes'; readonly target: Uint8Array; readonly count?: number }
  /** The providers of a procedure, merged from all who keep records of it. */
  | { readonly kind: 'providers'; readonly procedure: string; readonly key: Uint8Array }
  /** Puts a record on the k nodes closest to its key. */
  | { readonly kind: 'store'; readonly key: Uint8Array; readonly value: SignedRecordPayload };

/** What it took. */
export interface LookupStats {
  /** Nodes asked. */
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Longest chain of referrals that was needed. */
  readonly hops: number;
  /** Milliseconds until the first node had records; undefined when none had, or none were wanted. */
  readonly first: number | undefined;
  /** Milliseconds. */
  readonly took: number;
}

export type LookupOutcome =
  | { readonly tag: 'nodes'; readonly closest: readonly Contact[] }
  /** Empty when the k closest answered and none keeps a record: an authoritative no. */
  | { readonly tag: 'providers'; readonly providers: readonly RemoteProvider[] }
  /** On how many of how many the record is. Zero of some: nobody took it. */
  | { readonly tag: 'stored'; readonly stored: number; readonly of: number }
  /** Nobody could be asked, or nobody answered, or time was over before an answer was sure. */
  | { readonly tag: 'unreachable'; readonly detail: string };

/** Sent to the owner of a lookup when it has ended; a lookup that dies sends none, so it is monitored. */
export class LookupDone {
  readonly lookup: Process;
  readonly request: LookupRequest;
  readonly outcome: LookupOutcome;
  readonly stats: LookupStats;
  constructor(lookup: Process, request: LookupRequest, outcome: LookupOutcome, stats: LookupStats) {
    this.lookup = lookup;
    this.request = request;
    this.outcome = outcome;
    this.stats = stats;
  }
}
