/**
 * When which path is asked (TRANSPORT §12). Pure; ms.
 */

/** Milliseconds between two questions to a path in use; a slower path is given half a round trip more than its own. */
const INTERVAL = 100;
const PATIENCE = 1.5;
/** What a round trip is believed to be before one was measured (RFC 9002 §6.2.2). */
const UNKNOWN_RTT = 333;

/** Unanswered questions after which packets go along another path as well, and after which they go there instead. */
export const DOUBT_AFTER = 1;
export const DEAD_AFTER = 3;

/** Questions to an address that was offered, in all, and how long they may take: a punch that works is over by then. */
export const SEARCH_QUESTIONS = 24;
/** So many of them come quickly, because both sides of a punch have to meet. */
const QUICK_QUESTIONS = 8;
const QUICK = 50;
const SLOW = 100;

/** Between two questions to a path that is not used, so that NATs on it remember us. */
export const STANDBY = 15_000;

/** First pause before a dead path is asked again; doubles with each question and each death that follows soon. */
const RETRY = 1_000;
const MAX_RETRY = 60_000;
/** Questions to a dead path before it is given up. */
export const RETRIES = 8;
/** A path that was used for so long has got over its earlier deaths. */
export const SETTLED = 30_000;

/** A deadline that is noticed so late says that our own event loop was: an answer may lie unread. */
const LATE = 20;
/** What is looked at first then. */
export const GRACE = 20;

/** How long an answer is waited for before the question counts as missed. */
export const patience = (rtt: number = UNKNOWN_RTT): number => Math.max(INTERVAL, PATIENCE * rtt);

/** The pause after question number `asked` (from 1) to an offered address: 0, 50, … 400, 500, … 1,900 ms. */
export const searchPause = (asked: number): number => (asked <= QUICK_QUESTIONS ? QUICK : SLOW);

/** The pause before question number `asked` (from 0) to a path that has died `deaths` times (from 1). */
export const retryPause = (deaths: number, asked: number): number =>
  Math.min(MAX_RETRY, RETRY * 2 ** (deaths - 1 + asked));

/** Whether `now` is too late after `due` for an unanswered question to mean anything. */
export const isLate = (due: number, now: number): boolean => now - due > LATE;
