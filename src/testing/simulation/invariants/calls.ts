/**
 * Invariants 2 and 3: what is promised of every call. Pure.
 */
import type { CallFacts } from '../ledger.ts';

/** A settled call may wait for its turn, milliseconds. */
const EPSILON = 5;
/** A call that may be repeated is tried by this many at most: more is a runaway. */
const ATTEMPTS = 8;

/** Invariant 2, at `now`. */
export function* settledOnce(calls: ReadonlyMap<number, CallFacts>, now: number): Generator<string> {
  for (const [id, { settled, settledAt, deadline, kind }] of calls) {
    if (settled > 1) yield `call ${id} (${kind}) settled ${settled} times`;
    else if (settled === 1 && settledAt > deadline + EPSILON)
      yield `call ${id} (${kind}) settled ${settledAt - deadline} ms late`;
    else if (settled === 0 && now > deadline + EPSILON)
      yield `call ${id} (${kind}) is open ${now - deadline} ms after its deadline`;
  }
}

/** Invariant 3. */
export function* ranOnce(calls: ReadonlyMap<number, CallFacts>): Generator<string> {
  for (const [id, { kind, runs }] of calls) {
    let all = 0;
    for (const [provider, times] of runs) {
      all += times;
      if (times > 1 && kind === 'keyed') yield `call ${id} (keyed) ran ${times} times at ${provider}`;
    }
    const most = kind === 'idempotent' || kind === 'keyed' ? ATTEMPTS : 1;
    if (all > most)
      yield `the handler of call ${id} (${kind}) ran ${all} times: ${[...runs.keys()].join(' ')}`;
  }
}
