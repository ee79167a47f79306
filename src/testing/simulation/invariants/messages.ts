/**
 * Invariants 1, 2, 6, 7 and 8: what is promised of messages, questions, monitors, links and stops, by the diary of the
 * probes. Pure; between two turns.
 */
import type { Diary, Pair, Stopped } from '../diary.ts';
import { EPSILON } from './calls.ts';

/** Messages waiting for a process; undefined when it is dead. */
export type QueueOf = (serial: number) => number | undefined;

const between = ({ sender, receiver }: Pair): string => `from ${sender} to ${receiver}`;

/** Invariant 1. */
export function* inOrder({ pairs }: Diary): Generator<string> {
  for (const pair of pairs.values()) {
    if (pair.wrong !== undefined) yield `messages ${between(pair)}: ${pair.wrong} came`;
    if (pair.received > pair.accepted)
      yield `${pair.received} messages ${between(pair)} came, ${pair.accepted} were sent`;
  }
}

/** Invariant 7: nothing gets lost on the way to the living, and no more waits than there is room for. */
export function* balanced({ pairs }: Diary, bound: number, queueOf: QueueOf): Generator<string> {
  for (const pair of pairs.values()) {
    if (pair.deepest > bound) yield `${pair.deepest} messages ${between(pair)} waited, ${bound} at most`;
    const queued = queueOf(pair.receiver);
    if (queued !== undefined && pair.received + queued < pair.accepted)
      yield `of ${pair.accepted} messages ${between(pair)} ${pair.received} came and ${queued} wait`;
  }
}

/** Invariant 6: of one supervisor, between two starts, each stop is of one that was started earlier than the last. */
export function* stoppedInReverse({ stops }: Diary): Generator<string> {
  const last = new Map<number, Stopped>();
  for (const stop of stops) {
    const before = last.get(stop.supervisor);
    if (before !== undefined && before.starts === stop.starts && before.order <= stop.order)
      yield `supervisor ${stop.supervisor} stopped child ${stop.order} after child ${before.order}`;
    last.set(stop.supervisor, stop);
  }
}

/** Invariant 8. */
export function* toldOnce({ watches }: Diary, queueOf: QueueOf): Generator<string> {
  for (const { by, watcher, target, released, notices } of watches) {
    const notice = by === 'link' ? 'EXIT' : 'DOWN';
    if (notices > 1) yield `${watcher} got ${notices} ${notice}s for one ${by} of ${target}`;
    if (released) {
      if (notices > 0) yield `${watcher} got a ${notice} of ${target}, whose ${by} it had given up`;
      continue;
    }
    const alive = queueOf(target) !== undefined;
    if (alive && notices > 0) yield `${watcher} got a ${notice} of ${target}, which lives`;
    const waiting = queueOf(watcher);
    if (!alive && notices === 0 && waiting === 0)
      yield `${watcher} got no ${notice} of ${target}, which is dead`;
  }
}

/** Invariant 2, of the questions that the probes ask each other, at `now`. */
export function* answeredOnce({ questions }: Diary, now: number): Generator<string> {
  for (const { asker, deadline, settled } of questions) {
    if (settled > 1) yield `a question of ${asker} settled ${settled} times`;
    else if (settled === 0 && now > deadline + EPSILON)
      yield `a question of ${asker} is open ${now - deadline} ms after its deadline`;
  }
}
