/**
 * The tree of processes: each hangs below the one that started it, children in start order.
 *
 * Intrusive lists, so that 100,000 children start and stop in linear time. A process whose parent died is
 * moved to the root list: nothing alive is ever out of sight.
 */
import type { Process } from './process.ts';

/** The head of a list of siblings: a process, or the runtime for those without a parent. */
export interface Siblings {
  firstChild: Process | null;
  lastChild: Process | null;
}

export function adopt(parent: Siblings, child: Process): void {
  child.previousSibling = parent.lastChild;
  child.nextSibling = null;
  if (parent.lastChild === null) parent.firstChild = child;
  else parent.lastChild.nextSibling = child;
  parent.lastChild = child;
}

export function abandon(parent: Siblings, child: Process): void {
  if (child.previousSibling === null) parent.firstChild = child.nextSibling;
  else child.previousSibling.nextSibling = child.nextSibling;
  if (child.nextSibling === null) parent.lastChild = child.previousSibling;
  else child.nextSibling.previousSibling = child.previousSibling;
  child.previousSibling = child.nextSibling = null;
}

export function* childrenOf(parent: Siblings): Generator<Process> {
  let child = parent.firstChild;
  while (child !== null) {
    const next: Process | null = child.nextSibling;
    yield child;
    child = next;
  }
}

/** Labels from the root down to the parent of `process`. */
export function pathOf(process: Process): readonly string[] {
  const path: string[] = [];
  for (let up = process.parentProcess; up !== null; up = up.parentProcess) path.unshift(up.label);
  return path;
}
