/**
 * Invariants 4, 7, 8 and 9: what is promised of every process of a runtime. Pure; between two turns.
 */

/** One living process. */
export interface ProcessFacts {
  readonly serial: number;
  readonly label: string;
  /** It ends, and may take its time. */
  readonly stopping: boolean;
  /** Undefined: it hangs below the runtime itself. */
  readonly parent: { readonly serial: number; readonly alive: boolean } | undefined;
  /** Of a supervisor that should be there: the root of the tree. */
  readonly isRoot: boolean;
  readonly queued: number;
  readonly bound: number;
  /** Unique over all scopes of the runtime. */
  readonly names: readonly string[];
  /** Those it is linked to, its parent and its children left out. */
  readonly links: readonly { readonly serial: number; readonly alive: boolean }[];
}

/** Signals are never refused: so many may wait beside a full mailbox. */
const SIGNALS = 1_000;

/** Invariant 4. */
export function* noOrphans(processes: readonly ProcessFacts[]): Generator<string> {
  for (const { label, serial, parent, isRoot, stopping } of processes) {
    if (stopping || isRoot) continue;
    if (parent === undefined) yield `${label} (${serial}) lives without a supervisor`;
    else if (!parent.alive) yield `${label} (${serial}) lives, its supervisor (${parent.serial}) is dead`;
  }
}

/** Invariant 7, the bound. */
export function* bounded(processes: readonly ProcessFacts[]): Generator<string> {
  for (const { label, serial, queued, bound } of processes)
    if (queued > bound + SIGNALS) yield `${label} (${serial}) has ${queued} messages, ${bound} at most`;
}

/** Invariant 8: a death ends the links; what is left of one would be heard of again, or never freed. */
export function* linkedToLiving(processes: readonly ProcessFacts[]): Generator<string> {
  for (const { label, serial, links } of processes)
    for (const other of links)
      if (!other.alive) yield `${label} (${serial}) is linked to ${other.serial}, which is dead`;
}

/** Invariant 9. */
export function* namedOnce(processes: readonly ProcessFacts[]): Generator<string> {
  const holders = new Map<string, number>();
  for (const { serial, names } of processes) {
    for (const name of names) {
      const other = holders.get(name);
      if (other !== undefined && other !== serial) yield `${name} is the name of ${other} and of ${serial}`;
      holders.set(name, serial);
    }
  }
}
