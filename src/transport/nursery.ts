/**
 * Frees what was received before V8 takes it for a full heap.
 *
 * Each datagram, and each read of a TCP socket, arrives in memory of its own, outside the heap, and is garbage a moment later. V8 (as
 * of Node 20) counts such memory against the room that its old generation has left, 16 MiB in a small process, and marks the whole
 * heap when that is used up: some 20 ms of CPU for every 16 MB received, more than reading them takes. A scavenge frees the same in
 * half a millisecond, but V8 begins none before 32 MB. So it is asked for one in time. How much that gives stands in
 * docs/benchmarks.md.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes received between two scavenges, at least. What is sent on, or decrypted, is garbage of the same size once or twice more. */
const LEAST = 2_097_152;
/** A large heap has more room, and more to look at: this share of it may be received instead. */
const SHARE = 8;
/** What one leaves behind beside its bytes. */
const EACH = 256;

/** What is done about it. */
export interface Collector {
  /** Frees young garbage. */
  scavenge(): void;
  /** Bytes of the heap in use. */
  heapUsed(): number;
}

export class Nursery {
  readonly #open: () => Collector | undefined;
  #collector: Collector | undefined;
  #received = 0;
  #limit = LEAST;

  /** `open`: gives the collector, when it is first needed; undefined when there is none. */
  constructor(open: () => Collector | undefined) {
    this.#open = open;
  }

  /** Something came, in memory of its own. */
  received(bytes: number): void {
    this.#received += bytes + EACH;
    if (this.#received >= this.#limit) this.#collect();
  }

  #collect(): void {
    this.#received = 0;
    const collector = (this.#collector ??= this.#open());
    collector?.scavenge();
    this.#limit = collector === undefined ? Infinity : Math.max(LEAST, collector.heapUsed() / SHARE);
  }
}

type Collect = (options: { readonly type: 'minor' }) => void;

/**
 * V8's own. Its function is in global scope only when Node was told so; a context made while that is allowed has it as well. The flag
 * is as it was afterwards.
 */
export function systemCollector(): Collector | undefined {
  const collect = (globalThis as { readonly gc?: Collect }).gc ?? hidden();
  if (collect === undefined) return undefined;
  return {
    scavenge: () => {
      collect({ type: 'minor' });
    },
    heapUsed: () => getHeapStatistics().used_heap_size,
  };
}

function hidden(): Collect | undefined {
  try {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as Collect;
  } catch {
    return undefined;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}

/** The one of this thread. */
export const nursery: Nursery = new Nursery(systemCollector);
