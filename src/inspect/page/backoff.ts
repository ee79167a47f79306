/** When to look for a node again that has gone. Pure. */

/** A restarted node is soon back: first tries come quickly, later ones cost next to nothing. Milliseconds. */
const FIRST = 250;
const LAST = 5_000;

/** Before try `attempt`, counted from 0. */
export const retryDelay = (attempt: number): number => Math.min(LAST, FIRST * 2 ** Math.min(attempt, 16));
