/**
 * What a crash report says beyond who and why (OTP R4): relations, the mailbox, linked neighbors.
 *
 * Made only for those who ask, while the process is being ended.
 */
import type { ExitReason } from './exit-reason.ts';
import { framesOf } from './outline.ts';
import { namesOf } from './names.ts';
import type { Pid } from './pid.ts';
import { Process, Status } from './process.ts';
import { childrenOf } from './tree.ts';

/** What `details()` of a crash report gives (OTP R4). Messages are as they are: `formatStatus` does not see them. */
export interface CrashDetails {
  /** The definition it ran. */
  readonly initialCall: string;
  /** What it was registered as, in any table. */
  readonly names: readonly unknown[];
  /** `exit`: a reason of its own choice. `error`: something was thrown. */
  readonly class: 'error' | 'exit';
  /** Places in the code, innermost first; empty when what was thrown is no error. */
  readonly stack: readonly string[];
  /** Its parent first. */
  readonly ancestors: readonly Pid[];
  /** The oldest messages that wait, 10 at most. */
  readonly messages: readonly unknown[];
  /** Parent and children it is linked to, then all others. */
  readonly links: readonly Pid[];
  readonly trapExit: boolean;
  /** Processes linked to it, directly or not, that do not trap exits: 15 at most, the nearest first. */
  readonly neighbors: readonly Neighbor[];
}

interface Neighbor {
  readonly pid: Pid;
  readonly label: string;
  readonly initialCall: string;
  readonly status: string;
  readonly queued: number;
  readonly links: readonly Pid[];
}

/** Messages and neighbors shown at most. */
const MESSAGES = 10;
const NEIGHBORS = 15;

const STATUS_NAMES = Object.fromEntries(Object.entries(Status).map(([name, value]) => [value, name]));

export function crashDetails(process: Process, reason: ExitReason): CrashDetails {
  return {
    initialCall: moduleOf(process),
    names: namesOf(process),
    class: process.failure?.class ?? (reason instanceof Error ? 'error' : 'exit'),
    stack: framesOf(reason),
    ancestors: ancestorsOf(process),
    messages: process.mailbox?.oldest(MESSAGES) ?? [],
    links: linksOf(process),
    trapExit: process.trapExit,
    neighbors: neighborsOf(process),
  };
}

/** All it is linked to, the edges to parent and children included. */
function linksOf(process: Process): readonly Pid[] {
  const parent = process.linkedToParent && process.parentProcess !== null ? [process.parentProcess] : [];
  const children = [...childrenOf(process)].filter((child) => child.linkedToParent);
  return [...parent, ...children, ...(process.links ?? [])];
}

/** Parent, grandparent, … */
export function ancestorsOf(process: Process): readonly Pid[] {
  const up: Pid[] = [];
  for (let next = process.parentProcess; next !== null; next = next.parentProcess) up.push(next);
  return up;
}

export const moduleOf = (process: Process): string => process.behavior.module ?? process.behavior.type;

/** What a process is doing, in a word. */
const statusName = (process: Process): string => STATUS_NAMES[process.status] ?? 'unknown';

function neighborsOf(process: Process): readonly Neighbor[] {
  const seen = new Set<Pid>([process]);
  const found: Neighbor[] = [];
  const queue: Process[] = [process];
  for (const next of queue) {
    for (const other of linksOf(next)) {
      if (!(other instanceof Process) || seen.has(other) || other.trapExit || !other.alive) continue;
      seen.add(other);
      queue.push(other);
      found.push({
        pid: other,
        label: other.label,
        initialCall: moduleOf(other),
        status: statusName(other),
        queued: other.queued,
        links: linksOf(other),
      });
      if (found.length === NEIGHBORS) return found;
    }
  }
  return found;
}
