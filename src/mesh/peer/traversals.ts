/**
 * The attempts of the peer pool to reach peers through their NATs, each no longer than anybody waits.
 */
import type { Process, Self } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import { shared, type MeshContext } from '../context.ts';
import { Unwanted } from './nat-connector.ts';
import { traversalTime, underWay } from './race.ts';
import { AttemptOver, type Wish } from './wish.ts';

interface Traversal {
  readonly wish: Wish;
  readonly timer: TimerEntry;
}

export class Traversals {
  readonly #context: MeshContext;
  readonly #self: Self;
  readonly #traversals = new Map<Process, Traversal>();

  constructor(context: MeshContext, self: Self) {
    this.#context = context;
    this.#self = self;
  }

  /** Whether somebody knows how, and has not tried for this wish. */
  mayTry({ nodeId, traversed }: Wish): boolean {
    return nodeId !== undefined && !traversed && shared(this.#context, 'natConnector') !== undefined;
  }

  /** False when no attempt can be made now. */
  begin(wish: Wish): boolean {
    wish.traversed = true;
    const ways = 1 + wish.untried.length + underWay(wish.race);
    const time = traversalTime(wish.deadline - this.#self.clock.now(), ways);
    const connector = shared(this.#context, 'natConnector');
    const wanted = { ...wish.hints, nodeId: wish.nodeId ?? '', stations: [...wish.stations] };
    const attempt = connector?.attempt(wanted, time, this.#self as Process);
    if (attempt === undefined) return false;
    this.#self.monitor(attempt);
    const timer = this.#self.sendAfter(time, new AttemptOver(attempt));
    this.#traversals.set(attempt, { wish, timer });
    wish.traversal = attempt;
    return true;
  }

  /** Whose attempt it is; undefined when nobody waits for it any more. */
  find(attempt: Process): Wish | undefined {
    return this.#traversals.get(attempt)?.wish;
  }

  /** An attempt has ended, or its time has. Its wish, when that waits for it. */
  over(attempt: Process): Wish | undefined {
    const traversal = this.#traversals.get(attempt);
    if (traversal === undefined) return undefined;
    traversal.timer.unset();
    this.#traversals.delete(attempt);
    traversal.wish.traversal = undefined;
    return traversal.wish;
  }

  /** Another way was faster, or nobody wants any. */
  cancel(wish: Wish): void {
    const attempt = wish.traversal;
    if (attempt === undefined) return;
    this.over(attempt);
    wish.untraversed();
    this.#self.send(attempt, new Unwanted());
  }
}
