/**
 * One actor in a list: what a snapshot says of it, where it stands, and how busy it is.
 */
import type { ActorFacts, Counters } from './snapshot.ts';

export interface ActorRow extends ActorFacts {
  /** `oldestMs`: for how long its oldest message waits, to the time between two looks; 0 in the first. */
  readonly mailbox: ActorFacts['mailbox'] & { readonly oldestMs: number };
  /** Id of the sibling before it; null: it is the first. */
  readonly after: string | null;
  /** What was counted per second since the look before; 0 in the first. Crashes and restarts are those of its place. */
  readonly rate: Counters;
  /** Whether it counts among the busiest: the inspector itself does not. */
  readonly busy: boolean;
}

/** What is new of an actor that was known; null for `restart`, `details` and `currentMessage` that it no longer has. */
export type ActorChange = { readonly id: string } & Partial<Omit<ActorRow, 'id'>>;

/** The fields that may change while an actor lives. */
const FIELDS = [
  'name',
  'status',
  'mailbox',
  'counters',
  'rate',
  'currentMessage',
  'state',
  'restart',
  'details',
  'after',
  'parent',
  'trapExit',
  'links',
  'monitors',
  'monitoredBy',
] as const satisfies readonly (keyof ActorRow)[];

/** What has changed; undefined: nothing. */
export function changeOf(before: ActorRow, after: ActorRow): ActorChange | undefined {
  let change: Record<string, unknown> | undefined;
  for (const field of FIELDS) {
    const value = after[field];
    // undefined is not written: null says that it is gone
    if (!same(before[field], value)) (change ??= { id: after.id })[field] = value ?? null;
  }
  return change as ActorChange | undefined;
}

/** Whether two plain values say the same. Rows are shallow. */
function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false;
    for (let at = 0; at < one.length; at++) if (!same(one[at], other[at])) return false;
    return true;
  }
  if (Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  for (const key of keys)
    if (!same((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key])) return false;
  return true;
}

/** A row with what has changed of it. */
export function changed(row: ActorRow, change: ActorChange): ActorRow {
  const { restart, details, currentMessage, ...rest } = { ...row, ...change };
  // null says that it is gone: two changes one after the other say no less than both at once
  return {
    ...rest,
    ...((restart ?? undefined) === undefined ? {} : { restart }),
    ...((details ?? undefined) === undefined ? {} : { details }),
    ...((currentMessage ?? undefined) === undefined ? {} : { currentMessage }),
  };
}
