/**
 * One look at every actor of a tree, in slices: between two of them the event loop has its turn, and the tree goes on changing.
 *
 * Who dies in between may be missing or still there; the next look sets that right. Rows come parents first, siblings in
 * their order.
 */
import type { Clock } from '../actor/clock.ts';
import type { Process } from '../actor/process.ts';
import { Child } from '../otp/child-spec.ts';
import { IDLE, ratesOf, type Places } from './rates.ts';
import { changeOf, type ActorChange, type ActorRow } from './row.ts';
import { factsOf, shownBelow } from './snapshot.ts';
import type { Waiting } from './waiting.ts';

export type Rows = ReadonlyMap<string, ActorRow>;

/** What a look has found, beside what the one before had. */
export interface Found {
  readonly rows: Rows;
  readonly added: readonly ActorRow[];
  readonly removed: readonly string[];
  readonly changed: readonly ActorChange[];
}

/** The look before, and how long ago it was, ms. */
export interface Before {
  readonly rows: Rows;
  readonly elapsed: number;
  /** What earlier looks saw of mailboxes, and of places; absent: this is the only look. */
  readonly waiting?: Waiting;
  readonly places?: Places;
}

/** Milliseconds of one slice, and rows between two looks at the clock. */
const SLICE = 4;
const STEP = 32;

interface Open {
  readonly process: Process;
  /** Shared with its siblings. */
  readonly siblings: Siblings;
  readonly busy: boolean;
}

interface Siblings {
  /** Null: those of the top. */
  readonly parent: Process | null;
  /** Id of the last of them that was looked at: who has died before its turn stands before nobody. */
  last: string | null;
}

/** Takes `STEP` rows at a time. @param own the actors that do not count as busy, with all below them. */
function* look(
  root: Process,
  before: Before,
  own: Process | undefined,
  now: number,
): Generator<undefined, Found> {
  const rows = new Map<string, ActorRow>();
  const added: ActorRow[] = [];
  const changed: ActorChange[] = [];
  const open: Open[] = [{ process: root, siblings: { parent: null, last: null }, busy: root !== own }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { process } = next;
    // it has died since its parent was looked at, or its parent has
    if (process !== root && !(process.alive && process.parentProcess === next.siblings.parent)) continue;
    const row = rowOf(next, before, now);
    next.siblings.last = row.id;
    rows.set(row.id, row);
    const known = before.rows.get(row.id);
    const change = known === undefined ? undefined : changeOf(known, row);
    if (known === undefined) added.push(row);
    else if (change !== undefined) changed.push(change);
    openBelow(next, own, open);
    if (rows.size % STEP === 0) yield;
  }
  const removed = [...before.rows.keys()].filter((id) => !rows.has(id));
  for (const id of removed) before.waiting?.forget(id);
  return { rows, added, removed, changed };
}

/** All children at once: the list of siblings does not survive a death. */
function openBelow({ process: parent, busy }: Open, own: Process | undefined, open: Open[]): void {
  const siblings: Siblings = { parent, last: null };
  const children: Open[] = [];
  for (const process of shownBelow(parent))
    children.push({ process, siblings, busy: busy && process !== own });
  for (let at = children.length - 1; at >= 0; at--) open.push(children[at] as Open);
}

function rowOf(
  { process, siblings: { last: after }, busy }: Open,
  { rows, elapsed, waiting, places }: Before,
  now: number,
): ActorRow {
  const facts = factsOf(process);
  const { id, counters, mailbox } = facts;
  const oldestMs = waiting?.look(id, now, counters.in, counters.handled) ?? 0;
  const ends =
    places === undefined || !(process.child instanceof Child) ? IDLE : places.look(process.child, counters);
  const rate = ratesOf(counters, rows.get(id)?.counters, ends, elapsed);
  // nobody else has them: a copy of each would cost as much as all the rest
  return Object.assign(facts, { mailbox: Object.assign(mailbox, { oldestMs }), after, rate, busy });
}

/** Looks at all actors below `root`. Rejects with the reason of `signal`. */
export function lookAt(
  root: Process,
  before: Before,
  clock: Clock,
  { own, signal }: { readonly own?: Process | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Found> {
  const looking = look(root, before, own, clock.now());
  return new Promise((resolve, reject) => {
    const slice = (): void => {
      try {
        signal?.throwIfAborted();
        const end = clock.now() + SLICE;
        for (let step = looking.next(); ; step = looking.next()) {
          if (step.done === true) {
            resolve(step.value);
            return;
          }
          if (clock.now() >= end) break;
        }
        clock.later(slice);
      } catch (error) {
        reject(error as Error);
      }
    };
    slice();
  });
}
