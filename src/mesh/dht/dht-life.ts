/**
 * What of the DHT outlives its actors: the contacts that were verified, and how far this node has come.
 *
 * The actor `routingTable` alone writes it, but for times and failures, like an ETS table with an heir. Its successor
 * makes a new table of the old one's contacts: whatever was wrong with the old one ends with it.
 */
import { DURATIONS, Histogram } from '../../actor/histogram.ts';
import { ContactBook } from './contact-book.ts';
import { Crowding } from './crowding.ts';
import { LostContacts } from './lost-contacts.ts';
import { RecentFailures } from './recent-failures.ts';
import { RequestTimes } from './request-times.ts';
import type { RoutingTable } from './routing-table.ts';

/** Referrals; a mesh of a million nodes takes ten. */
const HOPS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20];

export interface DhtLife {
  table: RoutingTable | undefined;
  readonly lost: LostContacts;
  /** Whom others have named; every lookup adds to it. */
  readonly book: ContactBook;
  /** How long answers take; every lookup adds to it. */
  readonly times: RequestTimes;
  /** Who has just not answered; every lookup adds to it too. */
  readonly failures: RecentFailures;
  /** Which keys have too many nodes around them. */
  readonly crowding: Crowding;
  /** What lookups took, milliseconds, and their longest chains of referrals; every lookup adds to them. */
  readonly took: Histogram;
  readonly hops: Histogram;
  /** Our place among the others was found once, or there are no others to ask. */
  joined: boolean;
  /** There is nobody beside us: what we do not know, nobody knows. */
  alone: boolean;
  /** Since when nobody is in reach, clock ms; undefined while somebody is, or nobody ever was. */
  lostAt: number | undefined;
  /** Whom to tell when we have joined. */
  readonly waiting: Set<() => void>;
}

export const newDhtLife = (): DhtLife => ({
  table: undefined,
  lost: new LostContacts(),
  book: new ContactBook(),
  times: new RequestTimes(),
  failures: new RecentFailures(),
  crowding: new Crowding(),
  took: new Histogram(DURATIONS),
  hops: new Histogram(HOPS),
  joined: false,
  alone: false,
  lostAt: undefined,
  waiting: new Set(),
});
