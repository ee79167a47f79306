/**
 * Which datagrams are lost, in bursts: a chain of two states, one that loses nothing and one that loses all.
 *
 * Real links lose in a row (a fade, a full queue), and that is what recovery finds hard: independent loss of
 * the same share is a mild test. A channel fades whether it is used or not, so its state also changes while
 * nothing is sent, once per `slot`. Pure: time and chance come in. Source: Gilbert (1960), Elliott (1963).
 */
import type { Random } from '../../actor/random.ts';
import { checkLoss, type BurstLoss } from './conditions.ts';

export class GilbertElliott {
  /** Independent loss: the state means nothing. */
  readonly #alone: boolean;
  readonly #share: number;
  /** Chance to fall into the bad state, per datagram. */
  readonly #fall: number;
  /** Chance to leave it: its inverse is the mean length of a burst. */
  readonly #recover: number;
  readonly #slot: number;
  #bad = false;
  #last: number | undefined;

  /**
   * A share above burst / (burst + 1) cannot be had in bursts so short: they become as long as it takes. Throws
   * `RangeError`.
   */
  constructor(loss: number | BurstLoss) {
    checkLoss('loss', loss);
    const { share, burst, slot = Infinity } = typeof loss === 'number' ? { share: loss, burst: 1 } : loss;
    this.#share = share;
    this.#slot = slot;
    this.#alone = burst <= 1 || share === 0;
    this.#recover = Math.min(1 / burst, (1 - share) / share);
    // In the long run the bad state holds for fall / (fall + recover) of the datagrams.
    this.#fall = share === 1 ? 1 : (share * this.#recover) / (1 - share);
  }

  /** Whether the next datagram is lost. One draw. `now` in ms. */
  loses(random: Random, now: number): boolean {
    const draw = random.float();
    if (this.#alone) return draw < this.#share;
    const steps = 1 + Math.floor((now - (this.#last ?? now)) / this.#slot);
    this.#last = now;
    // The chain after so many steps: it forgets where it was by this factor with each.
    const memory = (1 - this.#fall - this.#recover) ** steps;
    this.#bad = draw < this.#share * (1 - memory) + (this.#bad ? memory : 0);
    return this.#bad;
  }
}
