/**
 * When a cluster dials and when it asks for records. Pure.
 *
 * Dials wait as everything here that is tried again does: full jitter below 250 ms that double up to 16 s, from the start again after
 * 30 s of health. SPEC §10 names 5 s for a lost node; both ends dial, so that is about the mean. Of two nodes the one with the
 * greater name goes first, since its attempt is the one that goes on when they dial each other at once.
 */
import type { Random } from '../../actor/random.ts';
import { delay } from '../../mesh/peer/backoff.ts';

/** Milliseconds by which the node with the lesser name lets the other one go first. */
const GRACE = 500;
/** Milliseconds between two lookups (SPEC §10), and between the first ones, when many begin at once. */
const POLL = 5_000;
const EARLY = 500;
/** Lookups that are early ones. */
const EARLY_POLLS = 10;
const JITTER = 0.25;

/** Milliseconds before a node is dialed that was heard of just now. */
export const firstDial = (us: string, them: string, random: Random): number =>
  us > them ? 0 : GRACE * (1 + random.float());

/** Milliseconds before a node is dialed again after `attempt` tries. */
export const nextDial = (us: string, them: string, attempt: number, random: Random): number =>
  delay(attempt, random) + firstDial(us, them, random);

/** Milliseconds before the next lookup, after `polls` of them. */
export const nextPoll = (polls: number, random: Random): number =>
  (polls < EARLY_POLLS ? EARLY : POLL) * (1 - JITTER + 2 * JITTER * random.float());
