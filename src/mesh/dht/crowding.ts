/**
 * Keys with more nodes around them than chance puts there: somebody may have made ids until they were closest to the
 * key, to hide what is stored under it (an eclipse, SECURITY §14).
 *
 * Pure. Ids are hashes, so nodes lie evenly, and the k-th closest node is about as far from one target as from any
 * other. Who wants to be all of the k closest has to be closer than the closest honest node, so about k times closer
 * than that. Chance puts k = 20 nodes `CROWDED` times closer once in some 10^11 lookups. What is usual is the median
 * over the last targets, one of each region of the ids, so that asking for names nearby, however often, does not make
 * it usual; a mesh that has grown meanwhile shows in our own table.
 */
import { seconds } from '../../actor/clock.ts';
import { headOf } from './node-id.ts';

/** So many times closer than usual is too close. */
const CROWDED = 8;
/** Of regions: as many as five bits tell apart. */
const REGION_BITS = 27;
/** Keys remembered that were told, the newest. */
const MOST = 32;
/** Regions below which nothing is usual yet. */
const LEAST = 3;
/** A mesh grows: what is older is not compared with. */
const RECENT = seconds(600);
/** Until the same key is told again. */
const SILENCE = seconds(3_600);

/** We, and how far our own neighbors are. */
export interface Neighborhood {
  readonly self: Uint8Array;
  readonly neighbor: Uint8Array | undefined;
}

interface Sample {
  readonly distance: number;
  readonly at: number;
}

export class Crowding {
  /** By region. */
  readonly #samples = new Map<number, Sample>();
  /** Heads of keys that were told, and when. */
  readonly #told = new Map<number, number>();

  /**
   * A lookup for `target` found `farthest` as the k-th closest that lives, at clock time `now`. `neighbor`: the k-th
   * closest contact of our table to `self`, us; undefined when it has fewer.
   *
   * @returns how many times closer than usual that is, when it is too close and was not told within the last hour.
   */
  judge(
    target: Uint8Array,
    farthest: Uint8Array,
    { self, neighbor }: Neighborhood,
    now: number,
  ): number | undefined {
    const head = headOf(target);
    const distance = distanceOf(target, farthest);
    const region = head >>> REGION_BITS;
    const usual = this.#usual(region, now);
    this.#samples.set(region, { distance, at: now });
    if (usual === undefined || neighbor === undefined) return undefined;
    if (distance * CROWDED > Math.min(usual, distanceOf(self, neighbor))) return undefined;
    if (now - (this.#told.get(head) ?? -Infinity) < SILENCE) return undefined;
    remember(this.#told, head, now);
    return Math.round(usual / distance);
  }

  /** The median distance over targets of other regions. */
  #usual(region: number, now: number): number | undefined {
    const distances: number[] = [];
    for (const [other, { distance, at }] of this.#samples)
      if (other !== region && now - at < RECENT) distances.push(distance);
    if (distances.length < LEAST) return undefined;
    return distances.sort((a, b) => a - b)[distances.length >> 1];
  }
}

/** Of 2^32. */
const distanceOf = (a: Uint8Array, b: Uint8Array): number => ((headOf(a) ^ headOf(b)) >>> 0) + 1;

function remember(map: Map<number, number>, head: number, now: number): void {
  map.delete(head);
  map.set(head, now);
  if (map.size <= MOST) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    break;
  }
}
