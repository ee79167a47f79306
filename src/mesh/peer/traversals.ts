/**
 * The attempts of the peer pool to reach peers through their NATs, each once per wish and no longer than anybody waits.
 */
import type { Process, Self } from '../../actor/process.ts';
import { shared, type MeshContext } from '../context.ts';
import { attemptTime } from './pool-plan.ts';
import { AttemptOver, type Wish } from './wish.ts';

export class Traversals {
  readonly #context: MeshContext;
  readonly #self: Self;
  readonly #wishes = new Map<Process, Wish>();

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
    // addresses of its own that are left have their part of the time
    const left = attemptTime(wish.deadline - this.#self.clock.now(), 1 + wish.untried.length, Infinity);
    const connector = shared(this.#context, 'natConnector');
    const wanted = { ...wish.hints, nodeId: wish.nodeId ?? '', stations: [...wish.stations] };
    const attempt = connector?.attempt(wanted, left, this.#self as Process);
    if (attempt === undefined) return false;
    this.#self.monitor(attempt);
    this.#self.sendAfter(left, new AttemptOver(attempt));
    this.#wishes.set(attempt, wish);
    wish.phase = 'traversing';
    return true;
  }

  /** Whose attempt has found a way; undefined when nobody waits for one any more. */
  found(attempt: Process): Wish | undefined {
    const wish = this.#wishes.get(attempt);
    return wish?.phase === 'traversing' || wish?.phase === 'dialing' ? wish : undefined;
  }

  /** An attempt has ended, or its time has. Its wish, when that needs another way. */
  over(attempt: Process): Wish | undefined {
    const wish = this.#wishes.get(attempt);
    this.#wishes.delete(attempt);
    return wish?.phase === 'traversing' ? wish : undefined;
  }

  /** An attempt has failed, so that the way it found is none. */
  failed(attempt: Process): Wish | undefined {
    const wish = this.#wishes.get(attempt);
    return wish?.phase === 'dialing' ? wish : undefined;
  }
}
