/**
 * How much may be searched for among stations, by whoever asks: one call for a name that nobody knows becomes one or
 * two between any two stations. Pure; monotonic ms.
 *
 * A search is paid for when it begins and given back when somebody has answered: what is served costs nothing in the
 * end. Large arguments cost more, for they travel along.
 */
import { QuestionBudget, type Budget } from '../connection/question-budget.ts';

/** One client, or one station that we do not name as a peer. At once as many as a busy client calls in one moment. */
const STRANGER: Budget = { rate: 16, burst: 1_024 };
/** A station among our peers, which asks for all its clients; and all strangers together. */
const MANY: Budget = { rate: 256, burst: 8_192 };
/** Askers that are counted at most. */
const COUNTED = 4_096;
/** Bytes of arguments, in memory, that cost as much as a search without any. */
const PIECE = 16_384;
/** What a search costs at most. */
const DEAREST = 256;

/** What a search with arguments of this weight costs. */
export const costOf = (weight: number): number => Math.min(DEAREST, 1 + Math.floor(weight / PIECE));

/** Takes back what a search has cost. */
export type GiveBack = () => void;

export class SearchBudgets {
  /** By asker, the one that asked last last. */
  readonly #askers = new Map<string, QuestionBudget>();
  readonly #strangers = new QuestionBudget(MANY);

  /**
   * Undefined when that is too much now.
   * @param asker hex id; empty: this node itself, which is not limited.
   * @param isPeered it is a station among our peers.
   */
  take(asker: string, isPeered: boolean, cost: number, now: number): GiveBack | undefined {
    if (asker === '') return NOTHING;
    const own = this.#of(asker, isPeered);
    if (!own.take(now, cost)) return undefined;
    if (isPeered) return () => own.giveBack(cost);
    if (!this.#strangers.take(now, cost)) {
      own.giveBack(cost);
      return undefined;
    }
    return () => {
      own.giveBack(cost);
      this.#strangers.giveBack(cost);
    };
  }

  #of(asker: string, isPeered: boolean): QuestionBudget {
    const budget = this.#askers.get(asker) ?? new QuestionBudget(isPeered ? MANY : STRANGER);
    this.#askers.delete(asker);
    const oldest = this.#askers.size < COUNTED ? undefined : this.#askers.keys().next().value;
    if (oldest !== undefined) this.#askers.delete(oldest);
    this.#askers.set(asker, budget);
    return budget;
  }
}

const NOTHING: GiveBack = () => {};
