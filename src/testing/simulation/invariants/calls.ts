/**
 * Invariants 2 and 3: what is promised of every call. Pure.
 */
import type { CallFacts } from '../ledger.ts';

/** A settled call may wait for its turn, milliseconds. */
export const EPSILON = 5;
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

/** A client between two moments in which it only asked questions. */
export interface Replies {
  readonly member: string;
  /** Each of its questions was answered in time. */
  readonly answered: boolean;
  /** Answers that came and nobody waited for. */
  readonly late: number;
}

/** Invariant 2, seen from outside: who has its answer gets no other one. */
export function* repliedOnce(clients: Iterable<Replies>): Generator<string> {
  for (const { member, answered, late } of clients)
    if (answered && late > 0) yield `${member} got ${late} answers to calls that were settled`;
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
