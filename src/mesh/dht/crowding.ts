/**
 * Keys with more nodes around them than chance puts there: somebody may have made ids until they were closest to the
 * key, to hide what is stored under it (an eclipse, SECURITY §14).
 *
 * Pure. Ids are hashes, so nodes lie evenly, and the k-th closest node is about as far from one target as from any
 * other. Who wants to be all of the k closest has to be closer than the closest honest node, so about k times closer
 * than that. Chance puts k = 20 nodes `CROWDED` times closer once in some 10^11 lookups. What is usual is the median
 * over the last targets, one value for each, so that asking often about one key does not make it usual.
 */
import { seconds } from '../../actor/clock.ts';
import { headOf } from './node-id.ts';

/** So many times closer than usual is too close. */
const CROWDED = 8;
/** Targets remembered, the newest. */
const MOST = 32;
/** Targets below which nothing is usual yet. */
const LEAST = 3;
/** A mesh grows: what is older is not compared with. */
const RECENT = seconds(600);
/** Until the same key is told again. */
const SILENCE = seconds(3_600);

interface Sample {
  readonly distance: number;
  readonly at: number;
}

export class Crowding {
  /** By the target's head, oldest first. */
  readonly #samples = new Map<number, Sample>();
  /** Heads of keys that were told, and when. */
  readonly #told = new Map<number, number>();

  /**
   * A lookup for `target` found `farthest` as the k-th closest that lives, at clock time `now`.
   *
   * @returns how many times closer than usual that is, when it is too close and was not told within the last hour.
   */
  judge(target: Uint8Array, farthest: Uint8Array, now: number): number | undefined {
    const head = headOf(target);
    const distance = ((head ^ headOf(farthest)) >>> 0) + 1;
    const usual = this.#usual(head, now);
    remember(this.#samples, head, { distance, at: now });
    if (usual === undefined || distance * CROWDED > usual) return undefined;
    if (now - (this.#told.get(head) ?? -Infinity) < SILENCE) return undefined;
    remember(this.#told, head, now);
    return Math.round(usual / distance);
  }

  /** The median distance over other targets. */
  #usual(head: number, now: number): number | undefined {
    const distances: number[] = [];
    for (const [other, { distance, at }] of this.#samples)
      if (other !== head && now - at < RECENT) distances.push(distance);
    if (distances.length < LEAST) return undefined;
    return distances.sort((a, b) => a - b)[distances.length >> 1];
  }
}

function remember<Value>(map: Map<number, Value>, head: number, value: Value): void {
  map.delete(head);
  map.set(head, value);
  if (map.size <= MOST) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    break;
  }
}
