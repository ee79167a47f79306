/**
 * Whose processes other nodes may know: the user's. Actors of the distribution and of the node around it are nobody else's business
 * (SECURITY §9), but for what others have started here.
 */
import type { Process } from '../actor/process.ts';

export class Roots {
  readonly #app: () => Process | undefined;
  /** Where what others start here is; the supervised actor of that name writes it. */
  spawned: Process | undefined;
  /** Actors of the distribution that others know by their pids. */
  readonly #open = new WeakSet<Process>();
  /** Of the tree in which the distribution lives. */
  #root: Process | undefined;

  /** @param app what is below it is the user's own. */
  constructor(app: () => Process | undefined) {
    this.#app = app;
  }

  /** An actor of the distribution has started: what is beside and above it is private. */
  begin(spawned: Process): void {
    this.spawned = spawned;
    let top = spawned;
    while (top.parentProcess !== null) top = top.parentProcess;
    this.#root = top;
  }

  /** Lets others know it. What they may do to it is said where it is registered. */
  open(process: Process): void {
    this.#open.add(process);
  }

  isPrivate(process: Process): boolean {
    if (this.#open.has(process)) return false;
    const app = this.#app();
    for (let one: Process | null = process; one !== null; one = one.parentProcess) {
      if (one === this.spawned || one === app) return one === process;
      if (one === this.#root) return true;
    }
    return false;
  }
}
