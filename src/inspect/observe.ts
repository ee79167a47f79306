/**
 * A tree as it changes, for programs: `for await (const delta of node.observe({ interval: 500 }))`.
 */
import type { Delta } from './delta.ts';
import { changed as withChange, type ActorRow } from './row.ts';
import { INTERVAL, Watch, type WatchHost } from './watch.ts';

export interface ObserveOptions {
  /** Ends it; the loop then ends too. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds between two looks, 100 to 60,000. Default 1,000. */
  readonly interval?: number | undefined;
  /** Which actors are told of. An actor is asked for again whenever it changes. Default: all. */
  readonly filter?: ((row: ActorRow) => boolean) | undefined;
}

/**
 * Gives the whole tree first, as a delta with `reset`, then what changes. Who takes its time gets what it missed as one delta, or as
 * the whole tree again. Ends with the signal, and when the tree has ended. Throws `TypeError` for wrong options.
 */
export function observe(host: WatchHost, options: ObserveOptions = {}): AsyncIterableIterator<Delta> {
  const { signal, interval = INTERVAL.usual, filter } = options;
  if (typeof interval !== 'number' || !(interval >= INTERVAL.least && interval <= INTERVAL.most))
    throw new TypeError(`interval must be a number of ms from ${INTERVAL.least} to ${INTERVAL.most}`);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError('signal must be an AbortSignal');
  if (filter !== undefined && typeof filter !== 'function')
    throw new TypeError('filter must be a function of a row');
  return watched(host, interval, signal, filter);
}

async function* watched(
  host: WatchHost,
  interval: number,
  signal: AbortSignal | undefined,
  filter: ObserveOptions['filter'],
): AsyncGenerator<Delta, undefined> {
  const watch = new Watch(host);
  const news = new Bell();
  const ring = (): void => news.ring();
  signal?.addEventListener('abort', ring);
  const leave = watch.subscribe(ring, interval);
  const shown = filter === undefined ? undefined : new Shown(filter);
  const over = (): boolean => signal?.aborted === true;
  try {
    let delta = over() ? undefined : await watch.tree();
    for (let seq = 0; !over(); delta = watch.since(seq)) {
      if (delta === undefined) {
        if (watch.over) return undefined;
        await news.wait();
        continue;
      }
      ({ seq } = delta);
      const told: Delta | undefined = shown === undefined ? delta : shown.of(delta);
      if (told !== undefined) yield told;
    }
    return undefined;
  } finally {
    signal?.removeEventListener('abort', ring);
    leave();
    watch.close();
  }
}

/** Wakes one who waits; a ring before the wait counts. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(): Promise<void> {
    if (!this.#rung) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#rung = false;
    this.#wake = undefined;
  }
}

/** What passes a filter, and what has left with what no longer does. */
class Shown {
  readonly #filter: (row: ActorRow) => boolean;
  readonly #all = new Map<string, ActorRow>();
  readonly #shown = new Set<string>();

  constructor(filter: (row: ActorRow) => boolean) {
    this.#filter = filter;
  }

  /** Undefined: nothing that is shown has changed. */
  of(delta: Delta): Delta | undefined {
    if (delta.reset === true) {
      this.#all.clear();
      this.#shown.clear();
    }
    const added: ActorRow[] = [];
    const removed: string[] = [];
    const changed: Delta['changed'][number][] = [];
    for (const id of delta.removed) {
      this.#all.delete(id);
      if (this.#shown.delete(id)) removed.push(id);
    }
    for (const row of delta.added) this.#take(row, () => added.push(row), removed);
    for (const change of delta.changed) {
      const known = this.#all.get(change.id);
      if (known === undefined) continue;
      const was = this.#shown.has(change.id);
      const row = withChange(known, change);
      this.#take(row, () => (was ? changed.push(change) : added.push(row)), removed);
    }
    if (delta.reset !== true && added.length + removed.length + changed.length === 0) return undefined;
    return { ...delta, added, removed, changed };
  }

  #take(row: ActorRow, tell: () => void, removed: string[]): void {
    this.#all.set(row.id, row);
    if (this.#filter(row)) {
      tell();
      this.#shown.add(row.id);
    } else if (this.#shown.delete(row.id)) removed.push(row.id);
  }
}
