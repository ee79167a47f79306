/**
 * Which nodes come and go, told directly to whoever listens: exactly one `down` for each `up`.
 */
export interface NodeUp {
  readonly tag: 'nodeup';
  readonly node: string;
}

export interface NodeDown {
  readonly tag: 'nodedown';
  readonly node: string;
  /** Why, for people and programs: a word such as `disconnect`, `net_tick_timeout`, `closed`. */
  readonly reason: string;
}

export type NodeChange = NodeUp | NodeDown;

export class DistEvents {
  readonly #listeners = new Set<(change: NodeChange) => void>();
  readonly #fault: (error: unknown) => void;

  /** @param fault a listener threw. */
  constructor(fault: (error: unknown) => void) {
    this.#fault = fault;
  }

  /** @returns what ends it. */
  listen(listener: (change: NodeChange) => void): () => void {
    const own = (change: NodeChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(change: NodeChange): void {
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener(change);
      } catch (error) {
        this.#fault(error);
      }
    }
  }
}
